"""AttentionExplorer: what Python takes and refuses, and what the page shows, compared with the library."""

import json
import math
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from traitlets import TraitError

from b2t import data, language_id
from b2t.nn import attention, causal_mask
from b2t.widgets import AttentionExplorer, export
from b2t.widgets.base import visible
from tests import page_checks
from tests.conftest import ROOT
from tests.widgets import front_end
from tests.widgets.bare import WIDGETS
from tests.widgets.drive_attention_explorer import (
    as_number,
    compare_rows,
    drive,
    edit,
    expected_ids,
    expected_weights,
    matrix_of,
    ready,
    row_of,
    shown_of,
    stages_of,
    tokens_of,
)

TEXTS = [
    "人人生而自由，在尊严和权利上一律平等。",
    "Alle Menschen sind frei 🙂👩🏽‍🚀",
    "e\u0301t\u00e9 \u200d <b>&amp;</b>",
    "自",
    "  \t\n ",
]
PAYLOADS = ["<img src=x onerror=window.hacked=1>", "</textarea><script>window.hacked=1</script>", "${hacked}"]
HEADS = [(0, 0), (0, 3), (1, 1)]
Q, K = [[1, 0], [0.5, -2], [3, 1]], [[2, 1], [0, 1], [-1, 0.25]]
V = [[1, 2, 3], [0, -1, 0.5], [4, 0, 0]]
LABELS = ["猫", "sat <b>", "🙂"]


@pytest.fixture(scope="module")
def trained():
    return language_id.load()


def by_hand(**traits):
    return AttentionExplorer(**{"Q": Q, "K": K, "V": V, "labels": LABELS, **traits})


def random_weights(n_layers, n_heads, seq, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(seq), (n_layers, n_heads, seq))


# ---- Python: the trained encoder ---------------------------------------------------------------


@pytest.mark.parametrize("text", [*TEXTS, "", "word " * 400])
def test_the_trained_mode_runs_the_encoder(text, trained):
    widget = AttentionExplorer(text=text)
    ids = expected_ids(trained, text)
    assert widget.mode == "trained" and widget.tokens == ids and len(ids) <= 256
    for widget.mask in ("none", "causal"):
        assert widget.weights.shape == (2, 4, len(ids), len(ids))
        if ids:
            np.testing.assert_array_equal(widget.weights, expected_weights(trained, ids, widget.mask))


def test_it_has_a_text_of_its_own_and_the_model():
    widget = AttentionExplorer()
    assert widget.text and widget.tokens and widget.data == {"language_id": export.model_bytes()}
    assert not by_hand().data


def test_results_follow_the_text(trained):
    widget = AttentionExplorer(text="人人生而自由", query=3, layer=1, head=2)
    widget.text = "自由"
    assert widget.tokens == expected_ids(trained, "自由")
    assert (widget.query, widget.layer, widget.head) == (len(widget.tokens) - 1, 1, 2)
    widget.text = ""
    assert widget.tokens == [] and widget.query == 0 and widget.weights.size == 0


def test_tokens_can_be_set_if_they_are_tokens_of_a_text(trained):
    widget = AttentionExplorer(text="x")
    ids = expected_ids(trained, "生而自由 🙂")
    widget.tokens = ids
    assert widget.text == "生而自由 🙂" and widget.tokens == ids
    with pytest.raises(TraitError, match="set text instead"):
        widget.tokens = [ord("a"), ord("l"), ord("l")]  # "all" is shorter
    with pytest.raises(TraitError, match="run from 0 to"):
        widget.tokens = [trained[0].vocab_size]
    assert widget.tokens == ids


def test_a_front_end_sets_inputs(trained):
    widget = AttentionExplorer(text="自由")
    sent = {"text": "人人生而自由，born free", "query": 5, "mask": "causal", "layer": 1, "head": 3}
    widget.set_state(sent)
    assert widget.tokens == expected_ids(trained, "人人生而自由，born free")
    assert (widget.query, widget.mask, widget.layer, widget.head) == (5, "causal", 1, 3)
    for wrong in (
        {"head": 4},
        {"query": 999},
        {"mask": "both"},
        {"text": "\ud800"},
        {"layer": "1"},
        {"Q": [[1]]},
    ):
        with pytest.raises(TraitError):
            widget.set_state(wrong)
    assert widget.head == 3 and widget.query == 5 and widget.mask == "causal" and widget.Q is None


# ---- Python: by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
@pytest.mark.parametrize("mask", ["none", "causal"])
def test_by_hand_takes_lists_arrays_and_tensors(kind, mask):
    widget = by_hand(Q=kind(Q), K=kind(K), V=kind(V), mask=mask)
    may = causal_mask(3) if mask == "causal" else None
    _, weights = attention(*(torch.tensor(m, dtype=torch.float64) for m in (Q, K, V)), may)
    assert widget.mode == "by hand" and widget.Q == Q and widget.V == V
    np.testing.assert_allclose(widget.weights[0, 0], weights, atol=1e-12)
    json.dumps(widget.get_state(["Q", "K", "V"]))


def test_matrices_change_shape_together():
    widget = by_hand(query=2)
    with pytest.raises(TraitError, match="set all three at once"):
        widget.Q = [[1, 2, 3]] * 3
    assert widget.Q == Q
    with widget.hold_trait_notifications():
        widget.Q, widget.K, widget.V, widget.labels = [[1], [2]], [[1], [2]], [[1], [2]], ["a", "b"]
    assert widget.weights.shape == (1, 1, 2, 2) and widget.query == 1
    assert AttentionExplorer(Q=[[1]], K=[[1]], V=[[1]]).labels == ["0"]


