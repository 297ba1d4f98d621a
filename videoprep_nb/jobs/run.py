"""Run one job from its first notebook to its package."""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import videoprep_nb
from videoprep_nb.errors import InputError, ParameterError
from videoprep_nb.jobs.models import JobResult, JobSpec, State, UnitResult, VideoInput, VideoResult
from videoprep_nb.jobs.plan import JobFolder, Unit, plan_job_end, plan_video, unit_parameters
from videoprep_nb.jobs.process import Outcome, OutcomeKind
from videoprep_nb.jobs.reports import write_job_page
from videoprep_nb.jobs.runner import NotebookRunner
from videoprep_nb.jobs.settings import Settings
from videoprep_nb.layout import CLIP_TABLE_NAME, FRAME_TABLE_NAME
from videoprep_nb.progress import ProgressState

Watcher = Callable[[Unit, ProgressState | UnitResult], None]
"""Told of a unit's progress again and again while it runs, and once of its result."""

_STATE_OF_OUTCOME = {OutcomeKind.DONE: State.DONE, OutcomeKind.CANCELLED: State.CANCELLED}


def notebooks_folder() -> Path:
    """The folder of the stage notebooks: that of the checkout, or the one inside the installed package."""
    package = Path(str(resources.files(videoprep_nb)))
    checkout = package.parent / "notebooks"
    return checkout if checkout.is_dir() else package / "notebooks"


def new_job(videos: Iterable[Path], params: Settings, keep_scratch: bool) -> JobSpec:
    """A job over some videos, numbered in their order.

    Raises:
        ParameterError: There is no video.
    """
    inputs = [
        VideoInput(video_id=str(number), original_name=path.name, path=path.absolute())
        for number, path in enumerate(videos, start=1)
    ]
    if not inputs:
        raise ParameterError("videos", "none was given; name at least one video file")
    now = datetime.now(UTC)
    return JobSpec(
        job_id=f"{now:%Y%m%d}-{secrets.token_hex(8)}",
        created_at=now,
        version=videoprep_nb.__version__,
        videos=inputs,
        params=params,
        keep_scratch=keep_scratch,
    )


def run_job(spec: JobSpec, path: Path, watch: Watcher) -> JobResult:
    """Run a job; a video that fails does not stop the others.

    Args:
        spec: The job.
        path: Its folder, which must not exist or be empty.
        watch: Told of the progress.

    Returns:
        How it ended, also when it failed, or was cancelled by a KeyboardInterrupt.

    Raises:
        InputError: The folder cannot be used.
    """
    folder = JobFolder(path.absolute())
    _make_folder(folder)
    spec.write(folder.spec)
    try:
        result = _JobRun(spec, folder, watch).execute()
    finally:
        if not spec.keep_scratch:
            shutil.rmtree(folder.scratch)
    write_job_page(folder, result)
    result.write(folder.result)
    return result


def _make_folder(folder: JobFolder) -> None:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        if any(folder.path.iterdir()):
            raise InputError(f"{folder.path} is not empty; give a new folder for the results.")
        folder.scratch.mkdir()
        folder.reports.mkdir()
    except OSError as error:
        raise InputError(f"{folder.path} cannot be written to ({error.strerror}); give another folder.") from error


