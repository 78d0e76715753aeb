"""A real JupyterLab: widgets are drawn, what a reader does reaches Python, what Python sets is drawn."""

import ast
import itertools
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from playwright.sync_api import expect

from b2t import widgets
from b2t.book import notebooks
from tests.notebook_checks import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.pages]

TALK = """
from b2t.widgets import MergeStepper
w = MergeStepper(text="low low lower", step=2)
w
---
print(repr((w.text, w.step, w.tokens)))
---
w.text = "敲门声敲敲敲"
w.step = 1
---
print(repr((w.text, w.step, w.tokens)))
"""
EACH = """
import b2t.widgets as b2t
w = b2t.{name}()
w
---
print(repr(({traits})))
"""
# What a reader does to each widget, and the traits with which Python reads it back.
DEEDS = {
    "MergeStepper": (lambda root: root.get_by_label("Text", exact=True).fill("天天 aa"), "w.text, w.tokens"),
    "TokenizerPlayground": (
        lambda root: root.get_by_label("Text", exact=True).fill("天天 aa"),
        "w.text, w.tokens",
    ),
    "AttentionExplorer": (
        lambda root: root.get_by_label("Text", exact=True).fill("天天 aa"),
        "w.text, w.tokens",
    ),
    "PositionExplorer": (lambda root: root.get_by_role("button", name="the article's").click(), "w.formula,"),
    "EncoderWalk": (lambda root: root.get_by_label("Text", exact=True).fill("天天 aa"), "w.text, w.tokens"),
    "WholeMachine": (lambda root: root.get_by_label("Text", exact=True).fill("天天 aa"), "w.text, w.tokens"),
    "LanguageFinder": (
        lambda root: root.get_by_label("Language", exact=True).fill("tamil"),
        "w.query, w.found",
    ),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab on an empty folder; gives its address and the folder."""
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--no-browser",
    ]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url="]
    options += [f"--ServerApp.root_dir={folder}", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "lib"),
        "JUPYTER_CONFIG_DIR": str(folder / ".config"),
        "JUPYTER_DATA_DIR": str(folder / ".data"),
        "JUPYTER_RUNTIME_DIR": str(folder / ".runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
    }
    log = open(folder / "lab.log", "w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], cwd=folder, env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}/"
    wait_for(address + "api", server, folder)
    yield address, folder
    server.terminate()
    server.wait(60)
    log.close()


def wait_for(address, server, folder, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'lab.log').read_text()[-2000:]}", pytrace=False)


def open_notebook(page, lab, name, cells):
    """Write a notebook with some cells and open it; gives a function that runs the next cell."""
    address, folder = lab
    sources = [source.strip() for source in cells.split("---")]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, folder / name)
    page.goto(f"{address}lab/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-CodeCell").nth(len(sources) - 1).wait_for(timeout=60_000)
    page.get_by_text(re.compile(r"\| Idle")).first.wait_for(timeout=60_000)
    numbers = iter(range(len(sources)))

    def run_next():
        cell = page.locator(".jp-Notebook .jp-CodeCell").nth(next(numbers))
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for(timeout=60_000)
        return cell

    return run_next


def answer(cell):
    """What a cell printed, as Python."""
    output = cell.locator(".jp-OutputArea-output").last
    output.wait_for(timeout=30_000)
    return ast.literal_eval(output.inner_text())


def shown_ids(root):
    return [int(token.get_attribute("data-id")) for token in root.locator("[data-id]").all()]


def test_a_solution_is_closed_until_a_reader_opens_it(lab, open_page):
    address, folder = lab
    task = nbformat.v4.new_code_cell("6 * 7  # the task", metadata={"tags": ["exercise"]})
    output = nbformat.v4.new_output("execute_result", {"text/plain": "'forty-two'"}, execution_count=1)
    solution = nbformat.v4.new_code_cell("6 * 7\n# the answer", execution_count=1, outputs=[output])
    solution.metadata["tags"] = ["solution", "hide-cell"]
    nb = notebooks.normalise(nbformat.v4.new_notebook(cells=[task, solution]))
    nbformat.write(nb, folder / "closed.ipynb")
    page = open_page()
    page.goto(f"{address}lab/tree/closed.ipynb?reset")
    expect(page.get_by_text("# the task")).to_be_visible(timeout=60_000)
    for text in ("# the answer", "forty-two"):
        expect(page.get_by_text(text)).to_be_hidden()
    for kind in ("Input", "Output"):
        page.locator(f".jp-{kind}Placeholder").click()
    for text in ("# the answer", "forty-two"):
        expect(page.get_by_text(text)).to_be_visible()


def test_python_reads_what_a_reader_types_and_sets_what_is_drawn(lab, open_page):
    page = open_page()
    run_next = open_notebook(page, lab, "talk.ipynb", TALK)
    root = run_next().locator('.jp-OutputArea [data-b2t="merge-stepper"]')
    root.wait_for(timeout=30_000)
    root.get_by_label("Text", exact=True).fill("knock knock 敲门")
    root.get_by_role("button", name="Next").click()
    # A new text starts at merge 0, and Next was pressed once.
    same = widgets.MergeStepper(text="knock knock 敲门", step=1)
    assert answer(run_next()) == (same.text, 1, same.tokens)
    assert shown_ids(root) == same.tokens
    run_next()
    same = widgets.MergeStepper(text="敲门声敲敲敲", step=1)
    assert answer(run_next()) == (same.text, 1, same.tokens)
    expect(root.get_by_label("Text", exact=True)).to_have_value(same.text)
    expect(root.locator("[data-id]")).to_have_count(len(same.tokens))
    assert shown_ids(root) == same.tokens


@pytest.mark.parametrize("name", widgets.__all__)
def test_each_widget_is_drawn_and_tells_python(name, lab, open_page):
    deed, traits = DEEDS[name]
    page = open_page(width=1400)
    run_next = open_notebook(page, lab, f"{name}.ipynb", EACH.format(name=name, traits=traits))
    same = getattr(widgets, name)()
    root = run_next().locator(f'.jp-OutputArea [data-b2t="{same.kind}"]')
    root.wait_for(timeout=60_000)
    expect(root.get_by_text("loading")).to_have_count(0, timeout=30_000)
    deed(root)
    page.wait_for_timeout(500)
    told = answer(run_next())
    if "tokens" in traits:
        same.text = "天天 aa"
        assert told == (same.text, same.tokens)
        expected = list(same.tokens.values()) if isinstance(same.tokens, dict) else [same.tokens]
        assert shown_ids(root) == list(itertools.chain(*expected))
    elif name == "LanguageFinder":
        same.query = "tamil"
        assert told == ("tamil", same.found)
        shown = root.locator("[role=option]")  # those of the list, not of the vocabulary's menu
        assert shown.count() == len(same.found) > 1
    else:
        assert told == ("article",)
