"""Parameters of stage 5, proposals."""

from pydantic import Field

from videoprep_nb.core.params import Params


class GenerateProposalsParams(Params):
    """Stage 5: tracks on the extracted frames of all videos to dense proposals."""

    frames_dir: str = Field("work/frames", description="folder written by 03_extract_frames")
    tracks_dir: str = Field("work/tracks", description="folder written by 04_track_persons")
    output_file: str = Field("work/dense_proposals.pkl", description="the pickle to write")
    dense_tracks_file: str = Field("work/dense_tracks.npz", description="the tracks on all frames to write")
    video_ids: list[str] = Field([], description="videos to take; empty: all in frames_dir")
