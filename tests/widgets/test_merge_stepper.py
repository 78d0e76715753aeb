"""The merge stepper: its traits in Python, and its page against the library."""

import json
from collections import Counter

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from b2t import data
from b2t.bpe import core, fast
from b2t.bpe.split import count_words, split
from b2t.widgets import MergeStepper
from b2t.widgets.merge_stepper_learn import RULES, learn
from tests import page_checks
from tests.widgets import drive_merge_stepper as drive
from tests.widgets import front_end
from tests.widgets.bare import WIDGETS

TEXTS = {
    "default": MergeStepper().text,
    "chinese": "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。處處，處處。",
    "emoji": "👩‍👩‍👧 👩🏽‍🚀 🇨🇳🇫🇷 👩‍👩‍👧 ☺️☺️",
    "combining": "e\u0301e\u0301 a\u0300\u0323 नमस्ते नमस्ते",
    "spaces": "  a\t\tb\n\n  a\u00a0b\u3000 \r\n  ",
    "markup": "<img src=x onerror=window.hacked=1> <script>window.hacked=1</script> &lt;b&gt; \"'>",
    "one word": "aaaaaaaaaaaaaaaaaaaaaaab",
    "control": "\x00\x01\x7f\u200d\u202e\ufeff\ufffd",
    "empty": "",
    "one byte": "x",
}
RULE = {  # as chapter 02 writes them
    "smallest": core.best_pair,
    "first": lambda counts: max(counts, key=counts.get),
    "largest": lambda counts: max(counts, key=lambda pair: (counts[pair], pair)),
}


def train_plainly(text, tie, n_merges):
    """Train by counting everything anew before each merge."""
    words = {tuple(word): count for word, count in count_words(text).items()}
    merges = []
    while len(merges) < n_merges:
        counts = Counter()
        for ids, count in words.items():
            core.count_pairs(ids, counts, count)
        if not counts:
            break
        merges.append(RULE[tie](counts))
        new_id = core.N_BYTES + len(merges) - 1
        words = {tuple(core.merge(ids, merges[-1], new_id)): count for ids, count in words.items()}
    return merges


# ---- Python ------------------------------------------------------------------------------------


def test_defaults_show_every_byte():
    stepper = MergeStepper()
    assert (stepper.step, stepper.tie, stepper.steps) == (0, "smallest", 64)
    assert stepper.tokens == list(stepper.text.encode())
    assert stepper.merges == fast.train(stepper.text, 256 + 64)
    assert any("\u4e00" <= c <= "\u9fff" for c in stepper.text) and "🙂" in stepper.text


