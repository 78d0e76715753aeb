"""WholeMachine: traits, a still that is PyTorch's, and a page that computes what the library does."""

import json
import random

import pytest
import torch
from bs4 import BeautifulSoup
from traitlets import TraitError

from b2t import data, language_id
from b2t.widgets import WholeMachine, machine, trained
from tests import page_checks
from tests.widgets import front_end
from tests.widgets.drive_whole_machine import (
    check_answer,
    check_map,
    computed,
    drive,
    shown_bytes,
    shown_ids,
    spelled_by,
    type_text,
    wait,
)

TEXTS = [
    "今天我们去看海，你来吗？",
    "Nobody forgets the first page that opened a world.",
    "قرأت أمس كتابا جيدا عن البحر",
    "👩🏽‍🚀 e\u0301te\u0301 🇨🇳\u200d",
    "  \t\n a\n\n",
    "x" * 40 + "自由" * 300,
]
PAYLOADS = [
    "<img src=x onerror=window.hacked=1>",
    "</textarea><script>window.hacked=1</script>",
    "\"'><svg onload=window.hacked=1> &lt;b&gt;",
]
LONG = ("Every reader was once a beginner, 每个读者都曾是初学者. " * 200)[:5000]


# ---- traits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*TEXTS, *PAYLOADS, LONG, "", "a"])
def test_results_follow_the_text(text):
    made = WholeMachine(data={})
    made.text = text
    ids, _, _, probabilities = computed(text)
    assert made.tokens == ids
    names = [language.name for language in data.languages()]
    likeliest = probabilities.topk(5) if ids else None
    assert [share for _, share in made.answer] == pytest.approx(likeliest.values.tolist() if ids else [])
    assert [names.index(name) for name, _ in made.answer] == (likeliest.indices.tolist() if ids else [])


def test_a_page_may_set_the_inputs():
    made = WholeMachine(data={})
    made.set_state({"text": TEXTS[1], "layer": 0, "head": 3})
    assert (made.layer, made.head, made.tokens) == (0, 3, computed(TEXTS[1])[0])


@pytest.mark.parametrize(
    ("trait", "value", "remedy"),
    [
        ("text", "\ud800", 'errors="replace"'),
        ("text", "a" * 200_001, "pass a part"),
        ("layer", 2, "from 0 to 1"),
        ("head", 4, "from 0 to 3"),
        ("head", -1, "from 0 to 3"),
        ("links", {"byte": "a.html"}, "bytes, tokens"),
        ("links", {"bytes": "javascript:alert(1)"}, "relative"),
        ("links", {"bytes": 3}, "relative"),
        ("tokens", [1, 99_999], "from 0 to 3071"),
        ("tokens", [228], "set text"),
        ("tokens", [97] * 300, "set text"),
        ("answer", [["French", 1.0]], "set text"),
    ],
)
def test_a_wrong_value_names_the_remedy(trait, value, remedy):
    made = WholeMachine(data={})
    before = made.page_html()
    with pytest.raises(TraitError, match=remedy):
        setattr(made, trait, value)
    with pytest.raises(TraitError, match=remedy):
        made.set_state({trait: value})
    assert made.page_html() == before
    with pytest.raises(TraitError, match=remedy):
        WholeMachine(data={}, **{trait: value})


@pytest.mark.parametrize("text", TEXTS[:4])
def test_the_text_follows_tokens(text):
    ids = computed(text)[0]
    made = WholeMachine(data={})
    made.tokens = ids
    assert made.tokens == ids and computed(made.text)[0] == ids
    assert made.answer == WholeMachine(tokens=ids, data={}).answer


def test_the_notebook_brings_the_model():
    from b2t.widgets.export import model_bytes

    assert WholeMachine().data == {"language_id": model_bytes()}


def test_what_the_module_counts_on():
    tokenizer, model = trained.load()
    assert model.encoder.config.max_len == machine.MAX_TOKENS
    assert machine.MAX_TOKENS * max(map(len, tokenizer.vocab.values())) <= machine.MAX_READ
    assert len(data.languages()) == 35 and model.encoder.config.d_model == 128


