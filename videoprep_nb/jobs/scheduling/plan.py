"""From a job to its units of work: pure functions, nothing is read or run here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoprep_nb.core.layout import PACKAGE_NAME, PROPOSALS_NAME
from videoprep_nb.jobs.models import ENDED, JobSpec, State, VideoInput
from videoprep_nb.stages.params import notebook_name


@dataclass(frozen=True)
class JobFolder:
    """Where the parts of a job lie.

    Args:
        path: The job's folder.
    """

    path: Path

    @property
    def spec(self) -> Path:
        """What the job was asked to do."""
        return self.path / "job.json"

    @property
    def result(self) -> Path:
        """How the job ended."""
        return self.path / "result.json"

    @property
    def scratch(self) -> Path:
        """Everything that is deleted when the job ends."""
        return self.path / "scratch"

    @property
    def kept(self) -> Path:
        """What a retry need not repeat, of a job that ended early or with errors; see ``kept.py``."""
        return self.path / "kept"

    @property
    def reports(self) -> Path:
        """Executed notebooks and their HTML."""
        return self.path / "reports"

    @property
    def preview(self) -> Path:
        """Small films and pictures of the tracks."""
        return self.path / "preview"

    @property
    def package(self) -> Path:
        """The result."""
        return self.path / PACKAGE_NAME

    @property
    def input(self) -> Path:
        """The raw videos, when they were handed over to a service."""
        return self.path / "input"

    @property
    def units(self) -> Path:
        """Small files of the units: progress, requests to cancel, done markers."""
        return self.scratch / "units"

    @property
    def staged_package(self) -> Path:
        """The package until its notebook has run to the end."""
        return self.scratch / PACKAGE_NAME


@dataclass(frozen=True)
class Unit:
    """One stage of one video, of a part of it, or of the whole job: one notebook in a process of its own.

    Args:
        stage: Name of the stage.
        video: The video, None for a stage that runs once per job.
        part: Number of the part of a long video, from 1; None for all of it.
        first_clip: First clip of the part, from 0.
        clip_count: Clips of the part.
        after: Keys of the units that it needs.
    """

    stage: str
    video: VideoInput | None
    part: int | None = None
    first_clip: int = 0
    clip_count: int | None = None
    after: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of the unit within its job, ``04_track_persons_1``; also that of its report."""
        name = notebook_name(self.stage).removesuffix(".ipynb")
        of_video = f"_{self.video.video_id}" if self.video else ""
        return name + of_video + (f"_part_{self.part}" if self.part else "")


def plan_units(spec: JobSpec, clip_counts: Mapping[str, int]) -> list[Unit]:
    """All units of a job with what they need.

    A long video's persons are detected in several parts side by side. Each part is a run of the tracking stage over
    some of the clips that fills the cache of detections; the run over all clips comes after them, finds its
    detections there, and so ids continue through the whole video.

    Args:
        spec: The job.
        clip_counts: Clips by video id, of the videos that have been cut by now; the others are not split yet.

    Returns:
        The units, each after those that it needs.
    """
    units = [unit for video in spec.videos for unit in _plan_video(video, spec, clip_counts.get(video.video_id, 0))]
    ends = tuple(unit.key for unit in units if unit.stage in _LAST_VIDEO_STAGES and unit.part is None)
    proposals = Unit("generate_proposals", None, after=ends)
    return [*units, proposals, Unit("package", None, after=(proposals.key,))]


_LAST_VIDEO_STAGES = ("extract_frames", "track_persons")


def _plan_video(video: VideoInput, spec: JobSpec, clip_count: int) -> list[Unit]:
    resize = Unit("resize", video)
    clip = Unit("clip", video, after=(resize.key,))
    extract = Unit("extract_frames", video, after=(clip.key,))
    size = spec.clips_per_unit
    starts = range(0, clip_count, size) if clip_count > size else ()
    parts = [
        Unit("track_persons", video, number, first, min(size, clip_count - first), (clip.key,))
        for number, first in enumerate(starts, start=1)
    ]
    track = Unit("track_persons", video, after=(clip.key, *(part.key for part in parts)))
    # the long way to the end comes first: extraction has time until the last part is done
    return [resize, clip, *parts, track, extract]


