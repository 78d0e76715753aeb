"""The explorer of positions: the same numbers in Python and in the page, by pointer, key and slider."""

import base64
import itertools
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from traitlets import TraitError

from b2t.nn import positions
from b2t.widgets import PositionExplorer
from tests import page_checks
from tests.conftest import ROOT
from tests.widgets import drive_position_explorer, front_end
from tests.widgets.bare import WIDGETS
from tests.widgets.drive_position_explorer import settled

DEFAULTS = {"d_model": 64, "base": 10_000.0, "length": 64, "position": 20, "pair": 8, "formula": "paper"}
SETTINGS = [
    {},
    {"d_model": 2, "length": 2, "position": 1, "pair": 0},
    {"d_model": 7, "base": 10.0, "length": 33, "position": 32, "pair": 3},
    {"d_model": 512, "base": 123.0, "length": 512, "position": 300, "pair": 255},
    {"d_model": 128, "base": 100_000.0, "length": 200, "position": 0, "pair": 31},
    {"d_model": 82, "length": 512, "position": 511, "pair": 0, "formula": "article"},
    {"d_model": 84, "length": 512, "position": 100, "pair": 1, "formula": "article"},
    {"d_model": 128, "length": 512, "position": 16, "pair": 43, "formula": "article"},
    {"d_model": 512, "length": 512, "position": 7, "pair": 2, "formula": "article"},
    {"d_model": 91, "length": 20, "position": 3, "pair": 45, "formula": "article"},
]


def article_code(max_len, d_model):
    """The table as the article's class computes it, its statements in its order."""
    pe = torch.zeros(max_len, d_model)
    position = torch.arange(0, max_len).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2).unsqueeze(0))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe.numpy()


# ---- Python ------------------------------------------------------------------------------------


def test_defaults_and_round_trip():
    explorer = PositionExplorer()
    assert {name: getattr(explorer, name) for name in DEFAULTS} == DEFAULTS
    for name, value in {"d_model": 31, "base": 55.5, "length": 9, "position": 8, "pair": 15}.items():
        setattr(explorer, name, value)
        assert getattr(explorer, name) == value
        assert explorer.get_state(key=name)[name] == value
    explorer.formula = "article"
    assert "formula='article'" in repr(explorer)


@pytest.mark.parametrize("settings", SETTINGS)
def test_results_in_python(settings):
    explorer = PositionExplorer(**settings)
    assert {name: getattr(explorer, name) for name in DEFAULTS} == {**DEFAULTS, **settings}
    sizes = (explorer.length, explorer.d_model)
    if explorer.formula == "paper":
        expected = positions.sinusoidal(*sizes, explorer.base, dtype=torch.float64).numpy()
        assert explorer.table.dtype == np.float64
    else:
        expected = article_code(explorer.length, sizes[1] + sizes[1] % 2)[:, : sizes[1]]
        assert explorer.table.dtype == np.float32
    assert np.array_equal(explorer.table, expected, equal_nan=True)
    assert explorer.nan_share == np.isnan(expected).sum() / expected.size
    rows = torch.tensor(expected, dtype=torch.float64)
    cosine = torch.cosine_similarity(rows, rows[explorer.position][None], dim=1)
    assert np.allclose(explorer.similarity, cosine, atol=1e-12, equal_nan=True)


def test_the_article_code_stops_at_an_odd_width():
    with pytest.raises(RuntimeError):
        article_code(10, 7)


