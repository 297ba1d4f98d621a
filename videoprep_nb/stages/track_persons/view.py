"""What 04_track_persons shows."""

import numpy as np
from IPython.display import HTML, Image
from matplotlib.axes import Axes

from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_clock
from videoprep_nb.stages.track_persons.result import TrackResult
from videoprep_nb.tracking.quality import settings_warnings
from videoprep_nb.tracking.track import TrackedVideo
from videoprep_nb.viz import charts, images, tables
from videoprep_nb.viz.empty_part import or_nothing
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.images import Tile
from videoprep_nb.viz.quality import quality_hints
from videoprep_nb.viz.style import track_colour
from videoprep_nb.viz.track_drawing import draw_tracks
from videoprep_nb.viz.tracks import VideoTracks

_COLUMNS = 2
_CELL_WIDTH = 594
_MAX_TRACKS = 40
_MAX_CLIP_BORDERS = 60
_MAX_POINTS = 1000
_MIN_CHART_S = 2.0


@or_nothing
def tracks_on_frames(result: TrackResult) -> Image:
    """Detections and tracks at moments spread over the video, each where most persons are in the frame.

    A white box is a detection, a coloured one a track, a thin one is filled in between two detections; the line is
    the path of the feet during the last second. Detections below the confidence of the stage are left out.
    """
    tracks = result.video_tracks
    frames = VideoFrames(result.clips, result.clips_folder)
    tiles = [_moment(result, tracks, frame, frames) for frame in tracks.busy_frames()]
    title = "Detections (white) and tracks (coloured)" if len(result.tracks) else "No persons were detected"
    return images.notebook_image(images.contact_sheet(tiles, _COLUMNS, title), title)


@or_nothing
def track_time_line(result: TrackResult) -> Image:
    """One bar per track over time, pale where it was filled in; of many tracks those that last longest."""
    tracks = result.video_tracks
    longest = tracks.longest(_MAX_TRACKS)
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
    if len(shown) < result.tracks.track_count:
        title = f"The {_MAX_TRACKS} longest of {result.tracks.track_count} tracks over time; pale where filled in"
    chart, axes = charts.time_line(bars, [str(track_id) for track_id in shown], title, end_frame / rate)
    _mark_clips(axes, tracks)
    if not shown:
        charts.say_nothing_there(axes, "no persons")
    return charts.image(chart, title)


@or_nothing
def persons_over_time(result: TrackResult) -> Image | HTML:
    """How many persons are in each frame; a sentence for a very short video."""
    title, tracks = "Persons per frame", result.video_tracks
    if _is_very_short(result):
        counts = tracks.persons_per_frame()[result.clips[0].start_frame :]
        return tables.remarks(
            [], f"{plural(len(counts), 'frame')}, each with {counts.min()} to {counts.max()} persons."
        )
    chart, axes = charts.counts_per_frame(tracks.persons_per_frame(), 1 / tracks.rate, title)
    charts.time_axis(axes, 0, tracks.end_frame / tracks.rate)
    _mark_clips(axes, tracks)
    return charts.image(chart, title)


@or_nothing
def motion_over_time(result: TrackResult) -> Image | HTML:
    """How far frames differ, and where the gate was shut; a sentence without a gate."""
    if not result.params.motion_gate:
        return tables.remarks([], "motion_gate is off: every sampled frame was detected.")
    parts = [(clip.start_frame, found) for clip, found in zip(result.clips, result.detections, strict=True)]
    if not any(len(found.motion) for _, found in parts):
        return tables.remarks([], "Every sampled frame was detected: no clip rests long enough to measure its noise.")
    rate = result.video_tracks.rate
    frames = np.concatenate([start + found.sampled for start, found in parts])
    # a clip without a gate was open all the time
    motion = np.concatenate(
        [found.motion if len(found.motion) else np.full(len(found.sampled), np.inf) for _, found in parts]
    )
    is_held = np.isin(frames, np.concatenate([start + found.held for start, found in parts]))
    title = f"Motion; grey: not detected frame by frame ({is_held.sum():,} of {plural(len(frames), 'frame')})"
    chart, axes = charts.curve_above_threshold(motion, frames / rate, is_held, title)
    charts.time_axis(axes, frames[0] / rate, (frames[-1] + 1) / rate)
    _mark_clips(axes, result.video_tracks)
    axes.set_ylabel("change / noise")
    return charts.image(chart, title)


