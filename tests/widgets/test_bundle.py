"""The committed bundles are what the sources say; nothing in them asks another host or writes markup."""

import json
import re
import subprocess
import sys

import pytest

from b2t import widgets
from b2t.widgets import base
from tests.widgets import front_end
from tests.widgets.front_end import WIDGETS

STATIC = WIDGETS / "static"
SOURCES = sorted((WIDGETS / "src").rglob("*.*"))
DATA = {"gpt2.js", "language_id.js"}
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function|DOMParser"
)


@pytest.mark.slow
def test_the_bundles_are_built_from_the_sources(tmp_path):
    fresh = front_end.built(tmp_path)
    committed = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert committed.keys() == fresh.keys() | DATA
    assert [name for name in fresh if fresh[name] != committed[name]] == [], "build them: make widgets"


def test_every_widget_has_its_modules():
    names = {"".join("_" + c.lower() if c.isupper() else c for c in name)[1:] for name in widgets.__all__}
    assert names == {path.stem for path in WIDGETS.glob("src/*.css")} - {"base", "widgets"}
    for name in names:
        assert (WIDGETS / f"{name}.py").exists() and (STATIC / f"{name}.js").exists()
        assert f'"{name.replace("_", "-")}"' in (WIDGETS / "src" / "page.js").read_text("utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_writes_no_markup_and_asks_no_host(path):
    source = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not MARKUP.search(source)
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket", source)
    assert max(map(len, source.splitlines())) <= (130 if path.suffix == ".js" else 200)


def test_the_lock_file_records_no_address():
    lock = json.loads((WIDGETS / front_end.LOCK).read_text("utf-8"))
    assert lock["packages"] and not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_importing_the_widgets_does_not_import_torch():
    code = "import b2t.widgets, sys; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=WIDGETS.parents[1])
    assert run.stdout.strip() == "False", run.stderr


def test_a_bundle_that_is_not_there_says_how_it_is_made():
    with pytest.raises(FileNotFoundError, match=r"nothing\.js is not there: .*make widgets"):
        base.asset("nothing.js")
