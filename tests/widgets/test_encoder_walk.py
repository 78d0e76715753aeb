"""EncoderWalk: traits, counts that are PyTorch's, and a page whose boxes hold PyTorch's numbers."""

import random
import shutil
from dataclasses import asdict, replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from traitlets import TraitError

from b2t import language_id
from b2t.nn import Config, Encoder
from b2t.widgets import EncoderWalk, encoder_boxes, sizes
from b2t.widgets.base import visible
from b2t.widgets.encoder_boxes import BOXES
from b2t.widgets.sizes import PRESETS, SIZE_NAMES, Sizes
from b2t.widgets.trained import MAX_TOKENS, encode, load
from tests import page_checks
from tests.widgets import front_end
from tests.widgets.bare import bare_page
from tests.widgets.drive_encoder_walk import (
    arrows,
    compare,
    costs,
    counted,
    drive,
    expected_marks,
    extents,
    hooked,
    marks,
    settle,
    wait_for_numbers,
)

TEXTS = [
    "人人生而自由，在尊严和权利上一律平等。",
    "👩🏽‍🚀 e\u0301te\u0301 🇨🇳",
    "  \t\n a",
    "<img src=x onerror=window.hacked=1>",
    "</textarea><script>window.hacked=1</script>",
]


def random_sizes(seed):
    rng = random.Random(seed)
    heads = rng.randint(1, 6)
    d_model = heads * rng.randint(1, 12)
    return Sizes(
        *(rng.randint(1, 500), d_model, heads, rng.randint(1, 5), rng.randint(1, 90), rng.randint(1, 40)),
        norm_first=rng.random() < 0.5,
    )


RANDOM = [random_sizes(seed) for seed in range(24)]


def config(size):
    return Config(**{name: value for name, value in asdict(size).items() if name != "seq_len"})


