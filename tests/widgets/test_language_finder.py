"""The finder of languages: the same list in Python and in the page, by typing, pointer and key."""

import base64

import pytest
from bs4 import BeautifulSoup
from traitlets import TraitError

from b2t import data
from b2t.widgets import LanguageFinder
from b2t.widgets.language_finder import fits, plain, words
from tests import page_checks
from tests.widgets import drive_language_finder, front_end
from tests.widgets.bare import WIDGETS
from tests.widgets.drive_language_finder import check, settled

OPENINGS = {article.code: article.text[:90] for article in data.udhr_all() if article.article == 1}
ALL = [(*language, OPENINGS[language.code]) for language in data.all_languages()]
PREMIUMS = {
    "Raw bytes": [len(row[5].encode()) / len(OPENINGS["eng"]) for row in ALL],
    "Made up": [1 if row[0] == "eng" else 0.3 + (7919 * i % 5000) / 100 for i, row in enumerate(ALL)],
}
FEW = [row for row in ALL if row[0] in ("eng", "cmn_hans", "vie", "fra", "arb")]
ONES = {"v": [1.0] * len(FEW)}


def finder(**traits):
    return LanguageFinder(languages=ALL, premiums=PREMIUMS, **traits)


def root(page, nth=0):
    return page.locator("[data-b2t]").nth(nth)


def field(page):
    return page.get_by_label("Language", exact=True)


# ---- Python ------------------------------------------------------------------------------------


def found_by(query):
    found = finder(query=query).found
    return {row[1] for row in ALL if row[0] in found}


@pytest.mark.parametrize(
    ("query", "some"),
    [
        ("swah", {"Swahili"}),
        ("VIỆT", {"Vietnamese"}),  # a word of the text
        ("viet", {"Vietnamese", "Vietnamese (Han nom)"}),
        ("alle menschen", {"German"}),
        ("人人", {"Chinese (simplified)", "Chinese (traditional)"}),
        ("chinese simplified", {"Chinese (simplified)"}),
        ("shan myanmar", {"Shan"}),
        ("mri", {"Maori"}),
        ("zh-hans", set()),  # cut into two words
    ],
)
def test_what_readers_type(query, some):
    assert some <= found_by(query)


def test_short_words_are_not_looked_for_in_texts():
    assert "English" not in found_by("all")
    assert "English" in found_by("human")
    assert found_by("") == {row[1] for row in ALL}
    assert found_by("  -- ") == {row[1] for row in ALL}
    assert found_by("no such language") == set()


def test_orders():
    by_cost, by_name = finder(vocabulary="Made up"), finder(order="name")
    cost = dict(zip([row[0] for row in ALL], by_cost.premiums["Made up"], strict=True))
    values = [cost[code] for code in by_cost.found]
    assert values == sorted(values, reverse=True)
    names = {row[0]: row[1] for row in ALL}
    listed = [plain(names[code]) for code in by_name.found]
    assert listed == sorted(listed)
    assert by_cost.rank(by_cost.found[-1]) == 1
    assert by_cost.rank(by_cost.found[0]) == 1 + sum(value < values[0] for value in values)


def test_state_goes_round():
    first = finder(query="latin", order="name", selected="fra", vocabulary="Made up")
    state = {name: first.get_state(key=name)[name] for name in LanguageFinder.page_state}
    again = LanguageFinder(**state)
    assert {name: getattr(again, name) for name in state} == {name: getattr(first, name) for name in state}
    assert again.page_html() == first.page_html()
    assert first.premiums["Raw bytes"][3] == round(PREMIUMS["Raw bytes"][3], 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": "size"}, "order is 'size'; choose from 'premium', 'name'"),
        ({"vocabulary": "x"}, "vocabulary is 'x'; choose from 'v'"),
        ({"selected": "xyz"}, "selected is 'xyz'; choose a code such as"),
        ({"query": "a" * 101}, "101 characters; give at most 100"),
        ({"premiums": {}}, "there are no premiums"),
        ({"premiums": {"v": [1.0]}}, "1 premiums for 5 languages"),
        ({"premiums": {"v": [1, 1, 1, 1, float("nan")]}}, "runs from 0.01 to 1000"),
        ({"premiums": {"v": [1, 1, 1, 1, 0]}}, "runs from 0.01 to 1000"),
        ({"languages": FEW[:4] + FEW[:1]}, "5 languages with 4 codes"),
        ({"languages": [row for row in FEW if row[0] != "eng"] + [("x", *FEW[0][1:])]}, "'eng'"),
        ({"languages": [*FEW[:4], ("x", "y")]}, "give .code, name, script"),
    ],
)
def test_errors_name_the_remedy(change, message):
    with pytest.raises(TraitError, match=message):
        LanguageFinder(**{"languages": FEW, "premiums": ONES, **change})