def test_a_front_end_edits_a_number():
    widget = by_hand()
    widget.set_state({"Q": [[1, 0], [0.5, 7], [3, 1]], "stage": "sum", "query": 2})
    assert widget.Q[1][1] == 7 and widget.stage == "sum" and widget.query == 2
    for wrong in (
        {"Q": [[1, 0]]},
        {"K": "x"},
        {"V": [[None]] * 3},
        {"stage": "end"},
        {"query": 3},
        {"text": "x"},
    ):
        with pytest.raises(TraitError):
            widget.set_state(wrong)
    assert widget.Q[1][1] == 7 and widget.K == K and widget.V == V


# ---- Python: weights of any model --------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (3, 5, 5), (5, 5)])
@pytest.mark.parametrize("kind", [np.array, torch.tensor, np.ndarray.tolist])
def test_given_weights_of_any_shape_and_kind(shape, kind):
    weights = random_weights(2, 3, 5)[(0,) * (4 - len(shape))]
    widget = AttentionExplorer(tokens=["a", "b", b"\xe4\xba", "d", ""], weights=kind(weights))
    assert widget.mode == "given" and widget.tokens == ["a", "b", "<e4 ba>", "d", ""]
    assert widget.weights.shape == (1,) * (4 - len(shape)) + shape
    np.testing.assert_allclose(widget.weights.reshape(shape), weights, atol=5.1e-5)


def test_given_weights_can_be_replaced():
    widget = AttentionExplorer(tokens=["a", "b"], weights=random_weights(2, 3, 2), layer=1, head=2)
    widget.weights = np.eye(2)
    assert widget.weights.tolist() == [[[[1, 0], [0, 1]]]] and (widget.layer, widget.head) == (0, 0)
    with widget.hold_trait_notifications():
        widget.tokens, widget.weights = ["x"], [[0.0]]  # a query without a key has a row of zeros
    assert widget.tokens == ["x"]
    with pytest.raises(TraitError):
        widget.tokens = ["x", "y"]
    assert widget.tokens == ["x"]


def test_half_precision_passes_and_dropout_does_not():
    weights = torch.softmax(torch.randn(2, 7, 7, generator=torch.Generator().manual_seed(0)), dim=-1)
    assert AttentionExplorer(tokens=list("abcdefg"), weights=weights.half()).weights.shape == (1, 2, 7, 7)
    dropped = torch.nn.functional.dropout(weights, 0.5)
    with pytest.raises(TraitError, match=r"before dropout \(model.eval\(\)\)"):
        AttentionExplorer(tokens=list("abcdefg"), weights=dropped)


def test_weights_are_bounded():
    for tokens, weights in (
        (["a"] * 65, np.eye(65)),
        (["a"] * 40, np.broadcast_to(np.eye(40), (8, 8, 40, 40))),
    ):
        with pytest.raises(TraitError, match="pass a shorter text, or some of the layers"):
            AttentionExplorer(tokens=tokens, weights=weights)
    worst = AttentionExplorer(tokens=["a"] * 64, weights=random_weights(2, 12, 64))
    assert len(worst.page_html()) < 1_000_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": "x", "Q": Q, "K": K, "V": V}, "give text, or Q and K and V, or tokens and weights"),
        ({"Q": Q, "K": K}, "it got Q, K"),
        ({"tokens": ["a"]}, "it got tokens"),
        ({"weights": [[1.0]]}, "it got weights"),
        ({"text": 5}, "text"),
        ({"text": "x" * 200_001}, "200,001 characters"),
        ({"text": "\ud800"}, "lone surrogate"),
        ({"mask": "future"}, "'none', 'causal'"),
        ({"head": 4}, "head is 4; it runs from 0 to 3"),
        ({"layer": -1}, "layer is -1; it runs from 0 to 1"),
        ({"text": "自", "query": 1}, "query is 1; it runs from 0 to 0"),
        ({"Q": [[1], [2, 3]], "K": K, "V": V}, r"Q is \[\[1\], \[2, 3\]\]; give numbers"),
        ({"Q": [1, 2], "K": K, "V": V}, r"Q has shape \(2,\)"),
        ({"Q": np.eye(7), "K": np.eye(7), "V": np.eye(7)}, "at most 6 x 6"),
        ({"Q": [[float("nan"), 0]] * 3, "K": K, "V": V}, "Q holds nan"),
        ({"Q": [[1001, 0]] * 3, "K": K, "V": V}, "Q holds 1001"),
        ({"Q": Q, "K": K, "V": V[:2]}, "one row a token"),
        ({"Q": Q, "K": K, "V": V, "labels": ["a"]}, "1 labels for 3 rows"),
        ({"Q": Q, "K": K, "V": V, "stage": "end"}, "'scores', 'scaled'"),
        ({"Q": Q, "K": K, "V": V, "query": 3}, "query is 3"),
        ({"Q": Q, "K": K, "V": V, "text": ""}, "give text, or Q"),
        ({"tokens": ["a", "b"], "weights": [[1.0]]}, r"shape \(1, 1\) for 2 tokens"),
        ({"tokens": [], "weights": []}, "for 0 tokens"),
        ({"tokens": ["a"], "weights": [[[[[1.0]]]]]}, r"weights\[0\]"),
        ({"tokens": ["a"], "weights": "no"}, "weights is 'no'"),
        ({"tokens": [7], "weights": [[1.0]]}, "tokens hold 7; give texts or bytes"),
        ({"tokens": ["a", "b"], "weights": [[1, 0], [0.6, 0.6]]}, "query 1 in layer 0, head 0 sums to 1.2"),
        ({"tokens": ["a", "b"], "weights": [[1, 0], [1.5, -0.5]]}, "holds -0.5"),
        ({"tokens": ["a", "b"], "weights": [[1, 0], [float("nan"), 1]]}, "query 1 .* nan"),
        ({"tokens": ["a", "b"], "weights": [[1, 0], [0.5, 0.4]]}, "sums to 0.9"),
        ({"tokens": ["a"], "weights": [[1.0]], "mask": "causal"}, "mask them yourself"),
        ({"tokens": ["a"], "weights": [[1.0]], "head": 1}, "head is 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(arguments, said):
    with pytest.raises(TraitError, match=said):
        AttentionExplorer(**arguments)


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="heads"):
        AttentionExplorer(heads=3)


