"""Scored clips written by hand."""

from typing import Any

from videoprep_nb.selection.records import SelectedClip

CLIP_S = 15.0


def scored(clip_id: str, seconds_by_count: list[float], **scores: Any) -> SelectedClip:
    """A clip with the persons of its first argument; other scores are those of an ordinary one."""
    start_s = CLIP_S * int(clip_id[-3:])
    ordinary = {
        "person_count": len(seconds_by_count),
        "new_person_count": 0,
        "motion": 0.5,
        "frame_motion": 0.01,
        "sharpness": 500.0,
        "darkness": 0.4,
        "start_s": start_s,
        "end_s": start_s + CLIP_S,
        "recorded_start_s": start_s,
        "recorded_end_s": start_s + CLIP_S,
    }
    return SelectedClip(clip_id=clip_id, seconds_by_count=seconds_by_count, **ordinary | scores)
