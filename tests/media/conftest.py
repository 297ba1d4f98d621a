"""Marks most members of large families of recordings as exhaustive; a few always run."""

from collections import defaultdict

import pytest

LARGE = 6
"""A family with more members is thinned out."""

EVERY = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the first, the last and every fourth member of a large family; ``make test`` runs the others too."""
    families: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if "tests/media/" in item.nodeid and "[" in item.nodeid:
            families[item.nodeid.split("[")[0]].append(item)
    for members in families.values():
        if len(members) > LARGE:
            for number, member in enumerate(members[:-1]):
                if number % EVERY:
                    member.add_marker(pytest.mark.exhaustive)
