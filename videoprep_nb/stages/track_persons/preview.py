"""A small film and a few pictures of a video with its tracks drawn, for people who do not read reports."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from IPython.display import HTML

from videoprep_nb.core.layout import staged_file
from videoprep_nb.core.records import ClipRecord
from videoprep_nb.media.ffmpeg import file_url
from videoprep_nb.media.scaled_frames import read_scaled_frames
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.tracking.tracks import TrackTable
from videoprep_nb.viz import pictures, tables
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.pictures import Picture
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import Tracks

_WIDTH_PX = 640
_MAX_RATE = 10
_MAX_DURATION_S = 30.0
_ENCODER_OPTIONS = {"preset": "superfast", "crf": "28"}


def write_preview(tracks: Tracks, clips_folder: Path, frames: list[int], params: TrackPersonsParams) -> HTML:
    """Write a film and pictures into the folder that the parameters name, if they name one and mean the whole video.

    The film is ``<video_id>.mp4``: H.264, 640 pixels wide, at most 10 frames per second, playable while it loads. It
    shows the clips with most persons, about half a minute of them. The pictures are ``<video_id>_1.jpg`` and so on.

    Args:
        tracks: The tracks.
        clips_folder: The clips of the video.
        frames: Frames to make pictures of.
        params: Parameters of the stage.

    Returns:
        What was written, in words.
    """
    if not params.preview_dir or params.clip_count is not None:
        return tables.remarks(
            [], "None was asked for." if not params.preview_dir else "None is made of a part of a video."
        )
    folder = Path(params.preview_dir)
    folder.mkdir(parents=True, exist_ok=True)
    table, width = tracks.table, tracks.clips[0].width
    for number, (frame, picture) in enumerate(VideoFrames(tracks.clips, clips_folder).read(frames), start=1):
        small = pictures.shrink(picture, _WIDTH_PX)
        draw_tracks(small, table, frame, rate=tracks.rate, source_width=width)
        with staged_file(folder / f"{params.video_id}_{number}.jpg") as staging:
            staging.write_bytes(pictures.encode_jpeg(small))
    film = folder / f"{params.video_id}.mp4"
    _write_film(film, tracks, clips_folder)
    return tables.remarks([], f"{film.name}, {film.stat().st_size / 1e6:.1f} MB, and {len(frames)} pictures.")


def _write_film(path: Path, tracks: Tracks, clips_folder: Path) -> None:
    first = tracks.clips[0]
    step = math.ceil(first.rate / _MAX_RATE)
    height = 2 * round(_WIDTH_PX * first.height / first.width / 2)
    with (
        staged_file(path) as staging,
        av.open(file_url(staging), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream: Any = container.add_stream("libx264", rate=first.rate / step, options=_ENCODER_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = _WIDTH_PX, height, "yuv420p"
        for clip in _busy_clips(tracks):
            for picture in _drawn_frames(clip, tracks, clips_folder, step, height):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _busy_clips(tracks: Tracks) -> list[ClipRecord]:
    """The clips with most persons, as many as make half a minute but at least one, in order of time."""
    counts = tracks.persons_per_frame()
    persons = [counts[clip.start_frame :][: clip.frame_count].mean() for clip in tracks.clips]
    chosen: list[int] = []
    duration_s = 0.0
    for index in sorted(range(len(persons)), key=lambda index: -persons[index]):
        duration_s += float(tracks.clips[index].frame_count / tracks.clips[index].rate)
        if chosen and duration_s > _MAX_DURATION_S:
            break
        chosen.append(index)
    return [tracks.clips[index] for index in sorted(chosen)]


def _drawn_frames(clip: ClipRecord, tracks: Tracks, clips_folder: Path, step: int, height: int) -> Iterator[Picture]:
    indices = range(-clip.start_frame % step, clip.frame_count, step)
    lately = _rows_around(tracks.table, clip)
    frames = read_scaled_frames(clips_folder / clip.file_name, indices, (_WIDTH_PX, height))
    for index, picture in zip(indices, frames, strict=False):
        draw_tracks(picture, lately, clip.start_frame + index, rate=tracks.rate, source_width=clip.width)
        yield picture


def _rows_around(table: TrackTable, clip: ClipRecord) -> TrackTable:
    """The rows of a clip and of the second before it; looking through those of hours for each frame would take long."""
    begin = clip.start_frame - math.ceil(clip.rate)
    return table.rows((table.frame_index >= begin) & (table.frame_index < clip.start_frame + clip.frame_count))
