"""What a job is asked to do beyond its videos: parameters of its stages, and options of the job itself."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, RootModel, model_serializer, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.file_names import is_utf8
from videoprep_nb.core.params import Params
from videoprep_nb.core.records import Record
from videoprep_nb.core.text import quoted, shortened
from videoprep_nb.stages.base import Cost, Stage, VideoLength
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
        """Every stage with its parameters."""
        for name, stage in STAGES.items():
            yield stage, self.of(name)

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
        for stage, params in self.each():
            with _field_of(stage):
                stage.check_machine(params)

    def cost(self, videos: Iterable[VideoLength]) -> Cost:
        """What the stages of a job cost together.

        Args:
            videos: Its videos.
        """
        lengths = list(videos)
        costs = [stage.cost(of_stage, length) for stage, of_stage in self.each() for length in lengths]
        return Cost(sum(cost.time_s for cost in costs), sum(cost.disk_bytes for cost in costs))


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
