"""Packages with plugins of videoprep, and programs that have them."""

import os
import re
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def code_blocks(guide: str, language: str) -> list[str]:
    """The code blocks of one of the guides in ``docs``."""
    text = (_REPOSITORY / "docs" / guide).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def install(folder: Path, group: str, module: str, code: str, *entry_points: str) -> None:
    """Put a package where Python finds it, as an installer does: a module and its metadata."""
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *entry_points]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_python(plugins: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of a folder installed."""
    path = os.pathsep.join([str(plugins), str(_REPOSITORY)])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def videoprep(plugins: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with the packages of a folder installed."""
    return run_python(plugins, "-m", "videoprep_nb.cli.main", *arguments)
