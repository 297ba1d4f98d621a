"""Label Studio's rule for boxes between keyframes, as label_studio_sdk 2.1 expands exports, in our words."""

from typing import Any


def expand(region: dict[str, Any]) -> dict[int, list[float]]:
    """Frame, from 1 on → x, y, width and height in percent.

    A keyframe that is enabled is followed by interpolated boxes up to the next one, or by itself to the end of the
    video; one that is not shows its own box only.
    """
    sequence = sorted(region["value"]["sequence"], key=lambda keyframe: keyframe["frame"])
    boxes = {keyframe["frame"]: _box(keyframe) for keyframe in sequence}
    for number, keyframe in enumerate(sequence):
        if not keyframe["enabled"]:
            continue
        following = sequence[number + 1] if number + 1 < len(sequence) else None
        last = following["frame"] - 1 if following else region["value"]["framesCount"]
        for frame in range(keyframe["frame"] + 1, last + 1):
            part = (frame - keyframe["frame"]) / (following["frame"] - keyframe["frame"]) if following else 0
            end = _box(following or keyframe)
            boxes[frame] = [a + (b - a) * part for a, b in zip(_box(keyframe), end, strict=True)]
    return boxes


def _box(keyframe: dict[str, Any]) -> list[float]:
    return [keyframe[side] for side in ("x", "y", "width", "height")]
