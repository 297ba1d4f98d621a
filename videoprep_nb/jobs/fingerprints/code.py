"""What the code is: the part that a stage is made of, so that changed code repeats the work, and all of it."""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources, util
from importlib.metadata import entry_points
from pathlib import Path

import videoprep_nb
from videoprep_nb.stages.base import Stage
from videoprep_nb.stages.registry import STAGES

_PLUGIN_GROUPS = ("videoprep.stages", "videoprep.detectors", "videoprep.trackers", "videoprep.exports")


def notebooks_folder() -> Path:
    """The folder of the stage notebooks: that of the checkout, or the one inside the installed package."""
    package = Path(str(resources.files(videoprep_nb)))
    checkout = package.parent / "notebooks"
    return checkout if checkout.is_dir() else package / "notebooks"


@cache
def code_version() -> str:
    """Version of the toolkit with a hash of its modules and notebooks; workers must have the same as the service."""
    package = Path(videoprep_nb.__file__).parent
    return f"{videoprep_nb.__version__}+{_digest([*package.rglob('*.py'), *notebooks_folder().glob('*.ipynb')])[:16]}"


@cache
def stage_fingerprint(name: str) -> str:
    """Hash of all that a stage is made of: the modules that its folder imports, its notebook, installed plugins.

    A changed text on the page changes none of them; a changed cell, tracker or view does.

    Args:
        name: Name of the stage.
    """
    stage = STAGES[name]
    content = [_digest(modules_of(stage).values()), _notebook_source(notebooks_folder() / stage.notebook), *_plugins()]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


@cache
def _plugins() -> list[str]:
    """The installed plugins with their versions."""
    return sorted(
        f"{group} {plugin.name} {plugin.dist.version if plugin.dist else ''}"
        for group in _PLUGIN_GROUPS
        for plugin in entry_points(group=group)
    )


def modules_of(stage: Stage) -> dict[str, Path]:
    """The modules that a stage imports, directly or through others, by name.

    They are read and not run. A text that names a module or package of ours counts as an import of all that is in it:
    so registries, child processes and modules that are imported late are found.
    """
    root = stage.package.partition(".")[0]
    found: dict[str, Path] = {}
    waiting = list(_with_submodules(stage.package))
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if file is None or name in found or name == stage.sample_module:  # that makes none of its products
            continue
        found[name] = file
        waiting.append(name.rpartition(".")[0])  # importing a module runs the packages that it lies in
        if name == videoprep_nb.__name__:
            continue  # it names all that the public API offers, and imports nothing itself
        waiting += _imports(name, file, frozenset({root, videoprep_nb.__name__}))
    return found


@cache
def _imports(name: str, file: Path, roots: frozenset[str]) -> tuple[str, ...]:
    """What a module imports from some packages; most modules are part of several stages."""
    return tuple(_named_in(name, file, roots))


def _named_in(name: str, file: Path, roots: frozenset[str]) -> Iterator[str]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names: Iterable[str] = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (
                util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            )
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition(".")[0] in roots:
            names = _with_submodules(node.value) if "." in node.value else []
        elif isinstance(node, ast.Name) and node.id == "__name__":
            names = _with_submodules(name)  # how a registry names the package that holds its members
        else:
            continue
        yield from (imported for imported in names if imported.partition(".")[0] in roots)


def _with_submodules(name: str) -> Iterator[str]:
    """A module, and when it is a package all that is in it."""
    file = _file_of(name)
    if file is None:
        return
    yield name
    if file.name == "__init__.py":
        for inner in sorted(file.parent.rglob("*.py")):
            parts = inner.relative_to(file.parent).with_suffix("").parts
            yield ".".join([name, *(part for part in parts if part != "__init__")])


@cache
def _file_of(name: str) -> Path | None:
    """The file of a module; None when there is no such module. Only its top-level package is looked up by Python."""
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    top, *rest = name.split(".")
    spec = util.find_spec(top)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent.joinpath(*rest) if spec.submodule_search_locations else Path(spec.origin)
    if not rest:
        return Path(spec.origin)
    for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return candidate
    return None


def _notebook_source(path: Path) -> str:
    """The cells of a notebook without outputs or metadata, which change nothing."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells])


def _digest(files: Iterable[Path]) -> str:
    """Hash over files, by name and content; where they lie does not matter."""
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.parent.name}/{file.name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