@or_nothing
def confidence_histogram(result: TrackResult) -> Image | HTML:
    """The scores of all detections, and the threshold; a sentence for a very short video."""
    scores = np.concatenate([found.scores for found in result.detections])
    confidence = result.params.confidence
    if _is_very_short(result):
        below = plural(int((scores < confidence).sum()), "detection")
        return tables.remarks([], f"{below} of {len(scores):,} below {confidence:g}, not tracked.")
    counts, edges = np.histogram(scores, bins=20, range=(0, 1))
    title = f"Confidence of all detections; those below {confidence:g} (dashed) are not tracked"
    chart, axes = charts.histogram(counts.tolist(), edges.tolist(), title, "confidence", "detections")
    charts.mark_threshold(axes, confidence)
    return charts.image(chart, title)


def _is_very_short(result: TrackResult) -> bool:
    """Whether a chart takes longer than it is worth; a job may have hundreds of such videos."""
    return result.frame_count / result.video_tracks.rate < _MIN_CHART_S


@or_nothing
def track_table(result: TrackResult) -> HTML:
    """The tracks, when they start and end, and what they are made of."""
    ids = result.tracks.track_ids
    if not ids:
        return tables.remarks([], "There are no tracks.")
    rows = [_track_row(result, track_id) for track_id in ids[: tables.MAX_ROWS]]
    headings = ["track id", "from", "to", "frames", "filled in", "mean confidence", "clips"]
    return tables.table(headings, rows, left_out=len(ids) - len(rows))


@or_nothing
def hints(result: TrackResult) -> HTML:
    """What may be wrong with the tracks or with the settings, without knowing the truth."""
    params, first = result.params, result.clips[0]
    if params.is_of_part:
        return tables.remarks([], "None are given for a part of a video, at whose borders all tracks end.")
    video = TrackedVideo(first.rate, params.stride(first.rate), first.width, first.height)
    frames = VideoFrames(result.clips, result.clips_folder)
    warnings = settings_warnings(result.quality, video, params.create_detector().image_size)
    return quality_hints(result.quality, warnings, result.tracks, frames, float(first.rate))


@or_nothing
def preview(result: TrackResult) -> HTML:
    """Which preview the stage has written."""
    made = result.preview
    if made is None:
        is_part = bool(result.params.preview_dir)
        return tables.remarks([], "None is made of a part of a video." if is_part else "None was requested.")
    size_mb = made.video.stat().st_size / 1e6
    return tables.remarks([], f"{made.video.name}, {size_mb:.1f} MB, and {len(made.thumbnails)} thumbnails.")


@or_nothing
def track_summary(result: TrackResult) -> HTML:
    """What was sampled, detected and tracked."""
    frames = f"{result.frame_count:,} in {len(result.clips):,} clips, {result.sampled_count:,} sampled"
    return tables.facts(
        [
            ("frames", frames),
            *(
                [("detected", f"{result.detected_frame_count:,} of the sampled frames")]
                if result.params.motion_gate
                else []
            ),
            ("detections", f"{result.detection_count:,}"),
            ("clips with cached detections", f"{result.cached_clip_count:,}"),
            ("tracks", f"{result.track_count:,}"),
            ("boxes", f"{result.box_count:,}, of these {result.interpolated_count:,} filled in"),
            ("detector", result.detector),
            ("tracker", result.params.tracker),
            *(("corrected by hand", line) for line in result.corrections),
            *(("not corrected", problem) for problem in result.correction_problems),
            *(("note", note) for note in result.notes),
        ]
    )


def _track_row(result: TrackResult, track_id: int) -> tuple[object, ...]:
    track = result.tracks.rows(result.tracks.track_id == track_id)
    frames, rate = track.frame_index, float(result.clips[0].rate)
    return (
        track_id,
        format_clock(frames.min() / rate),
        format_clock((frames.max() + 1) / rate),
        len(frames),
        int(track.interpolated.sum()),
        f"{track.scores.mean():.2f}",
        sum(len(track.in_frames(clip.start_frame, clip.start_frame + clip.frame_count)) > 0 for clip in result.clips),
    )


def _moment(result: TrackResult, tracks: VideoTracks, frame: int, frames: VideoFrames) -> Tile:
    clip = frames.clip_of(frame)
    _, image = next(frames.read([frame]))
    small = images.shrink(image, _CELL_WIDTH)
    found = result.detections[result.clips.index(clip)].in_frame(frame - clip.start_frame)
    images.draw_outlines(small, found.above(result.params.confidence).boxes_xyxy.tolist(), clip.width)
    count = draw_tracks(small, tracks.table, frame, rate=tracks.rate, source_width=clip.width)
    return Tile(small, f"{clip.clip_id} · at {format_clock(frame / tracks.rate)} · persons: {count}")


def _mark_clips(axes: Axes, tracks: VideoTracks) -> None:
    starts = [clip.start_frame / tracks.rate for clip in tracks.clips[1:]]
    if len(starts) <= _MAX_CLIP_BORDERS:
        charts.mark_starts(axes, starts)
    axes.set_xlabel("time in the standard video; dotted: a clip begins" if starts else "time in the standard video")
