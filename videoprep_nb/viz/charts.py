"""Charts, drawn by matplotlib without its pyplot: no state, no window, and a quicker import."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import PIL.Image
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from videoprep_nb.viz.style import ACCENT, GRID, INK, MUTED, Colour, css, ink_on

_WIDTH_IN = 10.0
_DPI = 110
_MAX_STEPS = 1000
_MAX_TICKS = 10
_MAX_RATIO = 10
_TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)


@dataclass(frozen=True)
class Bar:
    """A stretch of time in a time line.

    Args:
        row: Zero-based row, counted from the top.
        start_s: Begin in seconds.
        end_s: End in seconds.
        colour: Fill.
        faint: Drawn pale, for what was not really seen.
    """

    row: int
    start_s: float
    end_s: float
    colour: Colour
    faint: bool = False


def figure(height_in: float, title: str, width_in: float = _WIDTH_IN) -> tuple[Figure, Axes]:
    """An empty chart in the common style."""
    chart = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(chart)
    axes = chart.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=css(INK), pad=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(css(GRID))
    axes.tick_params(length=0, labelsize=10, labelcolor=css(MUTED))
    axes.tick_params(axis="x", pad=7)
    axes.xaxis.label.set_color(css(MUTED))
    axes.yaxis.label.set_color(css(MUTED))
    axes.set_axisbelow(True)
    return chart, axes


def image(chart: Figure, alt: str) -> Image:
    """A chart for a notebook, as PNG.

    Args:
        chart: The chart.
        alt: What it shows, for people who cannot see it.
    """
    canvas = FigureCanvasAgg(chart)
    canvas.draw()  # type: ignore[no-untyped-call]  # savefig would draw twice
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    encoded = io.BytesIO()
    PIL.Image.fromarray(pixels[..., :3]).save(encoded, "PNG")
    return Image(data=encoded.getvalue(), format="png", alt=alt)  # type: ignore[no-untyped-call]


def time_axis(axes: Axes, start_s: float, end_s: float) -> None:
    """Make the horizontal axis one of time, written ``m:ss``, with at most about ten ticks at full units."""
    axes.set_xlim(start_s, max(end_s, start_s + 0.1))
    step_s = next((step_s for step_s in _TICK_STEPS_S if end_s - start_s <= _MAX_TICKS * step_s), _TICK_STEPS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: _clock(time_s, with_tenths=step_s < 1)))
    axes.grid(axis="x", color=css(GRID))


def time_line(bars: Sequence[Bar], row_labels: Sequence[str], title: str, end_s: float) -> tuple[Figure, Axes]:
    """Bars over time, one row per label, the first on top."""
    chart, axes = figure(1.2 + 0.22 * max(3, len(row_labels)), title)
    for faint in (False, True):
        chosen = [bar for bar in bars if bar.faint is faint]
        axes.barh(
            [bar.row for bar in chosen],
            [bar.end_s - bar.start_s for bar in chosen],
            left=[bar.start_s for bar in chosen],
            height=0.62,
            color=[css(bar.colour) for bar in chosen],
            alpha=0.35 if faint else 1.0,
        )
    axes.set_yticks(range(len(row_labels)), row_labels)
    axes.set_ylim(max(1, len(row_labels)) - 0.4, -0.6)
    time_axis(axes, 0, end_s)
    return chart, axes


def label_bar(axes: Axes, bar: Bar, words: str) -> None:
    """Write beside a bar of a time line, on the side where there is more room, or onto a bar that leaves none."""
    start_s, end_s = axes.get_xlim()
    room_before_s, room_after_s = bar.start_s - start_s, end_s - bar.end_s
    if max(room_before_s, room_after_s) < 0.2 * (end_s - start_s):
        place_s, side, shift_pt, colour = (bar.start_s + bar.end_s) / 2, "center", 0, ink_on(bar.colour)
    elif room_after_s >= room_before_s:
        place_s, side, shift_pt, colour = bar.end_s, "left", 6, MUTED
    else:
        place_s, side, shift_pt, colour = bar.start_s, "right", -6, MUTED
    axes.annotate(
        words,
        (place_s, bar.row),
        (shift_pt, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=9,
        color=css(colour),
    )


def legend(axes: Axes, colours: Mapping[str, Colour]) -> None:
    """Say what the colours mean, above the chart on the right."""
    patches = [Patch(facecolor=css(colour), label=label) for label, colour in colours.items()]
    axes.legend(
        handles=patches,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(patches),
        frameon=False,
        fontsize=10,
        labelcolor=css(MUTED),
        handlelength=1,
        handleheight=1,
    )


def say_nothing_there(axes: Axes, words: str) -> None:
    """Write into an empty chart why it is empty."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=13, color=css(MUTED))


