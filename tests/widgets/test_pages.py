"""The widgets on the built book, driven as a reader would, from http and from file://.

For every widget of every page: text that this test makes up is typed, tokens are read from the page, and
Python computes what they must be.
"""

import json
import random
from functools import cache

import pytest
from bs4 import BeautifulSoup

from b2t import data
from tests import page_checks
from tests.conftest import ROOT
from tests.widgets import front_end
from tests.widgets.drivers import DRIVERS

pytestmark = [pytest.mark.pages, pytest.mark.slow]

KINDS = {"merge-stepper", "tokenizer-playground", "attention-explorer", "position-explorer", "encoder-walk"}
KINDS |= {"whole-machine", "language-finder"}
PAYLOADS = [
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    "\"'><svg onload=window.hacked=1>",
    "</textarea><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "&lt;b&gt; <b>bold</b> javascript:window.hacked=1 {{7*7}} ${window.hacked=1}",
]
HEAVY = ("language_id.js", "gpt2.js")


def pages_with_widgets():
    """Name the pages that show widgets, from their sources: known before the book is built."""
    found = []
    for path in sorted((ROOT / "chapters").glob("*.*")):
        if path.suffix in (".md", ".ipynb") and "data-b2t=" in path.read_text("utf-8"):
            found.append(path.stem)
    return found


PAGES = pages_with_widgets()


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture
def visit(open_page, origins):
    """Open a page of the book and wait for its widgets: ``page = visit("index", scheme="http")``."""

    def start(name, scheme="http", width=1280, theme="light", watch_shifts=False):
        page = open_page(width=width, color_scheme=theme)
        page.watch = page_checks.Watch(page, origins[scheme])
        page.answers = []
        page.on("response", lambda answer: page.answers.append(answer))
        page.goto(f"{origins[scheme]}chapters/{name}.html", wait_until="load")
        page.wait_for_function(
            "document.querySelectorAll('[data-b2t][data-state]:not([data-mounted])').length === 0"
        )
        return page

    return start


def made_up(rng, n=3):
    """Make up a text of several scripts: pieces of the Declaration, emoji, code, odd blanks."""
    odd = [
        "👩🏽‍🚀🎉",
        "x[i] += 1;  // go",
        "e\u0301té",
        "  \t ",
        "🇨🇳🇫🇷",
        "don't WE'LL",
        "\u200d",
        "１２３",
        "<b>&amp;</b>",
    ]
    texts = data.udhr("test")
    pieces = []
    for _ in range(n):
        text = rng.choice(texts).text
        start = rng.randrange(len(text))
        pieces += [text[start : start + rng.randrange(4, 30)], rng.choice(odd)]
    return "".join(pieces).strip()


# ---- what every page owes ----------------------------------------------------------------------


def test_every_kind_of_widget_is_somewhere(book):
    shown = {root["data-b2t"] for name in PAGES for root in roots(book, name)}
    assert shown == KINDS == set(DRIVERS)


@cache
def roots(book, name):
    """The elements of a page's widgets as they are written, before any script."""
    soup = BeautifulSoup((book / "chapters" / f"{name}.html").read_text("utf-8"), "html.parser")
    return soup.select("[data-b2t][data-state]")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_widgets_compute_what_the_library_does(name, scheme, visit):
    page = visit(name, scheme)
    rng = random.Random(f"{name} {scheme}")
    widgets = page.locator("[data-b2t]")
    assert widgets.count() > 0
    for i in range(widgets.count()):
        root = widgets.nth(i)
        kind = root.get_attribute("data-b2t")
        state = json.loads(root.get_attribute("data-state"))
        DRIVERS[kind](page, root, state, lambda: made_up(rng))
    assert page.watch.problems == []


def test_nothing_moves_while_a_page_loads(name, visit):
    page = visit(name)
    page.mouse.wheel(0, 100)
    page.wait_for_timeout(1500)
    shifts = page.evaluate(
        """() => new Promise(done => new PerformanceObserver(list => done(
             list.getEntries().map(e => [e.value, e.sources.map(s => s.node?.outerHTML?.slice(0, 80))])))
           .observe({type: "layout-shift", buffered: true}) ?? setTimeout(() => done([]), 500))"""
    )
    assert sum(value for value, _ in shifts) == 0, shifts