# ---- the still ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*TEXTS, *PAYLOADS, ""])
def test_the_still_is_what_the_library_computes(text):
    made = WholeMachine(text=text, layer=0, head=2, data={})
    html = made.page_html()
    assert "<script" not in html and "style=" not in html and html == made.page_html()
    still = BeautifulSoup(html, "html.parser")
    ids, _, weights, _ = computed(text)
    assert [int(e["data-id"]) for e in still.select("[data-id]")] == ids
    codes = "".join(code.text for code in still.select(".character code"))
    assert bytes.fromhex(codes) == language_id.compose(text)[: machine.N_CHARACTERS].encode()
    assert [a["href"] for a in still.select(".title a")] == [href for _, href in machine.STAGES.values()]
    cells = torch.tensor([float(td.text) for td in still.select("td[data-w]")])
    n = min(len(ids), machine.N_NUMBERED)
    if n:
        assert (cells.view(n, n) - weights[0, 2, :n, :n]).abs().max() <= 0.0051
        assert still.select_one(".winner .language").text == made.answer[0][0]
    else:
        assert "No text" in still.text


def test_levels_spell_numbers():
    x = torch.linspace(-4, 4, 41)
    for number, letter in zip(x.tolist(), machine.levels(x.numpy()), strict=True):
        step = ord(letter) - ord("E")
        assert abs(step - max(-4, min(4, number / 0.75))) <= 0.5 + 1e-5


@pytest.mark.parametrize("text", ["你好", "读书 📖 is fun 🙂"])
def test_a_guess_is_called_one(text):
    assert "A guess" in WholeMachine(text=text, data={}).still()
    assert "A guess" not in WholeMachine(text=TEXTS[2], data={}).still()


def test_links_can_be_left_out():
    still = BeautifulSoup(WholeMachine(links={"answer": "x.html"}, data={}).still(), "html.parser")
    assert [a["href"] for a in still.select("a")] == ["x.html"]


# ---- the page ----------------------------------------------------------------------------------


def root_of(page, i=0):
    return page.locator("[data-b2t=whole-machine]").nth(i)


def test_the_first_view_is_the_state_and_needs_no_model(open_page, serve, tmp_path):
    page, _ = slow_page(open_page, serve, tmp_path)
    root, made = root_of(page), WholeMachine()
    assert shown_ids(root) == made.tokens
    still = BeautifulSoup(made.page_html(), "html.parser")
    parts = (".character code", ".map td", ".map th", ".answer .language", ".answer .share", ".vectors .note")
    for part in parts:
        found = [text.strip() for text in root.locator(part).all_text_contents()]
        assert found == [element.get_text().strip() for element in still.select(part)], part
    drawn = root.locator(".strips path").evaluate_all(
        "list => list.map(e => ['class', 'stroke-opacity', 'd'].map(name => e.getAttribute(name)).join())"
    )
    assert sorted(drawn) == sorted(
        ",".join((path["class"][0], path["stroke-opacity"], path["d"])) for path in still.select("path")
    )
    assert page.evaluate("globalThis.b2tData === undefined")


@pytest.mark.parametrize("i", range(len(TEXTS)))
def test_stages_hold_what_the_library_computes(mount, i):
    text, rng = TEXTS[i], random.Random(i)
    page = mount(WholeMachine(text="start"))
    root = root_of(page)
    ids, spelled, weights, probabilities = computed(text)
    type_text(page, root, text)
    assert shown_bytes(root) == language_id.compose(text)[:120].encode()
    assert shown_ids(root) == ids and spelled_by(root) == spelled
    check_answer(root, probabilities)
    for _ in range(3):
        check_map(page, root, weights, rng)
    assert page.watch.problems == []


