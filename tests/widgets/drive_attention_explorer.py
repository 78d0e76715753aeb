"""How to use an AttentionExplorer on a page, and what PyTorch says it must show.

It is the trained encoder, or attention by hand, as the state of the page tells.
"""

import random
from functools import cache

import numpy as np
import torch

from b2t import language_id
from b2t.nn import attention, causal_mask
from b2t.widgets.base import visible


@cache
def trained():
    """Tokenizer and model."""
    return language_id.load()


def drive(page, root, state, make_text):
    """Type texts, or change numbers; choose heads and rows, or stages; compare with the library."""
    if "Q" in state:
        drive_by_hand(root, state)
    elif "text" in state:
        drive_trained(root, state, make_text)
    else:
        compare_rows(root, np.array(state["given"])[state["layer"], state["head"]], 3, random.Random(0))


def drive_trained(root, state, make_text):
    """Compare tokens and rows of weights, for some heads, with and without a mask."""
    rng = random.Random(state["text"])
    ready(root)
    for text in (state["text"], make_text(), make_text(), ""):
        root.get_by_label("Text", exact=True).fill(text)
        ids = expected_ids(trained(), text)
        ready(root)
        spelled = [visible(trained()[0].decode_bytes([i])) for i in ids]
        assert tokens_of(root) == [[str(i), label] for i, label in zip(ids, spelled, strict=True)]
        for mask in ("causal", "none") if ids else ():
            root.get_by_role("button", name=mask, exact=True).click()
            ready(root)
            layer, head = rng.randrange(2), rng.randrange(4)
            root.get_by_role("radio", name=f"Layer {layer}, head {head}").click()
            compare_rows(root, expected_weights(trained(), ids, mask)[layer, head], 2, rng)


def drive_by_hand(root, state):
    """Change a number in each matrix and compare all stages."""
    rng = random.Random(len(state["labels"]))
    matrices = {name: [[*row] for row in state[name]] for name in "QKV"}
    for name, matrix in matrices.items():
        i, c = rng.randrange(len(matrix)), rng.randrange(len(matrix[0]))
        matrix[i][c] = round(rng.uniform(-5, 5), 2)
        edit(root, name, state["labels"][i], c, matrix[i][c])
    for mask in ("causal", "none"):
        root.get_by_role("button", name=mask, exact=True).click()
        for title, expected in stages_of(*matrices.values(), mask).items():
            root.get_by_role("button", name=title).click()
            np.testing.assert_allclose(matrix_of(root), expected, atol=1e-9)
            written = [[as_number(cell) for cell in row] for row in shown_of(root)]
            np.testing.assert_allclose(written, expected, atol=0.0051)


# ---- what the library says ---------------------------------------------------------------------


def expected_ids(trained, text):
    """The tokens of a text by the library alone."""
    return trained[0].encode(language_id.compose(text), disallowed_special=())[:256]


def expected_weights(trained, ids, mask="none"):
    """Attention weights by the library alone: (n_layers, n_heads, query_pos, key_pos)."""
    may = causal_mask(len(ids)) if mask == "causal" else None
    with torch.no_grad():
        return torch.cat(trained[1].encoder(torch.tensor([ids]), may, need_weights=True)[1]).numpy()


def stages_of(q, k, v, mask):
    """Each stage by the library."""
    q, k, v = (torch.tensor(m, dtype=torch.float64) for m in (q, k, v))
    may = causal_mask(len(q)) if mask == "causal" else torch.ones(len(q), len(q), dtype=torch.bool)
    out, weights = attention(q, k, v, may)
    scaled = q @ k.T / q.size(-1) ** 0.5
    masked = scaled.masked_fill(~may, -torch.inf)
    return {"Scores": q @ k.T, "Scale": scaled, "Mask": masked, "Softmax": weights, "Weighted sum": out}


# ---- what the page says ------------------------------------------------------------------------


def matrix_of(root):
    """The numbers of the stage, at full precision, as the page holds them."""
    rows = root.locator(".b2t-stage-table tbody tr").all()
    return [
        [
            float(v.replace("Infinity", "inf"))
            for v in row.locator("td[data-value]").evaluate_all("all => all.map(e => e.dataset.value)")
        ]
        for row in rows
    ]


def shown_of(root):
    """The same as it is written."""
    rows = root.locator(".b2t-stage-table tbody tr").all()
    return [row.locator("td[data-value]").all_text_contents() for row in rows]


def as_number(text):
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace("∞", "inf"))


def edit(root, name, label, feature, value):
    """Write a number into a field of Q, K or V."""
    root.get_by_role("textbox", name=f"{name}, {label}, feature {feature}", exact=True).fill(str(value))


def ready(root):
    """Wait until the weights are there."""
    root.locator(".b2t-body:not([aria-busy])").wait_for()


def tokens_of(root):
    """Ids and spellings, in order."""
    return root.locator("[data-id]").evaluate_all("all => all.map(e => [e.dataset.id, e.textContent])")


def row_of(root):
    """The weights of the chosen query, as the tokens hold them and as they are written below."""
    held = root.locator("[data-id]").evaluate_all("all => all.map(e => Number(e.dataset.weight))")
    written = [float(text.replace("–", "0")) for text in root.locator(".b2t-weight").all_text_contents()]
    return held, written


def compare_rows(root, weights, queries, rng):
    """Choose some queries by pointer and compare their rows of one head, (query_pos, key_pos)."""
    for query in rng.sample(range(len(weights)), min(queries, len(weights))):
        root.locator("[data-id]").nth(query).click()
        held, written = row_of(root)
        np.testing.assert_allclose(held, weights[query], atol=1e-4)
        np.testing.assert_allclose(written, weights[query], atol=0.0051)
