"""The page's encoder gives what PyTorch gives: on texts, on random models, at every step on the way."""

import base64
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import Error

from b2t import data, language_id
from b2t.nn import Classifier, Config, Encoder, causal_mask, padding_mask
from b2t.nn import attention as torch_attention
from b2t.nn.functional import layer_norm, softmax
from b2t.nn.layers import split_heads
from b2t.nn.model import mean_over_positions
from b2t.nn.positions import SCHEMES, alibi_bias, rotate, sinusoidal
from b2t.widgets import export
from tests.widgets.bare import WIDGETS

TOLERANCE = 1e-4
# Numbers leave the page as base64: as JSON they would take most of the time.
HELPERS = """
globalThis.fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
globalThis.toBase64 = (numbers) => {
  const bytes = new Uint8Array(new Float32Array(numbers).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
// Replace every tensor and typed array in a result by { shape, base64 }.
globalThis.packed = (value) => {
  if (value?.shape) return { shape: value.shape, base64: toBase64(value.data) };
  if (ArrayBuffer.isView(value)) return { shape: [value.length], base64: toBase64(value) };
  if (Array.isArray(value)) return value.map(packed);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, packed(inner)]));
  }
  return value;
};
"""
LOAD = "base64 => { globalThis.model = b2t.engine.loadModel(fromBase64(base64)); }"
FORWARD = """([ids, mask, trace]) =>
  packed(b2t.engine.forward(model, ids, { mask: mask && Uint8Array.from(mask), trace }))"""


