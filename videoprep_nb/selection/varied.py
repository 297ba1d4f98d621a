"""The most varied of some clips."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def most_varied(features: npt.NDArray[np.float64], count: int, first: Sequence[int]) -> list[int]:
    """Choose rows so that each next one is farthest from those chosen before.

    The greedy algorithm of T. Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical
    Computer Science 38, 1985: no other choice leaves a row less than half as far from its nearest chosen one.

    Args:
        features: ``(N, D)`` float64, a row per clip.
        count: How many to choose, those in ``first`` among them.
        first: Rows that are chosen already, at least one.

    Returns:
        The chosen rows in the order of choice, ``first`` in front; of equally far ones the first.

    Example:
        >>> most_varied(np.array([[0.0], [0.1], [1.0], [0.5]]), 3, first=[0])
        [0, 2, 3]
    """
    chosen = list(first)
    distance = np.full(len(features), np.inf)
    for row in chosen:
        distance = np.minimum(distance, _distance(features, row))
    while len(chosen) < min(count, len(features)):
        distance[chosen] = -1.0
        row = int(distance.argmax())
        chosen.append(row)
        distance = np.minimum(distance, _distance(features, row))
    return chosen


def spread(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Columns scaled to 0 … 1, so that each counts the same whatever its unit.

    Args:
        columns: ``(N, D)`` float64, 0 or more; counts differ by their ratio, so logarithms are compared.
    """
    scaled = np.log1p(columns)
    low, high = scaled.min(axis=0, initial=np.inf), scaled.max(axis=0, initial=-np.inf)
    span = high - low
    return np.asarray((scaled - low) / np.where(span > 0, span, 1.0), np.float64)


def _distance(features: npt.NDArray[np.float64], row: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.norm(features - features[row], axis=1), np.float64)
