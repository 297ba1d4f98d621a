"""Hints at what may be wrong with tracks, with images of the worst places."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import get_args

from IPython.display import HTML

from videoprep_nb.core.timecode import format_clock
from videoprep_nb.media.frames import RgbImage
from videoprep_nb.tracking.quality import (
    BREAK_S,
    JUMP_IOU,
    LONG_GAP_S,
    LONG_OVERLAP_S,
    OVERLAP_IOU,
    SHORT_TRACK_S,
    WORST_OF_A_KIND,
    Kind,
    Place,
    Quality,
)
from videoprep_nb.tracking.refine.static_tracks import STATIC_S, STATIC_SCORE
from videoprep_nb.tracking.tracks import Tracks
from videoprep_nb.viz import images, tables
from videoprep_nb.viz.frames import VideoFrames
from videoprep_nb.viz.thumbnail_strip import Scene, spread_frames, thumbnail_strips

_CELLS = 6
_MARGIN_S = 0.4
_MAX_SCENE_S = 3.0
_QUALITY = 80
_THUMBNAIL_WIDTH_PX = 250
_THUMBNAIL_HEIGHT_PX = 70
_THUMBNAIL_QUALITY = 65

_MEANING: dict[Kind, str] = {
    "broken track": f"a track ends and within {BREAK_S:g} s another one begins close by: often the same person",
    "short track": f"seen for less than {SHORT_TRACK_S:g} s: often no person, or a part of a longer track",
    "gap": f"not found for {LONG_GAP_S:g} s or more: look whether it is the same person before and after",
    "jump": f"a box overlaps by less than {JUMP_IOU:g} with where it was expected: often a mix-up of two persons",
    "overlap": f"two tracks overlap by {OVERLAP_IOU:g} or more for {LONG_OVERLAP_S:g} s: often one person twice",
    "static track": f"in place for {STATIC_S:g} s, with a mean score of at most {STATIC_SCORE:g} times the median: "
    "often a poster, a mannequin or a reflection",
}


def quality_hints(
    quality: Quality, warnings: Sequence[str], tracks: Tracks, frames: VideoFrames, rate: float, name: str = "hint"
) -> HTML:
    """What may be wrong: how often, and the worst places as thumbnail strips, small ones with links to larger ones.

    Nothing but links inside the page is used, so that it works in a report without scripts.

    Args:
        quality: What was found out about the tracks.
        warnings: Sentences about settings that do not fit the video.
        tracks: The tracks.
        frames: The frames of the video.
        rate: Frames per second.
        name: Begins the names of the places in the page; must differ when two of these stand on one page.
    """
    shown = [place for kind in get_args(Kind) for place in quality.places_of(kind)[:WORST_OF_A_KIND]]
    strips = thumbnail_strips([_scene(place, tracks, rate) for place in shown], tracks, frames, rate, {})
    entries = [
        _Shown(place, strip, f"{name}-{quality.name_of(place)}", _title(place, rate))
        for place, strip in zip(shown, strips, strict=True)
    ]
    parts = [f"<p><strong>{escape(sentence)}</strong></p>" for sentence in warnings]
    parts += [f'<p id="{name}-top">{_ids_sentence(quality)}</p>', _overview(quality, entries)]
    parts += [_enlarged(entry, quality.name_of(entry.place), f"{name}-top") for entry in entries]
    return tables.html("\n".join(parts))


@dataclass(frozen=True)
class _Shown:
    place: Place
    strip: RgbImage
    anchor: str
    title: str


def _ids_sentence(quality: Quality) -> str:
    if not quality.track_count:
        return "There are no tracks."
    return (
        f"{quality.track_count:,} ids for {quality.person_s:,.0f} person-seconds: {quality.ids_per_person_s:.3f} ids "
        f"per person-second, one for every {1 / quality.ids_per_person_s:.1f} s of a person. The more ids a person "
        "gets, the more there is to repair by hand."
    )


def _overview(quality: Quality, entries: Sequence[_Shown]) -> str:
    rows = ["<tr><th>hint</th><th>places</th><th>what it may mean; select an image to see it larger</th></tr>"]
    for kind in get_args(Kind):
        count = len(quality.places_of(kind))
        thumbnails = " ".join(_thumbnail(entry) for entry in entries if entry.place.kind == kind)
        meaning = f'<td style="max-width: none">{escape(_MEANING[kind])}<br>{thumbnails}</td>'
        rows.append(f"<tr><td>{kind}</td><td>{count:,}</td>{meaning}</tr>")
    return "<table>" + "".join(rows) + "</table>"


def _thumbnail(entry: _Shown) -> str:
    small = images.shrink(entry.strip, _THUMBNAIL_WIDTH_PX, _THUMBNAIL_HEIGHT_PX)
    # a page may show images as blocks of its own width, but these stand side by side
    style = f"display: inline-block; width: {small.shape[1]}px; margin: 6px 6px 0 0"
    return f'<a href="#{entry.anchor}">{_image(small, entry.title, _THUMBNAIL_QUALITY, style)}</a>'


def _enlarged(entry: _Shown, name: str, top: str) -> str:
    heading = f"{entry.title.capitalize()}: {entry.place.words}"
    # the report of a job has its preview video beside it, and links the moment here
    moment = f'<span class="moment" data-place="{name}"></span>'
    return f'<h4 id="{entry.anchor}">{escape(heading)} · <a href="#{top}">back</a>{moment}</h4>' + _image(
        entry.strip, heading, _QUALITY, ""
    )


def _title(place: Place, rate: float) -> str:
    return f"{place.kind} at {format_clock(place.start_frame / rate)}"


def _scene(place: Place, tracks: Tracks, rate: float) -> Scene:
    margin = round(_MARGIN_S * rate)
    start = max(int(tracks.frame_index.min()), place.start_frame - margin)
    end = min(int(tracks.frame_index.max()), place.last_frame + margin, start + round(_MAX_SCENE_S * rate))
    return Scene(place.track_ids, spread_frames(start, end, _CELLS), follow=False)


def _image(image: RgbImage, words: str, quality: int, style: str) -> str:
    encoded = base64.b64encode(images.encode_jpeg(image, quality)).decode()
    return f'<img src="data:image/jpeg;base64,{encoded}" alt="{escape(words)}" style="{style}">'
