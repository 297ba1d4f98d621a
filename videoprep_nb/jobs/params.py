"""What a job is asked to do beyond its videos: parameters of its stages, and options of the job itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, RootModel, model_serializer, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.file_names import is_utf8
from videoprep_nb.core.params import Params
from videoprep_nb.core.records import Record
from videoprep_nb.core.text import quoted, shortened
from videoprep_nb.core.time_ranges import TimeRange, TimeRanges
from videoprep_nb.core.timecode import format_duration
from videoprep_nb.stages.base import Cost, Stage, VideoLength
from videoprep_nb.stages.chain import Chain
from videoprep_nb.stages.registry import STAGES

MAX_CLIPS_PER_TASK = 10_000
_MAX_SHOWN_VALUE = 200


class JobParams(RootModel[dict[str, Any]]):
    """The parameters of a job: a model per stage, which knows what was given and has defaults for the rest.

    It is made once, where text or JSON comes in, and typed from there on; as JSON it holds only what was given.

    Raises:
        ParameterError: A stage or parameter is unknown, a job sets it itself, or a value makes no sense.

    Example:
        >>> params = JobParams({"clip": {"clip_duration_s": 10}})
        >>> params.of("clip").clip_duration_s, params.given("clip")
        (10.0, {'clip_duration_s': 10.0})
    """

    root: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _check(cls, content: Any) -> Any:
        if not isinstance(content, Mapping):
            raise ValueError("expected stages, each with its parameters")
        checked = {str(name): _checked(STAGES.find(str(name)), values) for name, values in content.items()}
        return {name: params for name, params in checked.items() if params.model_fields_set}

    @model_serializer
    def _only_given(self) -> dict[str, Any]:
        return {name: params.model_dump(mode="json", exclude_unset=True) for name, params in self.root.items()}

    def of(self, stage: str) -> Any:
        """The parameters of a stage, with the defaults where nothing was given."""
        return self.root.get(stage) or STAGES[stage].params()

    def given(self, stage: str) -> dict[str, Any]:
        """The parameters of a stage that were given, by name, as JSON and notebooks hold them."""
        params = self.root.get(stage)
        if params is None:
            return {}
        given: dict[str, Any] = params.model_dump(mode="json", exclude_unset=True)
        return given

    def in_words(self) -> list[tuple[str, str]]:
        """What was given, for people: ``stage.parameter`` and value."""
        return [
            (f"{stage}.{name}", shortened(str(value), _MAX_SHOWN_VALUE))
            for stage, values in self.model_dump(mode="json").items()
            for name, value in values.items()
        ]

    def each(self) -> Iterator[tuple[Stage, Any]]:
        """Every stage with its parameters, whether a job has it or not."""
        for name, stage in STAGES.items():
            yield stage, self.of(name)

    @property
    def chain(self) -> Chain:
        """The stages that a job with these parameters has."""
        return Chain([stage for stage, params in self.each() if stage.is_requested(params)])

    def check_files(self) -> None:
        """Check the files that the parameters name, quickly.

        Raises:
            ParameterError: One cannot be used.
        """
        for stage, params in self.each():
            with _field_of(stage):
                stage.check_files(params)

    def check_machine(self) -> None:
        """Check that this machine has what the parameters ask for, which may take seconds.

        Raises:
            ParameterError: It has not.
            WeightsError: Weights cannot be used.
        """
        for stage in self.chain.stages:
            with _field_of(stage):
                stage.check_machine(self.of(stage.name))

    @property
    def time_ranges(self) -> TimeRanges:
        """Which part of each video is taken."""
        stage, _, name = time_ranges_field().partition(".")
        return TimeRanges.read(getattr(self.of(stage), name))

    def with_time_ranges(self, ranges: TimeRanges) -> "JobParams":
        """The same parameters with other parts of the videos."""
        stage, _, name = time_ranges_field().partition(".")
        others = {other: value for other, value in self.given(stage).items() if other != name}
        texts = ranges.texts()
        return JobParams(self.model_dump(mode="json") | {stage: others | ({name: texts} if texts else {})})

    def check_videos(self, names: Sequence[str]) -> None:
        """Check that the job has the videos that its parameters name.

        Args:
            names: Names of its videos, in the order that numbers them.

        Raises:
            ParameterError: It has one of them not.
        """
        videos = {str(number): name for number, name in enumerate(names, start=1)}
        known = {*videos, *videos.values()}
        for stage in self.chain.stages:
            for parameter, named in stage.named_videos(self.of(stage.name)).items():
                for video in (video for video in named if video not in known):
                    expected = f"a number from 1 to {len(videos)}" if len(videos) > 1 else "1"
                    reason = f"got video {quoted(video)}, expected {expected} or a file name"
                    raise ParameterError(f"{stage.name}.{parameter}", reason)

    def cost(self, videos: Iterable[VideoLength]) -> Cost:
        """What the stages of a job cost together.

        Args:
            videos: Its videos.

        Raises:
            ParameterError: The part of a video begins after its end.
        """
        lengths = self.taken(videos)
        costs = [stage.cost(self.of(stage.name), length) for stage in self.chain.stages for length in lengths]
        return Cost(sum(cost.time_s for cost in costs), sum(cost.disk_bytes for cost in costs))

    def taken(self, videos: Iterable[VideoLength]) -> list[VideoLength]:
        """What is taken of videos: all of them, or parts.

        Raises:
            ParameterError: The part of a video begins after its end.
        """
        ranges = self.time_ranges
        return [_part_of(video, ranges.of_video(video.video_id, video.original_name)) for video in videos]


def time_ranges_field() -> str:
    """The parameter that says which part of each video is taken: ``stage.parameter``."""
    stage = next(stage for stage in STAGES.values() if stage.time_ranges_parameter)
    return f"{stage.name}.{stage.time_ranges_parameter}"


def _part_of(video: VideoLength, part: TimeRange | None) -> VideoLength:
    """What is left of a video when only a part of it is taken."""
    if part is None:
        return video
    if part.start_s >= video.duration_s:
        raise ParameterError(
            time_ranges_field(),
            f"start ({part.start_s:g} s) is after the end of video {video.video_id or quoted(video.original_name)} "
            f"({format_duration(video.duration_s)})",
        )
    return replace(video, duration_s=part.length_s(video.duration_s))


@contextmanager
def _field_of(stage: Stage) -> Iterator[None]:
    """Name the stage before a parameter that is reported as wrong."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{stage.name}.{error.field}", error.reason) from None


