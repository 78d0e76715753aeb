"""An installed wheel finds the data that chapters load, and carries no more."""

import os
import subprocess
import sys
import zipfile

import pytest
from hatchling.builders.wheel import WheelBuilder

from b2t import data
from tests.notebook_checks import ROOT

SHOW = "from b2t import data; [data.path(name) for name in {names!r}]; print(data.root())"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The unpacked wheel, as pip would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def loaded_by_chapters():
    return [entry["name"] for entry in data.manifest().values() if entry["used_by"] != "benchmarks"]


def test_the_wheel_carries_what_chapters_load_and_no_more(installed):
    folder = installed / "b2t" / "_data"
    carried = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wanted = {data.manifest()[name]["file"] for name in loaded_by_chapters()}
    assert {name for name in carried if not name.startswith("LICENSES/")} == wanted | {"manifest.json"}


def test_the_installed_package_finds_it(installed, tmp_path):
    script = SHOW.format(names=loaded_by_chapters())
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed / "b2t" / "_data")


def test_the_installed_package_brings_the_style_of_the_book(installed):
    assert (installed / "b2t" / "book" / "palette.json").exists()
    assert (installed / "b2t" / "book" / "static" / "book.css").exists()
