"""Every notebook, alone in a folder, installs b2t in its first cell and runs under Colab's versions.

Its widgets talk with Python there, both ways. Errors count here, outputs do not: ipywidgets 7 shows a widget
by a display of its own, without a second form. `make colab` runs this file and tells each notebook's time.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from b2t.book.notebooks import WIDGET_VIEW
from tests import colab
from tests.notebook_checks import ROOT, SETUP, code_cells

NOTEBOOKS = sorted(ROOT.glob("chapters/**/*.ipynb"))
# A change that a front end sends, by kind of widget; then one that Python makes.
CHANGES = {
    "merge-stepper": ({"text": "敲门 knock knock"}, {"step": 2}),
    "tokenizer-playground": ({"text": "敲门 knock knock"}, {"show": "ids"}),
    "attention-explorer": ({"query": 1}, {"query": 0}),
    "position-explorer": ({"d_model": 84}, {"formula": "article"}),
    "language-finder": ({"query": "swahili"}, {"order": "name"}),
    "encoder-walk": ({"text": "敲门 knock knock"}, {"d_model": 256}),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where git finds the working tree."""
    return colab.repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def python(monkeypatch):
    """An interpreter with Colab's versions, which has no b2t."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    python = colab.interpreter()
    colab.forget(python)
    return python


async def run(client):
    """Execute a notebook from its first cell, then talk with each widget shown; return what was said."""
    async with client.async_setup_kernel():
        for number, cell in list(enumerate(client.nb.cells)):
            await client.async_execute_cell(cell, number)
        outputs = [output for _, cell in code_cells(client.nb) for output in cell.outputs]
        shown = [out.data[WIDGET_VIEW]["model_id"] for out in outputs if WIDGET_VIEW in out.get("data", {})]
        return [await talk(client, comm) for comm in shown]


async def talk(client, comm):
    """Send a widget a change as its view would, let Python change it in turn, and tell what each side has."""
    kind = await evaluate(client, f"{widget(comm)}.kind")
    sent, made = CHANGES[kind]
    answered = await send(client, comm, sent)
    names = ", ".join(f"{name!r}: {widget(comm)}.{name}" for name in [*sent, *answered])
    python = await evaluate(client, f"{{{names}}}")
    await evaluate(client, f"[setattr({widget(comm)}, k, v) for k, v in {made!r}.items()] and None")
    return {
        "kind": kind,
        "sent": sent,
        "answered": answered,
        "python": python,
        "made": made,
        "view": client.widget_state[comm],
    }


async def send(client, comm, state):
    """Send a change, and collect what Python sends back before it rests."""
    kernel, answered = client.kc, {}
    content = {"comm_id": comm, "data": {"method": "update", "state": state, "buffer_paths": []}}
    message = kernel.session.msg("comm_msg", content)
    kernel.shell_channel.send(message)
    while True:
        heard = await kernel.get_iopub_msg(timeout=60)
        if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if heard["msg_type"] == "comm_msg" and heard["content"]["data"].get("method") == "update":
            answered |= heard["content"]["data"]["state"]
        if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
            return answered


def widget(comm):
    return f"__import__('ipywidgets').Widget.widgets[{comm!r}]"


async def evaluate(client, expression):
    """Ask the kernel for a value, in a cell of its own."""
    cell = nbformat.v4.new_code_cell(f"print(__import__('json').dumps({expression}))")
    client.nb.cells.append(cell)
    await client.async_execute_cell(cell, len(client.nb.cells) - 1)
    return json.loads("".join(output.text for output in cell.outputs))


def stored_widgets(path):
    """How many widgets a notebook shows, by its stored outputs."""
    outputs = [output for _, cell in code_cells(nbformat.read(path, as_version=4)) for output in cell.outputs]
    return sum("data-b2t=" in output.get("data", {}).get("text/html", "") for output in outputs)


def test_the_first_cell_is_a_script_that_installs_b2t_and_nothing_else(python, address, tmp_path):
    script = tmp_path / "first_cell.py"
    script.write_text(SETUP.replace(colab.REPOSITORY, address), encoding="utf-8")
    before = colab.packages(python)
    assert "b2t" not in before
    colab.run(python, script, cwd=tmp_path)
    after = colab.packages(python)
    assert {name: after[name] for name in after if after[name] != before.get(name)} == {"b2t": after["b2t"]}
    where = colab.run(python, "-c", "import b2t; print(b2t.__file__)", cwd=tmp_path).strip()
    assert where.startswith(str(colab.FOLDER))

    no_address = tmp_path / "silent.py"
    no_address.write_text(SETUP.replace(colab.REPOSITORY, "https://nowhere.invalid/book"), encoding="utf-8")
    assert colab.run(python, no_address, cwd=tmp_path) == ""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_alone_runs_and_its_widgets_talk(path, python, address, tmp_path):
    client = colab.client(colab.alone(path, tmp_path, address), python)
    with ThreadPoolExecutor(1) as thread:  # in this one a browser may have its own event loop
        said = thread.submit(asyncio.run, run(client)).result()
    assert len(said) == stored_widgets(path)
    for one in said:
        assert {name: one["python"][name] for name in one["sent"]} == one["sent"], one["kind"]
        assert {name: one["python"][name] for name in one["answered"]} == one["answered"], one["kind"]
        assert ("tokens" in one["answered"]) == ("text" in one["sent"]), one["kind"]
        assert {name: one["view"][name] for name in one["made"]} == one["made"], one["kind"]