@pytest.mark.parametrize("text", TEXTS[:4])
def test_the_page_draws_what_the_still_does(mount, text):
    """Python's still of a text and the page's live view of it agree, words and vectors."""
    page = mount(WholeMachine(text="start"))
    root = root_of(page)
    type_text(page, root, text)
    still = BeautifulSoup(WholeMachine(text=text, data={}).still(), "html.parser")
    composed = ".bytes > .note:not([hidden])"
    for part in (".glyph", composed, ".characters .note", ".title", ".chip", ".winner", ".answer .note"):
        found = [" ".join(each.split()) for each in root.locator(part).all_text_contents()]
        wanted = [" ".join(each.get_text().split()) for each in still.select(part)]
        if part == ".title":  # the still says in its title what the page says in its buttons
            found, wanted = found[:3] + found[4:], wanted[:3] + wanted[4:]
        assert found == wanted, part
    count = "list => list.map(e => e.getAttribute('d').split('M').length - 1).reduce((a, b) => a + b, 0)"
    cells = sum(path["d"].count("M") for path in still.select("path"))
    assert abs(root.locator(".strips path").evaluate_all(count) - cells) <= 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cafe\u0301", "composed (NFC): é as one character"),
        ("\u1100\u1161 \u1112\u1161\u11ab", "composed (NFC): 가 as one character"),
        ("\U00011099\U000110ba", "composed (NFC): \U0001109a as one character"),
        ("5 \u212a", "composed (NFC)"),
        ("\u0958", "composed (NFC)"),
        ("café", None),
        ("x" * machine.MAX_READ + "e\u0301", None),
    ],
)
def test_composing_is_told(mount, text, told):
    """Bytes and tokens are of the same, the composed, text; where it is not what was typed, that is said."""
    page = mount(WholeMachine(text=text))
    root = root_of(page)
    still = BeautifulSoup(WholeMachine(text=text, data={}).still(), "html.parser")
    wait(page, root)
    assert [note.text for note in still.select(".bytes > .note")] == [told][: told is not None]
    assert root.locator(".bytes > .note:visible").all_inner_texts() == [told][: told is not None]
    composed = language_id.compose(text[: machine.MAX_READ]) + text[machine.MAX_READ :]
    count = f"{len(composed):,} character{'s' * (len(composed) > 1)}, {len(composed.encode()):,} bytes"
    assert count in root.locator(".bytes .title").inner_text() and count in still.text
    if len(text) < 120:
        assert b"".join(spelled_by(root)) == shown_bytes(root) == composed.encode()


def test_a_reader_walks_through(mount):
    page = mount(WholeMachine())
    texts = iter(["Tous les êtres humains 🙂", "人権の無視"])
    drive(page, root_of(page), {"text": "a"}, lambda: next(texts))
    assert page.watch.problems == []


def test_a_long_text_is_cut_and_says_so(mount):
    page = mount(WholeMachine())
    root = root_of(page)
    type_text(page, root, LONG)
    ids, _, weights, probabilities = computed(LONG)
    assert len(ids) == 256 and shown_ids(root) == ids
    assert "256 tokens, the most it reads" in root.locator(".tokens.stage").inner_text()
    assert "… and 4,880 more" in root.locator(".characters").inner_text()
    check_answer(root, probabilities)
    check_map(page, root, weights, random.Random(5))
    assert page.watch.problems == []


@pytest.mark.parametrize("at_end", [True, False])
def test_what_is_not_read_computes_nothing(mount, at_end):
    """What is typed behind the tokens that are read is counted, and changes nothing else."""
    text = LONG * 17
    page = mount(WholeMachine(text=text))
    root = root_of(page)
    wait(page, root)
    page.evaluate("window.kept = [...document.querySelectorAll('[data-id], .strips svg, .map canvas')]")
    typed = text + "!" if at_end else "!" + text
    type_keeping = "(e, text) => { e.value = text; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    root.get_by_label("Text", exact=True).evaluate(type_keeping, typed)
    wait(page, root)
    assert f"{len(typed):,} characters, {len(typed.encode()):,} bytes" in root.locator(".bytes").inner_text()
    kept = page.evaluate("kept.map(e => e.isConnected)")
    assert len(kept) == 258 and set(kept) == {at_end}
    assert shown_ids(root) == computed(typed)[0]
    check_answer(root, computed(typed)[3])


