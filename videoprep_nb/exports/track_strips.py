"""One image that shows a track in the frames of a result, so that a person can judge it."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from videoprep_nb.exports.manifest import ManifestClip, ManifestVideo
from videoprep_nb.exports.package import Package
from videoprep_nb.tracking.tracks import Tracks

THUMBNAIL_SIZE = 72, 108
"""Width and height of a thumbnail in pixels."""

MAX_THUMBNAILS = 8
_MARGIN = 0.15
_JPEG_QUALITY = 80


@dataclass(frozen=True)
class Sight:
    """A track in an extracted frame.

    Args:
        clip: The clip of the frame.
        frame_name: Its name.
        frame: Its index in the standard video.
        time_s: Its time in the standard video, in seconds.
        box_xyxy: The person in it, in pixels.
    """

    clip: ManifestClip
    frame_name: str
    frame: int
    time_s: float
    box_xyxy: tuple[float, float, float, float]


def sights_of(track: Tracks, video: ManifestVideo) -> list[Sight]:
    """The extracted frames that a track is in, at most eight of them, evenly spread.

    Args:
        track: The rows of one track; frames are those of the standard video.
        video: Its video.
    """
    row_of = {int(frame): row for row, frame in enumerate(track.frame_index)}
    found: dict[int, Sight] = {}
    for clip in video.clips:
        for frame in clip.frames:
            index = clip.start_frame + frame.index_in_clip
            if index in row_of and index not in found:
                x1, y1, x2, y2 = track.boxes_xyxy[row_of[index]].tolist()
                found[index] = Sight(clip, frame.name, index, float(index / clip.rate), (x1, y1, x2, y2))
    sights = list(found.values())
    if len(sights) <= MAX_THUMBNAILS:
        return sights
    return [sights[round(place)] for place in np.linspace(0, len(sights) - 1, MAX_THUMBNAILS)]


def draw_strip(sights: Sequence[Sight], package_of: Callable[[str], Package]) -> bytes:
    """Draw thumbnails of a track side by side.

    Args:
        sights: Where the track is seen; at least one.
        package_of: The package that holds the frames of a clip.

    Returns:
        A JPEG, as many thumbnails wide as there are sights.

    Raises:
        InputError: The package is damaged.
    """
    width, height = THUMBNAIL_SIZE
    strip = Image.new("RGB", (width * len(sights), height))
    for place, sight in enumerate(sights):
        jpeg = package_of(sight.clip.clip_id).read_frame(sight.clip.clip_id, sight.frame_name)
        with Image.open(io.BytesIO(jpeg)) as frame:
            strip.paste(_cropped(frame.convert("RGB"), sight.box_xyxy), (place * width, 0))
    drawn = io.BytesIO()
    strip.save(drawn, "JPEG", quality=_JPEG_QUALITY)
    return drawn.getvalue()


def _cropped(frame: Image.Image, box_xyxy: tuple[float, float, float, float]) -> Image.Image:
    """The person with some surroundings, in the shape of a thumbnail; what lies outside the frame is black."""
    width, height = THUMBNAIL_SIZE
    x1, y1, x2, y2 = box_xyxy
    margin = _MARGIN * max(x2 - x1, y2 - y1)
    scale = max((x2 - x1 + 2 * margin) / width, (y2 - y1 + 2 * margin) / height)
    half_width, half_height = scale * width / 2, scale * height / 2
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    corners = tuple(round(side) for side in (x - half_width, y - half_height, x + half_width, y + half_height))
    left, top, right, bottom = corners
    return frame.crop((left, top, max(right, left + 1), max(bottom, top + 1))).resize(THUMBNAIL_SIZE)