def test_where_the_articles_table_breaks():
    shares = {d: PositionExplorer(d_model=d, length=512, formula="article").nan_share for d in range(64, 100)}
    assert min(d for d, share in shares.items() if share) == 85  # feature 84: from position 113 on
    assert PositionExplorer(d_model=512, length=512).nan_share == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("d_model", 1, "1; it runs from 2 to 512"),
        ("d_model", 513, "513; it runs from 2 to 512"),
        ("d_model", 64.5, "expected an int"),
        ("base", 9.99, "9.99; it runs from 10 to 100000"),
        ("base", math.nan, "nan; it runs from 10"),
        ("base", math.inf, "inf; it runs from 10"),
        ("base", "10", "expected a float"),
        ("length", 1, "1; it runs from 2 to 512"),
        ("length", 10**9, "1000000000; it runs from 2 to 512"),
        ("position", 64, "64; it runs from 0 to 63"),
        ("position", -1, "-1; it runs from 0 to 63"),
        ("pair", 32, "32; it runs from 0 to 31"),
        ("formula", "bert", "'bert'; choose from 'paper', 'article'"),
        ("formula", None, "expected a unicode string"),
    ],
)
def test_a_wrong_value_is_refused_from_either_side(name, value, said):
    explorer = PositionExplorer()
    with pytest.raises(TraitError, match=re.escape(said)):
        setattr(explorer, name, value)
    with pytest.raises(TraitError):
        explorer.set_state({name: value})
    with pytest.raises(TraitError):
        PositionExplorer(**{name: value})
    assert getattr(explorer, name) == DEFAULTS[name]


def test_state_as_a_front_end_sends_it():
    explorer = PositionExplorer()
    explorer.set_state({"position": 400, "pair": 255, "length": 512, "d_model": 512})  # in any order
    assert (explorer.position, explorer.pair) == (400, 255)
    explorer.set_state({"base": 10})
    assert explorer.base == 10.0
    with pytest.raises(TraitError):
        explorer.set_state({"length": 16, "position": 16})
    explorer.set_state({"length": 16})
    assert explorer.position == 15
    explorer.d_model = 5
    assert explorer.pair == 2
    assert PositionExplorer(length=5, d_model=3).get_state()["position"] == 4


@pytest.mark.parametrize("name", ["table", "nan_share", "similarity"])
def test_results_cannot_be_set(name):
    with pytest.raises(TraitError, match=f"{name} cannot be set to 0.*set d_model, base"):
        setattr(PositionExplorer(), name, 0)
    with pytest.raises(TypeError, match=name):
        PositionExplorer(**{name: 0})


@pytest.mark.parametrize("settings", SETTINGS)
def test_still(settings):
    explorer = PositionExplorer(**settings)
    soup = BeautifulSoup(explorer.page_html(), "html.parser")
    assert soup.div["data-b2t"] == "position-explorer"
    assert not soup.find_all(["script", "style"]) and not soup.find_all(style=True)
    for row in soup.tbody.find_all("tr"):
        pos = int(row.th.get_text().removeprefix("position "))
        numbers = [float(cell.get_text()) for cell in row.find_all("td")]
        first = explorer.table[pos, : len(numbers)].round(2)
        assert len(numbers) == min(8, explorer.d_model)
        assert np.allclose(numbers, first, atol=0.0101, equal_nan=True)
    assert f"position {explorer.position}" in soup.tbody.get_text()
    said = soup.p.get_text()
    share = f"NaN in {100 * explorer.nan_share:.0f} %" if explorer.nan_share else "every number finite"
    assert share in said
    tip = explorer.table[explorer.position, 2 * explorer.pair : 2 * explorer.pair + 2]
    numbers = [float(n) for n in re.findall(r"(?:sine|cosine) (NaN|-?\d\.\d\d)", said)]
    assert len(numbers) == len(tip) and np.allclose(numbers, tip, atol=0.0051, equal_nan=True)
    ((other, similar),) = re.findall(r"to position (\d+) is (NaN|-?\d\.\d\d)", said)
    assert abs(int(other) - explorer.position) == 1
    assert np.allclose(float(similar), explorer.similarity[int(other)], atol=0.0051, equal_nan=True)


def test_a_widget_needs_no_torch_until_its_numbers_are_asked_for():
    code = (
        "import sys; from b2t.widgets import PositionExplorer as P; P(length=8).d_model = 8; "
        "sys.exit('torch' in sys.modules)"
    )
    path = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    subprocess.run([sys.executable, "-c", code], check=True, env=path)


# ---- the engine --------------------------------------------------------------------------------

FAR = """(made, text) => {  // the largest difference to doubles that Python sent; NaN only where both are
    const expected = new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    if (made.length !== expected.length) return Infinity;
    return made.reduce((far, value, i) => Number.isNaN(value) && Number.isNaN(expected[i]) ? far
        : Number.isNaN(value - expected[i]) ? Infinity : Math.max(far, Math.abs(value - expected[i])), 0);
}"""


