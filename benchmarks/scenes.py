"""Videos with ground truth, from the raw file to tracks that are scored: what ``benchmarks.end_to_end`` compares.

The way is that of a job: resize to 1280 x 720, clips of 15 s, detections (cached in a folder), tracks. The tracks are
mapped back to the pixels of the source, in which the ground truth is, and not cut at the border of the frame, where
MOTChallenge boxes a person whole. All rows of the ground truth count, also the 174 of PETS09-S2L1 that MOT15 marks 0:
nearly all are two persons who stand in plain view. (TrackEval would leave them out and count boxes on them as false.)

Example:
    >>> detected = [detect_scene(scene, Path("scratch")) for scene in scenes()]
    >>> score_scene(detected[0], TrackingParams(max_gap_s=3)).figures()["HOTA"] > 50
    True
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corrections import Corrections, count_corrections
from videoprep_nb.core.boxes import FrameTransform
from videoprep_nb.core.layout import CLIP_TABLE_NAME
from videoprep_nb.media.resize import ResizeResult
from videoprep_nb.stages.clip.params import ClipParams
from videoprep_nb.stages.clip.stage import clip
from videoprep_nb.stages.resize.params import ResizeParams
from videoprep_nb.stages.resize.stage import resize
from videoprep_nb.stages.track_persons.detect import DetectedClips, detect_persons
from videoprep_nb.stages.track_persons.params import DetectPersonsParams
from videoprep_nb.tracking.associate import associate
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.evaluation.mot_rows import MotRows, read_ground_truth
from videoprep_nb.tracking.evaluation.score import Scores, score_sequence
from videoprep_nb.tracking.params import TrackingParams
from videoprep_nb.tracking.track import TrackedVideo, track_beyond_border
from videoprep_nb.tracking.trackers import create_tracker
from videoprep_nb.tracking.tracks import Tracks

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SCORE_SCALES: Sequence[float] = tuple(np.linspace(0.92, 1.2, 10).round(3).tolist())
"""Factors of the scores of all detections for comparisons in pairs."""


@dataclass(frozen=True)
class Scene:
    """A video with ground truth.

    Args:
        name: Name of the sequence.
        video: The raw video.
        ground_truth: ``gt.txt``; row frame i + 1 is the zero-based frame i of the video.
    """

    name: str
    video: Path
    ground_truth: Path


@dataclass(frozen=True)
class DetectedScene:
    """The detections of a scene, and what it takes to track and score them.

    Args:
        scene: The scene.
        params: Parameters that persons were detected with.
        found: Detections of its clips, motion of the camera and cuts.
        transform: From source pixels to the standard frame.
        truth: The ground truth, in source pixels.
        detection_s: Processor time of decoding and detection.
    """

    scene: Scene
    params: DetectPersonsParams
    found: DetectedClips
    transform: FrameTransform
    truth: MotRows
    detection_s: float

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return self.found.clips[0].rate

    @property
    def frame_count(self) -> int:
        """Frames of the video."""
        return sum(record.frame_count for record in self.found.clips)

    @property
    def clips(self) -> list[tuple[int, Detections]]:
        """First frame and detections of each clip, as ``track_video`` takes them."""
        starts = [record.start_frame for record in self.found.clips]
        return list(zip(starts, self.found.detections, strict=True))

    def scaled(self, factor: float) -> "DetectedScene":
        """The same scene with all scores multiplied by a factor, at most 1."""
        detections = [
            replace(one, scores=np.minimum(one.scores * np.float32(factor), np.float32(1)))
            for one in self.found.detections
        ]
        return replace(self, found=replace(self.found, detections=detections))


@dataclass(frozen=True)
class SceneScore:
    """How good the tracks of a scene are.

    Args:
        scores: TrackEval's figures.
        corrections: What an annotator has to correct.
        processor_s: Processor time per frame in seconds, from decoding to tracks.
    """

    scores: Scores
    corrections: Corrections
    processor_s: float

    def figures(self) -> dict[str, float]:
        """All figures by name; corrections are per person-minute."""
        scores, corrections = self.scores, self.corrections
        named = {name: value for name, value in scores.as_dict().items() if name in ("HOTA", "MOTA", "IDF1")}
        return {
            **{name: round(value, 2) for name, value in named.items()},
            "IDSW": scores.IDSW,
            "Frag": scores.Frag,
            **{name: round(value, 2) for name, value in corrections.per_person_minute().items()},
            "switches": round(scores.IDSW / corrections.person_minutes, 2),
            "ms": round(1000 * self.processor_s, 1),
        }


def scenes() -> list[Scene]:
    """The videos with ground truth in the shared data."""
    mot15 = DATA / "mot15"
    campus = mot15 / "TUD-Campus"
    return [
        Scene("PETS09-S2L1", DATA / "videos" / "pets09_s2l1.avi", mot15 / "PETS09-S2L1" / "gt" / "gt.txt"),
        Scene("TUD-Campus", campus / "TUD-Campus.mp4", campus / "gt" / "gt.txt"),
    ]


def detect_scene(
    scene: Scene, folder: Path, detect: Mapping[str, Any] | None = None, standard: Mapping[str, Any] | None = None
) -> DetectedScene:
    """Detect the persons of a scene, unless the folder has the detections.

    Args:
        scene: The scene.
        folder: Keeps standard videos and detections.
        detect: Parameters of detection, such as ``image_size``; the CPU detects unless they say otherwise.
        standard: Parameters of stage 1, such as ``width`` and ``height``.
    """
    own = folder / _name(scene.name, standard or {})
    if not (own / "clips" / "1" / CLIP_TABLE_NAME).is_file():
        values = {"input_file": str(scene.video), "output_dir": str(own), **(standard or {})}
        resize(ResizeParams.checked(values), no_progress)
        clip(ClipParams.checked({"input_file": str(own / "1.mp4"), "output_dir": str(own / "clips")}), no_progress)
    detections_dir = own / _name("detections", detect or {})
    params = DetectPersonsParams.checked(
        {"device": "cpu", "clips_dir": str(own / "clips"), "detections_dir": str(detections_dir), **(detect or {})}
    )
    started_s = time.process_time()
    found = detect_persons(params, no_progress)
    return DetectedScene(
        scene=scene,
        params=params,
        found=found,
        transform=ResizeResult.read(own / "1.json").parts[0].transform,
        truth=_all_count(read_ground_truth(scene.ground_truth)),
        detection_s=_remembered(
            detections_dir / "processor_s.json", time.process_time() - started_s, is_new=not found.cached_clip_count
        ),
    )


def score_scene(scene: DetectedScene, params: TrackingParams) -> SceneScore:
    """Track a scene as a job does, and score the tracks."""
    started_s = time.process_time()
    tracks = track_scene(scene, params)
    return score_rows(scene, _in_source(scene, tracks), scene.detection_s + time.process_time() - started_s)


def track_scene(scene: DetectedScene, params: TrackingParams) -> Tracks:
    """The tracks of a scene in pixels of the standard frame, not cut at its border."""
    first, found = scene.found.clips[0], scene.found
    video = TrackedVideo(first.rate, scene.params.stride(first.rate), first.width, first.height)
    return track_beyond_border(scene.clips, video, params, found.camera, found.cuts)


def score_tracker(scene: DetectedScene, tracker: str, confidence: float) -> SceneScore:
    """Score a tracker without refinement."""
    started_s = time.process_time()
    found = Detections.from_clips(scene.clips, confidence)
    tracks = associate(create_tracker(tracker, float(scene.rate)), found).tracks()
    return score_rows(scene, _in_source(scene, tracks), scene.detection_s + time.process_time() - started_s)


def score_rows(scene: DetectedScene, rows: MotRows, processor_s: float) -> SceneScore:
    """Score tracks in source pixels that took so many seconds of processor time."""
    frames = range(1, scene.frame_count + 1)
    scores = score_sequence(scene.scene.name, scene.truth, rows, frames).scores
    corrections = count_corrections(scene.truth, rows, float(scene.rate))
    return SceneScore(scores, corrections, processor_s / scene.frame_count)


def score_scaled(scene: DetectedScene, params: TrackingParams) -> list[dict[str, float]]:
    """The figures of a scene with all scores multiplied by each of ``SCORE_SCALES``.

    A difference of less than 2 HOTA between two settings in one run is noise: a few tracks end here or there. What is
    better in most of ten pairs is better.
    """
    return [score_scene(scene.scaled(factor), params).figures() for factor in SCORE_SCALES]


def no_progress(done: int, total: int, progress_unit: str) -> None:
    """Take no notice."""


def _all_count(truth: MotRows) -> MotRows:
    return replace(truth, scores=np.ones(len(truth)))


def _in_source(scene: DetectedScene, tracks: Tracks) -> MotRows:
    boxes_xyxy = scene.transform.to_source(tracks.boxes_xyxy).astype(np.float64)
    return MotRows.from_tracks(replace(tracks, boxes_xyxy=boxes_xyxy))


def _name(name: str, values: Mapping[str, Any]) -> str:
    return "_".join([name, *(f"{key}-{values[key]}" for key in sorted(values))])


def _remembered(path: Path, value: float, *, is_new: bool) -> float:
    """A value that is only right when it is new, and read again later."""
    if is_new:
        path.write_text(json.dumps(value), encoding="utf-8")
    return float(json.loads(path.read_text(encoding="utf-8")))