@pytest.mark.parametrize("tie", RULES)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_rule_learns_what_the_chapter_learns(text, tie):
    stepper = MergeStepper(text=text, tie=tie, steps=20)
    assert stepper.merges == train_plainly(text, tie, 20)
    for step in {0, len(stepper.merges) // 2, len(stepper.merges)}:
        stepper.step = step
        assert stepper.tokens == fast.encode(text, stepper.merges[:step])


@given(st.text(st.sampled_from("ab 好妈é\n1"), max_size=40), st.sampled_from(list(RULES)))
@settings(max_examples=60)
def test_rules_learn_from_any_text(text, tie):
    assert list(learn(text, tie, 30)) == train_plainly(text, tie, 30)


def test_setting_an_input_computes_the_results_anew():
    stepper = MergeStepper(text="low low lower", step=2)
    assert stepper.tokens == [257, 32, 257, 32, 257, 101, 114]
    stepper.tie = "largest"
    assert stepper.merges == train_plainly("low low lower", "largest", 64)
    stepper.text = "花非花"
    assert (stepper.step, stepper.tokens) == (2, fast.encode("花非花", stepper.merges[:2]))
    stepper.text = "ab"
    assert (stepper.step, stepper.tokens) == (1, [256]), "a text with one merge leaves step 1"
    stepper.text = TEXTS["chinese"]
    stepper.step = 40
    stepper.steps = 12
    assert (stepper.step, len(stepper.merges)) == (12, 12)


WRONG = [
    ({"step": -1}, "step is -1; this text allows 0 to"),
    ({"text": "low", "step": 3}, "allows 0 to 2 .*a longer text"),
    ({"step": 6, "steps": 5}, "allows 0 to 5 .*raise steps"),
    ({"steps": 0}, "steps is 0; it runs from 1 to 512"),
    ({"steps": 513}, "steps is 513"),
    ({"tie": "random"}, "tie is 'random'; choose from 'smallest', 'first', 'largest'"),
    ({"text": "x\ud83d", "step": 1}, "lone surrogate at character 1"),
    ({"text": "x" * 200_001}, "200,001 characters"),
    ({"step": "7"}, "step"),
    ({"text": None}, "text"),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_a_wrong_value_is_refused(values, message):
    with pytest.raises(TraitError, match=message):
        MergeStepper(**values)
    stepper = MergeStepper()
    with pytest.raises(TraitError, match=message):
        stepper.set_state(values) if len(values) == 1 else MergeStepper(**values)
    assert stepper.tokens == MergeStepper().tokens


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="no \\['n_merges'\\]; it takes text, step, tie, steps"):
        MergeStepper(n_merges=3)


def test_a_front_end_sets_inputs():
    stepper = MergeStepper()
    stepper.set_state({"text": "low low lower"})
    stepper.set_state({"step": 3})
    assert stepper.tokens == fast.encode("low low lower", stepper.merges[:3])
    stepper.set_state({"tie": "first"})
    assert stepper.merges == train_plainly("low low lower", "first", 64)
    assert stepper.get_state(key="tokens")["tokens"] == stepper.tokens


def test_a_front_end_may_send_a_new_text_with_the_step_of_the_old():
    stepper = MergeStepper(step=20)
    stepper.set_state({"text": "low", "step": 19})
    assert (stepper.text, stepper.step, stepper.tokens) == ("low", 2, [257])


def test_tokens_may_be_set_to_what_a_text_gives():
    stepper = MergeStepper(text="low low lower", step=2)
    stepper.tokens = [257, 32, 257]
    assert stepper.text == "low low" and stepper.tokens == [257, 32, 257]
    for wrong in ([108, 111, 119], [999], [228], ["a"], [[257]]):
        with pytest.raises(TraitError, match="set text and step instead"):
            stepper.tokens = wrong
    with pytest.raises(TraitError, match="set text, tie or steps instead"):
        stepper.merges = [(1, 2)]
    assert stepper.tokens == [257, 32, 257]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_page_has_the_state_and_a_still_picture(text):
    stepper = MergeStepper(text=text)
    stepper.step = len(stepper.merges) // 2
    soup = BeautifulSoup(stepper.page_html(), "html.parser")
    root = soup.find(attrs={"data-b2t": "merge-stepper"})
    assert json.loads(root["data-state"]) == {
        name: getattr(stepper, name) for name in ("text", "step", "tie", "steps")
    }
    assert [int(token["data-id"]) for token in root.select("code")] == stepper.tokens
    assert {tag.name for tag in root.find_all()} <= {
        *("p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td"),
    }


# ---- the page ----------------------------------------------------------------------------------


def root_of(page, i=0):
    return page.locator('[data-b2t="merge-stepper"]').nth(i)


def type_in(page, root, text):
    root.get_by_label("Text", exact=True).fill(text)
    drive.settle(page)


@pytest.mark.parametrize("tie", RULES)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_first_view_is_the_still_picture(mount, text, tie):
    stepper = MergeStepper(text=text, tie=tie)
    stepper.step = len(stepper.merges) // 3
    still = BeautifulSoup(stepper.still(), "html.parser")
    page = mount(stepper)
    root = root_of(page)
    drive.settle(page)
    seen = drive.shown(root)
    assert drive.ids(root) == [int(token["data-id"]) for token in still.select("code")]
    spelled = root.locator("[data-id]").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert [name.rpartition(", token ")[0] for name in spelled] == [e.text for e in still.select("code")]
    assert seen["line"] == still.strong.text
    tables = [
        [[cell.text for cell in row] for row in table.select("tbody tr")] for table in still.select("table")
    ]
    assert [[seen["sizes"]], seen["pairs"]] == tables
    paragraphs = [p.text for p in still.select("p")]
    assert seen["parts"] == paragraphs[-2:]
    names = [name for _, name, _ in (m for m in seen["merges"] if len(m) == 3)] or ["none yet"]
    assert "Merges so far: " + "; ".join(names) == paragraphs[-3]
    assert page.watch.problems == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_typed_text_gives_what_python_gives(mount, text):
    page = mount(MergeStepper(steps=40))
    root = root_of(page)
    type_in(page, root, text)
    text = text.replace("\r\n", "\n")  # as fields have it
    for tie in ("largest", "first", "smallest"):
        drive.choose(page, root, tie)
        most = len(learn(text, tie, 40))
        for step in sorted({0, most // 3, most}):
            drive.jump(page, root, step)
            drive.check(root, text, step, tie, 40)
    assert page.evaluate("window.hacked") is None
    assert root.locator("img, script, b").count() == 0
    assert page.watch.problems == []


def test_the_buttons_step(mount):
    page = mount(MergeStepper())
    root, stepper = root_of(page), MergeStepper()
    most, step = len(stepper.merges), 0
    for label, move in [
        ("Back", 0),
        ("Next", 1),
        ("Next", 2),
        ("Back", 1),
        ("Last", most),
        ("Next", most),
        ("Back", most - 1),
        ("First", 0),
    ]:
        root.get_by_role("button", name=label, exact=True).click(force=True)
        drive.settle(page)
        step = move
        drive.check(root, stepper.text, step, "smallest", 64)
        dead = {"First": step == 0, "Back": step == 0, "Next": step == most, "Last": step == most}
        for name, is_dead in dead.items():
            button = root.get_by_role("button", name=name, exact=True)
            assert button.get_attribute("aria-disabled") == str(is_dead).lower(), name


def test_play_stops_at_the_end_and_when_asked(mount):
    page = mount(MergeStepper(text="low low"), MergeStepper(text="low low"))
    page.clock.install()
    page.reload()
    root, other = root_of(page), root_of(page, 1)
    button = root.locator(".b2t-merge-play")
    most = len(learn("low low", "smallest", 64))
    button.click()
    assert button.inner_text() == "Pause"
    page.clock.run_for(1100)
    assert drive.shown(root)["step"] == 1
    button.click()
    page.clock.run_for(5000)
    assert drive.shown(root)["step"] == 1 and button.inner_text() == "Play"
    button.click()
    page.clock.run_for(20_000)
    assert drive.shown(root)["step"] == most > 2 and button.inner_text() == "Play"
    button.click()
    page.clock.run_for(1100)
    assert drive.shown(root)["step"] == 1, "from the end it plays from the start"
    assert drive.shown(other)["step"] == 0


def test_the_merge_just_made_is_marked_everywhere(mount):
    stepper = MergeStepper(step=3)
    page = mount(stepper)
    root = root_of(page)
    drive.settle(page)
    marked = root.locator(".b2t-merge-fresh").evaluate_all("all => all.map(e => Number(e.dataset.id))")
    assert marked == [258] * stepper.tokens.count(258) and marked
    current = root.locator("li[aria-current]")
    assert current.count() == 1 and "258" in current.inner_text()
    assert "258" in root.get_by_role("status").first.inner_text()
    root.get_by_role("button", name="First", exact=True).click()
    drive.settle(page)
    assert root.locator(".b2t-merge-fresh, li[aria-current]").count() == 0


def test_bytes_stand_under_their_characters(mount):
    text = "自由 é🙂"
    page = mount(MergeStepper(text=text, steps=1, step=1))
    root = root_of(page)
    boxes = root.evaluate(
        """root => {
             const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.right, r.top]; };
             const all = (selector) => [...root.querySelectorAll(selector)];
             return { characters: all(".b2t-merge-char").map(e => [e.textContent, box(e)]),
                      bytes: all(".b2t-merge-one").map(e => [e.lastChild.data, box(e)]) }; }"""
    )
    assert [name for name, _ in boxes["characters"]] == list(text.replace(" ", "␣"))
    assert [name for name, _ in boxes["bytes"]] == text.encode().hex(" ").split()
    under = iter(boxes["bytes"])
    for character, (left, right, top) in boxes["characters"]:
        own = [next(under)[1] for _ in character.replace("␣", " ").encode()]
        assert all(left - 3 <= (a + b) / 2 <= right + 3 and y > top for a, b, y in own), character


def test_words_are_cut_where_the_splitter_cuts(mount):
    text = TEXTS["default"] + TEXTS["spaces"]
    page = mount(MergeStepper(text=text))
    words = root_of(page).evaluate(
        """root => [...root.querySelectorAll(".b2t-merge-word")].map(
             word => [...word.querySelectorAll(".b2t-merge-one")].map(e => e.lastChild.data).join(""))"""
    )
    assert [bytes.fromhex(word).decode() for word in words] == split(text)


def test_two_on_a_page_are_independent(mount):
    page = mount(MergeStepper(step=2), MergeStepper(step=2))
    one, other = root_of(page), root_of(page, 1)
    drive.settle(page)
    before = other.inner_html()
    type_in(page, one, "其他 other")
    drive.choose(page, one, "largest")
    drive.jump(page, one, 4)
    drive.check(one, "其他 other", 4, "largest", 64)
    assert other.inner_html() == before
    names = page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(names) == len(set(names)) > 4


def test_by_keyboard_alone(mount):
    page = mount(MergeStepper())
    root = root_of(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("knock knock")
    reach(page, "Next")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    drive.settle(page)
    drive.check(root, "knock knock", 2, "smallest", 64)
    reach(page, "Merge")
    page.keyboard.press("ArrowRight")
    drive.settle(page)
    drive.check(root, "knock knock", 3, "smallest", 64)
    reach(page, "largest pair")
    page.keyboard.press("Enter")
    drive.settle(page)
    drive.check(root, "knock knock", 3, "largest", 64)
    reach(page, "Learn at most")
    page.keyboard.press("Home")
    drive.settle(page)
    drive.check(root, "knock knock", 3, "largest", 16)


def reach(page, name):
    """Press Tab, backwards where need be, until the control with a name has the focus, visibly."""
    focused = """() => { const e = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(e);
        return [(e.labels?.[0] ?? e).textContent, outlineStyle !== "none" && outlineWidth !== "0px"]; }"""
    for key in ["Tab"] * 25 + ["Shift+Tab"] * 25:
        page.keyboard.press(key)
        text, is_seen = page.evaluate(focused)
        if text.startswith(name):
            assert is_seen, f"the focus on {name} cannot be seen"
            return
    pytest.fail(f"{name} is not reached by Tab")


def test_a_large_text_is_paged(mount):
    text = data.text("austen_pride_and_prejudice")[:20_000]
    merges = list(learn(text, "smallest", 64))
    page = mount(MergeStepper(text=text, step=64))
    root = root_of(page)
    drive.settle(page)
    still = BeautifulSoup(MergeStepper(text=text, step=64).still(), "html.parser")
    assert drive.ids(root) == [int(token["data-id"]) for token in still.select("code")]
    n_words = len(split(text))
    assert f"words 1 to 150, and {n_words - 150:,} more" in root.inner_text()
    assert f"and {n_words - 150:,} more words" in still.text
    seen, later = drive.ids(root), root.get_by_role("button", name="Later words", exact=True)
    while later.get_attribute("aria-disabled") == "false":
        later.click()
        seen += drive.ids(root)
    assert seen == fast.encode(text, merges)
    drive.jump(page, root, 10)
    assert page.watch.problems == []


def test_a_word_longer_than_a_page_is_shown_in_parts(mount):
    text = "啊" * 700 + "好" * 900
    page = mount(MergeStepper(text=text))
    root = root_of(page)
    drive.settle(page)
    for step in (0, 5, len(learn(text, "smallest", 64))):
        drive.jump(page, root, step)
        while (
            root.get_by_role("button", name="Earlier words", exact=True).get_attribute("aria-disabled")
            == "false"
        ):
            root.get_by_role("button", name="Earlier words", exact=True).click()
        seen, later = drive.ids(root), root.get_by_role("button", name="Later words", exact=True)
        while later.get_attribute("aria-disabled") == "false":
            later.click()
            seen += drive.ids(root)
        assert seen == fast.encode(text, learn(text, "smallest", 64)[:step])


def test_100_kb_are_trained(mount):
    text = data.text("austen_pride_and_prejudice")[:100_000]
    page = mount(MergeStepper(steps=512))
    page.set_default_timeout(120_000)
    root = root_of(page)
    drive.settle(page)
    root.get_by_label("Text", exact=True).fill(text)
    page.wait_for_function(
        """n => document.querySelector('[data-b2t] dl').textContent.includes(n)
             && !/training|comparing/.test(document.querySelector('[data-b2t]').textContent)""",
        arg=f"for {len(text.encode()):,} bytes",
        timeout=120_000,
    )
    drive.jump(page, root, 512)
    merges = list(learn(text, "smallest", 512))
    assert drive.shown(root)["most"] == 512
    assert drive.shown(root)["sizes"][1].startswith(f"{len(fast.encode(text, merges)):,} for")
    words = split(text)[: root.locator(".b2t-merge-word").count()]
    assert drive.ids(root) == [i for word in words for i in fast.encode(word, merges, None)]


def test_typing_while_a_large_text_trains_gives_the_last_text(mount):
    page = mount(MergeStepper(steps=512))
    root = root_of(page)
    large = data.text("austen_pride_and_prejudice")[:100_000]
    for text in (large, large + " and", "最后 the last"):
        root.get_by_label("Text", exact=True).evaluate(
            "(field, text) => { field.value = text; field.dispatchEvent(new Event('input')); }", text
        )
    drive.settle(page)
    page.wait_for_timeout(300)
    drive.check(root, "最后 the last", 0, "smallest", 512)


def test_the_height_stays_the_same(mount):
    page = mount(MergeStepper())
    root = root_of(page)
    drive.settle(page)
    heights = {round(root.bounding_box()["height"])}
    for text in [*TEXTS.values(), data.text("austen_pride_and_prejudice")[:9000]]:
        type_in(page, root, text)
        for name in ("Last", "Back", "First"):
            root.get_by_role("button", name=name, exact=True).click(force=True)
            drive.settle(page)
            heights.add(round(root.bounding_box()["height"]))
    assert len(heights) == 1, heights


@pytest.mark.parametrize("text", [TEXTS["default"], TEXTS["one word"] * 30, TEXTS["markup"]])
def test_a_narrow_page_does_not_scroll_sideways(mount, text):
    page = mount(MergeStepper(text=text, step=4), width=360)
    drive.settle(page)
    assert page_checks.wide(page) == []
    root_of(page).get_by_role("button", name="Last", exact=True).click()
    drive.settle(page)
    assert page_checks.wide(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(mount, theme):
    large = data.text("austen_pride_and_prejudice")[:5000]
    page = mount(MergeStepper(), MergeStepper(step=9), MergeStepper(text=large, step=30), theme=theme)
    drive.settle(page)
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate(
        """axe.run(".b2t-widget", { preload: false }).then(({ violations }) => violations.map(
             v => [v.id, v.impact, ...v.nodes.slice(0, 2).map(n => n.html.slice(0, 160))]))"""
    )
    assert found == []


LIVE = """async ({ source, state }) => {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const handlers = new Map(), saved = [];
    const changed = new Set();
    window.model = {
        get: (name) => state[name],
        set(name, value) {
            if (state[name] === value) return;
            state[name] = value; changed.add(name);
            for (const f of [...(handlers.get("change:" + name) ?? [])]) f();
        },
        on: (event, f) => handlers.set(event, [...(handlers.get(event) ?? []), f]),
        off: (event, f) => handlers.set(event, (handlers.get(event) ?? []).filter((g) => g !== f)),
        save_changes() { saved.push([...changed]); changed.clear(); },
    };
    window.saved = saved;
    window.listeners = () => [...handlers.values()].flat().length;
    const el = document.body.appendChild(document.createElement("div"));
    window.stop = module.default.render({ model: window.model, el });
}"""


def test_a_notebook_sets_traits_and_hears_of_changes(open_page):
    page = open_page()
    page.goto("about:blank")
    state = {name: getattr(MergeStepper(), name) for name in MergeStepper.page_state}
    source = (WIDGETS / "static" / "merge_stepper.js").read_text("utf-8")
    page.evaluate(LIVE, {"source": source, "state": state})
    root = root_of(page)
    page.evaluate("model.set('step', 5)")
    drive.settle(page)
    drive.check(root, state["text"], 5, "smallest", 64)
    page.evaluate("(model.set('text', '花非花'), model.set('tie', 'largest'), model.set('steps', 2))")
    drive.settle(page)
    assert page.evaluate("model.get('step')") == 2, "as many as the text allows"
    drive.check(root, "花非花", 2, "largest", 2)
    assert root.get_by_label("Text", exact=True).input_value() == "花非花"
    page.evaluate("saved.length = 0")
    root.get_by_label("Text", exact=True).fill("low low")
    assert page.evaluate("[model.get('text'), model.get('step')]") == ["low low", 0]
    root.get_by_role("button", name="Next", exact=True).click()
    assert page.evaluate("saved") == [["text", "step"], ["step"]]
    page.evaluate("stop()")
    assert page.evaluate("listeners()") == 0


def test_a_reader_who_guesses_first_sees_no_pairs(mount):
    page = mount(MergeStepper())
    root = root_of(page)
    table, height = root.get_by_role("table"), root.bounding_box()["height"]
    assert table.is_visible()
    root.get_by_label("Guess first", exact=True).check()
    assert not table.is_visible() and root.bounding_box()["height"] == height
    root.get_by_role("button", name="Next", exact=True).click()
    drive.settle(page)
    assert not table.is_visible()
    root.get_by_label("Guess first", exact=True).uncheck()
    assert table.is_visible()


def test_a_lone_surrogate_is_replaced(mount):
    page = mount(MergeStepper())
    root = root_of(page)
    page.evaluate(
        """() => { const field = document.querySelector("textarea"); field.value = "a\\ud83d b";
                   field.dispatchEvent(new Event("input")); }"""
    )
    drive.settle(page)
    assert drive.ids(root) == list("a\ufffd b".encode())
    assert page.watch.problems == []