def doubles(array):
    """Numbers as a text that the page can read."""
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


@pytest.mark.parametrize("base", [10.0, 123.4, 10_000.0, 100_000.0])
def test_engine_sinusoidal(engine, base):
    far = {}
    for seq_len, d_model in itertools.product((1, 2, 40, 512), (1, 2, 3, 7, 64, 127, 512)):
        expected = positions.sinusoidal(seq_len, d_model, base, dtype=torch.float64).numpy()
        far[seq_len, d_model] = engine.evaluate(
            f"([text, ...sizes]) => ({FAR})(b2t.engine.positions.sinusoidal(...sizes), text)",
            [doubles(expected), seq_len, d_model, base],
        )
    print(f"largest difference: {max(far.values())}")
    assert max(far.values()) < 1e-12


@pytest.mark.parametrize(
    ("seq_len", "d_model"), [(512, 82), (512, 84), (512, 86), (512, 128), (512, 512), (5000, 84), (5000, 128)]
)
def test_engine_article_nan_stand_where_torch_has_them(engine, seq_len, d_model):
    made = engine.evaluate(
        "a => Array.from(b2t.engine.positions.articleTable(...a), v => +Number.isNaN(v)).join('')",
        [seq_len, d_model],
    )
    expected = np.isnan(article_code(seq_len, d_model)).flatten()
    assert made == "".join("1" if nan else "0" for nan in expected)


def test_engine_counts_the_nan_of_the_full_table(engine):
    widths = [2, 3, *range(80, 96), 128, 511, 512]
    made = engine.evaluate("w => w.map(d => b2t.engine.positions.articleNaN(5000, d))", widths)
    expected = [int(np.isnan(article_code(5000, d + d % 2)[:, :d]).sum()) for d in widths]
    assert made == expected and expected[0] == 0 < expected[-1]


def test_engine_article_numbers(engine):
    """Speeds as torch's up to the last digit of float32; the numbers are the sines of those angles.

    Where an angle is large, one digit of the speed decides all of its sine, so torch's own sines are compared
    below 1,000 radians only.
    """
    speeds = np.array(
        engine.evaluate("Array.from(b2t.engine.positions.articleSpeeds(512), String)"), dtype=np.float32
    )
    expected = torch.arange(0, 512, 2).exp().numpy()
    assert np.array_equal(np.isinf(speeds), np.isinf(expected))
    finite = np.isfinite(expected)
    assert np.abs(speeds[finite].view(np.int32) - expected[finite].view(np.int32)).max() <= 1

    made = engine.evaluate("Array.from(b2t.engine.positions.articleTable(512, 88), String)")
    made = np.array(made, dtype=np.float32).reshape(512, 44, 2)
    with np.errstate(over="ignore"):
        angle = np.arange(512, dtype=np.float32)[:, None] * speeds[:44]
    some = np.isfinite(angle)
    exact = torch.tensor(angle, dtype=torch.float64)
    exact = torch.stack([exact.sin(), exact.cos()], dim=-1).numpy()
    assert np.abs(made - exact)[some].max() < 1e-7
    small = angle < 1000
    assert small[:, 0].all() and small[1:, 2:].any()
    assert np.abs(made - article_code(512, 88).reshape(512, 44, 2))[small].max() < 2e-4


@pytest.mark.parametrize("settings", SETTINGS)
def test_engine_similarity(engine, settings):
    explorer = PositionExplorer(**settings)
    far = engine.evaluate(
        f"""([text, table, d, pos]) => {{
            const bytes = Uint8Array.from(atob(table), (c) => c.charCodeAt(0));
            const made = b2t.engine.positions.similarity(new Float64Array(bytes.buffer), d, pos);
            return ({FAR})(made, text); }}""",
        [doubles(explorer.similarity), doubles(explorer.table), explorer.d_model, explorer.position],
    )
    assert far < 1e-12


# ---- the page ----------------------------------------------------------------------------------


def root(page, index=0):
    return page.locator("[data-b2t=position-explorer]").nth(index)


def slider(page, name):
    return drive_position_explorer.slider(root(page), name)