def test_the_still_has_every_language():
    soup = BeautifulSoup(finder(vocabulary="Made up").still(), "html.parser")
    rows = soup.select("details tbody tr")
    assert {row.th.text for row in rows} == {row[1] for row in ALL}
    assert len(rows) == len(ALL) == 521
    assert [th.text for th in soup.select("details thead th")] == ["language", "script", "Made up"]
    assert "Half" not in soup.text and "Made up" in soup.p.text
    ends = soup.select("table")[0]
    assert len(ends.select("tbody tr")) == 10
    assert [th.text for th in ends.select("thead th")] == ["language", "script", *finder().premiums]


def test_markup_in_a_name_stays_text():
    odd = [*FEW[:4], ("x", "<b>bold</b>", "Latin", "ltr", "en", "</div><script>")]
    html = LanguageFinder(languages=odd, premiums=ONES).page_html()
    assert "<b>" not in html and "<script" not in html


# ---- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_shows_what_python_says(mount, width):
    widget = finder(selected="shn")
    page = mount(widget, width=width)
    state = {name: widget.get_state(key=name)[name] for name in LanguageFinder.page_state}
    drive_language_finder.drive(page, root(page), state, lambda: "ἐλευθερία ﷺ İstanbul ẞ ǅ")
    assert page.watch.problems == []


def test_search_agrees_on_every_name_and_opening(mount):
    """Python and the page cut, lower and compare alike, on words of all the languages."""
    widget = finder()
    page = mount(widget)
    queries = [row[1] for row in ALL[::13]] + [(words(plain(row[5])) or ["x"])[0] for row in ALL[3::13]]
    seen = page.evaluate(
        """async (queries) => {
            const input = document.querySelector("input"), seen = [];
            for (const query of queries) {
                input.value = query;
                input.dispatchEvent(new Event("input"));
                for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
                seen.push([...document.querySelectorAll("[role=option]")].map((e) => e.dataset.code));
            }
            return seen; }""",
        queries,
    )
    for query, codes in zip(queries, seen, strict=True):
        widget.query = query
        assert codes == widget.found, query
    assert any(not fits(plain(row[1]), row) for row in ALL)  # the test could fail


def test_by_keyboard_from_the_field(mount):
    widget = finder()
    page = mount(widget)
    field(page).focus()
    page.keyboard.type("chinese")
    widget.query = "chinese"
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    seen = check(root(page), widget)
    first = next(
        i for i, c in enumerate(widget.found) if plain(dict((r[0], r[1]) for r in ALL)[c]) > "chinese"
    )
    assert seen["active"].endswith(f"-{widget.found[first + 1]}")
    page.keyboard.press("Enter")
    widget.selected = widget.found[first + 1]
    check(root(page), widget)
    assert page.locator(".b2t-finder-sentence").inner_text().startswith("Chinese")
    page.keyboard.press("Escape")
    widget.query = ""
    check(root(page), widget)
    assert page.evaluate("document.activeElement.type") == "search"


def test_a_key_right_behind_a_letter_moves_in_the_new_list(mount):
    """Both in one task, so before the next frame draws what the letters found."""
    widget = finder()
    page = mount(widget)
    page.evaluate(
        """async () => {
            const input = document.querySelector("input");
            input.value = "chinese";
            input.dispatchEvent(new Event("input"));
            for (const key of ["ArrowDown", "ArrowUp", "ArrowDown"])
                input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); }"""
    )
    widget.query = "chinese"
    seen = check(root(page), widget)
    names = {row[0]: plain(row[1]) for row in ALL}
    first = next(i for i, code in enumerate(widget.found) if names[code].startswith("chinese"))
    assert seen["active"].endswith(f"-{widget.found[first + 1]}")


