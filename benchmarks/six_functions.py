"""The six stage functions one after another in one process, without notebooks.

Run as ``python benchmarks/six_functions.py VIDEO FOLDER``.
"""

import sys
from pathlib import Path

import videoprep_nb as vp


def run_functions(video: Path, folder: Path) -> None:
    """Make a package of a video.

    Args:
        video: The raw video.
        folder: Where everything goes.
    """
    resized, clips, frames, tracks = (str(folder / name) for name in ("resized", "clips", "frames", "tracks"))
    proposals = str(folder / "dense_proposals.pkl")
    dense_tracks = str(folder / "dense_tracks.npz")
    vp.resize(vp.ResizeParams(input_file=str(video), output_dir=resized), _quiet)
    vp.clip(vp.ClipParams(input_file=f"{resized}/1.mp4", output_dir=clips), _quiet)
    vp.extract_frames(vp.ExtractFramesParams(clips_dir=clips, output_dir=frames), _quiet)
    vp.track_persons(
        vp.TrackPersonsParams(clips_dir=clips, output_dir=tracks, detections_dir=str(folder / "detections")), _quiet
    )
    vp.generate_proposals(
        vp.GenerateProposalsParams(
            frames_dir=frames, tracks_dir=tracks, output_file=proposals, dense_tracks_file=dense_tracks
        ),
        _quiet,
    )
    vp.package(
        vp.PackageParams(
            resized_dir=resized,
            clips_dir=clips,
            frames_dir=frames,
            dense_tracks_file=dense_tracks,
            proposals_file=proposals,
            output_file=str(folder / "final_package.zip"),
        ),
        _quiet,
    )


def _quiet(done: int, total: int, unit: str) -> None:
    return None


if __name__ == "__main__":
    run_functions(Path(sys.argv[1]), Path(sys.argv[2]))