def shown(page):
    return drive_position_explorer.shown(root(page))


def check(page, explorer, index=0):
    return drive_position_explorer.check(root(page, index), explorer)


@pytest.mark.parametrize("settings", SETTINGS)
def test_first_view(mount, settings):
    explorer = PositionExplorer(**settings)
    page = mount(explorer)
    seen = check(page, explorer)
    percent = [float(p) for p in re.findall(r"NaN in ([\d.]+) % of the table", seen["words"])]
    assert percent == ([pytest.approx(100 * explorer.nan_share, abs=0.5)] if explorer.nan_share else [])
    starts = "NaN" if explorer.nan_share else "No NaN"
    assert seen["words"].startswith(starts) if explorer.formula == "article" else seen["words"] == ""
    assert ("at an odd d_model" in seen["words"]) == (
        explorer.formula == "article" and explorer.d_model % 2 == 1
    )
    assert not page.watch.problems


def test_the_note_gives_the_share_of_the_full_table_as_the_chapter_does(mount):
    page = mount(PositionExplorer(formula="article"))
    for d_model, said in ((82, 0), (84, 2), (128, 36), (256, 68), (512, 84)):
        slider(page, "d_model").fill(str(d_model))
        (percent,) = re.findall(r"5,000 positions: ([\d.]+) %", shown(page)["words"])
        share = np.isnan(article_code(5000, d_model)).mean()
        assert round(100 * share) == said == round(float(percent))


def test_clocks_out_of_sight_are_announced(mount):
    page = mount(PositionExplorer(d_model=64))
    more = root(page).locator(".b2t-position-more")
    assert more.text_content() == "32 hands, scroll →" and more.is_visible()
    slider(page, "d_model").fill("8")
    settled(root(page))
    assert not more.is_visible()


def test_sliders_by_keyboard(mount):
    explorer = PositionExplorer()
    page = mount(explorer)
    for name, key, value in (
        ("d_model", "ArrowRight", 65),
        ("length", "ArrowLeft", 63),
        ("position", "ArrowUp", 21),
        ("position", "End", 62),
        ("length", "Home", 2),
        ("pair", "ArrowRight", 9),
        ("pair", "End", 32),
        ("d_model", "End", 512),
        ("length", "End", 512),
        ("base", "Home", 10),
        ("base", "ArrowRight", 11.2),
        ("base", "End", 100_000),
        ("base", "ArrowLeft", 89_100),
    ):
        slider(page, name).press(key)
        setattr(explorer, name, value)
        check(page, explorer)
    assert slider(page, "d_model").get_attribute("aria-valuetext") == "512"
    assert not page.watch.problems


def test_sliders_by_value(mount):
    explorer = PositionExplorer()
    page = mount(explorer)
    root(page).get_by_role("button", name="the article's").click()
    explorer.formula = "article"
    for d_model, length, position in ((84, 512, 511), (128, 512, 5), (512, 512, 300), (3, 10, 9)):
        for name, value in (("d_model", d_model), ("length", length), ("position", position)):
            slider(page, name).fill(str(value))
            settled(root(page))  # the slider for the position ends where the table does
            setattr(explorer, name, value)
        check(page, explorer)
    assert slider(page, "base").is_disabled()
    root(page).get_by_role("button", name="2017 paper").click()
    explorer.formula = "paper"
    check(page, explorer)
    assert slider(page, "base").is_enabled()


def test_every_base_on_the_slider_can_be_reached_and_stays(mount):
    page = mount(PositionExplorer(d_model=4, length=4, position=1, pair=1, base=12_345))
    assert shown(page)["base"] == 12_345
    seen = slider(page, "base").evaluate("""async (slider) => {
        const seen = [];
        for (slider.value = slider.min; seen.length < 81; slider.stepUp()) {
            slider.dispatchEvent(new Event("input"));
            for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
            seen.push(Number(slider.parentElement.querySelector("output").textContent.replace(",", "")));
        }
        return seen; }""")
    assert seen == sorted(set(seen)) and {10, 100, 1000, 10_000, 100_000} <= set(seen)


