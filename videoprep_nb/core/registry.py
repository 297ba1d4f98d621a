"""Things that declare themselves: found in the modules of a package of ours, and in what other packages bring.

Stages, detectors, trackers and exporters are registries of this one shape. A built-in member is a module in the
registry's package; a plugin is an entry point in the registry's group, named like the member, that leads to the member
or to a module that holds it. Nothing is imported before the first look-up.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Generic, TypeVar

from videoprep_nb.core.errors import ParameterError
from videoprep_nb.core.text import quoted

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Members by name, built-in ones first.

    Args:
        kind: What a member is called in messages: ``tracker``.
        group: Entry-point group of plugins: ``videoprep.trackers``.
        package: Package whose modules hold the built-in members.
        members_of: The members that a module defines.
        name_of: The name of a member.
        order: Sorts the members; by default by name.
        accepts: Whether an object that a plugin names can be a member; by default any that has the plugin's name.

    Example:
        >>> from videoprep_nb.tracking.trackers import TRACKERS
        >>> "sort" in TRACKERS
        True
    """

    def __init__(
        self,
        kind: str,
        group: str,
        package: str,
        members_of: Callable[[ModuleType], Iterable[T]],
        name_of: Callable[[T], str],
        order: Callable[[T], str] | None = None,
        accepts: Callable[[object], bool] = lambda member: True,
    ) -> None:
        self.kind = kind
        self.group = group
        self._package = package
        self._members_of = members_of
        self._name_of = name_of
        self._order = order or name_of
        self._accepts = accepts

    def __getitem__(self, name: str) -> T:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def find(self, name: str, field: str = "") -> T:
        """The member of a name that somebody typed.

        Args:
            name: The name.
            field: The parameter that holds it, for the message; by default the kind.

        Raises:
            ParameterError: There is no such member, or its plugin cannot be used; the message says which.
        """
        if name not in self._members:
            reason = self.broken.get(name) or f"unknown {self.kind} {quoted(name)}; {near_matches(name, self)}"
            raise ParameterError(field or self.kind, reason)
        return self._members[name]

    def add(self, member: T) -> T:
        """Add a member by hand, for example in a notebook cell; works as a decorator.

        A cell may run again: a class replaces the class of the same module and name.

        Raises:
            ValueError: Another member has that name.
        """
        name = self._name_of(member)
        if name in self._members and not _is_redefined(self._members[name], member):
            raise ValueError(f"there is a {self.kind} named {name!r} already")
        members = self._sorted({**self._members, name: member})
        self._members.clear()
        self._members.update(members)
        return member

    @property
    def broken(self) -> Mapping[str, str]:
        """A sentence about each plugin that cannot be used, by its name; the others work."""
        return self._loaded[1]

    @property
    def _members(self) -> dict[str, T]:
        return self._loaded[0]

    @cached_property
    def _loaded(self) -> tuple[dict[str, T], dict[str, str]]:
        members: dict[str, T] = {}
        broken: dict[str, str] = {}
        for module in iter_modules(import_module(self._package).__path__, f"{self._package}."):
            for member in self._members_of(import_module(module.name)):
                members[self._name_of(member)] = member
        for plugin in entry_points(group=self.group):
            try:
                loaded = self._load(plugin)
                if plugin.name in members:
                    raise _UnusableError(f"another {self.kind} has that name")
            except Exception as error:  # what a plugin of somebody else raises is not for us to foresee
                origin = f"the plugin {plugin.name!r} ({plugin.value}) cannot be used"
                kind = "" if isinstance(error, _UnusableError) else f"{type(error).__name__}: "
                broken[plugin.name] = f"{origin}: {kind}{' '.join(str(error).split())}"
            else:
                members[plugin.name] = loaded
        return self._sorted(members), broken

    def _sorted(self, members: Mapping[str, T]) -> dict[str, T]:
        return dict(sorted(members.items(), key=lambda item: self._order(item[1])))

    def _load(self, plugin: EntryPoint) -> T:
        loaded = plugin.load()
        candidates: Iterable[T] = self._members_of(loaded) if isinstance(loaded, ModuleType) else [loaded]
        for member in candidates:
            if getattr(member, "name", None) == plugin.name and self._accepts(member):
                return member
        raise _UnusableError(f"it holds no {self.kind} named {plugin.name!r}")


class _UnusableError(Exception):
    """A plugin was loaded and does not bring what it promises."""


def _is_redefined(known: object, member: object) -> bool:
    """Whether both are one class, whose definition ran again."""
    if not isinstance(known, type) or not isinstance(member, type):
        return known is member
    return (known.__module__, known.__qualname__) == (member.__module__, member.__qualname__)


def class_registry(kind: str, group: str, package: str, base: type[T]) -> Registry[type[T]]:
    """A registry whose members are the subclasses of a base, each with a ``name`` of its own.

    Args:
        kind: What a member is called in messages: ``tracker``.
        group: Entry-point group of plugins.
        package: Package whose modules hold the built-in members.
        base: The base class.
    """

    def accepts(member: Any) -> bool:
        return isinstance(member, type) and issubclass(member, base)

    return Registry(
        kind, group, package, lambda module: subclasses_in(module, base), attrgetter("name"), accepts=accepts
    )


def subclasses_in(module: ModuleType, base: type[T]) -> Iterator[type[T]]:
    """The subclasses of a base that a module itself defines and that have a name of their own."""
    for value in vars(module).values():
        is_own = getattr(value, "__module__", "") == module.__name__  # else it is only imported there
        if is_own and isinstance(value, type) and issubclass(value, base) and "name" in vars(value):
            yield value


def near_matches(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ``did you mean clip?``, or the names that exist."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(names) or 'none'}"