def count(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


# ---- counting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", RANDOM, ids=str)
def test_parameters_and_memory_are_pytorchs(size):
    encoder = Encoder(config(size))
    found = sizes.parameters(size)
    assert found["total"] == found["encoder"] == count(encoder)
    layers = encoder.layers
    assert found["embedding"] == count(encoder.embedding)
    assert found["attention"] == count(*(layer.attention for layer in layers))
    assert found["feed-forward"] == count(*(layer.feed_forward for layer in layers))
    assert found["norms"] == count(
        encoder.norm, *(n for layer in layers for n in (layer.norm_1, layer.norm_2))
    )
    held = sizes.memory(size, found["total"])
    assert held["float32"] == sum(p.nbytes for p in encoder.parameters())
    assert held["float16"] == sum(p.nbytes for p in encoder.half().parameters())


@pytest.mark.parametrize("size", RANDOM[:8], ids=str)
def test_the_cost_of_a_text_is_pytorchs(size):
    encoder = Encoder(config(size)).eval()
    ids = torch.zeros(1, size.seq_len, dtype=torch.long)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        _, maps = encoder(ids, need_weights=True)
    assert counter.get_total_flops() == 2 * sizes.multiply_adds(size)["total"]
    assert sizes.memory(size, 0)["maps"] == sum(weights.nbytes for weights in maps)


def test_training_with_adam_takes_sixteen_bytes_a_parameter():
    encoder = Encoder(config(RANDOM[0]))
    optimizer = torch.optim.Adam(encoder.parameters())
    encoder(torch.zeros(1, 3, dtype=torch.long)).sum().backward()
    optimizer.step()
    kept = [tensor for state in optimizer.state.values() for tensor in state.values() if tensor.dim()]
    weights = list(encoder.parameters())
    total = sum(t.nbytes for t in [*weights, *(w.grad for w in weights), *kept])
    assert total == sizes.memory(RANDOM[0], count(encoder))["adam"]


def known_model(preset):
    """Build a preset as PyTorch's own modules, without numbers."""
    size = PRESETS[preset]
    d = size.d_model
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(d, size.n_heads, size.d_ff, norm_first=size.norm_first)
        last = nn.LayerNorm(d) if size.norm_first else None
        stack = nn.TransformerEncoder(layer, size.n_layers, norm=last, enable_nested_tensor=False)
        more = {
            "chapter": [nn.Linear(d, 35)],
            "paper": [],
            "bert": [nn.Embedding(512, d), nn.Embedding(2, d), nn.LayerNorm(d), nn.Linear(d, d)],
            "gpt2": [nn.Embedding(1024, d)],
        }[preset]
        return count(stack, nn.Embedding(size.vocab_size, d)), [count(part) for part in more]


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_counted_to_the_last_digit(preset):
    encoder, more = known_model(preset)
    found = sizes.parameters(PRESETS[preset], preset)
    assert found["encoder"] == encoder and list(sizes.beyond(preset).values()) == more
    assert found["total"] == encoder + sum(more)


def test_the_published_totals():
    """BERT-base uncased with its pooler, GPT-2 small: as the released weights have them."""
    totals = {name: sizes.parameters(PRESETS[name], name)["total"] for name in PRESETS}
    assert (totals["bert"], totals["gpt2"]) == (109_482_240, 124_439_808)
    assert totals["chapter"] == count(load()[1])


def test_the_chapters_preset_is_the_trained_model():
    assert config(PRESETS["chapter"]) == replace(language_id.CONFIG, max_len=512)
    assert PRESETS["chapter"].seq_len == language_id.CONFIG.max_len == MAX_TOKENS
    assert load()[1].output.out_features == encoder_boxes.N_CLASSES


@pytest.mark.parametrize("preset", [*PRESETS, "own"])
@pytest.mark.parametrize("seq_len", [64, 512, 1500])
def test_a_longer_table_of_positions(preset, seq_len):
    size = replace(PRESETS.get(preset, RANDOM[0]), seq_len=seq_len)
    rows = {"bert": 512, "gpt2": 1024}.get(preset)
    with torch.device("meta"):
        needed = count(nn.Embedding(max(seq_len, rows), size.d_model)) if rows else 0
        has = count(nn.Embedding(rows, size.d_model)) if rows else 0
    assert sizes.more_positions(size, preset) == needed - has


def test_the_cost_of_an_output_is_pytorchs():
    size = RANDOM[1]
    output = nn.Linear(size.d_model, size.vocab_size, bias=False)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output(torch.zeros(size.seq_len, size.d_model))
    assert counter.get_total_flops() == 2 * sizes.output_multiply_adds(size)


@pytest.mark.parametrize("n", [1, 2, 7, 36, 97, 768])
def test_divisors(n):
    assert sizes.divisors(n) == [k for k in range(1, n + 1) if n % k == 0]


# ---- traits ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def walk():
    return EncoderWalk(data={})


@pytest.mark.parametrize(
    ("trait", "value", "remedy"),
    [
        ("text", "\ud800", 'errors="replace"'),
        ("text", "a" * 200_001, "pass a part"),
        ("box", "QK", "choose from 'ids'"),
        ("view", "run", "'sizes'"),
        ("preset", "gpt3", "'bert'"),
        ("layer", 2, "from 0 to 1"),
        ("head", 4, "from 0 to 3"),
        ("token", 99, "from 0 to 13"),
        ("d_model", 0, "from 1 to"),
        ("n_heads", 3, "choose from 1, 2, 4, 8"),
        ("n_layers", 97, "to 96"),
        ("vocab_size", 1.5, "int"),
        ("tokens", [1, 99_999], "set text"),
        ("tokens", [228], "set text"),
    ],
)
def test_a_wrong_value_names_the_remedy(walk, trait, value, remedy):
    before = {name: getattr(walk, name) for name in walk.page_state}
    with pytest.raises(TraitError, match=remedy):
        setattr(walk, trait, value)
    with pytest.raises(TraitError, match=remedy):
        EncoderWalk(data={}, **{trait: value})
    assert {name: getattr(walk, name) for name in walk.page_state} == before


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="it takes text"):
        EncoderWalk(txt="a")


