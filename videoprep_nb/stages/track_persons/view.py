"""What 04_track_persons shows."""

from pathlib import Path

import numpy as np
from IPython.display import HTML, Image
from matplotlib.axes import Axes

from videoprep_nb.stages.track_persons.detector import detector_of
from videoprep_nb.stages.track_persons.params import TrackPersonsParams
from videoprep_nb.stages.track_persons.preview import write_preview
from videoprep_nb.stages.track_persons.stage import TrackResult
from videoprep_nb.tracking.detections import ClipDetections
from videoprep_nb.tracking.quality import judge_tracks, settings_warnings
from videoprep_nb.tracking.track import TrackedVideo
from videoprep_nb.viz import charts, pictures, tables
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.pictures import Tile
from videoprep_nb.viz.quality import quality_hints
from videoprep_nb.viz.style import track_colour
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import Tracks

_MOMENTS = 6
_COLUMNS = 2
_CELL_WIDTH = 594
_MAX_TRACKS = 40
_MAX_CLIP_BORDERS = 60
_MAX_POINTS = 1000


def tracks_on_frames(tracks: Tracks, clips_folder: Path, detections_folder: Path, confidence: float) -> Image:
    """Detections and tracks at moments spread over the video, each where most persons are in the picture.

    A white box is a detection, a coloured one a track, a thin one is filled in between two detections; the line is
    the way of the feet during the last second.

    Args:
        tracks: The tracks.
        clips_folder: The clips of the video.
        detections_folder: The cached detections of the video.
        confidence: Detections with a lower score are left out.
    """
    tiles = [_moment(tracks, frame, clips_folder, detections_folder, confidence) for frame in _busy_frames(tracks)]
    title = "Detections (white) and tracks (coloured)" if len(tracks.frame) else "No persons were found"
    return pictures.image(pictures.contact_sheet(tiles, _COLUMNS, title), title)


