"""``corrections.yaml``: what a person found wrong with the tracks of a job (docs/corrections.md)."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationError, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted
from videoprep_nb.core.yaml_text import load_yaml

FIELD = "corrections"

_MAX_LINES = 2_000
_MAX_MERGED = 100
_MAX_TIME_S = 1e6
_TRACK_NAME = re.compile(r"[1-9][0-9]{0,8}(@[0-9]{1,6}(\.[0-9]{1,6})?)?")


def _as_name(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _check_name(value: str) -> None:
    if not _TRACK_NAME.fullmatch(value):
        raise ValueError("expected a track id such as 7, or 7@12.4 for the piece of track 7 that begins at 12.4 s")


TrackName = Annotated[str, BeforeValidator(_as_name), Field(max_length=30)]
"""A track by its id before all corrections, ``7``; of a track that is split, ``7`` is the piece before the first cut
and ``7@12.4`` the one that begins at 12.4 s."""


class Correction(BaseModel):
    """One line: exactly one of ``merge``, ``split`` and ``delete``.

    Args:
        merge: Two or more tracks that are one person; the first one gives the id.
        split: A track that jumps from one person to another.
        at_s: Where it is split, in seconds of the standard video; the frame at this time begins the later piece.
        delete: A track of nobody.

    Example:
        >>> Correction(split=7, at_s=12.4).describe()
        'split 7 at 12.4 s'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    merge: list[TrackName] | None = Field(None, min_length=2, max_length=_MAX_MERGED)
    split: TrackName | None = None
    at_s: float | None = Field(None, ge=0, le=_MAX_TIME_S, allow_inf_nan=False)
    delete: TrackName | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(value is not None for value in (self.merge, self.split, self.delete)) != 1:
            raise ValueError("expected one of merge, split and delete")
        if (self.split is None) != (self.at_s is None):
            raise ValueError("expected split together with at_s, such as {split: 7, at_s: 12.4}")
        if self.split is not None and "@" in self.split:
            raise ValueError("expected the id of a whole track behind split; a track may be split several times")
        for name in self.track_names():
            _check_name(name)
        if self.merge and len(set(self.merge)) < len(self.merge):
            raise ValueError("expected different tracks behind merge")
        return self

    def track_names(self) -> list[str]:
        """The tracks that it names."""
        return self.merge or [name for name in (self.split, self.delete) if name is not None]

    def describe(self) -> str:
        """What it does, in words."""
        if self.merge:
            return f"merge {', '.join(self.merge)}"
        return f"split {self.split} at {self.at_s:g} s" if self.split else f"delete {self.delete}"

    def as_yaml_value(self) -> dict[str, Any]:
        """The line as the file has it."""
        values = self.model_dump(exclude_none=True)
        return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Ids as numbers, which is how people write them."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Corrections(RootModel[dict[str, list[Correction]]]):
    r"""The corrections of a job, by video: its number, or the name of its file.

    Example:
        >>> corrections = read_corrections("cam1.avi:\n- merge: [3, 7]\n- delete: 9")
        >>> [line.describe() for line in corrections.of_video("1", "cam1.avi")]
        ['merge 3, 7', 'delete 9']
    """

    root: dict[str, list[Correction]] = {}

    def of_video(self, video_id: str, original_name: str) -> list[Correction]:
        """The lines of a video, by its number and by its name.

        Args:
            video_id: Its number in the job.
            original_name: Name of its file; empty if unknown.
        """
        names = dict.fromkeys(name for name in (video_id, original_name) if name)
        return [line for name in names for line in self.root.get(name, [])]

    def unknown_videos(self, videos: Mapping[str, str]) -> list[str]:
        """Videos that it names and a job does not have.

        Args:
            videos: Number → file name of each video of the job.
        """
        known = {*videos, *videos.values()}
        return [name for name in self.root if name not in known]

    def to_yaml(self) -> str:
        """The file; a line per correction, so that removing a line undoes it."""
        lines = [line for name, of_video in self.root.items() for line in _video_lines(name, of_video)]
        return "".join(f"{line}\n" for line in lines)


def _video_lines(name: str, lines: list[Correction]) -> Iterator[str]:
    if lines:
        yield yaml.safe_dump({name: None}, allow_unicode=True, width=10_000).strip().removesuffix(" null")
        for line in lines:
            yield (
                "- "
                + yaml.safe_dump(line.as_yaml_value(), default_flow_style=True, sort_keys=False, width=10_000).strip()
            )


def read_corrections(text: str) -> Corrections:
    r"""Read ``corrections.yaml``.

    Args:
        text: The YAML; empty for none.

    Raises:
        ParameterError: It is not YAML, or a line is not a correction; the message says which.

    Example:
        >>> read_corrections("1:\n- merge: [3]")
        Traceback (most recent call last):
        videoprep_nb.core.errors.ParameterError: corrections: ...
    """
    try:
        content = load_yaml(text, yaml.SafeLoader) or {}
    except ValueError as error:
        raise ParameterError(FIELD, str(error)) from None
    if not isinstance(content, dict):
        raise ParameterError(FIELD, f"got {quoted(content)}, expected videos, each with a list of corrections")
    named = {str(name): lines or [] for name, lines in content.items()}
    if sum(len(lines) for lines in named.values() if isinstance(lines, list)) > _MAX_LINES:
        raise ParameterError(FIELD, f"expected at most {_MAX_LINES:,} lines")
    try:
        return Corrections.model_validate(named)
    except ValidationError as error:
        raise ParameterError(FIELD, _first_problem(error, named)) from None


def _first_problem(error: ValidationError, named: Mapping[str, Any]) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors()[0]
    video, *place = first["loc"]
    where = f"video {quoted(video)}"
    if place and isinstance(place[0], int):
        where += f", line {place[0] + 1} ({quoted(named[str(video)][place[0]])})"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