def ready_units(units: Sequence[Unit], states: Mapping[str, State]) -> list[Unit]:
    """The waiting units whose needs are met.

    The stage that joins the videos needs every video to have ended and one of them to be good; any other unit needs
    all units before it to be done.
    """
    good = good_video_ids(units, states)
    return [
        unit
        for unit in units
        if states[unit.key] is State.WAITING
        and (
            all(states[key] is State.DONE for key in unit.after)
            or (_joins(unit) and good and all(states[key] in ENDED for key in unit.after))
        )
    ]


def hopeless_units(units: Sequence[Unit], states: Mapping[str, State]) -> list[Unit]:
    """The waiting units whose needs can no longer be met."""
    good = good_video_ids(units, states)
    return [
        unit
        for unit in units
        if states[unit.key] is State.WAITING
        and (
            all(states[key] in ENDED for key in unit.after) and not good
            if _joins(unit)
            else any(states[key] in ENDED - {State.DONE} for key in unit.after)
        )
    ]


def good_video_ids(units: Sequence[Unit], states: Mapping[str, State]) -> list[str]:
    """The videos of which every unit is done, in their order."""
    videos = {unit.video.video_id: True for unit in units if unit.video}
    for unit in units:
        if unit.video and states[unit.key] is not State.DONE:
            videos[unit.video.video_id] = False
    return [video_id for video_id, is_good in videos.items() if is_good]


def _joins(unit: Unit) -> bool:
    return unit.stage == "generate_proposals"


def unit_parameters(unit: Unit, spec: JobSpec, folder: JobFolder, good_video_ids: list[str]) -> dict[str, Any]:
    """The parameters of a unit's notebook: its folders, then what the job asks for.

    Args:
        unit: The unit.
        spec: The job.
        folder: The job's folder.
        good_video_ids: The videos that go into the package.

    Returns:
        Values by parameter name; parameters that are left out keep their defaults.
    """
    parameters = job_owned_parameters(unit, folder, good_video_ids) | wished_parameters(unit.stage, spec)
    if "preview_dir" in parameters and not spec.previews:
        parameters["preview_dir"] = ""
    return parameters


def wished_parameters(stage: str, spec: JobSpec) -> dict[str, Any]:
    """The parameters that the job asks for; frames that stage 3 takes are named in the rows of stage 4."""
    wished = dict(spec.params.get(stage, {}))
    extraction = spec.params.get("extract_frames", {})
    if stage == "track_persons" and "frames_per_second" in extraction:
        wished["frames_per_second"] = extraction["frames_per_second"]
    return wished


def job_owned_parameters(unit: Unit, folder: JobFolder, good_video_ids: list[str]) -> dict[str, Any]:
    """The parameters that a job sets itself: files, folders and the number of the video."""
    scratch = folder.scratch
    video_id = unit.video.video_id if unit.video else ""
    clips, frames, tracks = str(scratch / "clips"), str(scratch / "frames"), str(scratch / "tracks")
    proposals = str(scratch / PROPOSALS_NAME)
    match unit.stage:
        case "resize":
            return {
                "input_file": str(unit.video.path) if unit.video else "",
                "output_dir": str(scratch / "resized"),
                "video_id": video_id,
                "original_name": unit.video.original_name if unit.video else "",
            }
        case "clip":
            resized = str(scratch / "resized" / f"{video_id}.mp4")
            return {"input_file": resized, "output_dir": clips, "video_id": video_id}
        case "extract_frames":
            return {"clips_dir": clips, "output_dir": frames, "video_id": video_id}
        case "track_persons":
            # the tracks of a part end at its borders; only its detections are of use
            output = str(scratch / "part_tracks" / str(unit.part)) if unit.part else tracks
            return {
                "clips_dir": clips,
                "output_dir": output,
                "detections_dir": str(scratch / "detections"),
                "video_id": video_id,
                "first_clip": unit.first_clip,
                "clip_count": unit.clip_count,
                "preview_dir": str(folder.preview),
            }
        case "generate_proposals":
            return {
                "frames_dir": frames,
                "tracks_dir": tracks,
                "output_file": proposals,
                "video_ids": good_video_ids,
            }
        case "package":
            return {"frames_dir": frames, "proposals_file": proposals, "output_file": str(folder.staged_package)}
        case _:
            raise ValueError(f"there is no stage {unit.stage!r}")