def track_time_line(tracks: Tracks) -> Image:
    """One bar per track over time, pale where it was filled in; of many tracks those that last longest."""
    ids, frames_of_id = np.unique(tracks.track_id, return_counts=True)
    longest = set(ids[np.argsort(-frames_of_id, kind="stable")[:_MAX_TRACKS]].tolist())
    shown = [track_id for track_id in tracks.track_ids if track_id in longest]
    row = {track_id: index for index, track_id in enumerate(shown)}
    rate, end_frame = tracks.rate, tracks.end_frame
    bars = [
        charts.Bar(
            row[run.track_id],
            run.start_frame / rate,
            run.end_frame / rate,
            track_colour(run.track_id),
            faint=run.interpolated,
        )
        for run in tracks.runs(shortest_interpolated=max(2, end_frame // _MAX_POINTS))
        if run.track_id in longest
    ]
    title = "Persons over time, one bar per track id; pale where filled in between detections"
    if len(shown) < len(ids):
        title = f"The {_MAX_TRACKS} longest of {len(ids)} tracks over time; pale where filled in"
    chart, axes = charts.time_line(bars, [str(track_id) for track_id in shown], title, end_frame / rate)
    _mark_clips(axes, tracks)
    if not shown:
        charts.say_nothing_there(axes, "no persons")
    return charts.image(chart, title)


def persons_over_time(tracks: Tracks) -> Image:
    """How many persons are in each frame."""
    title = "Persons per frame"
    chart, axes = charts.counts_per_frame(tracks.persons_per_frame(), 1 / tracks.rate, title)
    charts.time_axis(axes, 0, tracks.end_frame / tracks.rate)
    _mark_clips(axes, tracks)
    return charts.image(chart, title)


def confidence_histogram(tracks: Tracks, detections_folder: Path, confidence: float) -> Image:
    """How sure the detector was of all that it found, and where the line was drawn."""
    scores = [_detections(detections_folder, clip.clip_id).scores for clip in tracks.clips]
    counts, edges = np.histogram(np.concatenate(scores), bins=20, range=(0, 1))
    title = f"Confidence of all detections; those below {confidence:g} (dashed) are not tracked"
    chart, axes = charts.histogram(counts.tolist(), edges.tolist(), title, "confidence", "detections")
    charts.mark_threshold(axes, confidence)
    return charts.image(chart, title)


def track_table(tracks: Tracks) -> HTML:
    """The tracks, when they begin and end, and what they are made of."""
    ids = tracks.track_ids
    if not ids:
        return tables.remarks([], "There are no tracks.")
    rows = [_track_row(tracks, track_id) for track_id in ids[: tables.MAX_ROWS]]
    headings = ["track id", "from", "to", "frames", "filled in", "mean confidence", "clips"]
    return tables.table(headings, rows, left_out=len(ids) - len(rows))


def hints(tracks: Tracks, clips_folder: Path, params: TrackPersonsParams) -> HTML:
    """What may be wrong with the tracks or with the settings, without knowing the truth.

    Args:
        tracks: The tracks.
        clips_folder: The clips of the video.
        params: What they were made with.
    """
    if params.clip_count is not None:
        return tables.remarks([], "None are given for a part of a video, at whose borders all tracks end.")
    first = tracks.clips[0]
    video = TrackedVideo(first.rate, params.frame_stride, first.width, first.height)
    quality = judge_tracks(tracks.table, video, range(first.start_frame, tracks.end_frame))
    warnings = settings_warnings(quality, video, detector_of(params).image_size)
    return quality_hints(quality, warnings, tracks.table, VideoFrames(tracks.clips, clips_folder), tracks.rate)


def preview(tracks: Tracks, clips_folder: Path, params: TrackPersonsParams) -> HTML:
    """Write a film and pictures of the busiest frames, see ``write_preview``, and say so."""
    return write_preview(tracks, clips_folder, _busy_frames(tracks), params)


def track_summary(result: TrackResult) -> HTML:
    """What was looked at, found and tracked."""
    return tables.facts(
        [
            ("frames", f"{result.frame_count:,} in {result.clip_count:,} clips, {result.looked_at_count:,} looked at"),
            ("detections", f"{result.detection_count:,}"),
            ("clips not looked at again", f"{result.cached_clip_count:,}"),
            ("tracks", f"{result.track_count:,}"),
            ("boxes", f"{result.box_count:,}, of these {result.interpolated_count:,} filled in"),
            ("detector", result.detector),
            ("tracker", result.tracker),
            *(("note", note) for note in result.notes),
        ]
    )


def _track_row(tracks: Tracks, track_id: int) -> tuple[object, ...]:
    clips = np.unique(tracks.clip_index[tracks.track_id == track_id])
    rows = tracks.table.rows(tracks.table.track_id == track_id)  # where clips overlap, each frame once
    frames = rows.frame_index
    return (
        track_id,
        tables.clock(frames.min() / tracks.rate),
        tables.clock((frames.max() + 1) / tracks.rate),
        len(frames),
        int(rows.interpolated.sum()),
        f"{rows.scores.mean():.2f}",
        len(clips),
    )


def _busy_frames(tracks: Tracks) -> list[int]:
    """Frames spread over the time with persons, in each part the one with most; any frames when nobody is there."""
    counts = tracks.persons_per_frame()
    candidates = np.flatnonzero(counts)
    if not len(candidates):
        starts = [clip.start_frame for clip in tracks.clips]
        return pictures.sampled(starts, _COLUMNS)
    parts = np.array_split(candidates, min(_MOMENTS, len(candidates)))
    return [int(part[counts[part].argmax()]) for part in parts]


def _detections(folder: Path, clip_id: str) -> ClipDetections:
    return ClipDetections.read(folder / f"{clip_id}.npz")


def _moment(tracks: Tracks, frame: int, clips_folder: Path, detections_folder: Path, confidence: float) -> Tile:
    frames = VideoFrames(tracks.clips, clips_folder)
    clip = frames.clip_of(frame)
    _, picture = next(frames.read([frame]))
    small = pictures.shrink(picture, _CELL_WIDTH)
    found = _detections(detections_folder, clip.clip_id).in_frame(frame - clip.start_frame).above(confidence)
    pictures.draw_outlines(small, found.boxes_xyxy.tolist(), clip.width)
    count = draw_tracks(small, tracks.table, frame, rate=tracks.rate, source_width=clip.width)
    return Tile(small, f"{clip.clip_id} · at {tables.clock(frame / tracks.rate)} · persons: {count}")


def _mark_clips(axes: Axes, tracks: Tracks) -> None:
    starts = [clip.start_frame / tracks.rate for clip in tracks.clips[1:]]
    if len(starts) <= _MAX_CLIP_BORDERS:
        charts.mark_starts(axes, starts)
    axes.set_xlabel("time in the standard video; dotted: a clip begins" if starts else "time in the standard video")
