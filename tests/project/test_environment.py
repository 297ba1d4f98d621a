"""The files that say which packages are needed agree with each other."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def _constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_dependency_has_an_exact_version():
    project = _project()
    names = [Requirement(text).name for text in project["dependencies"] + project["optional-dependencies"]["dev"]]
    assert {canonicalize_name(name) for name in names} <= _constraints().keys()


def test_conda_environment_has_the_same_packages_and_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    from_pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    constraints = _constraints()
    expected = {canonicalize_name(Requirement(text).name) for text in _project()["dependencies"]}
    listed = dict(text.split("==") for text in from_pip if text != "--editable .")
    assert listed == {name: constraints[name] for name in expected}
    assert "--editable ." in from_pip
