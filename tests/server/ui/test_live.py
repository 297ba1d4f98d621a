"""Pages get what has changed, and only that."""

import asyncio
import json
from collections.abc import Callable

import pytest

from videoprep_nb.server.ui import live
from videoprep_nb.server.ui.live import Fragments, LiveViews


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "MAX_AGE_S", -1.0)


def changes(views: LiveViews, render: Callable[[], Fragments], since: int = 0) -> dict | None:
    text = asyncio.run(views.changes("key", render, since))
    return None if text is None else json.loads(text)


def test_new_page_gets_everything():
    answer = changes(LiveViews(), lambda: {"a": "<b>1</b>", "c": "2"})
    assert answer is not None
    assert answer["names"] == ["a", "c"]
    assert answer["pieces"] == {"a": "<b>1</b>", "c": "2"}


def test_nothing_is_sent_when_nothing_has_changed():
    views = LiveViews()
    first = changes(views, lambda: {"a": "1"})
    assert first is not None
    assert changes(views, lambda: {"a": "1"}, first["version"]) is None


def test_only_what_has_changed_is_sent():
    views = LiveViews()
    first = changes(views, lambda: {"a": "1", "b": "1"})
    assert first is not None
    second = changes(views, lambda: {"a": "1", "b": "2"}, first["version"])
    assert second is not None
    assert second["pieces"] == {"b": "2"}


def test_page_that_missed_a_change_gets_it_later():
    views = LiveViews()
    first = changes(views, lambda: {"a": "1", "b": "1"})
    assert first is not None
    changes(views, lambda: {"a": "2", "b": "1"}, first["version"])
    late = changes(views, lambda: {"a": "2", "b": "2"}, first["version"])
    assert late is not None
    assert late["pieces"] == {"a": "2", "b": "2"}


def test_pieces_that_have_gone_are_reported():
    views = LiveViews()
    first = changes(views, lambda: {"a": "1", "b": "1"})
    assert first is not None
    second = changes(views, lambda: {"a": "1"}, first["version"])
    assert second is not None
    assert (second["names"], second["pieces"]) == (["a"], {})


def test_versions_grow_over_a_restart():
    before = changes(LiveViews(), lambda: {"a": "1"})
    assert before is not None
    after = changes(LiveViews(), lambda: {"a": "1"}, before["version"])
    assert after is not None
    assert after["pieces"] == {"a": "1"}


def test_many_watchers_share_one_rendering(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "MAX_AGE_S", 60.0)
    calls: list[int] = []

    def render() -> Fragments:
        calls.append(1)
        return {"a": "1"}

    async def watch() -> None:
        views = LiveViews()
        await asyncio.gather(*[views.changes("key", render, 0) for _ in range(50)])

    asyncio.run(watch())
    assert len(calls) == 1


def test_views_that_nobody_asks_for_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "_MAX_VIEWS", 3)
    views = LiveViews()
    for number in range(10):
        asyncio.run(views.changes(number, lambda: {"a": "1"}, 0))
    assert len(views._views) == 3