@pytest.mark.parametrize("text", [*TEXTS, "", "a" * 1000, "人" * 999])
def test_tokens_follow_the_text_and_the_text_the_tokens(text):
    tokenizer = load()[0]
    walk = EncoderWalk(text="abc abc abc", token=2, data={})
    walk.set_state({"text": text})
    ids = tokenizer.encode(language_id.compose(text), disallowed_special=())[:256]
    assert walk.tokens == ids and walk.token <= max(len(ids) - 1, 0)
    other = EncoderWalk(data={})
    other.tokens = ids
    assert other.tokens == ids and list(encode(other.text)) == ids


def test_sizes_follow_one_another():
    walk = EncoderWalk(preset="bert", data={})
    walk.seq_len = 64
    assert walk.preset == "bert"  # a shorter text is the same model
    walk.d_model = 500
    assert (walk.preset, walk.n_heads, walk.d_ff) == ("own", 10, 2000)
    walk.preset = "gpt2"
    assert walk.sizes == PRESETS["gpt2"] and walk.parameters["total"] == 124_439_808
    walk.seq_len = 2048  # GPT-2 has learned no position that far, but no parameter goes
    assert walk.preset == "gpt2" and walk.parameters["total"] == 124_439_808
    longer = EncoderWalk(preset="bert", seq_len=1024, data={})
    assert (longer.preset, longer.seq_len) == ("bert", 1024)
    assert longer.parameters == EncoderWalk(preset="bert", data={}).parameters
    made = EncoderWalk(d_model=512, data={})
    assert (made.d_ff, made.n_heads, made.preset) == (2048, 4, "own")
    walk.set_state({"d_model": 30, "n_heads": 5, "d_ff": 7})
    assert (walk.d_model, walk.n_heads, walk.d_ff) == (30, 5, 7)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("text", TEXTS[:3])
def test_values_are_what_the_modules_hear(text, layer):
    walk = EncoderWalk(text=text, layer=layer, data={})
    expected = hooked(walk.tokens, layer)
    for box in BOXES:
        walk.box = box
        torch.testing.assert_close(torch.from_numpy(walk.numbers), expected[box], rtol=1e-4, atol=1e-5)
        size = replace(PRESETS["chapter"], seq_len=len(walk.tokens))
        assert walk.numbers.shape == encoder_boxes.shape(box, size)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_trace_ends_where_the_model_does_in_both_orders(norm_first):
    from b2t.nn import Classifier

    made = Config(50, d_model=12, n_heads=3, n_layers=3, d_ff=20, norm_first=norm_first)
    model = Classifier(made, n_classes=4).eval()
    ids = torch.arange(7)
    with torch.no_grad():
        for layer in range(3):
            kept = encoder_boxes.trace(model, ids, layer)
            assert list(kept) == encoder_boxes.order(norm_first)
            torch.testing.assert_close(kept["logits"], model(ids[None])[0])


def test_values_of_nothing():
    walk = EncoderWalk(text="", data={})
    assert walk.tokens == [] and "no token" in walk.still()
    with pytest.raises(ValueError, match="set text"):
        walk.values(walk.box)
    with pytest.raises(ValueError, match="choose from ids"):
        walk.values("Q")


@pytest.mark.parametrize("box", BOXES)
def test_the_still_shows_tokens_boxes_numbers_and_parameters(box):
    walk = EncoderWalk(text="<b>人人</b> 🙂", box=box, head=1, token=1, data={})
    still = walk.still()
    assert "<b>" not in still and "<script" not in still and "style=" not in still
    for i in walk.tokens:
        assert f'data-id="{i}"' in still
    for name in BOXES:
        assert encoder_boxes.shape_text(name, replace(PRESETS["chapter"], seq_len=len(walk.tokens))) in still
    assert "662,947" in still and visible(load()[0].vocab[walk.tokens[1]]).replace("<", "&lt;")[:4] in still


def test_the_notebook_brings_the_model():
    from b2t.widgets.export import model_bytes

    assert EncoderWalk().data == {"language_id": model_bytes()}


# ---- the page ----------------------------------------------------------------------------------


def root_of(page, i=0):
    return page.locator("[data-b2t=encoder-walk]").nth(i)