@pytest.mark.parametrize("text", ["", "   ", "自由" * 50_000])
def test_odd_texts(mount, text):
    page = mount(WholeMachine())
    root = root_of(page)
    type_text(page, root, text)
    ids, _, _, probabilities = computed(text)
    assert shown_ids(root) == ids
    if ids:
        check_answer(root, probabilities)
    else:
        assert "No text, no answer" in root.inner_text() and root.locator(".answer li").count() == 0
    type_text(page, root, "back again, and well")
    check_answer(root, computed("back again, and well")[3])
    assert page.watch.problems == []


def test_half_a_character_from_a_paste(mount):
    page = mount(WholeMachine())
    root = root_of(page)
    root.get_by_label("Text", exact=True).evaluate(
        "area => { area.value = 'a\\ud83d'; area.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    wait(page, root)
    assert shown_ids(root) == computed("a\ufffd")[0]
    assert page.watch.problems == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_stays_text(mount, payload):
    page = mount(WholeMachine(text=payload, links={"bytes": "x.html"}))
    root = root_of(page)
    for text in ("other", payload):
        type_text(page, root, text)
    assert shown_ids(root) == computed(payload)[0]
    assert page.evaluate("window.hacked") is None
    assert page.locator("[data-b2t] :is(img, script, iframe, [onload], [onerror])").count() == 0
    assert page.watch.problems == []


def test_a_state_that_lies_runs_no_script(mount):
    html = WholeMachine().page_html().replace("01_text_to_bytes.html", " javascript:window.hacked=1")

    class Lie:
        def page_html(self):
            return html

    page = mount(Lie())
    assert root_of(page).locator(".bytes a").get_attribute("href") == "#"


def test_examples(mount):
    page = mount(WholeMachine())
    root = root_of(page)
    names = root.get_by_role("group", name="Examples").get_by_role("button").all_inner_texts()
    assert names == ["Chinese", "English", "Arabic", "Hindi", "Emoji", "Code"]
    for name in names:
        root.get_by_role("button", name=name).click()
        wait(page, root)
        text = root.get_by_label("Text", exact=True).input_value()
        ids, _, _, probabilities = computed(text)
        assert shown_ids(root) == ids
        check_answer(root, probabilities)
        best = root.locator(".winner .language").inner_text()
        guess = "A guess" in root.locator(".answer").inner_text()
        assert guess == (name in ("Emoji", "Code"))
        assert guess or best.startswith(name)
        way = "rtl" if name == "Arabic" else "ltr"
        assert root.locator(".characters").evaluate("e => getComputedStyle(e).direction") == way
        assert root.locator(".tokens.box").evaluate("e => getComputedStyle(e).direction") == way


def test_a_pointer_reads_a_weight(mount):
    for text in (TEXTS[0], TEXTS[5]):  # a table, and a picture
        page = mount(WholeMachine(text=text))
        root = root_of(page)
        wait(page, root)
        weights, spelled = computed(text)[2][1, 0], computed(text)[1]
        note = root.locator(".attention [role=status]")
        rest = note.inner_text()
        place = root.locator(".map td[data-at='2 3'], .map canvas")
        box = place.bounding_box()
        canvas = root.locator(".map canvas").count()
        n = len(spelled)
        at = (3.5 * box["width"] / n, 2.5 * box["height"] / n) if canvas else (5, 5)
        page.mouse.move(box["x"] + at[0], box["y"] + at[1])
        assert f" takes {weights[2, 3]:.2f} of what it gathers from " in note.inner_text()
        page.mouse.move(1, 1)
        assert note.inner_text() == rest


@pytest.mark.parametrize(
    ("text", "query", "key", "numbered"),
    [("ab ab", 0, 2, 0), ("ab ab", 0, 1, 1), ("ab ab", 3, 1, 2), ("自由 " * 20, 1, 2, 2)],
)
def test_words_tell_equal_tokens_apart(mount, text, query, key, numbered):
    """A token that occurs more than once is told with its number."""
    page = mount(WholeMachine(text=text, layer=0, head=1))
    root = root_of(page)
    wait(page, root)
    ids, spelled, weights, _ = computed(text)
    root.get_by_role("application").focus()
    for press in ["ArrowDown"] * (query + 1) + ["ArrowRight"] * key:
        page.keyboard.press(press)
    twice = [ids.count(ids[i]) > 1 for i in (query, key)]
    assert sum(twice) == numbered
    one, other = (
        machine.spell(spelled[i])[0] + (f" (token {i})" if more else "")
        for i, more in zip((query, key), twice, strict=True)
    )
    assert root.locator(".attention [role=status]").inner_text() == (
        f"{one} takes {weights[0, 1, query, key]:.2f} of what it gathers from {other}."
    )


def test_a_stranger_is_told_what_the_pictures_mean(mount):
    """The colours of the vectors; how to read the map; that its numbers are rounded, where it has numbers."""
    page = mount(WholeMachine())
    root = root_of(page)
    for text, numbered in [(TEXTS[0], False), ("人人生而自由", True), ("", False)]:
        type_text(page, root, text)
        still = BeautifulSoup(WholeMachine(text=text, data={}).still(), "html.parser")
        legend = root.locator(".vectors > .note")
        assert legend.is_visible() and legend.inner_text() == still.select_one(".vectors > .note").text
        told = root.locator(".attention [role=status]").inner_text()
        assert ("(numbers rounded)" in told) == numbered
        assert ("Point at a cell or use the arrow keys." in told) == bool(text)


@pytest.mark.parametrize("text", ["Every reader was once a beginner.", "Nobody forgets the first page."])
def test_sixteen_tokens_fit(mount, text):
    """A map of as many tokens is seen whole, and does not move when a pointer reads it."""
    page = mount(WholeMachine(text=text))
    root = root_of(page)
    wait(page, root)
    assert 14 < len(shown_ids(root)) <= 16
    sizes = "e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight, e.clientHeight]"
    before = root.locator(".map").evaluate(sizes)
    assert before[:2] == [0, 0]
    root.locator(".map td[data-at='14 14']").hover()
    assert " takes " in root.locator(".attention [role=status]").inner_text()
    assert root.locator(".map").evaluate(sizes) == before


def test_two_machines_are_independent(mount):
    page = mount(WholeMachine(), WholeMachine())
    first, second = root_of(page), root_of(page, 1)
    type_text(page, first, TEXTS[1])
    first.get_by_role("group", name="Head").get_by_role("button", name="3").click()
    wait(page, first)
    assert shown_ids(first) == computed(TEXTS[1])[0]
    assert shown_ids(second) == WholeMachine(data={}).tokens
    assert second.get_by_role("button", name="3").get_attribute("aria-pressed") == "false"
    type_text(page, second, TEXTS[2])
    assert shown_ids(first) == computed(TEXTS[1])[0] and shown_ids(second) == computed(TEXTS[2])[0]
    assert page.watch.problems == []


def test_a_reader_who_is_faster_is_told(open_page, serve, tmp_path):
    """While the model is on its way the bytes are shown and the rest says what it waits for."""
    page, release = slow_page(open_page, serve, tmp_path)
    root = root_of(page)
    height = root.bounding_box()["height"]
    root.get_by_label("Text", exact=True).fill("hello there, reader of books")
    page.wait_for_function(
        "document.querySelector('.answer').innerText.includes('loading the model (1.8 MB)')"
    )
    assert shown_bytes(root) == b"hello there, reader of books" and shown_ids(root) == []
    assert root.bounding_box()["height"] == height
    release()
    wait(page, root)
    check_answer(root, computed("hello there, reader of books")[3])
    assert root.bounding_box()["height"] == height


def slow_page(open_page, serve, tmp_path):
    """A page whose model comes only when the second value is called."""
    from tests.widgets.bare import WIDGETS, bare_page

    (tmp_path / "index.html").write_text(bare_page(WholeMachine().page_html(), static="static"), "utf-8")
    (tmp_path / "static").symlink_to(WIDGETS / "static")
    page, waiting = open_page(), []
    page.route("**/language_id.js", lambda route: waiting.append(route))
    page.goto(serve(tmp_path))
    page.wait_for_selector("[data-mounted]")

    def release():
        for route in waiting:
            route.continue_()

    return page, release


def test_a_model_that_does_not_come_is_told(open_page, serve, tmp_path):
    page, _ = slow_page(open_page, serve, tmp_path)
    page.unroute("**/language_id.js")
    page.reload()
    page.route("**/language_id.js", lambda route: route.abort())
    page.goto(page.url)
    root = root_of(page)
    root.get_by_label("Text", exact=True).fill("hello")
    page.wait_for_function("document.querySelector('.answer').innerText.includes('did not load')")
    assert shown_bytes(root) == b"hello"


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_nothing_moves(open_page, serve, tmp_path, width):
    """Neither when the page loads, nor when the model comes, nor while a reader types."""
    page, release = slow_page(open_page, serve, tmp_path)
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    page.wait_for_selector("[data-mounted]")
    page.evaluate(
        """() => { window.shifts = [];
          new PerformanceObserver(list => shifts.push(...list.getEntries().map(e => e.value)))
            .observe({type: "layout-shift", buffered: true}); }"""
    )
    page.wait_for_timeout(700)
    root = root_of(page)
    height = root.bounding_box()["height"]
    release()
    page.wait_for_function("globalThis.b2tData?.language_id")
    page.wait_for_timeout(200)
    assert page.evaluate("shifts") == []
    for text in [*TEXTS, *PAYLOADS, "", LONG]:
        type_text(page, root, text)
        assert root.bounding_box()["height"] == height, text
    assert height < 560 or width < 1000


def test_by_keyboard_alone(mount):
    page = mount(WholeMachine(text=TEXTS[0]))
    root = root_of(page)
    page.keyboard.press("Tab")
    assert root.get_by_label("Text", exact=True).evaluate("e => e === document.activeElement")
    page.keyboard.press("Control+a")
    page.keyboard.type("schöne Grüße aus Köln")
    wait(page, root)
    check_answer(root, computed("schöne Grüße aus Köln")[3])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert root.get_by_label("Text", exact=True).input_value().startswith("每个")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.textContent") == "2":
            break
    page.keyboard.press("Space")
    wait(page, root)
    assert root.get_by_role("button", name="2", exact=True).get_attribute("aria-pressed") == "true"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", [WholeMachine.text.default_value, TEXTS[1], TEXTS[3], LONG, ""])
def test_axe_finds_nothing(mount, theme, text):
    page = mount(WholeMachine(text=text), theme=theme)
    wait(page, root_of(page))
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate("axe.run('.b2t-widget').then(r => r.violations)")
    assert [(v["id"], v["nodes"][0]["html"][:150]) for v in found] == []
    assert page_checks.wide(page) == []


@pytest.mark.parametrize("text", [WholeMachine.text.default_value, TEXTS[3], LONG])
def test_narrow(mount, text):
    page = mount(WholeMachine(text=text), width=360)
    wait(page, root_of(page))
    assert page_checks.wide(page) == []


# ---- the book ----------------------------------------------------------------------------------


@pytest.mark.pages
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_landing_page_lives(open_page, origins, scheme):
    page = open_page()
    watch = page_checks.Watch(page, origins[scheme])
    page.goto(origins[scheme] + "chapters/index.html")
    root = root_of(page)
    made = WholeMachine(data={})
    assert shown_ids(root) == made.tokens
    assert json.loads(root.get_attribute("data-state"))["first"]["tokens"][0][0] == made.tokens[0]
    for text in (*TEXTS, PAYLOADS[1]):
        ids, _, _, probabilities = computed(text)
        type_text(page, root, text)
        assert shown_ids(root) == ids
        check_answer(root, probabilities)
    links = root.locator(".title a").evaluate_all("list => list.map(a => a.getAttribute('href'))")
    assert links == [href for _, href in machine.STAGES.values()]
    root.locator(".title a").last.click()
    page.wait_for_url("**/09_encoder.html")
    assert watch.problems == []
