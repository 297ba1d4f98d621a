"""``regions.yaml``: regions that are hidden in all frames of a video, such as a screen or a neighbour's window."""

from itertools import combinations
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted
from videoprep_nb.core.yaml_text import load_yaml

FIELD = "regions"
ALL_VIDEOS = "all"
"""In place of the name of a video: regions of every video."""

_MAX_CORNERS = 100
_MAX_REGIONS = 100

_Coordinate = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
_Corner = tuple[_Coordinate, _Coordinate]


class HiddenRegion(BaseModel):
    """A polygon whose sides do not cross.

    Args:
        polygon: Its corners, x and y each, in the order around it.
        unit: What the numbers are: shares of width and height from 0 to 1, or pixels of the standard frame.

    Example:
        >>> HiddenRegion(polygon=[(0, 0), (640, 0), (640, 360)], unit="px").shares(1280, 720).tolist()
        [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    polygon: list[_Corner] = Field(min_length=3, max_length=_MAX_CORNERS)
    unit: Literal["share", "px"] = "share"

    @model_validator(mode="after")
    def _is_a_polygon(self) -> Self:
        if self.unit == "share" and max(map(max, self.polygon)) > 1:
            raise ValueError("expected shares from 0 to 1, or unit: px")
        corners = np.array(self.polygon)
        if _twice_the_area(corners) == 0:
            raise ValueError("expected corners that enclose an area")
        if _has_crossing(corners):
            raise ValueError("expected sides that do not cross; write two polygons")
        return self

    def shares(self, width: int, height: int) -> npt.NDArray[np.float32]:
        """The corners in shares of width and height, ``(K, 2)``.

        Args:
            width: Width of the standard frame in pixels.
            height: Its height.

        Raises:
            ParameterError: All of it lies outside of the frame.
        """
        corners = np.array(self.polygon) / ([width, height] if self.unit == "px" else 1)
        if (corners.min(axis=0) >= 1).any():
            raise ParameterError(FIELD, f"got a polygon beyond the frame of {width} x {height} pixels")
        return corners.astype(np.float32)


class HiddenRegions(RootModel[dict[str, list[HiddenRegion]]]):
    r"""The regions of a job, by video: its number, the name of its file, or ``all``.

    Example:
        >>> regions = read_regions("cam1.avi:\n- polygon: [[0, 0], [0.5, 0], [0.5, 0.5]]")
        >>> len(regions.of_video("1", "cam1.avi")), len(regions.of_video("2", "cam2.avi"))
        (1, 0)
    """

    root: dict[str, list[HiddenRegion]] = {}

    def of_video(self, video_id: str, original_name: str) -> list[HiddenRegion]:
        """The regions of a video.

        Args:
            video_id: Its number in the job.
            original_name: Name of its file; empty if unknown.
        """
        names = dict.fromkeys(name for name in (ALL_VIDEOS, video_id, original_name) if name)
        return [region for name in names for region in self.root.get(name, [])]


def read_regions(text: str) -> HiddenRegions:
    r"""Read ``regions.yaml``.

    Args:
        text: The YAML; empty for none.

    Raises:
        ParameterError: It is not YAML, or a region is no polygon; the message says which.

    Example:
        >>> read_regions("all:\n- polygon: [[0, 0], [1, 1]]")
        Traceback (most recent call last):
        videoprep_nb.core.errors.ParameterError: regions: ...
    """
    try:
        content = load_yaml(text, yaml.SafeLoader) or {}
    except ValueError as error:
        raise ParameterError(FIELD, str(error)) from None
    if not isinstance(content, dict):
        raise ParameterError(FIELD, f"got {quoted(content)}, expected videos, each with a list of polygons")
    named = {str(name): regions or [] for name, regions in content.items()}
    if sum(len(regions) for regions in named.values() if isinstance(regions, list)) > _MAX_REGIONS:
        raise ParameterError(FIELD, f"expected at most {_MAX_REGIONS} polygons")
    try:
        return HiddenRegions.model_validate(named)
    except ValidationError as error:
        raise ParameterError(FIELD, _first_problem(error)) from None


def _first_problem(error: ValidationError) -> str:
    first: Any = error.errors()[0]
    video, *place = first["loc"]
    where = f"video {quoted(video)}"
    if place and isinstance(place[0], int):
        where += f", polygon {place[0] + 1}"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _twice_the_area(corners: npt.NDArray[np.float64]) -> float:
    x, y = corners.T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))


def _has_crossing(corners: npt.NDArray[np.float64]) -> bool:
    """Whether two sides that are no neighbours cross: such a polygon would have holes."""
    count = len(corners)
    sides = [(corners[index], corners[(index + 1) % count]) for index in range(count)]
    return any(
        _cross(*sides[one], *sides[other])
        for one, other in combinations(range(count), 2)
        if other - one not in (1, count - 1)
    )


def _cross(
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    c: npt.NDArray[np.float64],
    d: npt.NDArray[np.float64],
) -> bool:
    """Whether the sides from a to b and from c to d cross, each the line of the other."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], point: npt.NDArray[np.float64]) -> float:
    """On which side of the line from a to b a point lies."""
    return float((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]))