def test_pointer_on_the_table(mount):
    explorer = PositionExplorer(d_model=16, length=10, position=0, pair=0)
    page = mount(explorer)
    box = root(page).get_by_role("application").bounding_box()
    for row, pair in ((7, 5), (0, 0), (9, 7)):
        page.mouse.click(
            box["x"] + (pair + 0.5) / 8 * box["width"], box["y"] + (row + 0.5) / 10 * box["height"]
        )
        explorer.position, explorer.pair = row, pair
        check(page, explorer)
    page.mouse.down()
    page.mouse.move(box["x"] - 50, box["y"] - 50)  # a drag beyond the edge stays at the edge
    page.mouse.up()
    explorer.position, explorer.pair = 0, 0
    check(page, explorer)


def test_arrow_keys_on_the_table(mount):
    explorer = PositionExplorer(d_model=16, length=30, position=0, pair=0)
    page = mount(explorer)
    table = root(page).get_by_role("application")
    for key, position, pair in (
        ("ArrowDown", 1, 0),
        ("ArrowRight", 1, 1),
        ("PageDown", 11, 1),
        ("End", 29, 1),
        ("ArrowDown", 29, 1),
        ("ArrowLeft", 29, 0),
        ("ArrowLeft", 29, 0),
        ("ArrowUp", 28, 0),
        ("PageUp", 18, 0),
        ("Home", 0, 0),
    ):
        table.press(key)
        explorer.position, explorer.pair = position, pair
        check(page, explorer)


def test_clocks_show_the_hands(mount):
    explorer = PositionExplorer(d_model=9, length=40, position=13, pair=0)
    page = mount(explorer)
    clocks = root(page).locator("[data-pair]")
    assert clocks.count() == 5
    root(page).locator('[data-pair="3"]').click()
    explorer.pair = 3
    check(page, explorer)
    ends = clocks.evaluate_all(
        "all => all.map(c => ['x2', 'y2'].map(n => +c.querySelector('line').getAttribute(n)))"
    )
    whole = positions.sinusoidal(40, 9, dtype=torch.float64)[13].numpy()
    angle = 13 * 10_000 ** (-8 / 9)  # of the fifth hand, which has no cosine in the table
    tips = [*whole[:8].reshape(4, 2), (whole[8], math.cos(angle))]
    assert np.allclose(ends, [(15 * sin, -15 * cos) for sin, cos in tips], atol=0.01)
    assert "odd" not in root(page).locator('[data-result="cos"]').text_content()
    slider(page, "pair").fill("4")
    settled(root(page))
    assert "odd" in root(page).locator('[data-result="cos"]').text_content()


def test_clocks_without_a_number_are_marked(mount):
    page = mount(PositionExplorer(d_model=92, length=9, position=2, pair=45, formula="article"))
    table = article_code(9, 92)
    broken = root(page).locator(".b2t-position-broken").evaluate_all("all => all.map(c => +c.dataset.pair)")
    assert broken == [i for i in range(46) if np.isnan(table[2, 2 * i])] == [45]
    clock = root(page).locator('[data-pair="45"]')
    assert clock.locator("path").is_visible() and not clock.locator("line").is_visible()
    assert clock.is_visible()
    assert clock.evaluate("""c => {
        const box = c.closest(".b2t-scroll").getBoundingClientRect(), own = c.getBoundingClientRect();
        return own.left >= box.left - 1 && own.right <= box.right + 1; }""")  # scrolled to


