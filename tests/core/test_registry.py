"""The one shape of all registries, on a package of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.plugin_packages import install
from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.registry import Registry, class_registry, near_matches


class Animal:
    name: str


MEMBER = "from {base} import Animal\nclass {cls}(Animal):\n    name = '{name}'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    package = tmp_path / "toy_zoo"
    package.mkdir()
    (package / "__init__.py").touch()
    write_member(package / "wolf.py", "Wolf", "wolf")
    write_member(package / "bear.py", "Bear", "bear")
    (package / "helpers.py").write_text("from toy_zoo.bear import Bear\n", encoding="utf-8")
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("toy_"):
            del sys.modules[name]


def member_code(cls: str, name: str) -> str:
    return MEMBER.format(base=__name__, cls=cls, name=name)


def write_member(path: Path, cls: str, name: str) -> None:
    path.write_text(member_code(cls, name), encoding="utf-8")


def zoo() -> Registry[type[Animal]]:
    return class_registry("animal", "toy.animals", "toy_zoo", Animal)


def test_a_file_is_a_member(folder: Path) -> None:
    registry = zoo()
    assert "toy_zoo.bear" not in sys.modules, "nothing is imported before the first look-up"
    assert list(registry) == ["bear", "wolf"]
    write_member(folder / "toy_zoo" / "cat.py", "Cat", "cat")
    assert list(zoo()) == ["bear", "cat", "wolf"]
    assert zoo().find("cat").__name__ == "Cat"


@pytest.mark.parametrize(
    ("name", "hint"), [("bera", "did you mean bear?"), ("x", "known are bear, wolf")], ids=["near", "far"]
)
def test_wrong_names(folder: Path, name: str, hint: str) -> None:
    with pytest.raises(ParameterError, match="unknown animal") as caught:
        zoo().find(name, "pet")
    assert caught.value.field == "pet"
    assert hint in caught.value.reason


def test_plugins(folder: Path) -> None:
    install(folder, "toy.animals", "toy_lion", member_code("Lion", "lion"), "lion = toy_lion:Lion")
    install(folder, "toy.animals", "toy_whole", member_code("Ape", "ape"), "ape = toy_whole")
    install(folder, "toy.animals", "toy_bear", member_code("Impostor", "bear"), "bear = toy_bear:Impostor")
    install(folder, "toy.animals", "toy_broken", "raise OSError('no\\ncage')", "fox = toy_broken")
    registry = zoo()
    assert list(registry) == ["ape", "bear", "lion", "wolf"]
    assert registry["bear"].__module__ == "toy_zoo.bear"
    assert registry.broken == {
        "bear": "the plugin 'bear' (toy_bear:Impostor) cannot be used: another animal has that name",
        "fox": "the plugin 'fox' (toy_broken) cannot be used: OSError: no cage",
    }
    with pytest.raises(ParameterError, match="no cage"):
        registry.find("fox")


def test_members_added_by_hand(folder: Path) -> None:
    registry = zoo()
    for _ in range(2):  # as a cell that runs again
        namespace: dict[str, type[Animal]] = {}
        exec(member_code("Cat", "cat"), {"__name__": "a_notebook"}, namespace)
        registry.add(namespace["Cat"])
        assert registry.find("cat") is namespace["Cat"]
    assert list(registry) == ["bear", "cat", "wolf"]
    exec(member_code("Impostor", "bear"), {"__name__": "a_notebook"}, namespace)
    with pytest.raises(ValueError, match="'bear'"):
        registry.add(namespace["Impostor"])
    assert registry["bear"].__name__ == "Bear"


def test_hints() -> None:
    assert near_matches("clips", ["clip", "resize"]) == "did you mean clip?"
    assert near_matches("clips", []) == "known are none"
