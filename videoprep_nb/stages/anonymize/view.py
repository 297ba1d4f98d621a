"""What 04b_anonymize shows."""

from pathlib import Path

import numpy as np
from IPython.display import HTML, Image

from videoprep_nb.core.records import ClipTable, FrameTable
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.exports.dense_tracks import tracks_of_video
from videoprep_nb.stages.anonymize.params import AnonymizeParams
from videoprep_nb.stages.anonymize.stage import CLIPS_FOLDER, FRAMES_FOLDER, AnonymizeResult
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import VideoTracks

_MAX_FRAMES = 15
_COLUMNS = 3
_TRACK_COLUMNS = 2
_TRACK_WIDTH_PX = 594


def covered_frames(result: AnonymizeResult, params: AnonymizeParams) -> Image | HTML:
    """Extracted frames in which something is hidden, as annotators get them."""
    folder = Path(params.output_dir) / FRAMES_FOLDER / params.video_id
    names = set(result.covered)
    covered = [frame for frame in FrameTable.read_folder(folder).frames if frame.name in names]
    if not covered:
        return tables.remarks([], "Nothing is hidden in any extracted frame; view some of them in the next report.")
    shown = images.sampled(covered, _MAX_FRAMES)
    tiles = [
        images.Tile(images.read_jpeg(folder / frame.clip_id / frame.name), f"{frame.name.removesuffix('.jpg')}")
        for frame in shown
    ]
    title = f"{len(shown)} of the {len(covered):,} extracted frames in which something is hidden"
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, title), title)


def tracks_on_covered_frames(params: AnonymizeParams) -> Image:
    """The tracks at moments spread over the video, each where most persons are in the frame."""
    clips_folder = Path(params.output_dir) / CLIPS_FOLDER / params.video_id
    clips = ClipTable.read_folder(clips_folder).clips
    tracks = VideoTracks(clips, tracks_of_video(Path(params.tracks_dir) / params.video_id, clips))
    frames = VideoFrames(clips, clips_folder)
    tiles = []
    for frame, image in frames.read(tracks.busy_frames()):
        small = images.shrink(image, _TRACK_WIDTH_PX)
        count = draw_tracks(small, tracks.table, frame, rate=tracks.rate, source_width=clips[0].width)
        caption = f"{frames.clip_of(frame).clip_id} · at {format_clock(frame / tracks.rate)} · persons: {count}"
        tiles.append(images.Tile(np.asarray(small, np.uint8), caption))
    title = "Tracks on frames of the clips without faces"
    return images.notebook_image(images.contact_sheet(tiles, _TRACK_COLUMNS, title), title)


def anonymize_summary(result: AnonymizeResult, params: AnonymizeParams) -> HTML:
    """What was searched, and in how many frames something is hidden."""
    visible = ", ".join(map(str, params.visible_ids())) or "nobody"
    return tables.facts(
        [
            ("hidden", f"{params.hide}, by {params.how}"),
            *([("persons who stay visible", visible)] if params.hide == "persons" else []),
            ("heads", "of all tracked persons" if params.heads == "all" else "of persons whose face was seen"),
            ("faces", f"{result.face_count:,} found in {result.searched_count:,} frames"),
            ("frames with something hidden", f"{result.covered_count:,} of {result.frame_count:,}"),
            ("extracted frames with something hidden", f"{len(result.covered):,} of {result.extracted_count:,}"),
            ("not promised", "A hidden face is not anonymity: clothes, gait and place remain. View the frames above."),
        ]
    )
