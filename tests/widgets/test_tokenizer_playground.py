"""TokenizerPlayground: traits, the still picture, and the live view against b2t.bpe and tiktoken."""

import base64
import json

import numpy as np
import pytest
import tiktoken
import traitlets
from bs4 import BeautifulSoup

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer, formats, reference
from b2t.widgets import TokenizerPlayground
from b2t.widgets.base import visible
from tests.page_checks import wide
from tests.widgets import front_end
from tests.widgets.bare import bare_page

TEXTS = [
    "",
    " ",
    "\n\n \t  x  \n",
    "人人生而自由 born free 🙂",
    "牀前看月光，疑是地上霜。",
    "👨‍👩‍👧‍👦 👍🏽 🇫🇷 e\u0301 n\u0303o\u0308 ﷽",
    "def f(x):\n    return x != 1024  # I'LL 12345\n",
    "the end<|endoftext|>",
    "\ufeff\u0085\u200d\u202e\u0000 naïve ſ K",
    "a" * 50,
]
MARKUP = [
    "<img src=x onerror=alert(1)>",
    "<script>document.title='hit'</script>",
    "</textarea><b>bold</b>",
    '" onfocus="alert(1)" autofocus x="',
    "&lt;b&gt; &amp; ${1+1} {{1+1}} javascript:alert(1)",
    "<svg onload=alert(1)><title>x</title></svg>",
]


@pytest.fixture(scope="module")
def own():
    """Three tokenizers, one for each way to split; the first has a smaller self."""
    text = data.text("austen_pride_and_prejudice")[:20_000] + data.text("tang_poems")[:6_000]
    large = Tokenizer.train(text, 900, special_tokens=("<|endoftext|>",))
    return {
        "small": Tokenizer(large.merges[:100]),
        "large": large,
        "as GPT-2 splits": Tokenizer.train(text, 500, "gpt2"),
        "unsplit": Tokenizer.train(text[:3000], 400, None),
    }


@pytest.fixture(scope="module")
def all_five(own):
    return {**own, "GPT-2": "gpt2"}


@pytest.fixture(scope="module")
def gpt2():
    """GPT-2 in tiktoken's hands, from the merges in data/."""
    merges, byte_ids = formats.read_gpt2(data.path("gpt2_vocab"))
    vocab = Tokenizer(merges).vocab
    ranks = {token: byte_ids[i] if i < 256 else i for i, token in vocab.items()}
    return tiktoken.Encoding(
        "gpt2-here",
        pat_str=PATTERNS["gpt2"],
        mergeable_ranks=ranks,
        special_tokens={},
        explicit_n_vocab=50256,
    )


def ids_by_name(own, gpt2, text):
    """What every vocabulary makes of a text, by the definition and by tiktoken."""
    ids = {name: reference.encode(text, tok.merges, tok.pattern) for name, tok in own.items()}
    return {**ids, "GPT-2": gpt2.encode_ordinary(text)}


# ---- traits ------------------------------------------------------------------------------------


def test_gpt2_and_the_bytes_by_default(gpt2):
    widget = TokenizerPlayground()
    text = widget.text
    assert widget.tokens == {"GPT-2": gpt2.encode_ordinary(text), "Raw bytes": list(text.encode())}
    assert (widget.show, widget.selected) == ("text", None)
    assert list(widget.data) == ["gpt2"]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_the_definition_and_of_tiktoken(all_five, own, gpt2, text):
    widget = TokenizerPlayground(text=text, vocabularies=all_five)
    assert widget.tokens == ids_by_name(own, gpt2, text)


def test_tokens_follow_text_and_vocabularies(own):
    widget = TokenizerPlayground(text="one", vocabularies={"large": own["large"]}, selected=["large", 0])
    assert widget.data == {}
    widget.text = "another one"
    assert widget.tokens == {"large": own["large"].encode("another one")}
    widget.vocabularies = {"GPT-2": "gpt2"}
    assert list(widget.tokens) == list(widget.vocabularies) == ["GPT-2"]
    assert list(widget.data) == ["gpt2"] and widget.selected is None