@pytest.mark.parametrize("i", range(len(TEXTS)))
def test_boxes_hold_pytorchs_numbers(mount, i):
    page, rng = mount(EncoderWalk(text="start")), random.Random(i)
    n = len(encode(TEXTS[i]))
    opened = sorted(BOXES) if i == 0 else rng.sample(sorted(BOXES), 6)
    compare(page, root_of(page), TEXTS[i], rng.randrange(2), rng.randrange(4), rng.randrange(n), opened)
    assert page.evaluate("window.hacked") is None
    assert page.locator("[data-b2t] :is(img, script)").count() == 0
    assert page.watch.problems == []


def test_a_reader_walks_through(mount):
    page = mount(EncoderWalk())
    texts = iter(["Tous les êtres humains 🙂 naissent libres", "人権の無視及び軽侮"])
    drive(page, root_of(page), {"view": "walk"}, lambda: next(texts))
    assert page.watch.problems == []


def test_the_first_view_is_what_python_says(mount):
    made = EncoderWalk(text="人人 are free", box="scores", layer=1, head=3, token=2)
    page = mount(made)
    root = root_of(page)
    wait_for_numbers(page, root, made.tokens)
    assert root.locator("[data-id][aria-pressed=true]").get_attribute("data-id") == str(made.tokens[2])
    caption = root.locator(".b2t-walk-caption").inner_text()
    token = visible(load()[0].vocab[made.tokens[2]])
    assert caption == f"layer 1, head 3, token 2: {token}"
    shown = [float(t) for t in root.locator(".b2t-walk-rows td:last-child").all_inner_texts()]
    assert shown == pytest.approx(made.numbers[3, 2].tolist(), abs=0.006)


@pytest.mark.parametrize("text", ["", " ", "a" * 1000, "自由" * 50_000])
def test_odd_texts(mount, text):
    page = mount(EncoderWalk(text="start"))
    root = root_of(page)
    ids = list(encode(text))
    root.get_by_label("Text", exact=True).fill(text)
    wait_for_numbers(page, root, ids)
    assert extents(arrows(root)["weights"]) == (4, len(ids), len(ids))
    assert page.watch.problems == []


