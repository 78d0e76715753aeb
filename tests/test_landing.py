"""The picture of the landing page shows what the library computes."""

import pytest
import torch
from bs4 import BeautifulSoup

from b2t import data
from b2t import language_id as job
from tests.notebook_checks import ROOT


@pytest.fixture(scope="module")
def machine():
    page = (ROOT / "chapters" / "index.md").read_text("utf-8")
    return BeautifulSoup(page.partition("```{raw} html")[2].partition("```")[0], "html.parser")


@pytest.fixture(scope="module")
def computed(machine):
    tokenizer, model = job.load()
    ids = tokenizer.encode(machine.select_one(".text").text)
    with torch.no_grad():
        logits, weights = model(torch.tensor([ids]), need_weights=True)
    return tokenizer, ids, logits.softmax(dim=-1)[0], weights


def test_the_bytes_are_the_texts(machine):
    text = machine.select_one(".text").text
    shown = bytes.fromhex("".join(chip.text for chip in machine.select(".character .chip")))
    assert shown == text.encode()
    assert f"{len(text)} characters, {len(shown)} bytes" in machine.text


def test_the_tokens_are_the_tokenizers(machine, computed):
    tokenizer, ids, _, _ = computed
    chips = machine.select(".token")
    assert [int(chip["data-id"]) for chip in chips] == ids
    for chip, token in zip(chips, ids, strict=True):
        spelled = bytes.fromhex(chip.text) if "part" in chip["class"] else chip.text.encode()
        assert spelled == tokenizer.vocab[token]
    assert f"{len(ids)} tokens" in machine.text
    assert f"{len(ids)} × {job.CONFIG.d_model} numbers" in machine.text


def test_the_map_is_the_models(machine, computed):
    layer, head = (int(part) - 1 for part in machine.select_one(".map")["data-head"].split())
    shown = [[float(cell.text) for cell in row.select("td[style]")] for row in machine.select(".map tr")[1:]]
    assert (torch.tensor(shown) - computed[3][layer][0, head]).abs().max() < 0.01


def test_the_answer_is_the_models(machine, computed):
    names = [language.name for language in data.languages()]
    for row in machine.select(".answer li"):
        likely = computed[2][names.index(row.select_one(".language").text)].item()
        assert float(row.select_one(".share").text) == pytest.approx(likely, abs=0.01)
