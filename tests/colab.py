"""An environment with Colab's versions but without b2t, and notebooks run in it as a reader there runs them.

Colab's own packages come from tests/colab-constraints.txt; everything else is the project's, which the
environment sees behind its own. It lies under _build/ and is made again when the versions change.
"""

import hashlib
import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from traitlets import default

from tests.notebook_checks import REPOSITORY, ROOT, code_cells

PINS = ROOT / "tests" / "colab-constraints.txt"
FOLDER = ROOT / "_build" / "colab"
AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false")


def interpreter() -> Path:
    """Give the environment's Python, and make the environment when it is missing or of other versions."""
    python = FOLDER / "bin" / "python"
    mark = FOLDER / "made"
    wanted = hashlib.sha256(
        PINS.read_bytes() + Path(__file__).read_bytes() + sys.version.encode()
    ).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        venv.create(FOLDER, with_pip=True, clear=True)
        purelib = sysconfig.get_path("purelib", vars={"base": str(FOLDER), "platbase": str(FOLDER)})
        Path(purelib, "behind.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", PINS)
        run(python, "-m", "pip", "uninstall", "-q", "-y", "setuptools")  # ensurepip's is too old for torch
        mark.write_text(wanted)
    return python


def run(*command, **options) -> str:
    """Run a command and return what it prints; one that fails raises with what it said."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def repository(folder: Path) -> str:
    """Commit the working tree to a repository of its own, as a push would; give its address for git."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, names.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    run("git", "init", "-q", "-b", "main", cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", *AUTHOR, "commit", "-q", "-m", "The working tree", cwd=folder)
    return folder.as_uri()


def packages(python: Path) -> dict[str, str]:
    """Name to version of what an interpreter has installed."""
    listed = run(
        python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check", "--no-cache-dir"
    )
    return {package["name"]: package["version"] for package in json.loads(listed)}


def forget(python: Path) -> None:
    """Uninstall b2t, as on a fresh machine of Colab's."""
    if "b2t" in packages(python):
        run(python, "-m", "pip", "uninstall", "-q", "-y", "b2t")


def alone(path: Path, folder: Path, address: str) -> Path:
    """Copy a notebook into an empty folder, as downloaded; its set-up cell installs from `address`."""
    nb = nbformat.read(path, as_version=4)
    _, first = code_cells(nb)[0]
    assert f"git+{REPOSITORY}" in first.source
    first.source = first.source.replace(f"git+{REPOSITORY}", f"git+{address}")
    nbformat.write(nb, folder / path.name)
    return folder / path.name


def client(path: Path, python: Path, timeout: float = 300) -> NotebookClient:
    """Make what runs a notebook with an interpreter, in the notebook's folder, on the CPU."""

    class OneKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            spec = get_kernel_dict()
            return KernelSpec(resource_dir=RESOURCES, **{**spec, "argv": [str(python), *spec["argv"][1:]]})

    class Manager(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _one_kernel(self):
            return OneKernel(parent=self)

    return NotebookClient(
        nbformat.read(path, as_version=4),
        kernel_manager_class=Manager,
        kernel_name="python3",
        timeout=timeout,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
