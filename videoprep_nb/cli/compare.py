"""The command ``videoprep compare``."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, print_json, stop
from videoprep_nb.core.errors import InputError, ParameterError, VideoPrepError
from videoprep_nb.core.text import plural
from videoprep_nb.core.timecode import format_clock, format_duration

if TYPE_CHECKING:
    from videoprep_nb.jobs.result_comparison import JobComparison, MomentOfChange, SideOfVideo, VideoComparison

_KINDS = {
    "only left": "only before",
    "only right": "only after",
    "left longer": "longer before",
    "right longer": "longer after",
    "moved": "other boxes",
}


def compare(
    before: Annotated[Path, typer.Argument(help="A result: its folder, or a final_package.zip.")],
    after: Annotated[Path, typer.Argument(help="Another result of the same videos.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", show_default="text for people")
    ] = False,
) -> None:
    """Show what changed from one result to another one of the same videos.

    Folders of results are compared on all frames and with places to inspect; of a package alone, the people on its
    frames are compared.
    """
    from videoprep_nb.jobs.result_comparison import compare_folders

    try:
        found = compare_folders(before, after)
    except (InputError, ParameterError) as error:
        raise stop(error, EXIT_USAGE) from None
    except VideoPrepError as error:
        raise stop(error, EXIT_FAILED) from None
    if as_json:
        print_json(asdict(found))
        return
    for line in _lines(found):
        out.print(plain(line))


def _lines(found: "JobComparison") -> Iterator[str]:
    for video in found.videos:
        yield from _video_lines(video)
    for name, side in ((name, side) for side, names in _others(found) for name in names):
        yield f"{name}: only {side}"
    for difference in (*found.settings, *found.versions):
        yield f"{difference.name}: {difference.left} → {difference.right}"
    left, right = asdict(found.left), asdict(found.right)
    yield "Package: " + ", ".join(f"{name} {left[name]:,} → {right[name]:,}" for name in left)


def _others(found: "JobComparison") -> list[tuple[str, list[str]]]:
    return [("before", found.only_left), ("after", found.only_right)]


def _video_lines(video: "VideoComparison") -> Iterator[str]:
    left, right = video.left, video.right
    yield (
        f"{left.video_id}. {left.original_name}: {left.person_count:,} → {plural(right.person_count, 'person')} "
        f"({video.both:,} in both, {left.only_here:,} only before, {right.only_here:,} only after), "
        f"{left.person_s:,.1f} → {right.person_s:,.1f} person-seconds ({video.both_person_s:,.1f} the same), "
        f"{left.place_count:,} → {plural(right.place_count, 'place')} to inspect"
    )
    yield from map(_change_line, video.changes)
    yield from _place_lines("went", left)
    yield from _place_lines("came", right)


def _change_line(change: "MomentOfChange") -> str:
    kind = _KINDS.get(change.kind, change.kind)
    lasts = f" for {format_duration(change.duration_s)}" if change.duration_s else ""
    names = [", ".join(track.name for track in tracks) for tracks in (change.left_tracks, change.right_tracks)]
    return f"  {format_clock(max(change.left.time_s, 0))} {kind}{lasts}: {' → '.join(filter(None, names))}"


def _place_lines(word: str, side: "SideOfVideo") -> Iterator[str]:
    for place in side.places:
        yield f"  {format_clock(place.moment.time_s)} place {word}: {place.kind}, {place.words}"
