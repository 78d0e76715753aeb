"""What a page shows in its explorer of positions, and what Python says it must show."""

import math

import numpy as np
import pytest

from b2t.widgets import PositionExplorer

SLIDERS = {
    "d_model": "Features (d_model)",
    "base": "Base",
    "length": "Positions (length)",
    "position": "Position",
    "pair": "Pair of features",
}


def slider(root, name):
    """The slider of a trait."""
    return root.get_by_role("slider", name=SLIDERS[name], exact=True)


def settled(root):
    """Wait for the frame after the next, by which everything is drawn."""
    root.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shown(root):
    """What the page says of its state and results."""
    settled(root)
    return root.evaluate("""root => {
        const slider = (label) => root.querySelector("#" + [...root.querySelectorAll("label")].find(
            (e) => e.textContent === label).htmlFor);
        const result = (name) => root.querySelector(`[data-result="${name}"]`);
        const note = root.querySelector(".b2t-position-note");
        const output = (name) => slider(name).parentElement.querySelector("output").textContent;
        const digits = (name) => Number(output(name).replace(",", ""));
        return {
            d_model: digits("Features (d_model)"), length: digits("Positions (length)"),
            base: slider("Base").disabled ? null : digits("Base"),
            position: digits("Position"), pair: digits("Pair of features"),
            formula: root.querySelector("[aria-pressed=true]").dataset.value,
            sin: result("sin").value, cos: result("cos").value, angle: result("angle").value,
            text: result("sin").textContent,
            other: Number(result("similarity").dataset.position), similarity: result("similarity").value,
            nan: Number(note.dataset.count), share: Number(note.dataset.share), words: note.textContent,
        };
    }""")


def number(text):
    """A number as the page writes it."""
    return float("nan" if text in ("NaN", "") else text.replace("−", "-").removesuffix(" (noise)"))


def check(root, explorer):
    """Hold what the page shows against a Python widget with the same settings.

    A large angle in float32 leaves open what its sine is, so the article's numbers are compared below 1,000
    radians only; where NaN stands is compared always.
    """
    seen = shown(root)
    article = explorer.formula == "article"
    for name in ("d_model", "length", "position", "pair", "formula"):
        assert seen[name] == getattr(explorer, name), name
    assert seen["base"] == (None if article else explorer.base)
    tip = explorer.table[explorer.position, 2 * explorer.pair : 2 * explorer.pair + 2]
    comparable = not article or explorer.position * math.exp(2 * explorer.pair) < 1000
    for name, value in zip(("sin", "cos"), tip, strict=False):
        assert math.isnan(number(seen[name])) == math.isnan(value), name
        if comparable:
            assert number(seen[name]) == pytest.approx(value, abs=2e-4 if article else 1e-12)
    if comparable:
        assert number(seen["text"]) == pytest.approx(tip[0], abs=3e-4 if article else 5.1e-5)
    assert seen["nan"] == np.isnan(explorer.table).sum()
    assert seen["share"] == pytest.approx(explorer.nan_share, abs=1e-12)
    similar = explorer.similarity[seen["other"]]
    assert math.isnan(number(seen["similarity"])) == math.isnan(similar)
    if not article:
        assert number(seen["similarity"]) == pytest.approx(similar, abs=1e-12)
    return seen


def drive(page, root, state, text):
    """Use the widget as a reader would, from the state that its page was written with."""
    explorer = PositionExplorer(**state)
    check(root, explorer)
    for name, value in (("d_model", 128), ("length", 200), ("position", 150), ("pair", 43)):
        slider(root, name).fill(str(value))
        settled(root)
        setattr(explorer, name, value)
        check(root, explorer)
    for formula, label in (("article", "the article's"), ("paper", "2017 paper")):
        root.get_by_role("button", name=label).click()
        explorer.formula = formula
        check(root, explorer)
