"""How to use a TokenizerPlayground on a page: each row shows the ids of Python."""

import base64

import numpy as np

from b2t.bpe import Tokenizer
from b2t.widgets import TokenizerPlayground

READ = """root => Object.fromEntries([...root.querySelectorAll("[data-name]")].map(row =>
    [row.dataset.name, [...row.querySelectorAll("[data-id]")].map(token => Number(token.dataset.id))]))"""


def drive(page, root, state, made_up):
    """Type a text; each row must show the ids of Python's widget with the page's vocabularies."""
    packed = state["vocabularies"]
    vocabularies = {}
    for row in packed["rows"]:
        if row["source"] == "gpt2":
            vocabularies[row["name"]] = "gpt2"
            continue
        halves = np.frombuffer(base64.b64decode(packed["sources"][row["source"]]), "<u2").reshape(-1, 2)
        own = np.frombuffer(base64.b64decode(row.get("ids", "")), "<u2").tolist()
        ids = [*own, *range(len(own), 256 + row["n_merges"])]
        vocabularies[row["name"]] = Tokenizer(halves[: row["n_merges"]].tolist(), row["pattern"], ids=ids)
    root.get_by_text("loading GPT-2's merges").wait_for(state="hidden")
    for _ in range(3):
        text = made_up()
        root.get_by_label("Text", exact=True).fill(text)
        assert root.evaluate(READ) == TokenizerPlayground(text=text, vocabularies=vocabularies).tokens
    for token in root.locator("[data-name]").locator("[data-id]:first-child").all():
        token.click()
        assert token.get_attribute("aria-selected") == "true"
        assert token.get_attribute("data-id") in root.locator(".b2t-playground-title").inner_text()