def count_axis(axes: Axes, highest: int, label: str) -> None:
    """Make the vertical axis one of whole numbers from 0."""
    axes.set_ylim(0, max(1, highest) * 1.1)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="y", color=css(GRID))
    axes.set_ylabel(label)


def counts_per_frame(counts: npt.NDArray[np.int64], frame_duration_s: float, title: str) -> tuple[Figure, Axes]:
    """How many persons there are in each frame; of many frames that fall on one spot, the highest count.

    Args:
        counts: ``(N,)`` persons of each frame, N at least 1.
        frame_duration_s: Horizontal extent of a frame.
        title: A line on top.
    """
    starts = np.unique(np.linspace(0, len(counts), _MAX_STEPS, endpoint=False).astype(int))
    highest = np.maximum.reduceat(counts, starts)
    edges = np.append(starts, len(counts)) * frame_duration_s
    chart, axes = figure(2.6, title)
    axes.stairs(highest, edges, fill=True, color=css(ACCENT), alpha=0.85)
    axes.set_xlim(0, edges[-1])
    count_axis(axes, int(highest.max()), "persons")
    if not highest.any():
        say_nothing_there(axes, "no persons")
    return chart, axes


def curve_above_threshold(
    values: npt.NDArray[np.floating], times_s: npt.NDArray[np.floating], is_shaded: npt.NDArray[np.bool_], title: str
) -> tuple[Figure, Axes]:
    """A curve with a dashed line at 1 and a shade behind some of it; of many values on one spot, the highest.

    Args:
        values: ``(N,)`` not negative, N at least 1; those above 10 are drawn at 10.
        times_s: ``(N,)`` seconds, increasing.
        is_shaded: ``(N,)`` which ones have a shade; a spot has one if most of its values have.
        title: A line on top.
    """
    starts = np.unique(np.linspace(0, len(values), _MAX_STEPS, endpoint=False).astype(int))
    highest = np.maximum.reduceat(np.minimum(values, _MAX_RATIO), starts)
    shaded = 2 * np.add.reduceat(is_shaded.astype(int), starts) > np.diff(starts, append=len(values))
    edges = np.append(times_s[starts], 2 * times_s[-1] - times_s[-2] if len(values) > 1 else times_s[-1] + 1)
    chart, axes = figure(2.6, title)
    axes.stairs(np.where(shaded, _MAX_RATIO, 0), edges, fill=True, color=css(GRID))
    axes.stairs(highest, edges, color=css(ACCENT))
    axes.axhline(1, color=css(INK), linewidth=1.2, linestyle="--")
    axes.set_ylim(0, _MAX_RATIO)
    return chart, axes


def mark_starts(axes: Axes, starts: Iterable[float]) -> None:
    """Dotted lines where clips begin."""
    for start in starts:
        axes.axvline(start, color=css(MUTED), linewidth=1, linestyle=":")


def histogram(
    counts: Sequence[int], edges: Sequence[float], title: str, x_label: str, y_label: str
) -> tuple[Figure, Axes]:
    """Bars over the edges of their bins."""
    chart, axes = figure(2.6, title)
    widths = [right - left for left, right in pairwise(edges)]
    axes.bar(edges[:-1], counts, width=[0.9 * width for width in widths], align="edge", color=css(ACCENT))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(x_label)
    count_axis(axes, max(counts, default=0), y_label)
    if not any(counts):
        say_nothing_there(axes, "no persons")
    return chart, axes


def mark_threshold(axes: Axes, value: float) -> None:
    """A dashed upright line."""
    axes.axvline(value, color=css(INK), linewidth=1.2, linestyle="--")


def _clock(time_s: float, with_tenths: bool) -> str:
    minutes, secs = divmod(round(time_s, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{secs:04.1f}" if with_tenths else f"{int(secs):02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
