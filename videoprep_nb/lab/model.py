"""What the notebook explore_tracker works on: a video whose persons are detected once and tracked in many ways."""

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Optional

import yaml
from pydantic import Field

from videoprep_nb.core.errors import InputError, ParameterError
from videoprep_nb.core.file_names import visible
from videoprep_nb.core.layout import CLIP_TABLE_NAME, staged_file
from videoprep_nb.core.params import Params
from videoprep_nb.core.progress import ProgressCallback
from videoprep_nb.core.records import ClipRecord, ClipTable
from videoprep_nb.core.timecode import sampling_stride
from videoprep_nb.lab.settings import LabSettings, read_assignments
from videoprep_nb.lab.truth import Errors, Truth, read_truth
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize
from videoprep_nb.stages.track_persons.camera import estimate_camera_motion
from videoprep_nb.stages.track_persons.detect import detect_persons, part_of_clips
from videoprep_nb.stages.track_persons.find_cuts import cuts_of_video
from videoprep_nb.stages.track_persons.params import DetectPersonsParams, TrackPersonsParams
from videoprep_nb.tracking.camera.path import CameraPath
from videoprep_nb.tracking.detections import DETECTION_FLOOR, Detections
from videoprep_nb.tracking.evaluation.score import Scores
from videoprep_nb.tracking.quality import Quality, judge_tracks, settings_warnings
from videoprep_nb.tracking.track import TrackedVideo, track_video
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import Tracks

_VIDEO_ID = "1"
_MAX_STEM_LENGTH = 50  # file systems take 255 bytes, and a character has up to four
_STAGE = "track_persons"
_PLACES = {"clips_dir", "detections_dir", "video_id", "part", "first_clip", "clip_count"}
_DETECTION_FIELDS = DetectPersonsParams.model_fields.keys() - _PLACES


class ExploreTrackerParams(Params):
    """The video to explore, and two settings to begin with."""

    source: str = Field("work/sample.mp4", description="raw video file, or folder of a job run with --keep-scratch")
    video_id: str = Field("1", pattern=r"^[A-Za-z0-9-]{1,40}$", description="video of the job; a raw video is 1")
    work_dir: str = Field("work/explore", description="folder for what is made of raw videos, kept for the next time")
    detection: list[str] = Field([], description="as in 04_track_persons, each written name:value like image_size:960")
    first_clip: int = Field(0, ge=0, description="first clip to track, counted from 0")
    clip_count: Optional[int] = Field(2, ge=1, description="clips to track; None: all that follow")
    left: list[str] = Field([], description="settings on the left, each written name:value; empty: the defaults")
    right: list[str] = Field(
        ["tracker:sort", "confidence:0.5"], description="settings on the right, likewise, as changes to the defaults"
    )
    ground_truth: str = Field("", description="ground truth of the video in MOT form, gt.txt; empty: none")
    export_file: str = Field("work/tracking.yaml", description="where the settings on the right are written to")


@dataclass(frozen=True)
class Trial:
    """What some settings make of a video.

    Args:
        settings: The settings.
        tracks: The tracks.
        quality: What can be said about them.
        warnings: Sentences about settings that do not fit the video.
        elapsed_s: How long tracking took, in seconds.
        truth: The ground truth; None when there is none.
    """

    settings: LabSettings
    tracks: Tracks
    quality: Quality
    warnings: list[str]
    elapsed_s: float
    truth: Truth | None

    @cached_property
    def scores(self) -> Scores | None:
        """HOTA, IDF1, MOTA and the rest; None without ground truth."""
        return self.truth.score(self.tracks) if self.truth else None

    @cached_property
    def errors(self) -> Errors | None:
        """What is wrong according to the ground truth; None without one."""
        return self.truth.errors(self.tracks) if self.truth else None