def test_the_front_end_sets_what_a_reader_can(own):
    widget = TokenizerPlayground(text="one", vocabularies=own)
    widget.set_state({"text": "born free", "show": "ids", "selected": ["unsplit", 1]})
    assert (widget.text, widget.show, widget.selected) == ("born free", "ids", ["unsplit", 1])
    assert widget.tokens["small"] == own["small"].encode("born free")
    widget.set_state({"text": ""})
    assert widget.selected is None
    assert widget.tokens == {name: [] for name in own}
    widget.set_state({"vocabularies": widget.get_state()["vocabularies"]})
    assert widget.vocabularies == own


WRONG = [
    ({"text": 5}, "text"),
    ({"text": "a\ud83d"}, 'errors="replace"'),
    ({"text": "a" * 200_001}, "200,001"),
    ({"show": "colours"}, "'text', 'ids', 'bytes'"),
    ({"vocabularies": {}}, "give 1 to 8"),
    ({"vocabularies": {str(i): "gpt2" for i in range(9)}}, "give 1 to 8"),
    ({"vocabularies": {"mine": "gpt3"}}, "or the word 'gpt2'"),
    ({"vocabularies": {"mine": [(97, 98)]}}, "b2t.bpe.Tokenizer"),
    ({"vocabularies": {" ": Tokenizer([])}}, "name it by a word"),
    ({"vocabularies": {"mine": Tokenizer([], "o200k")}}, "pattern 'gpt2', 'gpt4' or None"),
    ({"vocabularies": {"mine": Tokenizer([], r"\w+|\W+")}}, "pattern 'gpt2', 'gpt4' or None"),
    ({"vocabularies": {"mine": Tokenizer([(i // 256, i % 256) for i in range(65_281)])}}, "65,537 ids"),
    ({"vocabularies": {"mine": Tokenizer([], unmerged={300: b"xyz"})}}, "1 tokens that no merge makes"),
    ({"vocabularies": {"mine": Tokenizer([(97, 257), (98, 99)], ids=range(258))}}, "before the merges of"),
    ({"vocabularies": {"mine": Tokenizer([(97, 98)], ids=[*range(256), 65_536])}}, "65,537 ids"),
    ({"selected": ["mine", 0]}, "'GPT-2', 'Raw bytes'"),
    ({"selected": ["GPT-2", 2]}, "tokens 0 to 1"),
    ({"selected": ["GPT-2", -1]}, "tokens 0 to 1"),
    ({"selected": ["GPT-2", True]}, "index of a token"),
    ({"selected": ["GPT-2"]}, "index of a token"),
    ({"selected": "GPT-2"}, "selected"),
    ({"tokens": {"GPT-2": [50256]}}, "set `text` instead"),
    ({"tokens": {"GPT-2": [71, 72]}}, "other ids"),
    ({"tokens": {"Raw bytes": [0xE4]}}, "spell no text"),
    ({"tokens": {"Raw bytes": [97], "GPT-2": [17250]}}, "2 texts"),
    ({"tokens": {"mine": [97]}}, "'GPT-2', 'Raw bytes'"),
]


@pytest.mark.parametrize(("values", "remedy"), WRONG)
def test_wrong_values_are_refused_with_the_remedy(values, remedy):
    widget = TokenizerPlayground(text="low tide")
    before = {name: getattr(widget, name) for name in widget.page_state}
    for attempt in (
        lambda: widget.set_state(values) if "vocabularies" not in values else setattr_all(widget, values),
        lambda: setattr_all(widget, values),
        lambda: TokenizerPlayground(**{"text": "low tide", **values}),
    ):
        with pytest.raises(traitlets.TraitError, match=remedy):
            attempt()
    assert {name: getattr(widget, name) for name in widget.page_state} == before


def setattr_all(widget, values):
    for name, value in values.items():
        setattr(widget, name, value)


def test_vocabularies_do_not_come_from_the_front_end():
    widget = TokenizerPlayground()
    with pytest.raises(traitlets.TraitError, match="set them there"):
        widget.set_state({"vocabularies": {"rows": [], "sources": {}}})


def test_an_argument_it_does_not_have():
    with pytest.raises(TypeError, match="vocabularies"):
        TokenizerPlayground(tokenizers={})


def test_tokens_that_are_set_become_text():
    widget = TokenizerPlayground(text="x", selected=["Raw bytes", 0])
    widget.tokens = {"Raw bytes": list("月 moon".encode())}
    assert widget.text == "月 moon"
    assert widget.tokens["Raw bytes"] == list("月 moon".encode())
    assert TokenizerPlayground(tokens={"Raw bytes": [104, 105]}).text == "hi"


def test_merges_travel_once(own):
    large, small = own["large"], own["small"]
    widget = TokenizerPlayground(
        vocabularies={
            "small": small,
            "GPT-2": "gpt2",
            "large": large,
            "same": Tokenizer(large.merges, "gpt2"),
        }
    )
    packed = json.loads(json.dumps(widget.get_state()["vocabularies"]))
    assert [row["n_merges"] for row in packed["rows"]] == [100, 50_000, 644, 644]
    assert [row["n_ids"] for row in packed["rows"]] == [356, 50_257, 901, 900]
    assert [row["pattern"] for row in packed["rows"]] == ["gpt4", "gpt2", "gpt4", "gpt2"]
    (key,) = packed["sources"]
    assert [row["source"] for row in packed["rows"]] == [key, "gpt2", key, key]
    stored = np.frombuffer(base64.b64decode(packed["sources"][key]), "<u2").reshape(-1, 2)
    assert stored.tolist() == [list(pair) for pair in large.merges]


def test_gpt2_read_from_its_file_is_gpt2():
    """As a tokenizer it travels no more than by name; with another pattern it does."""
    tok = Tokenizer.from_gpt2(data.path("gpt2_vocab"))
    by_name, read = TokenizerPlayground(), TokenizerPlayground(vocabularies={"GPT-2": tok, "Raw bytes": tok})
    assert read.data == by_name.data != {}
    packed, named = (widget.get_state()["vocabularies"] for widget in (read, by_name))
    assert packed["rows"][0] == named["rows"][0] and packed["sources"] == {}
    other = Tokenizer(tok.merges, "gpt4", ids=tok.ids)
    (row,) = TokenizerPlayground(vocabularies={"other": other}).get_state()["vocabularies"]["rows"]
    assert row["source"] != "gpt2" and len(base64.b64decode(row["ids"])) == 2 * 256


# ---- the still picture -------------------------------------------------------------------------


def cells(soup):
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in soup.select("tr")
    ]


def test_the_still_is_a_table_of_tokens(own):
    text = "born <b>free</b> 月"
    widget = TokenizerPlayground(text=text, vocabularies=own)
    soup = BeautifulSoup(widget.page_html(), "html.parser")
    assert not soup.find(["b", "script", "style"]) and not soup.select("[style]")
    _, *rows = cells(soup)
    for (name, n_ids, n_tokens, _, _), row, tok in zip(
        rows, soup.select("tbody tr"), own.values(), strict=True
    ):
        ids = tok.encode(text)
        assert own[name] is tok
        assert (n_ids, n_tokens) == (f"{tok.vocab_size:,}", str(len(ids)))
        assert [code.get_text() for code in row.find_all("code")] == [visible(tok.vocab[i]) for i in ids]
    fewest = min(own, key=lambda name: len(own[name].encode(text)))
    assert f"“{fewest}” needs fewest tokens" in soup.p.find_next("p").get_text()


def test_the_still_tells_of_the_selected_token():
    tok = Tokenizer([(98, 99), (97, 256), (98, 100)])
    widget = TokenizerPlayground(text="abc abd", vocabularies={"mine": tok}, selected=["mine", 0])
    soup = BeautifulSoup(widget.still(), "html.parser")
    assert [item.get_text() for item in soup.select("ol li")] == [
        "rank 0: b + c gives bc, id 256",
        "rank 1: a + bc gives abc, id 257",
    ]


@pytest.mark.parametrize("show", ["text", "ids", "bytes"])
def test_the_still_equals_the_first_view(mount, own, show):
    widget = TokenizerPlayground(
        text="innocently, 明月 🙂", vocabularies=own, show=show, selected=["large", 3]
    )
    still = BeautifulSoup(widget.still(), "html.parser")
    page = mount(widget)
    live = BeautifulSoup(page.content(), "html.parser")
    drawn = [[token.get_text() for token in row.select("[data-id]")] for row in live.select("[data-name]")]
    stilled = [
        [code.get_text().strip("<>") for code in row.select("code")] for row in still.select("tbody tr")
    ]
    assert drawn == stilled
    paragraphs = [p.get_text() for p in still.select("p")]
    assert live.select_one(".b2t-playground-summary").get_text() == paragraphs[1]
    assert live.select_one(".b2t-playground-verdict").get_text() in paragraphs[-1]
    plain = [item.get_text().replace("<", "").replace(">", "") for item in still.select("ol li")]
    assert [item.get_text() for item in live.select("ol li")] == plain


# ---- the live view -----------------------------------------------------------------------------

READ = """(root) => Object.fromEntries([...root.querySelectorAll("[data-name]")].map((row) =>
    [row.dataset.name, [...row.querySelectorAll("[data-id]")].map((token) => Number(token.dataset.id))]))"""


def ready(page, n=1):
    """Wait until GPT-2's merges are there; give the widgets."""
    page.wait_for_function("!document.body.innerText.includes('loading GPT-2')")
    roots = page.locator("[data-b2t=tokenizer-playground]")
    assert roots.count() == n
    return roots


def ids_shown(root):
    return root.evaluate(READ)


def test_ids_on_the_page_equal_pythons(mount, all_five, own, gpt2):
    page = mount(TokenizerPlayground(text="before", vocabularies=all_five))
    root = ready(page)
    for text in [*TEXTS, *MARKUP]:
        page.get_by_label("Text", exact=True).fill(text)
        shown = page.get_by_label("Text", exact=True).input_value()  # a text field drops what it cannot hold
        assert ids_shown(root) == ids_by_name(own, gpt2, shown), text
    assert not page.watch.problems


def test_text_set_by_python_keeps_what_a_field_would_change(mount, all_five, own, gpt2):
    text = "one\r\ntwo\rthree\x00"
    page = mount(TokenizerPlayground(text=text, vocabularies=all_five))
    assert ids_shown(ready(page)) == ids_by_name(own, gpt2, text)


def test_a_vocabulary_with_ids_of_its_own_shows_them(mount, own):
    """In the rows, in the panel and in the still picture; two numberings of the same merges side by side."""
    large = own["large"]
    shift = [*range(1000, 1000 + len(large.ids))]
    renumbered = Tokenizer(large.merges, ids=shift, special_tokens={"<|end|>": 5})
    widget = TokenizerPlayground(
        text="the sea 月", vocabularies={"large": large, "its own": renumbered}, selected=["its own", 0]
    )
    ids = large.encode(widget.text)
    assert widget.tokens == {"large": ids, "its own": [token + 1000 for token in ids]}
    still = BeautifulSoup(widget.page_html(), "html.parser").get_text(" ", strip=True)
    page = mount(widget)
    root = ready(page)
    assert ids_shown(root) == widget.tokens
    title = page.locator(".b2t-playground-title").inner_text()
    assert f"id {ids[0] + 1000} in its own" in title
    assert f"id {ids[0] + 1000}, in its own" in still
    merges = page.locator(".b2t-playground-tree ol li").all_inner_texts()
    assert merges and all(line.strip() in still.replace(" ,", ",") for line in merges)
    page.get_by_label("Text", exact=True).fill("another 明月")
    renumbered_ids = renumbered.encode("another 明月")
    assert ids_shown(root)["its own"] == renumbered_ids and min(renumbered_ids) >= 1000


def test_half_a_character_becomes_the_sign_for_it(mount, own):
    page = mount(TokenizerPlayground(vocabularies=own))
    page.get_by_label("Text", exact=True).evaluate(
        "field => { field.value = 'a\\ud83d'; field.dispatchEvent(new Event('input')); }"
    )
    assert ids_shown(ready(page))["small"] == own["small"].encode("a\ufffd")
    assert not page.watch.problems


def test_markup_stays_text(mount, own):
    page = mount(
        TokenizerPlayground(text="x", vocabularies={MARKUP[0]: own["small"], MARKUP[1]: own["large"]})
    )
    title, root = page.title(), ready(page)
    n_elements = (
        "root => root.querySelectorAll('img, script, b, title, [onfocus], [onerror], [onload]').length"
    )
    for payload in MARKUP:
        page.get_by_label("Text", exact=True).fill(payload)
        for show in ("text", "ids", "bytes"):
            page.get_by_role("button", name=show, exact=True).click()
        root.locator("[data-id]").first.click()
        assert root.evaluate(n_elements) == 0
    assert page.title() == title and not page.watch.problems


def test_numbers_of_a_row(mount, all_five, own, gpt2):
    text = "牀前看月光 the end"
    page = mount(TokenizerPlayground(text=text, vocabularies=all_five))
    ready(page)
    for name, ids in ids_by_name(own, gpt2, text).items():
        row = page.get_by_role("group", name=name, exact=True)
        n_ids = 50257 if name == "GPT-2" else own[name].vocab_size
        assert f"{len(ids)} tokens" in row.inner_text()
        assert f"{len(text.encode()) / len(ids):.2f} bytes each · {n_ids:,} ids" in row.inner_text()


def greedy(tok, word):
    """The chapter's longest match, with the lowest id where two spell the same."""
    id_of = {spelling: i for i, spelling in reversed(tok.vocab.items()) if i < 256 + len(tok.merges)}
    ids, start = [], 0
    while start < len(word):
        end = next(end for end in range(len(word), start, -1) if word[start:end] in id_of)
        ids.append(id_of[word[start:end]])
        start = end
    return ids


def inner_merges(tok, token):
    """The merges that made a token, lowest rank first."""
    if token < 256:
        return []
    left, right = tok.merges[token - 256]
    return sorted({token, *inner_merges(tok, left), *inner_merges(tok, right)})


def told(page):
    return page.locator("ol li").all_text_contents()


def cut(page, heading):
    boxes = page.locator(f"[data-cut='{heading}'] [data-token]")
    return [int(i) for i in boxes.evaluate_all("boxes => boxes.map(box => box.dataset.token)")]


def test_a_click_shows_the_merges_and_both_cuts(mount, own):
    tok = own["large"]
    words = ["innocently", " Elizabeth", "，今", " 明月", "🙂"]
    differ = set()
    page = mount(TokenizerPlayground(text="x", vocabularies=own))
    for word in words:
        page.get_by_label("Text", exact=True).fill(word)
        ids = tok.encode(word)
        for i, token in enumerate(ids):
            page.get_by_role("group", name="large", exact=True).locator("[data-id]").nth(i).click()
            lines = [
                merge_line(made, bare(tok, left), bare(tok, right), bare(tok, made))
                for made in inner_merges(tok, token)
                for left, right in [tok.merges[made - 256]]
            ]
            assert told(page) == lines
            assert cut(page, "By rank: byte pair encoding") == ids
            assert cut(page, "Longest match first") == greedy(tok, word.encode())
            n_boxes = page.locator(".b2t-playground-merge").count()
            assert n_boxes + 1 == page.locator(".b2t-playground-leaf").count() == len(tok.vocab[token])
        differ.add(ids != greedy(tok, word.encode()))
        assert (ids != greedy(tok, word.encode())) == (
            "They differ" in page.locator(".b2t-playground-verdict").inner_text()
        )
    assert differ == {True, False}


def merge_line(made, *spelt):
    return "rank {}: {} + {} gives {}, id {}".format(made - 256, *spelt, made)


def bare(tok, token):
    return visible(tok.vocab[token]).strip("<>")


def test_gpt2s_tree_has_gpt2s_ids(mount, gpt2):
    page = mount(TokenizerPlayground(text=" the", selected=["GPT-2", 0]))
    ready(page)
    spelt = [(" ", "t", " t"), ("h", "e", "he"), (" t", "he", " the")]
    assert told(page) == [
        merge_line(i, *(visible(part.encode()) for part in (a, b, made)))
        for a, b, made in spelt
        for i in gpt2.encode_ordinary(made)
    ]
    leaves = page.locator(".b2t-playground-leaf").all_text_contents()
    assert leaves == [f"{visible(c.encode())}id {gpt2.encode_single_token(c)}" for c in " the"]


def test_by_keyboard(mount, own):
    page = mount(TokenizerPlayground(text="born free and equal", vocabularies=own))
    row = page.get_by_role("listbox", name="Tokens of large")
    n = len(own["large"].encode("born free and equal"))
    assert row.locator("[tabindex='0']").count() == 1
    row.locator("[tabindex='0']").focus()
    for keys, at in (
        ("ArrowLeft", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("End", n - 1),
        ("ArrowLeft", n - 2),
    ):
        page.keyboard.press(keys)
        assert row.evaluate("list => [...list.children].indexOf(document.activeElement)") == at
        assert row.locator("[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    assert row.locator("[aria-selected=true]").evaluate_all(
        "all => all.map(e => [...e.parentNode.children].indexOf(e))"
    ) == [n - 2]
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    assert row.get_by_role("option").first.get_attribute("aria-selected") == "true"
    first = own["large"].vocab[own["large"].encode("born free and equal")[0]].decode()
    assert page.get_by_role("status").last.text_content().startswith(f"Token {first} id ")
    page.keyboard.press("Tab")
    assert row.evaluate("list => !list.contains(document.activeElement)")


MARKED = """root => Object.fromEntries([...root.querySelectorAll("[data-name]")].map(row =>
    [row.dataset.name, [...row.querySelectorAll("[data-id]")].flatMap((token, i) =>
        token.classList.contains("b2t-playground-same") ? [i] : [])]))"""


def test_the_same_stretch_is_marked_in_the_other_rows(mount, all_five, own, gpt2):
    text = "He schemed 明月 innocently"
    page = mount(TokenizerPlayground(text=text, vocabularies=all_five))
    root = ready(page)
    ids = ids_by_name(own, gpt2, text)
    spelt = {name: [tok.vocab[i] for i in ids[name]] for name, tok in own.items()}
    spelt["GPT-2"] = [gpt2.decode_single_token_bytes(i) for i in ids["GPT-2"]]
    for i in range(len(ids["GPT-2"])):
        start = len(b"".join(spelt["GPT-2"][:i]))
        end = start + len(spelt["GPT-2"][i])
        page.get_by_role("group", name="GPT-2", exact=True).locator("[data-id]").nth(i).hover()
        marked = root.evaluate(MARKED)
        for name in own:
            starts = np.cumsum([0, *map(len, spelt[name])])
            assert marked[name] == [
                j for j in range(len(spelt[name])) if starts[j] < end and starts[j + 1] > start
            ]
    page.get_by_label("Text", exact=True).hover()
    assert not root.locator(".b2t-playground-same").count()


def test_two_of_the_same_are_independent(mount, own):
    widget = TokenizerPlayground(text="born free", vocabularies=own)
    page = mount(widget, widget)
    first, second = ready(page, 2).all()
    first.get_by_label("Text", exact=True).fill("and equal")
    first.get_by_role("button", name="ids").click()
    first.locator("[data-id]").first.click()
    assert ids_shown(first)["large"] == own["large"].encode("and equal")
    assert ids_shown(second)["large"] == own["large"].encode("born free")
    assert second.locator("[data-id]").first.inner_text() == visible(
        own["small"].vocab[own["small"].encode("born")[0]]
    )
    assert not second.locator("[aria-selected=true]").count()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_gpt2_loads_only_where_it_is_wanted_and_nothing_jumps(mount, open_page, own, all_five):
    with_it, without = (
        mount(TokenizerPlayground(vocabularies=all_five)),
        mount(TokenizerPlayground(vocabularies=own)),
    )
    scripts = "[...document.scripts].filter(script => script.src.endsWith('gpt2.js')).length"
    assert (with_it.evaluate(scripts), without.evaluate(scripts)) == (1, 0)
    ready(with_it)
    heights = "root => root.offsetHeight"
    root = with_it.locator("[data-b2t]")
    height = root.evaluate(heights)
    for text in ("", "x", "牀前看月光，疑是地上霜。" * 40, "word " * 300):
        with_it.get_by_label("Text", exact=True).fill(text)
        assert root.evaluate(heights) == height
    root.locator("[data-id]").nth(3).click()
    with_it.get_by_role("button", name="bytes").click()
    assert root.evaluate("root => root.offsetHeight") == height


def test_while_gpt2_is_loading_the_others_work(open_page, tmp_path, own, all_five, gpt2):
    page, waiting = open_page(), []
    page.route("**/gpt2.js", lambda route: waiting.append(route))
    file = tmp_path / "page.html"
    file.write_text(
        bare_page(TokenizerPlayground(text="born free", vocabularies=all_five).page_html()), "utf-8"
    )
    page.goto(file.as_uri(), wait_until="domcontentloaded")
    root = page.locator("[data-b2t]")
    row = page.get_by_role("group", name="GPT-2", exact=True)
    assert "loading GPT-2's merges" in row.inner_text()
    page.get_by_label("Text", exact=True).fill("and equal")
    assert ids_shown(root) == {**ids_by_name(own, gpt2, "and equal"), "GPT-2": []}
    height = root.evaluate("root => root.offsetHeight")
    (route,) = waiting
    route.continue_()
    ready(page)
    assert ids_shown(root) == ids_by_name(own, gpt2, "and equal")
    assert root.evaluate("root => root.offsetHeight") == height


NOTEBOOK = """async ([source, state]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const handlers = new Map(), el = document.body.appendChild(document.createElement("div"));
  const model = {
    get: name => state[name],
    set: (name, value) => { state[name] = value; (handlers.get(`change:${name}`) ?? []).forEach(f => f()); },
    on: (event, f) => handlers.set(event, [...(handlers.get(event) ?? []), f]),
    off: () => {},
    save_changes: () => { window.saved = { ...state }; },
  };
  window.receive = (name, value) => model.set(name, value);
  window.stop = widget.render({ model, el });
}"""


SENT = ("text", "vocabularies", "show", "selected", "data")


def test_in_a_notebook_gpt2_comes_with_the_widget(open_page, own, gpt2):
    widget = TokenizerPlayground(text="born free", vocabularies={"large": own["large"]})
    page = open_page()
    page.set_content("<!doctype html><title>Notebook</title>")
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.evaluate(NOTEBOOK, [widget._esm, {name: widget.get_state()[name] for name in SENT}])
    root = page.locator("div.b2t-widget")
    widget.vocabularies = {"GPT-2": "gpt2", "large": own["large"]}
    page.evaluate("value => receive('vocabularies', value)", widget.get_state()["vocabularies"])
    assert ids_shown(root) == {"GPT-2": [], "large": widget.tokens["large"]}
    code = base64.b64encode(widget.data["gpt2"]).decode()
    unpack = "code => new DataView(Uint8Array.from(atob(code), c => c.charCodeAt()).buffer)"
    page.evaluate(f"code => receive('data', {{ gpt2: ({unpack})(code) }})", code)
    ready_text = "() => document.body.innerText.includes('fewest')"
    page.wait_for_function(ready_text)
    assert ids_shown(root) == widget.tokens
    page.get_by_role("group", name="GPT-2", exact=True).locator("[data-id]").nth(1).click()
    page.get_by_label("Text", exact=True).fill("free")
    saved = page.evaluate("({ text: saved.text, selected: saved.selected, show: saved.show })")
    assert saved == {"text": "free", "selected": None, "show": "text"}
    widget.set_state(saved)
    assert (
        ids_shown(root)
        == widget.tokens
        == {"GPT-2": gpt2.encode("free"), "large": own["large"].encode("free")}
    )
    assert not problems


def test_a_long_paste(mount, all_five, own, gpt2):
    text = data.text("austen_pride_and_prejudice")[:40_000] + data.text("tang_poems")[:4_000]
    page = mount(TokenizerPlayground(vocabularies=all_five))
    root = ready(page)
    page.get_by_label("Text", exact=True).fill(text)
    ids = ids_by_name({name: own[name] for name in own if name != "unsplit"}, gpt2, text)
    ids["unsplit"] = own["unsplit"].encode(text)
    page.wait_for_function("n => document.body.innerText.includes(n)", arg=f"{len(ids['GPT-2']):,} tokens")
    shown = ids_shown(root)
    for name in ids:
        assert 200 < len(shown[name]) < 600
        assert shown[name] == ids[name][: len(shown[name])]
        row = page.get_by_role("group", name=name, exact=True)
        assert f"… and {len(ids[name]) - len(shown[name]):,} more" in row.inner_text()
        row.get_by_role("button", name="more").click()
    assert all(ids_shown(root)[name] == ids[name][: 2 * len(shown[name])] for name in ids)
    assert not page.watch.problems


def test_a_selected_token_beyond_the_first_few_hundred_is_drawn(mount, own):
    page = mount(TokenizerPlayground(text="word " * 2000, vocabularies=own, selected=["small", 1500]))
    chosen = page.locator("[aria-selected=true]")
    assert chosen.evaluate("e => [...e.parentNode.children].indexOf(e)") == 1500


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_accessible(mount, all_five, theme, width):
    widget = TokenizerPlayground(
        text="innocently 明月 🙂 " * 6, vocabularies=all_five, selected=["large", 1], show="text"
    )
    page = mount(widget, TokenizerPlayground(text="", vocabularies=all_five), theme=theme, width=width)
    ready(page, 2)
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate("axe.run('.b2t-widget', {preload: false})")
    assert found["passes"]
    assert not [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert not wide(page)
    assert not page.watch.problems