def test_similarity_is_read_off_by_keyboard_and_pointer(mount):
    explorer = PositionExplorer(position=20)
    page = mount(explorer)
    plot = root(page).get_by_role("slider", name="Compare with position")
    assert check(page, explorer)["other"] == 21
    for key, other in (("ArrowRight", 22), ("PageDown", 12), ("Home", 0), ("End", 63), ("ArrowRight", 63)):
        plot.press(key)
        assert check(page, explorer)["other"] == other == int(plot.get_attribute("aria-valuenow"))
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 40.5 / 64 * box["width"], box["y"] + 20)
    assert check(page, explorer)["other"] == 40
    slider(page, "position").press("Home")  # the distance stays
    explorer.position = 0
    assert check(page, explorer)["other"] == 20
    slider(page, "position").press("End")  # and turns to the other side where there is no other
    explorer.position = 63
    assert check(page, explorer)["other"] == 43
    path = root(page).locator(".b2t-position-line").get_attribute("d")
    heights = [-float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", path)]
    assert np.allclose(heights, explorer.similarity, atol=1e-4)


def test_similarity_has_gaps_where_rows_hold_nan(mount):
    explorer = PositionExplorer(d_model=88, length=60, position=3, pair=0, formula="article")
    page = mount(explorer)
    settled(root(page))
    size = root(page).evaluate("""root => [...root.querySelectorAll(".b2t-position-holes > div")].map(
        (e) => ["--from", "--size"].map((n) => Number(e.style.getPropertyValue(n)) * 60))""")
    first = int(np.isnan(explorer.similarity).argmax())
    assert 0 < first < 60
    assert np.allclose(size, [[first, 60 - first]])
    path = root(page).locator(".b2t-position-line").get_attribute("d")
    assert path.count("L") + path.count("M") == first


PIXELS = """root => {
    const canvas = root.querySelector("canvas"), context = canvas.getContext("2d");
    const hex = (name) => getComputedStyle(root).getPropertyValue(name).trim();
    const names = ["--b2t-red", "--w-field", "--b2t-blue", "--w-panel", "--b2t-muted"];
    const colours = Object.fromEntries(names.map(
        (name) => [name, [1, 3, 5].map((i) => parseInt(hex(name).slice(i, i + 2), 16))]));
    const at = (x, y) => [...context.getImageData(
        Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data].slice(0, 3);
    const grid = (rows, columns) => Array.from({ length: rows }, (_, r) => Array.from({ length: columns },
        (_, c) => at((c + 0.5) / columns, (r + 0.5) / rows)));
    return { colours, grid: grid(ROWS, COLUMNS) };
}"""


def pixels(page, rows, columns):
    settled(root(page))
    seen = root(page).evaluate(PIXELS.replace("ROWS", str(rows)).replace("COLUMNS", str(columns)))
    return {n: np.array(c) for n, c in seen["colours"].items()}, np.array(seen["grid"], dtype=float)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_the_table(mount, theme):
    explorer = PositionExplorer(d_model=12, length=9, position=4)
    colours, grid = pixels(mount(explorer, theme=theme), 9, 12)
    value = explorer.table[..., None]
    end = np.where(value < 0, colours["--b2t-red"], colours["--b2t-blue"])
    expected = colours["--w-field"] + np.abs(value) * (end - colours["--w-field"])
    assert np.abs(grid - expected).max() < 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nan_is_hatched(mount, theme):
    explorer = PositionExplorer(d_model=128, length=30, formula="article")
    colours, grid = pixels(mount(explorer, theme=theme), 30, 128)
    nan = np.isnan(explorer.table)
    ground, line = colours["--w-panel"], colours["--b2t-muted"]
    part = ((grid - ground) @ (line - ground)) / ((line - ground) @ (line - ground))
    away = np.abs(grid - ground - part[..., None] * (line - ground)).max(axis=-1)
    assert away[nan].max() < 4  # only ground, line and their mixtures
    assert (part[nan] > 0.9).any() and (part[nan] < 0.1).any()
    assert away[~nan].max() > 40


def test_the_picture_follows_the_theme(mount):
    page = mount(PositionExplorer(d_model=8, length=8))
    _, light = pixels(page, 8, 8)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    colours, dark = pixels(page, 8, 8)
    assert np.abs(dark[0, 0] - colours["--w-field"]).max() < 3 < np.abs(light - dark).max()


def test_two_copies_are_independent(mount):
    first, second = PositionExplorer(), PositionExplorer()
    page = mount(first, second)
    drive_position_explorer.slider(root(page, 1), "position").fill("5")
    root(page, 1).get_by_role("button", name="the article's").click()
    second.position, second.formula = 5, "article"
    check(page, first, 0)
    check(page, second, 1)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_all_by_keyboard(mount):
    page = mount(PositionExplorer())
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        name = page.evaluate("""() => {
            const e = document.activeElement;
            if (e === document.body || parseFloat(getComputedStyle(e).outlineWidth) < 2) return null;
            return e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.textContent; }""")
        if name is None:
            break
        reached.append(name)
    for name in (
        *drive_position_explorer.SLIDERS.values(),
        "2017 paper",
        "the article's",
        "Compare with position",
        "Clocks",
    ):
        assert name in reached
    assert any(name.startswith("Table: ") for name in reached)
    page.get_by_role("button", name="the article's").press("Enter")
    assert shown(page)["formula"] == "article"
    assert "No NaN" in root(page).locator(".b2t-position-note").text_content()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(mount, theme):
    page = mount(
        PositionExplorer(), PositionExplorer(d_model=127, position=9, pair=60, formula="article"), theme=theme
    )
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate(
        """axe.run(".b2t-widget", { preload: false }).then(
            (results) => results.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"""
    )
    assert not found
    assert not page.watch.problems


@pytest.mark.parametrize("width", [360, 560, 660, 780, 1280])
def test_it_fits_and_its_height_never_changes(mount, width):
    page = mount(PositionExplorer(), width=width)
    heights = set()
    for d_model, formula, length in itertools.product((2, 127, 512), ("paper", "article"), (2, 512)):
        slider(page, "d_model").fill(str(d_model))
        slider(page, "length").fill(str(length))
        root(page).locator(f'[data-value="{formula}"]').click()
        slider(page, "position").fill(str(length - 1))
        slider(page, "pair").fill("511")
        settled(root(page))
        heights.add(root(page).bounding_box()["height"])
        assert not page_checks.wide(page)
        spill = root(page).evaluate("""root => {
            const boxes = ".b2t-position-note, .b2t-position-more, .b2t-position-tip > span";
            return [...root.querySelectorAll(boxes)].filter((e) => e.scrollHeight > e.clientHeight + 1
                || e.scrollWidth > e.clientWidth).map((e) => e.textContent); }""")
        assert not spill
    assert len(heights) == 1
    assert width < 1280 or max(heights) <= 560


def test_reduced_motion(mount):
    page = mount(PositionExplorer())
    page.emulate_media(reduced_motion="reduce")
    slider(page, "position").press("ArrowRight")
    moving = page.evaluate("""() => [...document.querySelectorAll(".b2t-widget *")].filter((e) => {
        const style = getComputedStyle(e);
        return style.transitionDuration !== "0s" || style.animationName !== "none"
            || style.scrollBehavior === "smooth";
    }).map((e) => e.className)""")
    assert not moving and not page.evaluate("document.getAnimations().length")


# ---- as a notebook mounts it --------------------------------------------------------------------


def test_the_view_follows_a_model_and_tells_it(engine):
    """Python's side is a model here that records what it is told, as anywidget's does."""
    module = base64.b64encode((WIDGETS / "static" / "position_explorer.js").read_bytes()).decode()
    engine.evaluate(
        """async ([source, state]) => {
            const { default: widget } = await import(`data:text/javascript;base64,${source}`);
            const handlers = {};
            const model = { sent: [], state, get: (name) => state[name],
                set: (name, value) => {
                    if (state[name] === value) return;
                    state[name] = value;
                    handlers[`change:${name}`].forEach((f) => f());
                },
                on: (event, f) => (handlers[event] ??= []).push(f),
                off: (event, f) => { handlers[event] = handlers[event].filter((g) => g !== f); },
                save_changes: () => model.sent.push({ ...state }),
                left: () => Object.values(handlers).flat().length };
            const el = document.body.appendChild(document.createElement("div"));
            Object.assign(globalThis, { model, undo: widget.render({ model, el }) });
        }""",
        [module, DEFAULTS],
    )
    engine.evaluate("model.set('length', 10)")  # before Python has moved the position, too
    explorer = PositionExplorer(length=10)
    check(engine, explorer)
    engine.evaluate("model.set('formula', 'article')")
    explorer.formula = "article"
    check(engine, explorer)
    slider(engine, "d_model").fill("6")
    explorer.set_state(engine.evaluate("model.sent.at(-1)"))
    assert (explorer.d_model, explorer.pair, explorer.position) == (6, 2, 9)
    check(engine, explorer)
    engine.evaluate("undo()")
    assert engine.evaluate("model.left()") == 0
