"""How much the looks of two tracks say about whether they are one person.

Descriptions are measured by how they vary within tracks (within-class covariance normalisation, Hatch, Kajarekar and
Stolcke, Interspeech 2006). Parts of one track must be alike, tracks that overlap in time must differ: how far both
kinds of pairs lie apart in this very video gives the evidence of a pair, as the logarithm of a likelihood ratio.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videoprep_nb.core.boxes import iou_matrix
from videoprep_nb.tracking.detections import Detections
from videoprep_nb.tracking.tracks import Tracks

_Array = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

_SAMPLES_PER_S = 5.0
_MIN_SCORE = 0.3  # of a detection whose look counts
_SAME_BOX_IOU = 0.5  # between the box of a track, which is smoothed, and its detection
_CROWDED_IOU = 0.3  # with another track: then the box shows two persons
_PARTS_PER_TRACK = 10  # seconds of a track, spread over it, that are compared
_APART_S = 2  # parts of a track nearer than that are alike for other reasons
_MIN_PAIRS = 5
_MIN_DEVIATION = 0.1  # of similarities: a few pairs that agree by chance are not certain
_MAX_LOG_RATIO = 5.0


@dataclass(frozen=True)
class Likeness:
    """What the looks of the tracks of a video say.

    Args:
        track_ids: ``(T,)`` int64, tracks whose looks are known, increasing.
        looks: ``(T, D)`` float64; the scalar product of two of them is their similarity in [-1, 1].
        separation: Probability that two parts of one track are more alike than parts of two tracks that overlap in
            time: the area under the ROC curve; 0.5 says nothing.
        same: Mean similarity of parts of one track.
        different: Mean similarity of tracks that overlap in time.
        variance: Of both.
    """

    track_ids: npt.NDArray[np.int64]
    looks: _Array
    separation: float
    same: float
    different: float
    variance: float

    def log_ratio(self, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> _Array:
        """Evidence that pairs of tracks are one person, from -5 to 5; of a track without looks -5.

        Args:
            one: ``(P,)`` ids of tracks.
            other: ``(P,)`` ids of the tracks they are compared with.
        """
        rows = np.searchsorted(self.track_ids, [one, other]).clip(max=len(self.track_ids) - 1)
        known = (self.track_ids[rows] == [one, other]).all(axis=0)
        similarity = (self.looks[rows[0]] * self.looks[rows[1]]).sum(axis=1)
        slope = (self.same - self.different) / self.variance
        ratio = slope * (similarity - (self.same + self.different) / 2)
        return np.where(known, ratio.clip(-_MAX_LOG_RATIO, _MAX_LOG_RATIO), -_MAX_LOG_RATIO)


def measure_likeness(tracks: Tracks, found: Detections, tracked_rate: float, rate: float) -> Likeness | None:
    """Find out what the looks of tracks say.

    Args:
        tracks: The tracks, in the coordinates of the detections.
        found: The detections they were made of, with features.
        tracked_rate: Sampled frames per second.
        rate: Frames of the video per second.

    Returns:
        What they say; None if there are too few tracks that are seen long enough, or at the same time.
    """
    track_id, second, parts = _parts(tracks, found, tracked_rate, rate)
    ids, track, counts = np.unique(track_id, return_inverse=True, return_counts=True)
    if len(ids) < 2:
        return None
    looks = _normalised(parts, track, counts)
    first = np.cumsum(counts) - counts
    same = _similarities_within(looks, track, second)
    different = _similarities_between(looks, first, counts, _overlapping(tracks, ids))
    if min(len(same), len(different)) < _MIN_PAIRS:
        return None
    variance = max((same.var() + different.var()) / 2, _MIN_DEVIATION**2)
    mean_looks = np.add.reduceat(looks, first) / counts[:, None]
    separation = _area_under_curve(same, different)
    return Likeness(ids, mean_looks, separation, float(same.mean()), float(different.mean()), float(variance))


def _parts(
    tracks: Tracks, found: Detections, tracked_rate: float, rate: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], _Array]:
    """Track, second and mean features of the seconds of tracks; of each track a few, spread over it."""
    rows, detections = _pair_up(tracks, found, max(1, round(tracked_rate / _SAMPLES_PER_S)))
    second = (tracks.frame_index[rows] / rate).astype(np.int64)
    order = np.lexsort((second, tracks.track_id[rows]))
    track_id, second, features = tracks.track_id[rows][order], second[order], found.features[detections[order]]
    begins = np.flatnonzero((np.diff(track_id, prepend=-1) != 0) | (np.diff(second, prepend=-1) != 0))
    counts = np.diff(begins, append=len(order))
    means = np.add.reduceat(features.astype(np.float64), begins) / counts[:, None] if len(begins) else np.zeros((0, 0))
    track_id, second = track_id[begins], second[begins]
    _, first, size = np.unique(track_id, return_index=True, return_counts=True)
    place, length = np.arange(len(begins)) - np.repeat(first, size), np.repeat(size, size)
    spread = place * _PARTS_PER_TRACK // np.maximum(length, _PARTS_PER_TRACK)
    chosen = np.diff(spread, prepend=-1, append=-1)[:-1] != 0
    chosen |= place == 0
    return track_id[chosen], second[chosen], means[chosen]


def _pair_up(tracks: Tracks, found: Detections, step: int) -> tuple[_Indices, _Indices]:
    """Rows of tracks that show one person alone, in every ``step``-th sampled frame, and their detections."""
    seen = tracks.frame_index[~tracks.interpolated]
    frames = found.sampled[::step]
    frames = frames[np.isin(frames, seen)]
    order = np.argsort(tracks.frame_index, kind="stable")
    lower, upper = (np.searchsorted(tracks.frame_index[order], frames, side=side) for side in ("left", "right"))
    begin, end = (np.searchsorted(found.frame_index, frames, side=side) for side in ("left", "right"))
    rows, detections = [], []
    for index in range(len(frames)):
        own, theirs = order[lower[index] : upper[index]], np.arange(begin[index], end[index])
        boxes = tracks.boxes_xyxy[own]
        overlap = iou_matrix(boxes, boxes)
        np.fill_diagonal(overlap, 0)
        iou = iou_matrix(boxes, found.boxes_xyxy[theirs])
        if not iou.size:
            continue
        best = iou.argmax(axis=1)
        alone = (overlap.max(axis=1) < _CROWDED_IOU) & (iou.max(axis=1) >= _SAME_BOX_IOU) & ~tracks.interpolated[own]
        alone &= found.scores[theirs[best]] >= _MIN_SCORE
        rows.append(own[alone])
        detections.append(theirs[best[alone]])
    nothing = np.zeros(0, np.intp)
    return np.concatenate([nothing, *rows]), np.concatenate([nothing, *detections])


def _normalised(parts: _Array, track: _Indices, counts: npt.NDArray[np.intp]) -> _Array:
    """Unit vectors of the parts around the mean of all tracks, in units of how parts vary within tracks."""
    means = np.zeros((len(counts), parts.shape[1]))
    np.add.at(means, track, parts)
    means /= counts[:, None]
    deviation = parts - means[track]
    size, freedom = parts.shape[1], max((counts - 1).sum(), 1)
    covariance = deviation.T @ deviation / freedom
    # drawn to a multiple of the identity, the more the fewer parts there are for its dimensions
    doubt = size / (size + freedom)
    covariance = (1 - doubt) * covariance + (doubt * np.trace(covariance) / size + 1e-9) * np.eye(size)
    centred = np.linalg.solve(np.linalg.cholesky(covariance), (parts - means.mean(axis=0)).T).T
    looks: _Array = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return looks


def _similarities_within(looks: _Array, track: _Indices, second: npt.NDArray[np.int64]) -> _Array:
    """Of parts of one track that are some seconds apart."""
    pairs = [
        (looks[:-apart] * looks[apart:]).sum(axis=1)[
            (track[:-apart] == track[apart:]) & (second[apart:] - second[:-apart] >= _APART_S)
        ]
        for apart in range(1, min(_PARTS_PER_TRACK, len(looks)))
    ]
    return np.concatenate([np.zeros(0), *pairs])


def _similarities_between(
    looks: _Array, first: _Indices, counts: npt.NDArray[np.intp], pairs: tuple[_Indices, _Indices]
) -> _Array:
    """Of the k-th parts of two tracks."""
    one, other = pairs
    similarities = [np.zeros(0)]
    for place in range(_PARTS_PER_TRACK):
        both = np.minimum(counts[one], counts[other]) > place
        similarities.append((looks[first[one[both]] + place] * looks[first[other[both]] + place]).sum(axis=1))
    return np.concatenate(similarities)


def _overlapping(tracks: Tracks, ids: npt.NDArray[np.int64]) -> tuple[_Indices, _Indices]:
    """Places among ``ids`` of all pairs of tracks that overlap in time."""
    own = tracks.rows(np.isin(tracks.track_id, ids))
    _, first_row, counts = np.unique(own.track_id, return_index=True, return_counts=True)
    begin, end = own.frame_index[first_row], own.frame_index[first_row + counts - 1]
    order = np.argsort(begin, kind="stable")
    later = np.searchsorted(begin[order], end[order], side="right") - np.arange(len(order)) - 1
    one = np.repeat(np.arange(len(order)), later)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    return order[one], order[other]


def _area_under_curve(greater: _Array, lesser: _Array) -> float:
    """Probability that a value of the first kind is greater than one of the second; ties count half."""
    ordered = np.sort(lesser)
    ranks = (np.searchsorted(ordered, greater) + np.searchsorted(ordered, greater, side="right")) / 2
    return float(ranks.mean() / len(ordered))
