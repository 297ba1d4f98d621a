"""Whose turn it is, where several owners wait for the same thing, and one item of each list in turn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


class Turns:
    """Gives turns to owners: the next one is of whom the fewest run, and of those who has waited longest.

    Example:
        >>> turns = Turns()
        >>> [turns.take(["anna", "bert"], running={}) for _ in range(3)]
        ['anna', 'bert', 'anna']
        >>> turns.take(["anna", "bert"], running={"bert": 1})
        'anna'
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._count = 0

    def take(self, waiting: Iterable[str], running: Mapping[str, int]) -> str:
        """Give the next turn.

        Args:
            waiting: Owners of whom something could begin now, at least one.
            running: How many of each owner run now.

        Returns:
            The owner who has it.
        """
        owner = min(waiting, key=lambda owner: (running.get(owner, 0), self._last.get(owner, -1)))
        self._last[owner] = self._count
        self._count += 1
        return owner


def in_turns(lists: Iterable[Sequence[_Item]]) -> list[_Item]:
    """The first item of each list, then the second of each, and so on.

    Example:
        >>> in_turns([["a1", "a2", "a3"], [], ["c1"]])
        ['a1', 'c1', 'a2', 'a3']
    """
    every = list(lists)
    ranks = range(max(map(len, every), default=0))
    return [items[rank] for rank in ranks for items in every if rank < len(items)]