def unpacked(value):
    """The arrays of a result that left the page by `packed`."""
    if isinstance(value, dict) and "base64" in value:
        return np.frombuffer(base64.b64decode(value["base64"]), np.float32).reshape(value["shape"])
    if isinstance(value, dict):
        return {name: unpacked(inner) for name, inner in value.items()}
    return [unpacked(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(autouse=True)
def one_thread():
    """These models are tiny: with several threads PyTorch mostly waits, the more so beside a browser."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def page(engine):
    """A page that holds the engine and the helpers above."""
    engine.evaluate(HELPERS)
    return engine


@pytest.fixture
def trained(page):
    """The page with the trained model in it, from the file that readers get."""
    page.add_script_tag(path=WIDGETS / "static" / "language_id.js")
    page.evaluate(LOAD, page.evaluate("b2tData.language_id"))
    return page


def rounded(model):
    """The model with the weights that its export holds, in eval mode; its fixed tables stay as they are."""
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    return model.eval()


def load(page, model, labels=None):
    page.evaluate(LOAD, base64.b64encode(export.pack(model, labels=labels)).decode())


def forward(page, ids, mask=None, trace=False):
    """Run the page's model; `mask` is a boolean tensor (query_pos, key_pos)."""
    flat = None if mask is None else mask.int().flatten().tolist()
    return unpacked(page.evaluate(FORWARD, [list(ids), flat, trace]))


def difference(found, expected):
    """The largest difference of two arrays, which must have one shape and no NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert not np.isnan(found).any()
    return float(np.abs(found - expected).max(initial=0))


# --- the trained model ----------------------------------------------------------------------------------


def texts():
    """Texts of all lengths: the Declaration in 35 languages, poems, emoji, code, single tokens."""
    articles = [next(a.text for a in data.udhr() if a.code == each.code) for each in data.languages()]
    cut = [article[:n] for n in (1, 7, 20, 45, 90) for article in articles]
    poems = ["".join(poem.lines)[:60] for poem in data.tang_poems()[::500]]
    emoji = [
        "🙂",
        "👩‍👩‍👧‍👦 family",
        "🇫🇷🇯🇵",
        "👍🏽👍🏿",
        "❤️‍🔥",
        "☕ und 🍰",
        "1️⃣2️⃣3️⃣",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "🤷🏽‍♀️ 人人生而自由 🎉",
    ]
    other = [
        "for i in range(10):\n\tprint(i)",
        " ",
        "\n\n\n",
        "\x00",
        "e\u0301",
        "a" * 300,
        "İstanbul",
        "<b>&amp;</b>",
    ]
    return [*cut, *poems, *emoji, *other, *(article * 9 for article in articles[::5])]


@pytest.mark.slow
def test_trained_model_on_many_texts(trained, record_property):
    tokenizer, model = language_id.load()
    encoded = [tokenizer.encode(language_id.compose(text), disallowed_special=())[:256] for text in texts()]
    assert len(encoded) >= 200
    assert {1, 256} <= {len(ids) for ids in encoded}
    largest = {"x": 0.0, "weights": 0.0, "probabilities": 0.0}
    for ids in encoded:
        found = forward(trained, ids)
        with torch.no_grad():
            x, weights = model.encoder(torch.tensor([ids]), need_weights=True)
            expected = {"x": x[0], "weights": torch.cat(weights).flatten(-2)}
            expected["probabilities"] = model(torch.tensor([ids]))[0].softmax(dim=-1)
        for name, value in expected.items():
            largest[name] = max(largest[name], difference(found[name], value))
    record_property("texts", len(encoded))
    record_property("largest", largest)
    assert max(largest.values()) < TOLERANCE, largest


def test_trained_model_brings_labels_config_and_tokenizer(trained):
    tokenizer, _ = language_id.load()
    labels = [{"name": each.name, "tag": each.tag, "dir": each.dir} for each in data.languages()]
    assert trained.evaluate("model.labels") == labels
    assert trained.evaluate("model.config.d_model") == language_id.CONFIG.d_model
    for text in ("人人生而自由 born free 🙂", "Tous les êtres humains", ""):
        assert trained.evaluate("text => model.tokenizer.encode(text)", text) == tokenizer.encode(text)


def test_trained_model_without_a_token(trained):
    _, model = language_id.load()
    found = forward(trained, [], trace=True)
    nothing = model.output(torch.zeros(language_id.CONFIG.d_model)).softmax(dim=-1)  # as with padding alone
    assert difference(found["probabilities"], nothing.detach()) < TOLERANCE
    assert found["x"].shape == (0, language_id.CONFIG.d_model)


def test_model_anywhere_in_a_buffer(page):
    model = rounded(make(Config(5, d_model=6, n_heads=2, n_layers=1, d_ff=7)))
    script = """base64 => {
      const bytes = fromBase64(base64), buffer = new Uint8Array(bytes.length + 3);
      buffer.set(bytes, 3);
      globalThis.model = b2t.engine.loadModel(buffer.subarray(3));
    }"""
    page.evaluate(script, base64.b64encode(export.pack(model)).decode())
    with torch.no_grad():
        assert difference(forward(page, [1, 4])["x"], model(torch.tensor([[1, 4]]))[0]) < TOLERANCE


# --- models of all kinds --------------------------------------------------------------------------------

KINDS = [
    (scheme, norm_first, activation)
    for scheme in SCHEMES
    for norm_first in (False, True)
    for activation in ("relu", "gelu")
]
SHAPES = [(3, 4, 7, 10), (2, 6, 1, 5), (1, 8, 13, 9), (4, 2, 34, 33)]  # n_heads, d_head, seq_len, d_ff
ODD = (3, 3, 5, 6)


def make(config, n_classes=None, seed=0):
    """A model in which every weight is random, norms and biases too, at a scale that keeps numbers near 1."""
    generator = torch.Generator().manual_seed(seed)
    model = Encoder(config) if n_classes is None else Classifier(config, n_classes)
    for name, parameter in model.named_parameters():
        scale = parameter.shape[-1] ** -0.5 if parameter.dim() > 1 else 0.3
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        parameter.data.normal_(centre, scale, generator=generator)
    return rounded(model)


def models(kind):
    """Models of one kind, in all shapes, with and without a classifier."""
    scheme, norm_first, activation = kind
    for i, (n_heads, d_head, seq_len, d_ff) in enumerate([*SHAPES, *([] if scheme == "rotary" else [ODD])]):
        config = Config(
            11, n_heads * d_head, n_heads, 1 + i % 3, d_ff, 40, 0.1, norm_first, activation, scheme
        )
        ids = torch.randint(11, (1, seq_len), generator=torch.Generator().manual_seed(i))
        yield make(config, None if i % 2 else 4, seed=i), ids


def masks(seq_len):
    """No mask, causal, padding, random with a query that may attend to nothing, nothing at all."""
    scattered = torch.rand(seq_len, seq_len, generator=torch.Generator().manual_seed(seq_len)) < 0.5
    scattered[seq_len // 2] = False
    padding = padding_mask([max(1, seq_len - 2)], seq_len)[0, 0].expand(seq_len, seq_len)
    return [None, causal_mask(seq_len), padding, scattered, torch.zeros(seq_len, seq_len, dtype=torch.bool)]


@torch.no_grad()
def expected_of(model, ids, mask):
    """What PyTorch gives; the mean is over positions to which some query may attend."""
    encoder = getattr(model, "encoder", model)
    x, weights = encoder(ids, mask, need_weights=True)
    if encoder is model:
        return x[0], torch.cat(weights), None
    real = None if mask is None else mask.any(dim=0)[None, None, None]
    logits = model.output(mean_over_positions(x, real))
    if mask is None or torch.equal(mask, real[0, 0].expand_as(mask)):
        assert torch.allclose(logits, model(ids, real), atol=1e-5)  # all or a padding mask: the model agrees
    return x[0], torch.cat(weights), logits[0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_random_models(page, kind, record_property):
    largest, count = 0.0, 0
    for model, ids in models(kind):
        load(page, model)
        for mask in masks(ids.shape[1]):
            found = forward(page, ids[0].tolist(), mask)
            x, weights, logits = expected_of(model, ids, mask)
            differences = [difference(found["x"], x), difference(found["weights"], weights.flatten(-2))]
            if logits is None:
                assert found["logits"] is found["probabilities"] is None
            else:
                differences += [difference(found["logits"], logits)]
                differences += [difference(found["probabilities"], logits.softmax(dim=-1))]
            largest, count = max(largest, *differences), count + 1
    record_property("models_and_masks", count)
    record_property("largest", largest)
    assert largest < TOLERANCE


# --- every step on the way ------------------------------------------------------------------------------


@torch.no_grad()
def torch_trace(model, ids, mask):
    """The tensors that pass through a model, caught at its modules."""
    encoder, went_in, came_out = getattr(model, "encoder", model), {}, {}

    def watch(name):
        def hook(module, inputs, output):
            went_in[name], came_out[name] = inputs[0][0], (output[0] if torch.is_tensor(output) else output)

        return hook

    hooks = [part.register_forward_hook(watch(name)) for name, part in encoder.named_modules() if name]
    x = encoder(ids, mask, need_weights=True)[0][0]
    for hook in hooks:
        hook.remove()
    embedding = came_out["embedding"] * encoder.config.d_model**0.5
    layers = [layer_trace(encoder, i, mask, went_in, came_out) for i in range(encoder.config.n_layers)]
    return {
        "embedding": embedding,
        "positions": added_positions(encoder, ids.shape[1]),
        "x0": went_in["layers.0"],
        "layers": layers,
        "norm": x,
    }


def added_positions(encoder, seq_len):
    scheme = encoder.config.positions
    if scheme == "learned":
        return encoder.positions.table[:seq_len]
    return sinusoidal(seq_len, encoder.config.d_model) if scheme == "sinusoidal" else None


def layer_trace(encoder, i, mask, went_in, came_out):
    c, at = encoder.config, f"layers.{i}."
    Q, K, V = (split_heads(came_out[f"{at}attention.W_{name}"][None], c.n_heads) for name in "QKV")
    Q, K = encoder.positions.turn(Q, K)
    bias = encoder.positions.bias(Q, K)
    scores = Q @ K.transpose(-2, -1) / c.d_head**0.5 + (0 if bias is None else bias)
    weights = came_out[f"layers.{i}"][1]
    x = came_out[f"layers.{i}"][0][0]
    return {
        "norm_1": came_out[f"{at}norm_1"],
        "Q": Q[0],
        "K": K[0],
        "V": V[0],
        "scores": scores[0],
        "weights": weights[0],
        "heads": split_heads(went_in[f"{at}attention.W_O"][None], c.n_heads)[0],
        "gathered": came_out[f"{at}attention.W_O"],
        "sum_1": went_in[f"{at}norm_2"] if c.norm_first else went_in[f"{at}norm_1"],
        "norm_2": came_out[f"{at}norm_2"],
        "hidden": went_in[f"{at}feed_forward.W_2"],
        "fed": came_out[f"{at}feed_forward.W_2"],
        "sum_2": x if c.norm_first else went_in[f"{at}norm_2"],
        "x": x,
    }


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_trace_is_what_passes_through_the_modules(page, kind, record_property):
    largest, count = 0.0, 0
    for model, ids in models(kind):
        load(page, model)
        mask = causal_mask(ids.shape[1]) if count % 2 else None
        found = forward(page, ids[0].tolist(), mask, trace=True)
        expected = torch_trace(model, ids, mask)
        trace = found["trace"]
        assert set(trace) == {*expected, "pooled", "logits"}
        assert [set(layer) for layer in trace["layers"]] == [set(layer) for layer in expected["layers"]]
        pairs = [(trace[name], value) for name, value in expected.items() if name != "layers"]
        for ours, theirs in zip(trace["layers"], expected["layers"]):
            pairs += [(ours[name], value) for name, value in theirs.items()]
        if isinstance(model, Classifier):
            pooled = expected["norm"].mean(dim=0)
            pairs += [(trace["pooled"], pooled), (trace["logits"], model.output(pooled).detach())]
            assert difference(trace["logits"], found["logits"]) == 0
        else:
            assert trace["pooled"] is trace["logits"] is None
        for ours, theirs in pairs:
            assert (ours is None) == (theirs is None)
            if ours is not None:
                largest, count = max(largest, difference(ours, theirs.detach())), count + 1
        assert (
            difference(
                np.stack(found["weights"][0]), trace["layers"][0]["weights"].reshape(model_heads(model), -1)
            )
            == 0
        )
    record_property("tensors", count)
    record_property("largest", largest)
    assert largest < TOLERANCE


def model_heads(model):
    return getattr(model, "encoder", model).config.n_heads


def test_without_trace_there_is_none(page):
    model = make(Config(7, d_model=6, n_heads=3, n_layers=2, d_ff=8))
    load(page, model)
    assert forward(page, [1, 2, 6])["trace"] is None


# --- the tensors ----------------------------------------------------------------------------------------


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 2


def tensor_call(page, expression, **tensors):
    """Evaluate an expression of the engine in which each name is a tensor; the result as an array."""
    sent = {name: [list(value.shape), value.flatten().tolist()] for name, value in tensors.items()}
    script = f"""sent => {{
      const e = b2t.engine;
      const {{ {", ".join(tensors)} }} = Object.fromEntries(Object.entries(sent).map(
        ([name, [shape, data]]) => [name, e.tensor(shape, Float32Array.from(data))]));
      return packed({expression});
    }}"""
    return unpacked(page.evaluate(script, sent))


def test_error_function(page):
    xs = [*np.linspace(-7, 7, 1401).tolist(), 1e-300, 0.0, 1e6, -1e6]
    found = page.evaluate("xs => xs.map(b2t.engine.erf)", xs)
    assert np.abs(np.array(found) - [math.erf(x) for x in xs]).max() < 2e-15
    assert page.evaluate("Number.isNaN(b2t.engine.erf(NaN))")


def test_pointwise_functions_and_norm(page):
    x, weight, bias = numbers(4, 5), numbers(5, seed=1), numbers(5, seed=2)
    assert difference(tensor_call(page, "e.relu(x)", x=x), F.relu(x)) == 0
    assert difference(tensor_call(page, "e.gelu(x)", x=x * 3), F.gelu(x * 3)) < 1e-6
    found = tensor_call(page, "e.layerNorm(x, { weight, bias })", x=x, weight=weight, bias=bias)
    assert difference(found, layer_norm(x, weight, bias)) < 1e-5


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 4, 3), (3, 5, 7), (5, 9, 1), (4, 3, 8), (7, 2, 16)])
def test_linear(page, sizes):
    rows, cols, inner = sizes
    x, weight, bias = numbers(rows, inner), numbers(cols, inner, seed=1), numbers(cols, seed=2)
    found = tensor_call(page, "e.linear(x, { weight, bias })", x=x, weight=weight, bias=bias)
    assert difference(found, F.linear(x, weight, bias)) < 1e-5
    found = tensor_call(page, "e.linear(x, { weight })", x=x, weight=weight)
    assert difference(found, F.linear(x, weight)) < 1e-5


def test_softmax(page):
    x = numbers(3, 6) * 200
    assert difference(tensor_call(page, "e.softmax(x.data, 6)", x=x), softmax(x).flatten()) < 1e-6
    assert page.evaluate("b2t.engine.softmax([1000, 1000])") == [0.5, 0.5]


@pytest.mark.parametrize("shape", [(1, 1), (7, 6), (5, 3), (150, 32)])
def test_positions(page, shape):
    found = tensor_call(page, f"e.sinusoidal({shape[0]}, {shape[1]}, 500)")
    assert difference(found, sinusoidal(*shape, 500.0)) < 1e-6
    x = numbers(3, shape[0], 2 * shape[1])
    assert difference(tensor_call(page, "e.rotate(x)", x=x), rotate(x)) < 1e-5
    assert (
        difference(tensor_call(page, f"e.alibiBias(5, {shape[0]}, {shape[1]})"), alibi_bias(5, *shape)) < 1e-5
    )


# --- the formula alone ----------------------------------------------------------------------------------


def attention(page, Q, K, V, mask=None, scale=None, flat=False):
    """The page's stages of attention, as float64 arrays."""
    mask = None if mask is None else (mask.flatten() if flat else mask).tolist()
    script = "([Q, K, V, mask, scale]) => b2t.engine.attention(Q, K, V, { mask, scale })"
    found = page.evaluate(script, [Q.tolist(), K.tolist(), V.tolist(), mask, scale])
    return {name: np.array(rows) for name, rows in found.items()}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_by_stages(page, masked, scale, flat):
    Q, K, V = (numbers(*shape, seed=i).double() for i, shape in enumerate([(3, 4), (5, 4), (5, 2)]))
    mask = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).bool() if masked else None
    found = attention(page, Q, K, V, mask, scale, flat)
    out, weights = torch_attention(Q, K, V, mask, scale=scale)
    factor = 4**-0.5 if scale is None else scale
    assert list(found) == ["scores", "scaled", *(["masked"] if masked else []), "weights", "out"]
    assert difference(found["scores"], Q @ K.T) < 1e-12
    assert difference(found["scaled"], Q @ K.T * factor) < 1e-12
    assert difference(found["weights"], weights) < 1e-12
    assert difference(found["out"], out) < 1e-12
    if masked:
        assert torch.equal(torch.tensor(found["masked"] != -np.inf), mask)
        assert difference(found["masked"][mask], found["scaled"][mask]) == 0


def test_attention_takes_tensors_and_leaves_its_arguments_alone(page):
    Q, K, V = numbers(2, 3), numbers(4, 3, seed=1), numbers(4, 5, seed=2)
    found = tensor_call(
        page, "e.tensor([2, 5], Float32Array.from(e.attention(Q, K, V).out.flat()))", Q=Q, K=K, V=V
    )
    assert difference(found, torch_attention(Q, K, V)[0]) < 1e-6
    kept = "(() => { const Q = [[1, 2]]; b2t.engine.attention(Q, Q, Q, { mask: [[0]] }); return Q; })()"
    assert page.evaluate(kept) == [[1, 2]]


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "mask", "message"),
    [
        ([1, 7], None, "ids holds 7, but vocab_size is 7; was another tokenizer used?"),
        ([-1], None, "ids holds -1"),
        ([0.5], None, "ids holds 0.5"),
        ([0] * 5, None, "the text has 5 positions, but only 4 were learned; shorten it"),
        ([1, 2], [1, 1, 1], "mask has 3 entries; 2 tokens need 4"),
    ],
)
def test_forward_says_what_is_wrong(page, ids, mask, message):
    load(page, make(Config(7, d_model=6, n_heads=3, n_layers=1, d_ff=8, max_len=4, positions="learned")))
    with pytest.raises(Error, match=re.escape(message)):
        page.evaluate(FORWARD, [ids, mask, False])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("[[1, 2]], [[1]], [[1]]", "rows of Q and K have 2 and 1 numbers; make them equal"),
        ("[[1]], [[1], [2]], [[1]]", "K has 2 rows and V has 1; each key needs its value"),
        ("[[1]], [[1], [2]], [[1], [2]], { mask: [[1]] }", "the mask does not have 1 rows of 2"),
        ("[[1]], [[1], [2]], [[1], [2]], { mask: [1, 1, 1] }", "the mask does not have 1 rows of 2"),
        ("[[1]], [[1]], [[1]], { mask: [] }", "the mask does not have 1 rows of 1"),
    ],
)
def test_attention_says_what_is_wrong(page, arguments, message):
    with pytest.raises(Error, match=re.escape(message)):
        page.evaluate(f"b2t.engine.attention({arguments})")
