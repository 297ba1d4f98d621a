"""Resize, clip and extract as older tools do it: OpenCV loops that write mp4v, and a seek for every JPEG."""

from pathlib import Path

import cv2

_WIDTH, _HEIGHT, _CLIP_S, _QUALITY = 1280, 720, 15, 95


def run_older_tools(video: Path, folder: Path) -> int:
    """Write the clips of a video and a JPEG of each second.

    Returns:
        How many JPEGs.
    """
    source = cv2.VideoCapture(str(video))
    rate = source.get(cv2.CAP_PROP_FPS)
    resized = _writer(folder / "1.mp4", rate)
    while (frame := source.read()[1]) is not None:
        scale = min(_WIDTH / frame.shape[1], _HEIGHT / frame.shape[0])
        frame = cv2.resize(frame, None, fx=scale, fy=scale) if scale != 1 else frame
        left, top = (_WIDTH - frame.shape[1]) // 2, (_HEIGHT - frame.shape[0]) // 2
        right, bottom = _WIDTH - frame.shape[1] - left, _HEIGHT - frame.shape[0] - top
        resized.write(cv2.copyMakeBorder(frame, top, bottom, left, right, cv2.BORDER_CONSTANT))
    resized.release()
    standard = cv2.VideoCapture(str(folder / "1.mp4"))
    frame_count, step = int(standard.get(cv2.CAP_PROP_FRAME_COUNT)), round(_CLIP_S * rate)
    for first in range(0, frame_count, step):
        clip = _writer(folder / f"1_clip_{first // step:03d}.mp4", rate)
        standard.set(cv2.CAP_PROP_POS_FRAMES, first)
        for _ in range(min(step, frame_count - first)):
            clip.write(standard.read()[1])
        clip.release()
    return sum(_extract(path, rate) for path in sorted(folder.glob("1_clip_*.mp4")))


def _writer(path: Path, rate: float) -> cv2.VideoWriter:
    return cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (_WIDTH, _HEIGHT))


def _extract(path: Path, rate: float) -> int:
    clip = cv2.VideoCapture(str(path))
    indices = [round(index * rate) for index in range(_CLIP_S) if index * rate < clip.get(cv2.CAP_PROP_FRAME_COUNT)]
    for number, index in enumerate(indices):
        clip.set(cv2.CAP_PROP_POS_FRAMES, index)
        name = path.with_name(f"{path.stem}_frame_{number:04d}.jpg")
        cv2.imwrite(str(name), clip.read()[1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return len(indices)
