"""The landing page shows the machine as the library computes it.

``python -m tests.test_landing`` writes the page's block again.
"""

import pytest
import torch
from bs4 import BeautifulSoup

from b2t import data
from b2t import language_id as job
from b2t.widgets import WholeMachine
from tests.notebook_checks import ROOT

PAGE = ROOT / "chapters" / "index.md"
FENCE = "```{raw} html\n"


def parts():
    """The page before the block, the block, and the page after it."""
    before, fence, rest = PAGE.read_text("utf-8").partition(FENCE)
    block, end, after = rest.partition("\n```\n")
    assert fence and end, "chapters/index.md has lost its block of raw HTML"
    return before + fence, block, end + after


def renew():
    """Write the block again."""
    before, _, after = parts()
    PAGE.write_text(before + WholeMachine().page_html() + after, "utf-8", newline="\n")


@pytest.fixture(scope="module")
def machine():
    return BeautifulSoup(parts()[1], "html.parser")


@pytest.fixture(scope="module")
def computed(machine):
    tokenizer, model = job.load()
    ids = tokenizer.encode(machine.select_one(".reads").text)
    with torch.no_grad():
        logits, weights = model(torch.tensor([ids]), need_weights=True)
    return tokenizer, ids, logits.softmax(dim=-1)[0], weights


def test_the_block_is_the_librarys():
    assert parts()[1] == WholeMachine().page_html(), (
        "chapters/index.md is not what WholeMachine() gives: python -m tests.test_landing writes it again"
    )


def test_the_bytes_are_the_texts(machine):
    text = machine.select_one(".reads").text
    shown = bytes.fromhex("".join(code.text for code in machine.select(".character code")))
    assert shown == text.encode()
    assert [each.text for each in machine.select(".glyph")] == list(text)
    assert f"{len(text)} characters, {len(shown)} bytes" in machine.text


def test_the_tokens_are_the_tokenizers(machine, computed):
    tokenizer, ids, _, _ = computed
    tokens = machine.select("[data-id]")
    assert [int(token["data-id"]) for token in tokens] == ids
    for element, token in zip(tokens, ids, strict=True):
        part = "part" in element["class"]
        assert (bytes.fromhex(element.text) if part else element.text.encode()) == tokenizer.vocab[token]
    assert f"{len(ids)} tokens" in machine.text
    assert f"{len(ids)} × {job.CONFIG.d_model}" in machine.text


def test_the_map_is_the_models(machine, computed):
    layer, head = (int(part) for part in machine.select_one(".map table")["data-head"].split())
    rows = machine.select(".map tr")[1:]
    shown = [[float(cell.text) for cell in row.select("td")] for row in rows]
    assert (torch.tensor(shown) - computed[3][layer][0, head]).abs().max() <= 0.005


def test_the_answer_is_the_models(machine, computed):
    names = [language.name for language in data.languages()]
    rows = machine.select(".answer li")
    likeliest = computed[2].topk(5)
    assert [names.index(row.select_one(".language").text) for row in rows] == likeliest.indices.tolist()
    shown = [float(row.select_one(".share").text.removesuffix(" %")) / 100 for row in rows]
    assert shown == pytest.approx(likeliest.values.tolist(), abs=0.005)


def test_the_numbers_stay_when_rounded_elsewhere():
    """No number lies so near the edge of its rounding that another computer would write another."""
    from b2t.widgets import machine

    run = machine.run(WholeMachine().text)
    for numbers, unit, margin in (
        (run.weights[1, 0], 0.01, 1e-6),
        (torch.tensor([share for _, share in run.answer[:5]]).numpy(), 0.0001, 1e-7),
        (run.vectors, machine.FULL / machine.N_LEVELS, 1e-5),
    ):
        steps = numbers / unit
        assert (abs(steps % 1 - 0.5) * unit).min() > margin


if __name__ == "__main__":
    renew()
