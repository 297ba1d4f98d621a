"""Checks of the pickle in a package. It is never trusted: nothing in it can run, whatever it asks for."""

import io
import pickle
import re
from typing import NoReturn

from videoprep_nb.exports.validation.findings import Findings
from videoprep_nb.exports.validation.pickle_opcodes import PICKLE_ENTRY, problem_of_opcodes

Box = list[float]
"""x1, y1, x2, y2, score and track id of a well-formed proposal."""

Clips = dict[str, dict[str, list[Box]]]
"""Clip id to frame name to its well-formed boxes."""

_CLIP_NAME = re.compile(r"(?P<video>[A-Za-z0-9-]{1,40})_clip_(?P<index>[0-9]{3,9})")
_FRAME_NUMBER = re.compile(r"_frame_(?P<number>[0-9]{4,9})\.jpg")
_MAX_NUMBER = 1e9


def read_pickle(data: bytes, findings: Findings) -> Clips:
    """Read the pickle and check its structure, types, names, orders and track ids.

    Args:
        data: The pickle.
        findings: Everything wrong is added here.

    Returns:
        The part that is well-formed; the ranges of its boxes are not checked yet.
    """
    if problem := problem_of_opcodes(data):
        findings.add(problem.code, problem.where, problem.message)
        return {}
    try:
        proposals = _RefusingUnpickler(io.BytesIO(data)).load()
    except MemoryError:
        raise
    except Exception as error:  # what a broken pickle raises is anything at all, and becomes a finding
        findings.add("pickle-unreadable", PICKLE_ENTRY, f"cannot be unpickled ({type(error).__name__}: {error})")
        return {}
    if type(proposals) is not dict:
        findings.add("wrong-type", PICKLE_ENTRY, f"holds a {type(proposals).__name__}, expected a dict of clips")
        return {}
    checker = _StructureChecker(findings, max_items=len(data))
    return checker.check(proposals)


class _RefusingUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} is asked for")


class _StructureChecker:
    """Walks through the unpickled data once.

    Args:
        findings: Everything wrong is added here.
        max_items: Stop after so many frames and boxes; a pickle that refers to one over and over has more.
    """

    def __init__(self, findings: Findings, max_items: int) -> None:
        self._findings = findings
        self._items_left = max_items
        self._video_of_track: dict[int, str] = {}

    def check(self, proposals: dict[object, object]) -> Clips:
        clips: Clips = {}
        previous: tuple[int, int, str, int] | None = None
        for clip, frames in proposals.items():
            match = _CLIP_NAME.fullmatch(clip) if type(clip) is str else None
            if type(clip) is not str or match is None:
                self._findings.add("clip-name", _shown(clip), "is no clip name, expected one such as 1_clip_000")
                continue
            rank = (*_video_rank(match["video"]), int(match["index"]))
            if previous is not None and rank <= previous:
                self._findings.add("key-order", clip, "comes too late, expected the order of videos and then of clips")
            previous = rank
            if type(frames) is not dict:
                self._findings.add("wrong-type", clip, f"holds a {type(frames).__name__}, expected a dict of frames")
                continue
            clips[clip] = self._check_clip(match["video"], clip, frames)
        return clips

    def _check_clip(self, video: str, clip: str, frames: dict[object, object]) -> dict[str, list[Box]]:
        well_formed: dict[str, list[Box]] = {}
        numbers: list[int] = []
        for name, boxes in frames.items():
            if self._repeats_itself():
                break
            match = _FRAME_NUMBER.fullmatch(name.removeprefix(clip)) if type(name) is str else None
            if type(name) is not str or match is None or not name.startswith(clip):
                expected = f"expected one such as {clip}_frame_0000.jpg"
                self._findings.add("frame-name", f"{clip}/{_shown(name)}", f"is no frame name of this clip, {expected}")
                continue
            numbers.append(int(match["number"]))
            if type(boxes) is not list:
                self._findings.add("wrong-type", name, f"holds a {type(boxes).__name__}, expected a list of boxes")
                boxes = []
            well_formed[name] = self._check_frame(video, name, boxes)
        if numbers != sorted(numbers):
            self._findings.add("key-order", clip, "has frames out of order, expected the order of time")
        if sorted(numbers) != list(range(len(numbers))):
            self._findings.add("frame-numbering", clip, "has frames that are not numbered 0, 1, 2, … without a gap")
        return well_formed

    def _check_frame(self, video: str, name: str, boxes: list[object]) -> list[Box]:
        well_formed: list[Box] = []
        ids: set[int] = set()
        for number, box in enumerate(boxes):
            where = f"{name} box {number}"
            if self._repeats_itself():
                break
            if type(box) is not list or len(box) != 6:
                self._findings.add("wrong-type", where, "is not a list [x1, y1, x2, y2, score, track_id]")
                continue
            if problem := _number_problem(box):
                self._findings.add("wrong-type", where, problem)
                continue
            self._check_id(video, where, box[5], ids)
            well_formed.append(box)
        return well_formed

    def _repeats_itself(self) -> bool:
        """Count a frame or box; whether there were more than a pickle of this size can hold."""
        self._items_left -= 1
        if self._items_left < 0:
            self._findings.add("pickle-repetition", PICKLE_ENTRY, "repeats itself to more boxes than fit into it")
        return self._items_left < 0

    def _check_id(self, video: str, where: str, track_id: int, ids_in_frame: set[int]) -> None:
        if track_id in ids_in_frame:
            self._findings.add("id-twice-in-frame", where, f"has track id {track_id} like another box of the frame")
        ids_in_frame.add(track_id)
        owner = self._video_of_track.setdefault(track_id, video)
        if owner != video:
            self._findings.add("id-shared", where, f"has track id {track_id}, which video {owner} has too")


def _video_rank(video: str) -> tuple[int, int, str]:
    """Videos with numbers come in the order of their numbers, others after them."""
    return (0, int(video), video) if video.isdigit() else (1, 0, video)


def _number_problem(box: list[object]) -> str | None:
    """What is wrong with the types of a box of six, None when nothing is."""
    for value, name in zip(box[:5], ("x1", "y1", "x2", "y2", "score"), strict=True):
        if type(value) not in (int, float):
            return f"{name} is a {type(value).__name__}, expected a float"
        if not -_MAX_NUMBER < value < _MAX_NUMBER:  # type: ignore[operator]  # NaN is not between anything
            return f"{name} is {str(value)[:20]}, expected a finite number"
    if type(box[5]) is not int:
        return f"track_id is a {type(box[5]).__name__}, expected an int"
    return None


def _shown(key: object) -> str:
    return repr(key if isinstance(key, str | int | float) else type(key).__name__)[:80]
