"""Stage 4: persons detected and tracked through all clips of one video."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.errors import ParameterError, WeightsError
from videoprep_nb.core.layout import frame_name, staged_folder
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord, PeopleRecord, PlaceRecord
from videoprep_nb.core.timecode import sampled_frames, seconds
from videoprep_nb.stages.base import Cost, FileParameter, Scope, ServerRule, Stage, VideoFacts, VideoLength
from videoprep_nb.stages.track_persons.params import TrackPersonsParams

if TYPE_CHECKING:
    from fractions import Fraction

    from videoprep_nb.stages.track_persons.result import TrackResult
    from videoprep_nb.tracking.corrections import CorrectedTracks
    from videoprep_nb.tracking.quality import Place, Quality
    from videoprep_nb.tracking.tracks import Tracks
    from videoprep_nb.viz.preview import Preview

# measured on two cores of a server, see docs/benchmarks.md
_PER_FRAME_S = 0.017
_TRACKS = ("tracks/{video_id}", "tracks/{video_id}.json", "tracks/{video_id}.npz")


def track_persons(params: TrackPersonsParams, progress: ProgressCallback | None = None) -> "TrackResult":
    """Detect persons in the clips of a video, track them, and write one JSON per clip and a preview.

    Detections go to ``<detections_dir>/<video_id>/<clip_id>.npz`` and are used again as long as clip and detector
    stay the same; tracks go to ``<output_dir>/<video_id>/<clip_id>.json``, the number of persons to
    ``<output_dir>/<video_id>.json``, and the tracks before corrections to ``<output_dir>/<video_id>.npz``. A preview
    video and thumbnails go to ``preview_dir`` if one is given and the whole video is tracked.

    Args:
        params: Parameters of the stage.
        progress: Called with the frames that are done; by default what fits the environment.

    Returns:
        What was done, with the detections and tracks.

    Raises:
        InputError: The clips, or the file of detections, are missing or broken.
        ParameterError: There is no such tracker, option or device.
        WeightsError: The weights were not found.
        DiskFullError: The disk was full.

    Example:
        >>> from videoprep_nb.stages.track_persons.params import TrackPersonsParams
        >>> result = track_persons(TrackPersonsParams(frame_stride=5, min_length_s=0.2))
        >>> result.track_count > 0
        True
    """
    from videoprep_nb.exports.uncorrected_tracks import write_uncorrected
    from videoprep_nb.stages.track_persons.detect import detect_persons
    from videoprep_nb.stages.track_persons.result import TrackResult
    from videoprep_nb.tracking.quality import judge_tracks
    from videoprep_nb.tracking.track import TrackedVideo, track_video
    from videoprep_nb.tracking.trackers import create_tracker

    # a wrong name must not be reported after an hour of detecting
    create_tracker(params.tracker, 1.0, params.tracker_options)
    found = detect_persons(params, progress)
    clips, first = found.clips, found.clips[0]
    video = TrackedVideo(first.rate, params.stride(first.rate), first.width, first.height)
    starts = [clip.start_frame for clip in clips]
    before = track_video(list(zip(starts, found.detections, strict=True)), video, params, found.camera, found.cuts)
    write_uncorrected(Path(params.output_dir), params.video_id, before)
    corrected = _correct(before, first.rate, params)
    tracks = corrected.tracks
    quality = judge_tracks(tracks, video, range(first.start_frame, clips[-1].start_frame + clips[-1].frame_count))
    _write(tracks, clips, params)
    made = _write_preview(tracks, clips, params)
    _write_people(tracks, quality, made, first.rate, params)
    return TrackResult(
        params=params,
        clips=clips,
        detections=found.detections,
        tracks=tracks,
        cached_clip_count=found.cached_clip_count,
        detector=found.detector,
        preview=made,
        quality=quality,
        corrections=[line.describe() for line in corrected.applied],
        correction_problems=corrected.problems,
    )


def track_persons_or_part(params: TrackPersonsParams, progress: ProgressCallback | None = None) -> "TrackResult | None":
    """Do what ``track_persons`` does, unless ``part`` names a part of a video that has no clips.

    Args:
        params: Parameters of the stage.
        progress: Called with the frames that are done; by default what fits the environment.

    Returns:
        What was done; None for such a part, which was not converted alone.

    Raises:
        VideoPrepError: As ``track_persons`` does.
    """
    from videoprep_nb.stages.track_persons.detect import has_clips

    return track_persons(params, progress) if has_clips(params) else None


def _write_preview(tracks: "Tracks", clips: Sequence[ClipRecord], params: TrackPersonsParams) -> "Preview | None":
    """Write the preview, unless none is asked for or only a part of the video is tracked."""
    if not params.preview_dir or params.is_of_part:
        return None
    from videoprep_nb.viz.preview import write_preview
    from videoprep_nb.viz.tracks import VideoTracks

    clips_folder = Path(params.clips_dir) / params.video_id
    return write_preview(VideoTracks(clips, tracks), clips_folder, Path(params.preview_dir), params.video_id)


def _correct(tracks: "Tracks", rate: "Fraction", params: TrackPersonsParams) -> "CorrectedTracks":
    """Apply the corrections of the video; to a part of a video, whose ids are others, none are."""
    from videoprep_nb.tracking.corrections import correct_tracks, read_corrections

    corrections = None if params.is_of_part else read_corrections(params.corrections)
    lines = corrections.of_video(params.video_id, params.original_name) if corrections else []
    return correct_tracks(tracks, lines, rate)


def _write(tracks: "Tracks", clips: Sequence[ClipRecord], params: TrackPersonsParams) -> None:
    """Write the rows of all clips, one clip in memory at a time; where clips overlap, a frame is in both."""
    from videoprep_nb.exports.track_rows import clip_rows

    with staged_folder(Path(params.output_dir) / params.video_id) as folder:
        for clip in clips:
            extracted = sampled_frames(clip.frame_count, clip.rate, seconds(params.frames_per_second))
            names = {index: frame_name(clip.clip_id, number) for number, index in enumerate(extracted)}
            rows = clip_rows(tracks, clip, names)
            (folder / f"{clip.clip_id}.json").write_text(json.dumps(rows), encoding="utf-8")


def _write_people(
    tracks: "Tracks", quality: "Quality", made: "Preview | None", rate: "Fraction", params: TrackPersonsParams
) -> None:
    """Write how many persons there are, and where to look first."""
    places = [_place_record(place, quality.name_of(place), rate) for place in quality.worst_places()]
    people = PeopleRecord(video_id=params.video_id, person_count=tracks.track_count, places=places)
    people.in_preview(made.spans if made else []).write(Path(params.output_dir) / f"{params.video_id}.json")


def _place_record(place: "Place", name: str, rate: "Fraction") -> PlaceRecord:
    return PlaceRecord(
        kind=place.kind,
        track_ids=list(place.track_ids),
        start_s=round(float(place.start_frame / rate), 3),
        end_s=round(float(place.last_frame / rate), 3),
        words=place.words,
        name=name,
    )


def _facts(scratch: Path, video_id: str) -> VideoFacts:
    people = PeopleRecord.read(scratch / "tracks" / f"{video_id}.json")
    return {"person_count": people.person_count, "places": tuple(people.places), "shown": tuple(people.shown)}


def _cost(params: TrackPersonsParams, video: VideoLength) -> Cost:
    sampled = video.duration_s * video.rate / params.stride(video.rate)
    return Cost(sampled * _PER_FRAME_S * params.create_detector().cost)


def _check(params: TrackPersonsParams) -> None:
    if params.corrections:
        from videoprep_nb.tracking.corrections import read_corrections

        read_corrections(params.corrections)
    if params.model_fields_set & {"tracker", "tracker_options"}:
        from videoprep_nb.tracking.trackers import read_tracker_options

        read_tracker_options(params.tracker, params.tracker_options)


def _check_files(params: TrackPersonsParams) -> None:
    try:
        params.create_detector().find_weights()
    except WeightsError as error:
        raise ParameterError("weights", str(error)) from None


def _check_machine(params: TrackPersonsParams) -> None:
    params.create_detector().check_weights()
    if params.appearance != "off" and params.reid_weights:
        from videoprep_nb.tracking.appearance.reid_network import ReidNetwork

        ReidNetwork(params.reid_weights).check()


def _local_weights(weights: str) -> Path | None:
    from videoprep_nb.tracking.detectors.inference.weights import local_weights

    return local_weights(weights)


def _are_trusted(weights: str) -> bool:
    from videoprep_nb.tracking.detectors.inference.weights import are_trusted

    return are_trusted(weights)


def _may_describe(reid_weights: str) -> bool:
    from videoprep_nb.tracking.appearance.reid_network import are_trusted

    return not reid_weights or are_trusted(reid_weights)


STAGE = Stage(
    name="track_persons",
    title="People",
    notebook="04_track_persons.ipynb",
    scope=Scope.PART,
    params=TrackPersonsParams,
    function=track_persons_or_part,
    after=("clip",),
    inputs={
        "clips_dir": "{clips}",
        "part": "{own_part}",
        "first_clip": "{first_clip}",
        "clip_count": "{clip_count}",
    },
    outputs={
        "output_dir": "{scratch}/tracks",
        "detections_dir": "{scratch}/detections",
        "preview_dir": "{preview}",
        "video_id": "{video_id}",
        "original_name": "{original_name}",
    },
    # the tracks of a part end at its borders; only its detections are of use
    part_outputs={"output_dir": "{scratch}/part_tracks/{part}"},
    gives={"tracks": "tracks"},
    follows={"frames_per_second": "extract_frames.frames_per_second"},
    retry_keeps=_TRACKS,
    retry_keeps_always=("detections/{video_id}",),
    products=_TRACKS,
    weight=10.0,
    part_share=0.9,
    facts=_facts,
    counts="person_count",
    gpu_parameter="device",
    corrections_parameter="corrections",
    sample_module="videoprep_nb.stages.track_persons.sample_detections",
    sample_parameters=(
        "detector",
        "weights",
        "person_classes",
        "output_layout",
        "device",
        "precision",
        "image_size",
        "tiles",
        "nms_iou",
        "confidence",
    ),
    file_parameters={
        "weights": FileParameter(is_file=False, find=_local_weights),
        "reid_weights": FileParameter(is_file=False),
        "detections_file": FileParameter(),
    },
    server_rules={
        "detector": ServerRule(
            lambda name: name != "precomputed", "it reads a file of the server; choose another detector"
        ),
        "weights": ServerRule(
            _are_trusted, "only yolov8n and the names of weights in the weights folder of the service are accepted here"
        ),
        "reid_weights": ServerRule(
            _may_describe, "only names of ONNX files in the weights folder of the service are accepted here"
        ),
        # those of a plugin may name files too
        "detector_options": ServerRule(
            lambda options: options == "[]", "options of a detector are not accepted here; leave it out"
        ),
        "detections_file": ServerRule(lambda file: not file, "files of the server are not accepted here; leave it out"),
    },
    presets={
        # fewer break tracks: with 2 per second, PETS09-S2L1 loses 12 HOTA (docs/detectors.md)
        "fast draft": {"sampled_fps": 8},
        # small and half occluded persons: more pixels for the detector, and more of its low scores
        "crowded scene": {"image_size": 1280, "confidence": 0.2, "nms_iou": 0.8},
    },
    cost=_cost,
    check=_check,
    check_files=_check_files,
    check_machine=_check_machine,
    preload=(
        "videoprep_nb.stages.track_persons.detect",
        "videoprep_nb.tracking.detectors.inference.tiles",
        "videoprep_nb.tracking.detectors.inference.openvino_network",
        "decord",
    ),
)