def test_half_a_character_from_a_paste(mount):
    page = mount(EncoderWalk(text="start"))
    root = root_of(page)
    root.get_by_label("Text", exact=True).evaluate(
        "area => { area.value = 'a\\ud83d'; area.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    wait_for_numbers(page, root, list(encode("a\ufffd")))
    assert page.watch.problems == []


def test_the_page_counts_as_python_does(mount):
    walks = [EncoderWalk(view="sizes", preset="own", data={}, **asdict(size)) for size in RANDOM[:20]]
    walks += [EncoderWalk(view="sizes", preset=preset, data={}) for preset in PRESETS]
    page = mount(*walks)
    for i, walk in enumerate(walks):
        assert costs(root_of(page, i)) == counted(walk)
        order = list(arrows(root_of(page, i)))
        expected = encoder_boxes.order(walk.norm_first)
        if walk.preset != "chapter":
            expected = [box for box in expected if BOXES[box]["part"] != "end" or box == "norm"]
        assert order == expected
        for box, shape in arrows(root_of(page, i)).items():
            assert shape == encoder_boxes.shape_text(box, walk.sizes)
    assert page.evaluate("globalThis.b2tData") is None  # the sizes need no model
    assert page.watch.problems == []


def test_sliders(mount):
    """Move every slider by keys; Python, told of the one change, comes to the same sizes."""
    python = EncoderWalk(view="sizes", preset="bert", data={})
    page = mount(python)
    root = root_of(page)
    labels = {"d_model": "d_model", "n_heads": "heads", "n_layers": "layers", "d_ff": "d_ff"}
    labels |= {"vocab_size": "vocabulary", "seq_len": "length"}
    rng = random.Random(1)
    for _ in range(40):
        name = rng.choice(list(labels))
        root.get_by_label(labels[name], exact=True).press(
            rng.choice(["ArrowLeft", "ArrowRight", "PageUp", "Home"])
        )
        settle(page)
        said = {
            n: root.get_by_label(label, exact=True).get_attribute("aria-valuetext")
            for n, label in labels.items()
        }
        said = {n: int(text.replace(",", "")) for n, text in said.items()}
        setattr(python, name, said[name])
        assert {n: getattr(python, n) for n in labels} == said
        assert costs(root) == counted(python)
    heads = root.get_by_label("heads", exact=True)
    heads.press("Home")
    offered = [1]
    for _ in range(int(heads.get_attribute("max"))):
        heads.press("ArrowRight")
        offered.append(int(heads.get_attribute("aria-valuetext").replace(",", "")))
    assert offered == sizes.divisors(python.d_model)
    assert root.get_by_role("button", name="Your own").get_attribute("aria-pressed") == "true"
    assert page.watch.problems == []


def test_pre_norm_moves_the_norms(mount):
    page = mount(EncoderWalk(view="sizes", preset="paper", data={}))
    root = root_of(page)
    assert list(arrows(root)) == [b for b in encoder_boxes.order(False) if BOXES[b]["part"] != "end"]
    root.get_by_label("pre-norm").check()
    settle(page)
    assert list(arrows(root))[-1] == "norm"
    size = replace(PRESETS["paper"], norm_first=True)
    assert costs(root)["parts"][-1][0] == sizes.parameters(size)["total"]


@pytest.mark.parametrize("layer", [0, 1])
def test_marks_say_what_the_last_edit_changed(mount, layer):
    """Add a word, take the first word away, and compare with what PyTorch computes for the two texts."""
    first, second, third = "人人自由 and human rights 🙂", "人人自由 and human rights 🙂 today", "and rights"
    page = mount(EncoderWalk(text=first, layer=layer, head=2))
    root = root_of(page)
    wait_for_numbers(page, root, list(encode(first)))
    assert marks(root) == {}
    root.get_by_label("Text", exact=True).fill(second)
    wait_for_numbers(page, root, list(encode(second)))
    for token in (0, 4):
        root.locator("[data-id]").nth(token).click()
        settle(page)
        expected = expected_marks(list(encode(first)), list(encode(second)), layer, 2, token)
        assert expected and marks(root) == expected
    if layer == 0:
        assert expected["scores"] == "longer" and "QKV" not in expected and expected["weights"] == "changed"
    root.locator("[data-id]").nth(len(encode(second)) - 1).click()  # a new token has nothing to compare
    settle(page)
    assert marks(root) == {}
    root.get_by_label("Text", exact=True).fill(third)
    wait_for_numbers(page, root, list(encode(third)))
    root.locator("[data-id]").nth(0).click()
    settle(page)
    assert marks(root) == {}
    assert page.watch.problems == []


def test_a_stub_stands_for_the_layer_that_is_not_drawn(mount):
    page = mount(EncoderWalk(), EncoderWalk(view="sizes", preset="bert", data={}))
    for layer, expected in ((0, ["", "… layer 1 …"]), (1, ["… layer 0 …", ""])):
        root_of(page).get_by_role("group", name="Layer").get_by_role("button", name=str(layer)).click()
        settle(page)
        assert root_of(page).locator(".b2t-walk-stub").all_inner_texts() == expected
    assert root_of(page, 1).locator(".b2t-walk-stub").all_inner_texts() == ["", ""]


@pytest.mark.parametrize(
    ("preset", "embedding", "hidden"),
    [
        ("chapter", "embedding · √d_model", "W_1, relu"),
        ("paper", "embedding · √d_model", "W_1, relu"),
        ("bert", "embedding", "W_1, gelu"),
        ("gpt2", "embedding", "W_1, gelu"),
    ],
)
def test_known_models_have_their_own_labels(mount, preset, embedding, hidden):
    root = root_of(mount(EncoderWalk(view="sizes", preset=preset, data={})))
    assert root.locator("[data-box=embedding]").inner_text() == embedding
    assert root.locator("[data-box=W_1]").inner_text() == hidden


def test_a_preset_keeps_its_extras_when_the_length_doubles(mount):
    page = mount(EncoderWalk(view="sizes", preset="bert", data={}), EncoderWalk(view="sizes", preset="gpt2"))
    root = root_of(page)
    root.get_by_label("length", exact=True).press("ArrowRight")
    settle(page)
    assert root.get_by_role("button", name="BERT-base").get_attribute("aria-pressed") == "true"
    longer = replace(PRESETS["bert"], seq_len=1024)
    assert costs(root)["parts"][-1][0] == sizes.parameters(PRESETS["bert"], "bert")["total"]
    note = root.locator(".b2t-walk-presets .b2t-note")
    assert f"1,024 learned positions would be {sizes.more_positions(longer, 'bert'):,}" in note.inner_text()
    output = sizes.output_multiply_adds(PRESETS["gpt2"])
    assert (
        f"takes {output / 1e9:.1f} G multiply-adds"
        in root_of(page, 1).locator(".b2t-walk-presets .b2t-note").inner_text()
    ), "GPT-2's output is not counted, and the note says so"


LARGEST = {"d_model": 4096, "n_heads": 4096, "n_layers": 48, "d_ff": 32_768, "vocab_size": 262_144}


@pytest.mark.parametrize("width", [1280, 736, 339])
def test_the_costs_can_be_read_in_full(mount, width):
    walks = [EncoderWalk(view="sizes", preset=preset, data={}) for preset in PRESETS]
    walks.append(EncoderWalk(view="sizes", seq_len=32_768, data={}, **LARGEST))
    page = mount(*walks, width=width)
    for i in range(len(walks)):
        cut = root_of(page, i).evaluate(
            """root => {
                 const costs = root.querySelector(".b2t-walk-costs").getBoundingClientRect();
                 return [...root.querySelectorAll(".b2t-walk-costs :is(td, th, dd)")].filter(e =>
                   e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > costs.right + 0.5)
                   .map(e => e.textContent);
               }"""
        )
        assert cut == []


def test_blue_is_above_zero_and_orange_below(mount):
    page = mount(EncoderWalk(box="QKV"))
    root = root_of(page)
    wait_for_numbers(page, root, list(encode(EncoderWalk.text.default_value)))
    cells = root.locator(".b2t-walk-features td").evaluate_all(
        "all => all.map(e => [Number(e.textContent), e.className])"
    )
    assert {(n < 0, name) for n, name in cells if n} == {
        (False, "b2t-walk-above"),
        (True, "b2t-walk-below"),
    }
    shades = root.locator(".b2t-walk-signs span").evaluate_all(
        """all => all.map(e => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number))"""
    )
    (above_red, _, above_blue, *_), (below_red, _, below_blue, *_) = shades
    assert above_blue > above_red and below_red > below_blue
    assert root.locator(".b2t-walk-signs").inner_text().split() == ["above", "0", "below"]


def test_a_belief_is_never_a_hundred_per_cent(mount):
    text = "人人自由 and human rights 🙂 today"
    made = EncoderWalk(text=text, box="probabilities")
    assert made.numbers.max() >= 0.9995
    page = mount(made)
    wait_for_numbers(page, root_of(page), made.tokens)
    assert root_of(page).locator(".b2t-walk-answer").inner_text().split("\n")[1] == "> 99.9 %"


def test_the_first_tokens_of_how_many(mount):
    text = "人人生而自由 and free. " * 60
    page = mount(EncoderWalk(text=text))
    n = len(load()[0].encode(language_id.compose(text), disallowed_special=()))
    root_of(page).get_by_text(f"Tokens: the first {MAX_TOKENS} of {n}", exact=True).wait_for()


def test_two_copies_are_independent(mount):
    page = mount(EncoderWalk(), EncoderWalk())
    one, other = root_of(page, 0), root_of(page, 1)
    start = list(encode(EncoderWalk.text.default_value))
    for root in (one, other):
        wait_for_numbers(page, root, start)
    one.get_by_label("Text", exact=True).fill("Freiheit")
    one.locator("[data-box=mean]").click()
    wait_for_numbers(page, one, list(encode("Freiheit")))
    wait_for_numbers(page, other, start)
    assert other.locator("[data-box][aria-pressed=true]").get_attribute("data-box") == "weights"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_by_keyboard(mount):
    page = mount(EncoderWalk())
    root = root_of(page)
    wait_for_numbers(page, root, list(encode(EncoderWalk.text.default_value)))
    root.get_by_label("Text", exact=True).focus()
    page.keyboard.press("Tab")
    for key, token in (("ArrowRight", 1), ("ArrowRight", 2), ("End", 13), ("ArrowLeft", 12), ("Home", 0)):
        page.keyboard.press(key)
        settle(page)
        focused = page.evaluate(
            "[...document.activeElement.parentNode.children].indexOf(document.activeElement)"
        )
        pressed = root.locator("[data-id]").evaluate_all(
            "all => all.map(e => e.getAttribute('aria-pressed')).indexOf('true')"
        )
        assert (focused, pressed) == (token, token)
    page.keyboard.press("Tab")  # the tokens are one stop, and so are the boxes
    names = list(BOXES)
    place = names.index("weights")
    for key, to in (("", place), ("ArrowDown", place + 1), ("ArrowUp", place), ("End", -1), ("Home", 0)):
        if key:
            page.keyboard.press(key)
        settle(page)
        assert page.evaluate("document.activeElement.dataset.box") == names[to]
        assert root.locator("[data-box][aria-pressed=true]").get_attribute("data-box") == names[to]
        assert root.locator("[data-box][tabindex='0']").get_attribute("data-box") == names[to]
    page.keyboard.press("ArrowDown")
    settle(page)
    assert (
        root.locator("[role=status]").inner_text().startswith("embedding · √d_model: (seq 14, d_model 128)")
    )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Numbers"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(mount, theme, width):
    walks = [EncoderWalk(), EncoderWalk(box="QKV"), EncoderWalk(box="ids"), EncoderWalk(box="logits")]
    walks += [EncoderWalk(view="sizes", preset="bert"), EncoderWalk(text="")]
    page = mount(*walks, theme=theme, width=width)
    for i, walk in enumerate(walks):
        root_of(page, i).scroll_into_view_if_needed()
        if walk.view == "walk":
            wait_for_numbers(page, root_of(page, i), walk.tokens)
    page.add_script_tag(path=front_end.axe())
    found = page.evaluate("axe.run('.b2t-widget').then(result => result.violations)")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found] == []


