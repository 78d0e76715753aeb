"""An environment with Colab's versions, and notebooks run in it.

Colab's own packages come from tests/colab-constraints.txt; everything else is the project's, which the
environment sees behind its own. It lies under _build/ and is made again when the versions change.
"""

import hashlib
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

from tests.notebook_checks import ROOT

PINS = ROOT / "tests" / "colab-constraints.txt"
FOLDER = ROOT / "_build" / "colab"


def interpreter() -> Path:
    """Give the environment's Python, and make the environment when it is missing or of other versions."""
    python = FOLDER / "bin" / "python"
    mark = FOLDER / "made"
    wanted = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        venv.create(FOLDER, with_pip=True, clear=True)
        purelib = sysconfig.get_path("purelib", vars={"base": str(FOLDER), "platbase": str(FOLDER)})
        Path(purelib, "behind.pth").write_text(f"{ROOT / 'lib'}\n{sysconfig.get_path('purelib')}\n", "utf-8")
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", PINS]
        subprocess.run([str(part) for part in pip], check=True)
        mark.write_text(wanted)
    return python


def client(path: Path, python: Path, timeout: float = 300) -> NotebookClient:
    """Make what runs a notebook with an interpreter, beside its file, on the CPU."""

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
