"""Rules that say which clips are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from videoprep_nb.core.text import plural
from videoprep_nb.selection.listed_times import ListedTime
from videoprep_nb.selection.records import NO_PERSONS, SelectedClip
from videoprep_nb.selection.varied import most_varied, spread

_LISTED = "in the list of times"


@dataclass(frozen=True)
class Rules:
    """Which clips are kept.

    Args:
        min_persons: At least so many persons must be there at once; 0: none has to.
        min_persons_s: For so many seconds in total.
        drop_duplicates: Leave out near-duplicates of clips that are kept.
        max_clips: Keep so many of the rest, the most varied ones; 0: all.
        margin_s: Keep clips that begin or end within so many seconds of a kept one as well.
        listed: Times that are kept whatever the other rules say.
        only_listed: Leave out everything else.
    """

    min_persons: int = 1
    min_persons_s: float = 1.0
    drop_duplicates: bool = True
    max_clips: int = 0
    margin_s: float = 0.0
    listed: Sequence[ListedTime] = ()
    only_listed: bool = False


def choose_clips(clips: Sequence[SelectedClip], rules: Rules, names: Mapping[str, str]) -> list[SelectedClip]:
    """Keep the clips that meet the rules, and note the reason for each.

    Args:
        clips: Scored clips, in the order of the package.
        rules: The rules.
        names: Number → file name of each video, which the list of times may use.

    Returns:
        All clips in the same order, kept or left out.
    """
    chosen: list[SelectedClip] = []
    kept_ids: set[str] = set()
    for clip in clips:
        judged = _judge(clip, rules, names, kept_ids)
        if judged.is_kept:
            kept_ids.add(judged.clip_id)
        chosen.append(judged)
    if rules.max_clips:
        chosen = _keep_most_varied(chosen, rules.max_clips)
    return _keep_context(chosen, rules.margin_s) if rules.margin_s else chosen


def _judge(clip: SelectedClip, rules: Rules, names: Mapping[str, str], kept_ids: set[str]) -> SelectedClip:
    """What all rules but the last two say of a clip."""
    if _is_listed(clip, rules.listed, names.get(clip.video_id, "")):
        return _kept(clip, _LISTED)
    if rules.only_listed:
        return _left_out(clip, f"not {_LISTED}")
    if rules.min_persons and not clip.person_count:
        return _left_out(clip, NO_PERSONS)
    there_s = clip.seconds_with(rules.min_persons) if rules.min_persons else clip.end_s - clip.start_s
    persons = plural(rules.min_persons, "person")
    if not there_s:
        return _left_out(clip, f"never {persons} at once")
    if rules.min_persons and there_s < rules.min_persons_s:
        return _left_out(clip, f"{persons} for {there_s:.1f} s, expected {rules.min_persons_s:g} s")
    if rules.drop_duplicates and clip.duplicate_of in kept_ids:
        return _left_out(clip, f"near-duplicate of {clip.duplicate_of}")
    return _kept(clip, f"{persons} for {there_s:.1f} s" if rules.min_persons else "no rule against it")


def _is_listed(clip: SelectedClip, listed: Sequence[ListedTime], name: str) -> bool:
    return any(
        time.video in (clip.video_id, name) and time.overlaps(clip.recorded_start_s, clip.recorded_end_s)
        for time in listed
    )


def _keep_most_varied(clips: Sequence[SelectedClip], count: int) -> list[SelectedClip]:
    """Of the clips that are kept, keep so many; those in the list of times count and stay."""
    kept = [clip for clip in clips if clip.is_kept]
    if len(kept) <= count:
        return list(clips)
    features = spread(
        np.array(
            [
                [
                    clip.person_count,
                    clip.person_s,
                    clip.new_person_count,
                    clip.motion,
                    clip.frame_motion,
                    clip.sharpness,
                    clip.darkness,
                ]
                for clip in kept
            ],
            np.float64,
        )
    )
    first = [row for row, clip in enumerate(kept) if clip.reason == _LISTED]
    first = first or [max(range(len(kept)), key=lambda row: kept[row].person_s)]
    varied = {kept[row].clip_id for row in most_varied(features, count, first)}
    return [
        _left_out(clip, "less varied than the kept ones") if clip.is_kept and clip.clip_id not in varied else clip
        for clip in clips
    ]


def _keep_context(clips: Sequence[SelectedClip], margin_s: float) -> list[SelectedClip]:
    kept = [clip for clip in clips if clip.is_kept]

    def with_context(clip: SelectedClip) -> SelectedClip:
        near = [] if clip.is_kept else [other for other in kept if _are_near(clip, other, margin_s)]
        return _kept(clip, f"context of {near[0].clip_id}") if near else clip

    return [with_context(clip) for clip in clips]


def _are_near(one: SelectedClip, other: SelectedClip, margin_s: float) -> bool:
    return (
        one.video_id == other.video_id and one.start_s < other.end_s + margin_s and other.start_s - margin_s < one.end_s
    )


def _kept(clip: SelectedClip, reason: str) -> SelectedClip:
    return clip.model_copy(update={"is_kept": True, "reason": reason})


def _left_out(clip: SelectedClip, reason: str) -> SelectedClip:
    return clip.model_copy(update={"is_kept": False, "reason": reason})