def test_without_the_trained_model_there_is_no_torch():
    code = (
        "import sys; from b2t.widgets import AttentionExplorer\n"
        "AttentionExplorer(Q=[[1]], K=[[1]], V=[[1]]).page_html()\n"
        "AttentionExplorer(tokens=['a'], weights=[[1.0]]).page_html()\n"
        "assert 'torch' not in sys.modules\n"
        "AttentionExplorer()\n"
        "assert 'torch' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "lib", capture_output=True, text=True)
    assert not run.returncode, run.stderr


# ---- Python: the still picture -----------------------------------------------------------------


def soup(widget):
    from bs4 import BeautifulSoup

    return BeautifulSoup(widget.page_html(), "html.parser")


def test_the_still_shows_the_chosen_head(trained):
    widget = AttentionExplorer(text="人人生而自由", layer=1, head=2, query=1)
    page = soup(widget)
    ids = expected_ids(trained, "人人生而自由")
    assert [int(code["data-id"]) for code in page.select("code")] == ids
    rows = [[float(td.text) for td in tr.select("td")] for tr in page.select("tbody tr")]
    np.testing.assert_allclose(rows, expected_weights(trained, ids)[1, 2], atol=0.0051)
    assert f"({max(rows[1]):.2f})" in page.text and "Layer 1, head 2" in page.text
    assert json.loads(page.div["data-state"])["text"] == "人人生而自由"


def test_the_still_of_a_long_and_of_no_text():
    assert "The first 12 of 256 tokens" in AttentionExplorer(text="x " * 999).still()
    assert "no tokens" in AttentionExplorer(text="").still()


def test_the_still_by_hand():
    page = soup(by_hand(stage="scores"))
    tables = [
        [[float(td.text) for td in tr.select("td")] for tr in table.select("tbody tr")]
        for table in page.select("table")
    ]
    tensors = [torch.tensor(m, dtype=torch.float64) for m in (Q, K, V)]
    out, weights = attention(*tensors)
    for table, expected in zip(tables, (tensors[0] @ tensors[1].T, weights, out), strict=True):
        np.testing.assert_allclose(table, expected, atol=0.0051)
    assert page.select("tbody th")[1].text == LABELS[1] and not page.select("b, script, style")


# ---- the page: by hand -------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_stages_of_edited_numbers_equal_the_library(mount, mask):
    page = mount(by_hand())
    root = page.locator("[data-b2t]")
    rng = random.Random(1)
    matrices = [
        [[rng.choice([rng.randint(-9, 9), round(rng.uniform(-4, 4), 2)]) for _ in row] for row in m]
        for m in (Q, K, V)
    ]
    for name, matrix in zip("QKV", matrices):
        for label, row in zip(LABELS, matrix):
            for c, value in enumerate(row):
                edit(root, name, label, c, value)
    root.get_by_role("button", name=mask, exact=True).click()
    for number, (title, expected) in enumerate(stages_of(*matrices, mask).items(), 1):
        step = root.get_by_role("button", name=f"{number} {title}")
        step.click()
        assert step.get_attribute("aria-current") == "step"
        np.testing.assert_allclose(matrix_of(root), expected, atol=1e-9)
        written = [[as_number(cell) for cell in row] for row in shown_of(root)]
        np.testing.assert_allclose(written, expected, atol=0.0051)
    assert page.watch.problems == []


def test_the_arithmetic_is_right(mount):
    page = mount(by_hand(mask="causal"))
    root = page.locator("[data-b2t]")
    for query, label in enumerate(LABELS):
        root.get_by_role("button", name=label, exact=True).click()
        for title, expected in stages_of(Q, K, V, "causal").items():
            root.get_by_role("button", name=title).click()
            numbers = row_results(root)[: expected.size(1)]
            np.testing.assert_allclose(numbers, expected[query], atol=0.0051)
    assert page.watch.problems == []


@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("matrices", [(Q, K, V), ([[0.123, 4], [6, 2]], [[1, 5], [0.667, 3]], [[7], [1]])])
def test_a_pencil_finds_the_printed_arithmetic_true(mount, matrices, mask):
    labels = LABELS[: len(matrices[0])]
    page = mount(AttentionExplorer(**dict(zip("QKV", matrices)), labels=labels, mask=mask))
    root = page.locator("[data-b2t]")
    signs = set()
    for label in labels:
        root.get_by_role("button", name=label, exact=True).click()
        for title in stages_of(*matrices, mask):
            root.get_by_role("button", name=title).click()
            for line in equations(root):
                parts = re.split(r"\s([=≈])\s", line)
                for left, sign, right in zip(parts[:-2:2], parts[1::2], parts[2::2], strict=True):
                    signs.add(sign)
                    exact = evaluate(left) == pytest.approx(evaluate(right), abs=1e-8)
                    assert exact == (sign == "="), line
                    unit = 0.01 if title == "Weighted sum" else 0.001  # of the last printed digit
                    assert evaluate(left) == pytest.approx(evaluate(right), abs=2 * unit, rel=1e-3), line
    assert signs == {"=", "≈"}
    assert page.watch.problems == []


def row_results(root):
    """The last number of each line of the arithmetic, "sum" at the end included."""
    lines = root.locator(".b2t-words dl > div").all()
    ends = [line.locator("dd").last.text_content().removesuffix(" stays").split()[-1] for line in lines]
    return [as_number(end) for end in ends]


def equations(root):
    """What the arithmetic claims: "7.389 / 10.757 ≈ 0.687". Columns get written out in full."""
    rows = [line.locator("dd").all_text_contents() for line in root.locator(".b2t-words dl > div").all()]
    if len(rows[0]) == 1:
        return [text for (text,) in rows if re.search("[=≈]", text)]
    *rows, total = rows
    exps, shares = ([text.split()[-1] for text in column] for column in zip(*rows))
    divisions = [f"{exp} {text}" for exp, (_, text) in zip(exps, rows)]
    sums = [" + ".join(column) + f" {end}" for column, end in zip((exps, shares), total)]
    return [*(text for text, _ in rows), *divisions, *sums]


def evaluate(text):
    """The value of "4·(−2) + 1/√4"."""
    text = text.replace("·", "*").replace("−", "-").replace("∞", "inf")
    text = re.sub(r"√(\d+)", r"(\1**0.5)", text)
    assert re.fullmatch(r"([\d.*()+/ -]|exp|inf)+", text), text
    return eval(text, {"exp": math.exp, "inf": math.inf})


def test_rows_add_up_to_one(mount):
    root = mount(by_hand(stage="softmax")).locator("[data-b2t]")
    assert root.locator(".b2t-total").all_text_contents() == ["1.00"] * 3
    assert root.locator(".b2t-words dt").last.text_content() == "sum"


def test_what_is_no_number_changes_nothing(mount):
    page = mount(by_hand())
    root = page.locator("[data-b2t]")
    before = matrix_of(root)
    field = root.get_by_role("textbox", name="Q, 猫, feature 0")
    limits = root.get_by_role("status").first
    assert limits.text_content() == "Numbers run from −1000 to 1000."
    reasons = {"": "Nothing here", "1001": "1001 is out of bounds", "1/3": "“1/3” is no decimal number"}
    for wrong in ["-", "1e9", "x", "−9999", *reasons, *PAYLOADS]:
        field.fill(wrong)
        said = limits.text_content()
        assert said.startswith(reasons.get(wrong, "")) and said.endswith("from −1000 to 1000.")
        assert field.get_attribute("aria-invalid") == "true" and matrix_of(root) == before
    field.blur()
    assert field.input_value() == "1" and field.get_attribute("aria-invalid") is None
    assert limits.text_content() == "Numbers run from −1000 to 1000."
    field.fill("x")
    field.fill("−1,5")
    assert limits.text_content() == "Numbers run from −1000 to 1000."
    assert matrix_of(root)[0] == [-1.5 * row[0] for row in K]
    field.press("ArrowUp")
    assert field.input_value() == "−0.5" and matrix_of(root)[0] == [-0.5 * row[0] for row in K]
    root.get_by_role("button", name="Reset numbers").click()
    assert matrix_of(root) == before
    assert page.evaluate("window.hacked") is None and page.watch.problems == []


def test_the_row_of_an_edited_query_is_shown(mount):
    root = mount(by_hand()).locator("[data-b2t]")
    rows = root.locator(".b2t-stage-table tbody button")

    def chosen():
        return rows.evaluate_all("all => all.map(e => e.getAttribute('aria-pressed'))").index("true")

    assert "choose a row" in root.locator(".b2t-stage-table caption").text_content()
    edit(root, "Q", LABELS[2], 1, 7)
    assert chosen() == 2 and LABELS[2] in root.locator(".b2t-words p").text_content()
    edit(root, "K", LABELS[0], 1, 7)
    edit(root, "V", LABELS[0], 1, 7)
    assert chosen() == 2


def test_fields_write_minus_as_tables_do(mount):
    root = mount(by_hand()).locator("[data-b2t]")
    written = root.get_by_role("textbox").evaluate_all("all => all.map(e => e.value)")
    assert [as_number(text) for text in written] == [x for matrix in (Q, K, V) for row in matrix for x in row]
    assert "−2" in written and "-" not in "".join(written)


def test_every_stage_fits_the_column_of_the_book(mount):
    """Five words of chapter 06 in 696 px, with a scroll bar that takes room: nothing has to scroll."""
    labels = [f"{zh}\u00a0{en}" for zh, en in zip("猫坐垫它累", ["cat", "sat", "mat", "it", "tired"])]
    labels[2] = "垫子\u00a0mat"
    q = [[0, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0], [4, -2, 0, 0], [2, 0, 0, 0]]
    k = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    v = [[2, 1], [0, -1], [-2, 1], [0, 0], [0, -1]]
    page = mount(AttentionExplorer(Q=q, K=k, V=v, labels=labels, query=3))
    page.add_style_tag(content="body { max-width: 696px; padding: 0; } ::-webkit-scrollbar { width: 15px; }")
    root = page.locator("[data-b2t]")
    heights = set()
    for title in stages_of(q, k, v, "none"):
        root.get_by_role("button", name=title).click()
        boxes = root.locator(".b2t-scroll").evaluate_all(
            "all => all.map(e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight])"
        )
        assert boxes == [[0, 0], [0, 0]], title
        box = root.bounding_box()
        heights.add(box["height"])
        assert box["width"] == 696
        if title == "Softmax":
            lines = root.locator(".b2t-words dd").evaluate_all("all => all.map(e => e.clientHeight)")
            assert max(lines) < 1.5 * min(lines)  # no formula is broken in two
    for wrong in ("W" * 99, "-99999999999", ""):
        edit(root, "Q", labels[0], 0, wrong)
        assert root.get_by_role("status").first.evaluate("e => e.scrollHeight <= e.clientHeight"), wrong
        heights.add(root.bounding_box()["height"])
    assert len(heights) == 1


def test_large_scores_do_not_overflow(mount):
    root = mount(
        by_hand(Q=[[1000, 1000]] * 3, K=[[1000, 1000], [999, 1000], [-1000, 0]], stage="softmax")
    ).locator("[data-b2t]")
    assert shown_of(root)[0] == ["1.00", "0.00", "0.00"]
    assert "NaN" not in root.text_content() and "Infinity" not in root.text_content()


def test_by_hand_by_keyboard(mount):
    page = mount(by_hand())
    root = page.locator("[data-b2t]")
    current = root.locator("[aria-current=step]")
    root.get_by_role("button", name="Next").focus()
    for title in ("2 Scale", "3 Mask", "4 Softmax", "5 Weighted sum", "5 Weighted sum"):
        page.keyboard.press("Enter")
        assert current.text_content() == title
    root.get_by_role("button", name="Back").press("Space")
    assert current.text_content() == "4 Softmax"
    assert "Softmax" in root.get_by_role("status").last.text_content()
    root.get_by_role("button", name="猫", exact=True).focus()
    page.keyboard.press("ArrowDown")
    assert root.get_by_role("button", name=LABELS[1], exact=True).get_attribute("aria-pressed") == "true"
    assert LABELS[1] in root.locator(".b2t-words").text_content()
    assert page.evaluate("document.activeElement.textContent") == LABELS[1]


def test_by_hand_needs_no_model(mount):
    page = mount(by_hand(), AttentionExplorer(tokens=["a"], weights=[[1.0]]))
    page.wait_for_timeout(300)
    assert page.locator("script[src*='language_id']").count() == 0


# ---- the page: the trained encoder -------------------------------------------------------------


@pytest.mark.parametrize("mask", ["none", "causal"])
def test_typed_texts_equal_python(mount, trained, mask):
    page = mount(AttentionExplorer(text="x"))
    root = page.locator("[data-b2t]")
    rng = random.Random(2)
    ready(root)
    root.get_by_role("button", name=mask, exact=True).click()
    for text in [*TEXTS, data.udhr("test")[0].text[:150]]:
        root.get_by_label("Text", exact=True).fill(text)
        ids = expected_ids(trained, text)
        ready(root)
        spelled = [visible(trained[0].decode_bytes([i])) for i in ids]
        assert tokens_of(root) == [[str(i), label] for i, label in zip(ids, spelled)]
        weights = expected_weights(trained, ids, mask)
        for layer, head in HEADS:
            radio = root.get_by_role("radio", name=f"Layer {layer}, head {head}")
            radio.click()
            assert radio.get_attribute("aria-checked") == "true"
            compare_rows(root, weights[layer, head], 2, rng)
    assert page.watch.problems == []


def test_the_map_holds_every_weight(mount, trained):
    text = "人人生而自由"
    root = mount(AttentionExplorer(text=text, layer=1, head=2)).locator("[data-b2t]")
    ready(root)
    weights = expected_weights(trained, expected_ids(trained, text))[1, 2]
    cells = root.locator(".b2t-map-cell")
    held = cells.evaluate_all("all => all.map(e => Number(e.dataset.value))")
    np.testing.assert_allclose(np.reshape(held, weights.shape), weights, atol=1e-4)
    np.testing.assert_allclose([float(t) for t in cells.all_text_contents()], weights.ravel(), atol=0.0051)


def test_long_texts(mount, trained):
    page = mount(AttentionExplorer(text="x"))
    root = page.locator("[data-b2t]")
    ready(root)
    text = ("All human beings are born free. 人人生而自由 🙂 " * 3000)[:100_000]
    root.get_by_label("Text", exact=True).fill(text)
    ids = expected_ids(trained, text)
    assert [int(i) for i, _ in tokens_of(root)] == ids and len(ids) == 256
    ready(root)
    weights = expected_weights(trained, ids)
    compare_rows(root, weights[0, 0], 2, random.Random(3))
    total = len(trained[0].encode(text))
    assert f"The first 256 of {total:,} tokens" in root.text_content()
    assert page.watch.problems == []


def test_markup_and_broken_text_stay_text(mount, trained):
    page = mount(AttentionExplorer(text="x"))
    root = page.locator("[data-b2t]")
    ready(root)
    for payload in [*PAYLOADS, "", "   ", "\u0000\ufeff"]:
        root.get_by_label("Text", exact=True).fill(payload)
    root.get_by_label("Text", exact=True).evaluate(
        "field => { field.value = 'a\\ud800b'; field.dispatchEvent(new Event('input')); }"
    )
    assert [int(i) for i, _ in tokens_of(root)] == expected_ids(trained, "a\ufffdb")
    assert page.evaluate("window.hacked") is None and root.locator("img, script, b").count() == 0
    assert page.watch.problems == []


def test_it_says_in_words_where_a_token_looks(mount, trained):
    text = "人人生而自由"
    root = mount(AttentionExplorer(text=text)).locator("[data-b2t]")
    ready(root)
    ids = expected_ids(trained, text)
    labels = [visible(trained[0].decode_bytes([i])) for i in ids]
    weights = expected_weights(trained, ids)[0, 0]
    said = root.get_by_role("status").first
    for query, row in enumerate(weights):
        root.locator("[data-id]").nth(query).click()
        assert (
            f"{labels[query]} attends most to {labels[row.argmax()]} ({row.max():.2f})."
            in said.text_content()
        )
    root.locator("[data-id]").nth(0).hover()
    assert f"{labels[0]} attends most to" in said.text_content()
    root.locator(".b2t-map-cell[data-query='2'][data-key='1']").hover()
    assert f"{labels[2]} gives {labels[1]} {weights[2, 1]:.2f} of its attention." in said.text_content()
    root.locator(".b2t-head").hover()
    assert f"{labels[-1]} attends most to" in said.text_content()


def test_masked_cells_are_not_weights_of_nought(mount, trained):
    text = "人人生而自由"
    root = mount(AttentionExplorer(text=text, mask="causal", query=1)).locator("[data-b2t]")
    ready(root)
    n = len(expected_ids(trained, text))
    cells = root.locator(".b2t-map-cell").evaluate_all(
        "all => all.map(e => [e.classList.contains('b2t-masked'), e.textContent])"
    )
    may = causal_mask(n).flatten().tolist()
    assert [(masked, said == "–") for masked, said in cells] == [(not m, not m) for m in may]
    assert root.locator(".b2t-weight").all_text_contents()[2:] == ["–"] * (n - 2)
    legend = root.locator(".b2t-map-legend")
    assert "never trained with a mask" in legend.inner_text()
    root.get_by_role("button", name="none", exact=True).click()
    assert root.locator(".b2t-masked:visible").count() == 0
    assert "trained" not in legend.inner_text()


def test_all_maps_have_one_scale(mount):
    even, sharp = np.full((4, 4), 0.25), np.eye(4)
    root = mount(AttentionExplorer(tokens=list("abcd"), weights=np.array([even, sharp]))).locator(
        "[data-b2t]"
    )
    opacity = root.locator(".b2t-heads canvas").evaluate_all(
        "all => all.map(e => e.getContext('2d').getImageData(0, 0, 1, 1).data[3] / 255)"
    )
    np.testing.assert_allclose(opacity, [0.5, 1], atol=0.01)  # the roots
    for head, share in enumerate(opacity):
        root.get_by_role("radio", name=f"head {head}").click()
        first = root.locator(".b2t-map-cell").first
        assert float(first.evaluate("e => e.style.getPropertyValue('--share')")) == pytest.approx(
            share, abs=0.01
        )


def test_tokens_that_look_the_same_are_told_apart(mount):
    widget = AttentionExplorer(tokens=["a", "b", "a"], weights=[[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    root = mount(widget).locator("[data-b2t]")
    said = root.get_by_role("status").first
    for query, words in enumerate(
        ("a (token 0) attends most to a (token 2)", "b attends most to a (token 0)")
    ):
        root.locator("[data-id]").nth(query).click()
        assert words in said.text_content()
        widget.query = query
        assert words in soup(widget).text
    root.locator("[data-id]").nth(2).hover()
    assert root.locator(".b2t-from").get_attribute("data-position") == "2"
    assert root.locator("[aria-selected=true]").get_attribute("data-position") == "1"


def test_a_token_from_right_to_left_does_not_turn_the_sentence(mount, trained):
    root = mount(AttentionExplorer(text="يولد الناس")).locator("[data-b2t]")
    ready(root)
    root.locator("[data-id]").nth(0).click()
    said = root.get_by_role("status").first
    assert said.locator("bdi").count() == 2
    lefts = said.evaluate(
        """line => [...line.childNodes].filter((node) => node.textContent).map((node) => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect().left;
        })"""
    )
    assert len(lefts) >= 5 and lefts == sorted(lefts)  # in the order of the sentence


def test_a_long_text_names_some_tokens(mount):
    tokens = [f"t{i}" for i in range(41)]
    root = mount(AttentionExplorer(tokens=tokens, weights=np.eye(41))).locator("[data-b2t]")
    for side in ("columns", "rows"):
        assert root.locator(f".b2t-map-{side} span").all_text_contents() == tokens[::3]
    assert "1 token in 3 named" in root.locator(".b2t-map-legend").text_content()


def test_arcs_are_as_thick_as_weights(mount, trained):
    text = "人人生而自由"
    root = mount(AttentionExplorer(text=text)).locator("[data-b2t]")
    ready(root)
    row = expected_weights(trained, expected_ids(trained, text))[0, 0, 0]
    widths = root.locator(".b2t-arc").evaluate_all(
        "all => all.map(e => Number(e.getAttribute('stroke-width')))"
    )
    np.testing.assert_allclose(sorted(widths), sorted(1 + 9 * row[row > 0.005]), atol=0.06)


def test_trained_by_keyboard(mount, trained):
    page = mount(AttentionExplorer(text="人人生而自由"))
    root = page.locator("[data-b2t]")
    ready(root)
    chosen = root.locator("[role=option][aria-selected=true]")
    root.locator("[role=option][tabindex='0']").focus()
    for key, position in [
        ("ArrowRight", "1"),
        ("End", "3"),
        ("ArrowRight", "3"),
        ("ArrowLeft", "2"),
        ("Home", "0"),
        ("ArrowDown", "1"),
        ("ArrowUp", "0"),
    ]:
        page.keyboard.press(key)
        assert chosen.get_attribute("data-position") == position
        assert page.evaluate("document.activeElement.dataset.position") == position
    root.get_by_role("radio", name="Layer 0, head 0").focus()
    for key, name in [
        ("ArrowRight", "Layer 0, head 1"),
        ("Home", "Layer 0, head 0"),
        ("End", "Layer 1, head 3"),
        ("ArrowLeft", "Layer 1, head 2"),
        ("ArrowLeft", "Layer 1, head 1"),
        ("ArrowDown", "Layer 1, head 1"),
    ]:
        page.keyboard.press(key)
        assert root.locator("[role=radio][aria-checked=true]").get_attribute("aria-label") == name
    root.locator(".b2t-map").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    weights = expected_weights(trained, expected_ids(trained, "人人生而自由"))[1, 1]
    assert f"{weights[1, 1]:.2f} of its attention" in root.get_by_role("status").first.text_content()
    assert chosen.get_attribute("data-position") == "1"


def test_until_the_model_is_there_its_place_is_held(open_page, mount, tmp_path):
    page = mount(AttentionExplorer())
    root = page.locator("[data-b2t]")
    ready(root)
    height = root.bounding_box()["height"]
    page.evaluate("b2tData = null")
    page.route("**/language_id.js", lambda route: route.abort())
    page.reload()
    assert root.get_by_text("did not load").is_visible()
    assert root.bounding_box()["height"] == height
    root.get_by_label("Text", exact=True).fill("still a field")


def test_nothing_moves_while_it_loads_and_while_one_types(mount):
    page = mount(AttentionExplorer())
    root = page.locator("[data-b2t]")
    height = root.bounding_box()["height"]
    ready(root)
    for text in ["", "a", "人人生而自由 " * 5, "word " * 300]:
        root.get_by_label("Text", exact=True).fill(text)
        ready(root)
        assert root.bounding_box()["height"] == height
    hand = mount(by_hand()).locator("[data-b2t]")
    height = hand.bounding_box()["height"]
    for _ in range(4):
        hand.get_by_role("button", name="Next").click()
        assert hand.bounding_box()["height"] == height


# ---- the page: weights of any model ------------------------------------------------------------


@pytest.mark.parametrize("seq", [3, 16, 40])
def test_given_weights_are_shown(mount, seq):
    weights = random_weights(3, 2, seq, seed=seq)
    page = mount(AttentionExplorer(tokens=[f"<b>{i}" for i in range(seq)], weights=weights))
    root = page.locator("[data-b2t]")
    assert [text for _, text in tokens_of(root)] == [f"<b>{i}" for i in range(seq)]
    for layer, head in [(0, 0), (2, 1)]:
        root.get_by_role("radio", name=f"Layer {layer}, head {head}").click()
        compare_rows(root, weights[layer, head], 3, random.Random(4))
    assert root.get_by_role("textbox").count() == 0 and root.get_by_role("button").count() == 0
    assert page.watch.problems == []


def test_a_query_without_a_key(mount):
    root = mount(AttentionExplorer(tokens=["a", "b"], weights=[[0, 0], [0.5, 0.5]])).locator("[data-b2t]")
    assert "a attends to nothing." in root.text_content()
    assert root.locator(".b2t-arc").count() == 0


# ---- the page: all ways ------------------------------------------------------------------------


def test_two_of_a_kind_are_independent(mount):
    page = mount(AttentionExplorer(text="自由"), AttentionExplorer(text="自由"), by_hand(), by_hand())
    first, second, third, fourth = (page.locator("[data-b2t]").nth(i) for i in range(4))
    ready(first)
    ready(second)
    before = tokens_of(second), row_of(second)
    first.get_by_label("Text", exact=True).fill("人人生而自由")
    first.get_by_role("button", name="causal").click()
    first.get_by_role("radio", name="Layer 1, head 3").click()
    assert (tokens_of(second), row_of(second)) == before and tokens_of(first) != before[0]
    matrix = matrix_of(fourth)
    edit(third, "K", "猫", 0, 99)
    third.get_by_role("button", name="Next").click()
    assert matrix_of(fourth) == matrix and matrix_of(third) != matrix
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(mount, theme):
    widgets = [
        AttentionExplorer(text="人人生而自由"),
        AttentionExplorer(text="人" * 30),
        by_hand(stage="sum"),
    ]
    given = AttentionExplorer(tokens=["a", "b"], weights=[[0, 1], [0.5, 0.5]])
    page = mount(*widgets, *widgets, given, AttentionExplorer(text=""), theme=theme)
    for i in range(5):
        ready(page.locator("[data-b2t]").nth(i))
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate("axe.run('.b2t-widget', {preload: false}).then(r => r.violations)")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


def test_it_fits_a_narrow_page(mount):
    given = AttentionExplorer(tokens=["a long token of some length"] * 9, weights=random_weights(2, 12, 9))
    page = mount(AttentionExplorer(), by_hand(), given, AttentionExplorer(text="word " * 300), width=360)
    ready(page.locator("[data-b2t]").first)
    ready(page.locator("[data-b2t]").last)
    assert page_checks.wide(page) == []


NOTEBOOK = """async ([source, state, bytes]) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const widget = (await import(url)).default;
    const handlers = {}, told = [];
    const data = bytes ? { language_id: new DataView(Uint8Array.from(bytes).buffer) } : {};
    globalThis.model = {
        get: name => name === "data" ? data : state[name],
        set: (name, value) => { state[name] = value; told.push(name); model.fire(name); },
        fire: name => (handlers[`change:${name}`] ?? []).forEach(f => f()),
        on: (event, f) => (handlers[event] ??= []).push(f),
        off: (event, f) => { handlers[event] = handlers[event].filter(g => g !== f); },
        save_changes: () => { model.saved = [...told]; },
        python: (name, value) => { state[name] = value; model.fire(name); },
        listeners: () => Object.values(handlers).flat().length,
    };
    const el = document.body.appendChild(document.createElement("div"));
    globalThis.leave = await widget.render({ model, el });
}"""


@pytest.fixture
def notebook(open_page):
    """The module as a notebook loads it, with a model that Python could set."""

    def start(widget):
        page = open_page()
        page.watch = page_checks.Watch(page, "about:")
        page.goto("about:blank")
        page.add_style_tag(path=WIDGETS / "static" / "widgets.css")
        source = (WIDGETS / "static" / "attention_explorer.js").read_text("utf-8")
        names = {"Q", "given", "tokens", *widget.page_state}
        state = {name: widget.get_state(name)[name] for name in names}
        page.evaluate(NOTEBOOK, [source, state, list(widget.data.get("language_id", b""))])
        return page

    return start


def test_in_a_notebook_it_follows_python_and_tells_it(notebook, trained):
    page = notebook(AttentionExplorer(text="自由"))
    root = page.locator(".b2t-widget")
    ready(root)
    for name, value in {"text": "人人生而自由", "query": 2, "head": 3}.items():
        page.evaluate("([name, value]) => model.python(name, value)", [name, value])
    ids = expected_ids(trained, "人人生而自由")
    assert [int(i) for i, _ in tokens_of(root)] == ids
    assert root.get_by_label("Text", exact=True).input_value() == "人人生而自由"
    np.testing.assert_allclose(row_of(root)[0], expected_weights(trained, ids)[0, 3, 2], atol=1e-4)
    root.get_by_role("button", name="causal").click()
    root.locator("[data-id]").nth(1).click()
    root.get_by_role("radio", name="Layer 1, head 0").click()
    assert page.evaluate("model.saved") == ["mask", "query", "layer", "head"]
    np.testing.assert_allclose(row_of(root)[0], expected_weights(trained, ids, "causal")[1, 0, 1], atol=1e-4)
    page.evaluate("leave()")
    assert page.evaluate("model.listeners()") == 0


def test_in_a_notebook_matrices_change_shape(notebook):
    page = notebook(by_hand(query=2))
    root = page.locator(".b2t-widget")
    page.evaluate("""for (const name of "QKV") model.python(name, [[1, 2, 3], [4, 5, 6]]);
        model.python("labels", ["a", "b"]); model.python("stage", "sum")""")
    q = [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_allclose(matrix_of(root), stages_of(q, q, q, "none")["Weighted sum"], atol=1e-9)
    edit(root, "V", "b", 1, 50)
    assert page.evaluate("model.saved") == ["V"] and page.evaluate("model.get('V')") == [
        [1, 2, 3],
        [4, 50, 6],
    ]
    assert page.watch.problems == []


def test_in_a_notebook_given_weights_are_replaced(notebook):
    page = notebook(AttentionExplorer(tokens=["a", "b"], weights=np.eye(2)))
    root = page.locator(".b2t-widget")
    weights = random_weights(2, 2, 3)
    page.evaluate(
        "w => { model.python('tokens', ['x', 'y', 'z']); model.python('given', w); }", weights.tolist()
    )
    assert [text for _, text in tokens_of(root)] == ["x", "y", "z"]
    root.get_by_role("radio", name="Layer 1, head 1").click()
    np.testing.assert_allclose(row_of(root)[0], weights[1, 1, 0], atol=1e-4)


def test_the_driver_of_the_built_pages(mount):
    given = AttentionExplorer(tokens=["a", "b", "c"], weights=random_weights(2, 2, 3), layer=1, head=1)
    widgets = [AttentionExplorer(), by_hand(), given]
    page = mount(*widgets)
    rng = random.Random(5)
    texts = [article.text[:60] for article in data.udhr("test")]
    for i, widget in enumerate(widgets):
        root = page.locator("[data-b2t]").nth(i)
        drive(page, root, json.loads(root.get_attribute("data-state")), lambda: rng.choice(texts))
        assert root.get_attribute("data-b2t") == widget.kind
    assert page.watch.problems == []