class JobOptions(Record):
    """How a job is run; nothing here changes what comes out of it.

    Args:
        keep_scratch: Keep clips, frames, detections and tracks when the job has ended.
        previews: Make a preview video and thumbnails of each video.
        clips_per_task: A video of more clips is split into parts of so many clips, whose people are detected side by
            side.
    """

    keep_scratch: bool = Field(False, description="keep clips, frames, detections and tracks when the job has ended")
    previews: bool = Field(True, description="make a preview video and thumbnails of each video")
    clips_per_task: int = Field(
        8, ge=1, le=MAX_CLIPS_PER_TASK, description="a video of more clips is split into parts that run side by side"
    )


def params_problems(name: str, values: Any) -> Iterator[ParameterError]:
    """All that is wrong with the parameters of a stage, each once; ``JobParams`` raises the first.

    Args:
        name: Name of the stage.
        values: Its parameters by name, from outside.
    """
    try:
        JobParams({name: values})
    except ParameterError as first:
        problems = STAGES[name].params.problems(values) if name in STAGES and isinstance(values, Mapping) else ()
        found = False
        for problem in problems:
            found = True
            yield ParameterError(f"{name}.{problem.field}", problem.reason)
        if not found:
            yield first  # it is none of the model's


def _checked(stage: Stage, values: Any) -> Params:
    """The parameters of a stage, from what was given."""
    if isinstance(values, stage.params):
        return values
    if values is not None and not isinstance(values, Mapping):
        raise ParameterError(stage.name, f"got {quoted(values)}, expected parameters with their values")
    for name in values or {}:
        if name in stage.job_parameters:
            raise ParameterError(f"{stage.name}.{name}", "a job sets this itself; leave it out")
    try:
        params = stage.params.checked(values or {})
        _check_text(params)
        stage.check(params)
    except ParameterError as error:
        raise ParameterError(f"{stage.name}.{error.field}", error.reason) from None
    return params


def _check_text(params: Params) -> None:
    """Only the path of a file may be what a notebook cannot hold as text."""
    for name in params.model_fields_set:
        value = getattr(params, name)
        texts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
        if not all(is_utf8(text) or Path(text).is_absolute() for text in texts):
            raise ParameterError(name, f"got {quoted(value)}, expected text in UTF-8 or the path of a file")