def test_by_keyboard_in_the_list(mount):
    widget = finder(order="name")
    page = mount(widget)
    box = page.get_by_role("listbox")
    box.focus()
    for key, at in (
        ("End", 520),
        ("PageUp", 512),
        ("Home", 0),
        ("PageDown", 8),
        ("ArrowUp", 7),
        ("ArrowUp", 6),
    ):
        page.keyboard.press(key)
        active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
        assert active.get_attribute("data-code") == widget.found[at]
        inside = active.evaluate("""e => {
            const [a, b] = [e, e.parentElement].map((one) => one.getBoundingClientRect());
            return a.top >= b.top - 1 && a.bottom <= b.bottom + 1; }""")
        assert inside, key
    page.keyboard.press(" ")
    widget.selected = widget.found[6]
    check(root(page), widget)
    assert page.evaluate("scrollY") == 0


def test_a_dot_of_the_heap_can_be_clicked(mount):
    widget = finder()
    page = mount(widget)
    dot = page.locator(".b2t-finder-heap [data-code='eng']")
    dot.dispatch_event("click")
    widget.selected = "eng"
    check(root(page), widget)
    assert "b2t-finder-chosen" in dot.get_attribute("class")
    assert dot.locator("title").text_content() == "English"


def test_roles(mount):
    page = mount(finder())
    box = page.get_by_role("combobox", name="Language")
    assert box.get_attribute("aria-controls") == page.get_by_role("listbox").get_attribute("id")
    assert page.get_by_role("status").count() == 2
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(mount, theme):
    page = mount(finder(query="chin", selected="yue"), theme=theme)
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate(
        """axe.run(".b2t-widget", { preload: false }).then(
            (results) => results.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"""
    )
    assert not found
    assert not page.watch.problems


@pytest.mark.parametrize("width", [360, 480, 640, 800, 1280])
def test_it_fits_and_its_height_never_changes(mount, width):
    page = mount(finder(), width=width)
    heights = set()
    for query in ("", "latin", "no such language", "quechua"):
        field(page).fill(query)
        settled(root(page))
        for code in ("cpu", "shn", "arb", "qxu"):
            option = page.locator(f"[role=option][data-code='{code}']")
            if option.count():
                option.dispatch_event("click")
            settled(root(page))
            heights.add(root(page).bounding_box()["height"])
            assert not page_checks.wide(page)
        spill = root(page).evaluate("""root => [".b2t-finder-sentence", ".b2t-finder-count"].filter(
            (s) => { const e = root.querySelector(s); return e.scrollHeight > e.clientHeight + 1; })""")
        assert not spill
    assert len(heights) == 1


def test_two_copies_are_independent(mount):
    first, second = finder(), finder(vocabulary="Made up")
    page = mount(first, second)
    root(page, 1).get_by_label("Language", exact=True).fill("french")
    second.query = "french"
    check(root(page, 0), first)
    check(root(page, 1), second)


def test_the_view_follows_a_model_and_tells_it(engine):
    module = base64.b64encode((WIDGETS / "static" / "language_finder.js").read_bytes()).decode()
    widget = LanguageFinder(languages=FEW, premiums=ONES)
    state = {name: widget.get_state(key=name)[name] for name in LanguageFinder.page_state}
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
        [module, state],
    )
    engine.evaluate("model.set('query', 'viet')")
    widget.query = "viet"
    check(root(engine), widget)
    root(engine).locator("[role=option]").click()
    sent = engine.evaluate("model.sent.at(-1)")
    assert sent["selected"] == "vie"
    widget.set_state({name: sent[name] for name in ("query", "order", "selected", "vocabulary")})
    check(root(engine), widget)
    engine.evaluate("undo()")
    assert engine.evaluate("model.left()") == 0