@dataclass(frozen=True)
class LabVideo:
    """A video, or a part of it, whose persons are detected.

    Args:
        clips: The clips.
        clips_folder: Where they lie.
        first_frame: First sampled frame of the whole video.
        detections: Those of each clip.
        stage: Parameters of the stage that detected them.
        camera: How the camera moves; None unless the stage was to find out.
        cuts: Shot cuts; none unless the stage was to find them.
        truth: The ground truth; None when there is none.
        work_dir: Folder of what the lab keeps for all videos.
        folder: Folder of what it keeps for this one.
        name: Name of the raw file, or number of the video in its job.
        is_whole: Whether all its clips are in the lab.
    """

    clips: list[ClipRecord]
    clips_folder: Path
    first_frame: int
    detections: list[Detections]
    stage: TrackPersonsParams
    camera: CameraPath | None
    cuts: list[int]
    truth: Truth | None
    work_dir: Path
    folder: Path
    name: str
    is_whole: bool

    @property
    def frames(self) -> range:
        """Indices of the frames in the lab, counted from 0 in the standard video."""
        first, last = self.clips[0], self.clips[-1]
        return range(first.start_frame, last.start_frame + last.frame_count)

    @cached_property
    def found(self) -> Detections:
        """All detections, with the frames of the standard video."""
        starts = (record.start_frame for record in self.clips)
        return Detections.from_clips(zip(starts, self.detections, strict=True), DETECTION_FLOOR)

    @property
    def settings(self) -> LabSettings:
        """Settings of the stage for tracking, or the defaults."""
        return LabSettings.checked(self.stage.model_dump(include=set(LabSettings.model_fields)))

    @cached_property
    def _image_size(self) -> int | None:
        """Of what the detector sees; the file of its weights is read once, and not with every slider that moves."""
        return self.stage.create_detector().image_size

    def trial(self, settings: LabSettings) -> Trial:
        """Track the persons.

        Raises:
            ParameterError: There is no such tracker or option, or the stride does not fit the detections.
        """
        create_tracker(settings.tracker, 1.0, settings.tracker_options)  # importing a library is not tracking
        started_s = time.perf_counter()
        video = self._tracked(settings)
        tracks = track_video(self._sampled(video.frame_stride), video, settings, self.camera, self.cuts)
        elapsed_s = time.perf_counter() - started_s
        quality = self.judge(tracks, settings)
        warnings = settings_warnings(quality, video, self._image_size)
        return Trial(settings, tracks, quality, warnings, elapsed_s, self.truth)

    def judge(self, tracks: Tracks, settings: LabSettings) -> Quality:
        """What can be said about tracks that some settings gave."""
        return judge_tracks(tracks, self._tracked(settings), self.frames)

    def _tracked(self, settings: LabSettings) -> TrackedVideo:
        first = self.clips[0]
        stride = sampling_stride(first.rate, settings.sampled_fps, settings.frame_stride)
        return TrackedVideo(first.rate, stride, first.width, first.height)

    def to_yaml(self, settings: LabSettings) -> str:
        """What ``videoprep run --params`` takes, to detect as here and track with some settings."""
        detection = self.stage.model_dump(mode="json", exclude_defaults=True, include=set(_DETECTION_FIELDS))
        return yaml.safe_dump({_STAGE: detection | settings.model_dump(mode="json")}, sort_keys=False)

    def write(self, settings: LabSettings, path: Path) -> None:
        """Write the YAML; the file appears complete."""
        with staged_file(path) as staging:
            staging.write_text(self.to_yaml(settings), encoding="utf-8")

    def _sampled(self, frame_stride: int) -> list[tuple[int, Detections]]:
        """Start frame and detections of each clip, as if only every n-th frame had been sampled."""
        detected = self.stage.stride(self.clips[0].rate)
        if frame_stride % detected:
            raise ParameterError(
                "frame_stride", f"got {frame_stride}, but persons were detected with {detected}; expected a multiple"
            )
        last_frame = self.clips[-1].start_frame + int(self.detections[-1].sampled[-1])
        thinned = []
        for record, found in zip(self.clips, self.detections, strict=True):
            frames = record.start_frame + found.sampled
            chosen_frames = ((frames - self.first_frame) % frame_stride == 0) | (frames == last_frame)
            thinned.append((record.start_frame, found.thinned(found.sampled[chosen_frames])))
        return thinned


