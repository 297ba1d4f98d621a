"""From a job to its units of work: a pure function, nothing is read or run here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoprep_nb.jobs.models import JobSpec, VideoInput
from videoprep_nb.layout import PACKAGE_NAME, PROPOSALS_NAME
from videoprep_nb.stages.params import STAGES, VIDEO_STAGES, notebook_name


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
    def reports(self) -> Path:
        """Executed notebooks and their HTML."""
        return self.path / "reports"

    @property
    def package(self) -> Path:
        """The result."""
        return self.path / PACKAGE_NAME

    @property
    def staged_package(self) -> Path:
        """The package until its notebook has run to the end."""
        return self.scratch / PACKAGE_NAME


@dataclass(frozen=True)
class Unit:
    """One stage of one video, or of the whole job: one notebook in a process of its own.

    Args:
        stage: Name of the stage.
        video: The video, None for a stage that runs once per job.
    """

    stage: str
    video: VideoInput | None

    @property
    def key(self) -> str:
        """Name of the unit within its job, ``04_track_persons_1``; also that of its report."""
        name = notebook_name(self.stage).removesuffix(".ipynb")
        return f"{name}_{self.video.video_id}" if self.video else name


def plan_video(video: VideoInput) -> list[Unit]:
    """The units of one video, in order."""
    return [Unit(stage, video) for stage in VIDEO_STAGES]


def plan_job_end() -> list[Unit]:
    """The units that join all videos, in order."""
    return [Unit(stage, None) for stage in STAGES if stage not in VIDEO_STAGES]


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
    return job_owned_parameters(unit, folder, good_video_ids) | _wished_parameters(unit.stage, spec)


def _wished_parameters(stage: str, spec: JobSpec) -> dict[str, Any]:
    wished = dict(spec.params.get(stage, {}))
    extraction = spec.params.get("extract_frames", {})
    if stage == "track_persons" and "frames_per_second" in extraction:
        wished.setdefault("frames_per_second", extraction["frames_per_second"])
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
            detections = str(scratch / "detections")
            return {"clips_dir": clips, "output_dir": tracks, "detections_dir": detections, "video_id": video_id}
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