@pytest.mark.parametrize("width", [1280, 700, 360])
def test_it_keeps_its_height_and_its_width(mount, width):
    page = mount(EncoderWalk(), width=width)
    root = root_of(page)
    heights = {page.evaluate("document.querySelector('[data-b2t]').offsetHeight")}
    assert page_checks.wide(page) == []
    for text in ("", "a", "人人生而自由 " * 60):
        root.get_by_label("Text", exact=True).fill(text)
        wait_for_numbers(page, root, list(encode(text)))
        for box in ("QKV", "norm_1", "probabilities", "ids"):
            root.locator(f"[data-box={box}]").click()
            settle(page)
            heights.add(root.evaluate("root => root.offsetHeight"))
            assert page_checks.wide(page) == []
    assert len(heights) == 1
    root.get_by_role("button", name="Count sizes").click()
    for name in ("BERT-base", "GPT-2 (small)", "Your own"):
        root.get_by_role("button", name=name).click()
        settle(page)
        heights.add(root.evaluate("root => root.offsetHeight"))
    assert page_checks.wide(page) == []
    assert width < 700 or len(heights) == 1
    assert width < 1280 or max(heights) <= 570


def test_without_its_model_it_says_so_and_counts_all_the_same(open_page, tmp_path):
    for name in ("page.js", "widgets.css"):  # and no language_id.js
        shutil.copy(front_end.WIDGETS / "static" / name, tmp_path)
    (tmp_path / "index.html").write_text(bare_page(EncoderWalk().page_html(), static="."), "utf-8")
    page = open_page()
    page.goto((tmp_path / "index.html").as_uri())
    root = root_of(page)
    root.get_by_text("did not load").wait_for()
    root.get_by_role("button", name="Count sizes").click()
    settle(page)
    assert costs(root) == counted(EncoderWalk(data={}))


def test_size_names_are_the_page_state():
    assert set(SIZE_NAMES) < set(EncoderWalk.page_state)