def open_video(params: ExploreTrackerParams, progress: ProgressCallback | None = None) -> LabVideo:
    """Get a video ready: bring a raw one to the standard form, cut it, detect persons; each of it only once.

    Args:
        params: The video.
        progress: Called with what is done; by default what fits the environment.

    Returns:
        The clips and what was detected in them.

    Raises:
        InputError: The video or the job does not exist, or the job kept no scratch files.
        ParameterError: How to detect persons is said wrongly, or of a job.
        VideoPrepError: The video cannot be processed; the message says why.
    """
    source, work_dir = Path(params.source), Path(params.work_dir)
    if source.is_dir():
        stage = _read_job(source, params)
    else:
        stage = _prepare(source, params, progress)
        detect_persons(stage, progress)
    clips_folder = Path(stage.clips_dir) / stage.video_id
    detections_folder = Path(stage.detections_dir) / stage.video_id
    all_clips = ClipTable.read_folder(clips_folder).clips
    clips = all_clips[part_of_clips(len(all_clips), params.first_clip, params.clip_count)]
    detections = [_detections(detections_folder, record) for record in clips]
    sampled = [found.sampled for found in detections]
    camera = estimate_camera_motion(stage, clips, sampled, None)
    cuts = cuts_of_video(stage, clips, sampled, lambda done, total, unit: None)
    return LabVideo(
        clips=clips,
        clips_folder=clips_folder,
        first_frame=all_clips[0].start_frame,
        detections=detections,
        stage=stage,
        camera=camera,
        cuts=cuts,
        truth=_truth(params.ground_truth, stage, clips),
        work_dir=work_dir,
        folder=work_dir / f"{source.name}-{stage.video_id}" if source.is_dir() else clips_folder.parents[1],
        name=stage.video_id if source.is_dir() else source.name,
        is_whole=len(clips) == len(all_clips),
    )


def _truth(file: str, stage: TrackPersonsParams, clips: list[ClipRecord]) -> Truth | None:
    """The ground truth, if a file of it is named; the record of stage 1 says where raw pixels are."""
    if not file:
        return None
    resized = ResizeResult.read(Path(stage.clips_dir).parent / "resized" / f"{stage.video_id}.json")
    frames = range(clips[0].start_frame, clips[-1].start_frame + clips[-1].frame_count)
    return read_truth(Path(file), resized.parts, frames)


def _prepare(source: Path, params: ExploreTrackerParams, progress: ProgressCallback | None) -> TrackPersonsParams:
    """Run stages 1 and 2 on a raw video, unless they have been; returns what stage 4 is to do."""
    if not source.is_file():
        raise InputError(
            f"{source} does not exist; give a video file, or the folder of a job that was run with --keep-scratch."
        )
    stats = source.stat()
    identity = bytes(source.resolve()) + f" {stats.st_size} {stats.st_mtime_ns}".encode()
    version = hashlib.sha256(identity).hexdigest()[:12]
    folder = Path(params.work_dir) / f"{visible(source.stem)[:_MAX_STEM_LENGTH]}-{version}"
    resized, clips_dir = folder / "resized", folder / "clips"
    if not (clips_dir / _VIDEO_ID / CLIP_TABLE_NAME).exists():
        resize(ResizeParams(input_file=str(source), output_dir=str(resized), video_id=_VIDEO_ID), progress)
        standard = str(resized / f"{_VIDEO_ID}.mp4")
        clip(ClipParams(input_file=standard, output_dir=str(clips_dir), video_id=_VIDEO_ID), progress)
    values: dict[str, Any] = {
        "clips_dir": str(clips_dir),
        "detections_dir": str(folder / "detections"),
        "video_id": _VIDEO_ID,
        "first_clip": params.first_clip,
        "clip_count": params.clip_count,
    }
    return TrackPersonsParams.checked(values | read_assignments(DetectPersonsParams, params.detection))


def _read_job(folder: Path, params: ExploreTrackerParams) -> TrackPersonsParams:
    """The parameters of stage 4 of a job, with the folders of its scratch files."""
    if params.detection:
        raise ParameterError("detection", "the persons of a job are detected already; expected nothing, or a raw video")
    scratch = folder / "scratch"
    if not (scratch / "clips" / params.video_id).is_dir():
        raise InputError(
            f"{folder} holds no clips of video {params.video_id}; give the folder of a job that was run with "
            "--keep-scratch, and a video_id that it has."
        )
    spec = folder / "job.json"
    values = json.loads(spec.read_text(encoding="utf-8"))["params"].get(_STAGE, {}) if spec.exists() else {}
    places = {f"{name}_dir": str(scratch / name) for name in ("clips", "detections")}
    return TrackPersonsParams.checked(values | places | {"video_id": params.video_id})


def _detections(folder: Path, record: ClipRecord) -> Detections:
    path = folder / f"{record.clip_id}.npz"
    try:
        return Detections.read(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}); run 04_track_persons on the video first.") from error