class _JobRun:
    def __init__(self, spec: JobSpec, folder: JobFolder, watch: Watcher) -> None:
        self._spec = spec
        self._folder = folder
        self._watch = watch
        self._units: list[UnitResult] = []
        self._videos: list[VideoResult] = []
        self._started_s = time.monotonic()

    def execute(self) -> JobResult:
        with NotebookRunner(notebooks_folder(), self._folder.scratch / "processes") as runner:
            try:
                self._run_videos(runner)
                failed = self._run_end(runner)
            except KeyboardInterrupt:
                return self._cancelled()
        return self._result(failed)

    def _run_videos(self, runner: NotebookRunner) -> None:
        for video in self._spec.videos:
            failed = self._run_chain(runner, plan_video(video), [])
            self._videos.append(_video_result(video, failed, self._folder.scratch))

    def _run_end(self, runner: NotebookRunner) -> UnitResult | None:
        good = [video.video_id for video in self._videos if video.state is State.DONE]
        failed = self._run_chain(runner, plan_job_end(), good) if good else None
        if good and failed is None:
            self._folder.staged_package.replace(self._folder.package)
        return failed

    def _run_chain(self, runner: NotebookRunner, units: Sequence[Unit], good: list[str]) -> UnitResult | None:
        """Run units in order; the first that fails ends the chain and is returned."""
        for unit, following in zip(units, [*units[1:], None], strict=True):
            result = self._run_unit(runner, unit, following, good)
            self._units.append(result)
            self._watch(unit, result)
            if result.state is not State.DONE:
                return result
        return None

    def _run_unit(self, runner: NotebookRunner, unit: Unit, following: Unit | None, good: list[str]) -> UnitResult:
        report = self._folder.reports / f"{unit.key}.ipynb"
        outcome = runner.run(
            unit.stage,
            report,
            unit_parameters(unit, self._spec, self._folder, good),
            # after the last stage of a video comes the next video, or the end of the job
            following.stage if following else "resize" if unit.video else None,
            lambda progress: self._watch(unit, progress),
        )
        return _unit_result(unit, outcome, report)

    def _result(self, failed: UnitResult | None) -> JobResult:
        bad = [video for video in self._videos if video.state is not State.DONE]
        if failed is not None:
            return self._job_result(State.FAILED, failed.message)
        if len(bad) == len(self._videos):
            return self._job_result(State.FAILED, " ".join(video.message for video in bad))
        if bad:
            counts = f"{len(bad)} of {len(self._videos)} videos could not be processed."
            return self._job_result(State.COMPLETED_WITH_ERRORS, " ".join([counts, *(video.message for video in bad)]))
        return self._job_result(State.DONE, "")

    def _cancelled(self) -> JobResult:
        message = "Stopped on request."
        self._videos += [
            VideoResult(
                video_id=video.video_id, original_name=video.original_name, state=State.CANCELLED, message=message
            )
            for video in self._spec.videos[len(self._videos) :]
        ]
        return self._job_result(State.CANCELLED, message)

    def _job_result(self, state: State, message: str) -> JobResult:
        return JobResult(
            job_id=self._spec.job_id,
            state=state,
            message=message,
            folder=self._folder.path,
            package=self._folder.package if self._folder.package.exists() else None,
            videos=self._videos,
            units=self._units,
            elapsed_s=time.monotonic() - self._started_s,
        )


def _unit_result(unit: Unit, outcome: Outcome, report: Path) -> UnitResult:
    message = outcome.message
    if outcome.kind is not OutcomeKind.DONE:
        message = f"{unit.key}: {message}"  # names the notebook in the reports folder
    return UnitResult(
        stage=unit.stage,
        video_id=unit.video.video_id if unit.video else None,
        state=_STATE_OF_OUTCOME.get(outcome.kind, State.FAILED),
        message=message,
        elapsed_s=outcome.elapsed_s,
        report=report.name if report.exists() else "",
    )


def _video_result(video: VideoInput, failed: UnitResult | None, scratch: Path) -> VideoResult:
    resized = _read_json(scratch / "resized" / f"{video.video_id}.json")
    return VideoResult(
        video_id=video.video_id,
        original_name=video.original_name,
        state=failed.state if failed else State.DONE,
        message=failed.message if failed else "",
        decoded_frame_count=resized.get("decoded_frame_count", 0),
        standard_frame_count=resized.get("frame_count", 0),
        clip_count=len(_read_json(scratch / "clips" / video.video_id / CLIP_TABLE_NAME).get("clips", [])),
        frame_count=len(_read_json(scratch / "frames" / video.video_id / FRAME_TABLE_NAME).get("frames", [])),
        findings=resized.get("findings", []),
    )


def _read_json(path: Path) -> dict[str, Any]:
    """What a stage wrote about its result; nothing when it never came so far."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