def test_what_a_page_transfers(name, visit, book):
    page = visit(name)
    page.locator("[data-b2t]").last.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    own = [r for r in page.answers if not r.url.endswith(HEAVY) and not theme_file(r.url)]
    sizes = {r.url.rpartition("/")[2]: len(r.body()) for r in own}
    assert sum(sizes.values()) < 1_500_000, sizes


def theme_file(url):
    """Whether a file is the theme's own, which every page loads."""
    return "/_static/" in url and not any(word in url for word in ("widgets", "book.css", "palette", "math"))


def test_tables_are_loaded_only_where_they_are_used(visit, book):
    using = {"language_id.js": {"whole-machine", "attention-explorer", "encoder-walk"}}
    using["gpt2.js"] = {"tokenizer-playground"}
    for name in [*PAGES, "01_text_to_bytes"]:
        page = visit(name)
        page.wait_for_timeout(700)
        kinds = {root["data-b2t"] for root in roots(book, name)}
        for file in HEAVY:
            loaded = any(answer.url.endswith(file) for answer in page.answers)
            assert not loaded or kinds & using[file], f"{name} loads {file}"
    assert "page.js" not in (book / "chapters" / "01_text_to_bytes.html").read_text("utf-8")


def test_markup_stays_text(name, visit):
    page = visit(name)
    fields = page.locator("[data-b2t]").locator(
        "textarea, input:not([type=range], [type=checkbox], [type=number])"
    )
    for i in range(fields.count()):
        for payload in PAYLOADS:
            fields.nth(i).fill(payload)
            page.wait_for_timeout(30)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    made = "[data-b2t] :is(img, iframe, script, b, object, embed, [onerror], [onload])"
    assert page.locator(made).count() == 0
    assert page.watch.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(name, theme, visit):
    page = visit(name, theme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.wait_for_timeout(800)
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
    )
    within = page.evaluate(
        """found => found.flatMap(v => v.nodes.map(n => ({
             rule: v.id, impact: v.impact, html: n.html.slice(0, 200),
             inside: !!document.querySelector(n.target.at(-1))?.closest("article")})))""",
        found,
    )
    serious = [one for one in within if one["inside"] or one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_a_fault(theme, open_page):
    page = open_page(color_scheme=theme)
    page.set_content("<main><button></button></main>")
    page.add_script_tag(path=front_end.axe())
    assert "button-name" in page.evaluate("axe.run().then(result => result.violations.map(v => v.id))")


def test_without_javascript_the_still_reads_well(name, browser, book):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book / "chapters" / f"{name}.html").as_uri())
    for i, root in enumerate(roots(book, name)):
        box = page.locator("[data-b2t]").nth(i)
        assert box.is_visible() and len(box.inner_text().split()) > 5
        assert root.find(["table", "code", "ol"]), f"{root['data-b2t']} has no still picture"
    context.close()


def test_everything_can_be_reached_by_keyboard(name, visit):
    page = visit(name)
    for i in range(page.locator("[data-b2t]").count()):
        root = page.locator("[data-b2t]").nth(i)
        wanted = root.locator(":is(button, textarea, input, select, [tabindex='0'])").count()
        root.evaluate("root => { root.tabIndex = -1; root.focus(); }")
        reached = set()
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
            where = root.evaluate(
                """root => root.contains(document.activeElement) && document.activeElement !== root
                  ? [...root.querySelectorAll("*")].indexOf(document.activeElement) : -1"""
            )
            if where < 0:
                break
            reached.add(where)
        focusable = root.evaluate(
            """(root, selector) => [...root.querySelectorAll(selector)]
                 .filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0)
                 .filter(e => !(e.type === "radio" && !e.checked)).length""",
            "button, textarea, input, select",
        )
        assert len(reached) >= focusable > 0, root.get_attribute("data-b2t")
