"""Every bug is caught by its detectors, whatever the sizes and the seed; the tables are as committed."""

import re
import unicodedata
from itertools import count

import pytest
import torch
from torch import nn

from b2t import checks
from b2t.bpe.reference import decode, encode, train
from b2t.bpe.split import split
from b2t.checks import zoo
from b2t.checks.attending import AttentionCase
from b2t.checks.coding import CodeCase
from b2t.checks.heads import HeadsCase
from b2t.checks.layers import LayerCase
from b2t.checks.masks import MaskCase
from b2t.checks.models import ModelCase
from b2t.checks.norms import NormCase
from b2t.checks.tables import TableCase
from b2t.checks.training import TrainCase
from b2t.checks.turns import RotaryCase
from b2t.nn import sinusoidal
from b2t.nn.functional import attention, causal_mask, layer_norm
from b2t.nn.layers import EncoderLayer, MultiHeadAttention
from b2t.nn.positions import rotate
from tests.checks import tables
from tests.checks.right import RIGHT

OTHER_CASES = {
    "bpe_train": TrainCase(seed=5),
    "bpe_encode": CodeCase(seed=6),
    "bpe_decode": CodeCase(seed=7),
    "utf8_stream": CodeCase(seed=8),
    "attention": AttentionCase(3, 2, 7, 4, 5, 6, seed=4),
    "multi_head_attention": HeadsCase(batch=3, seq_len=7, n_heads=2, d_head=5, seed=3),
    "causal_mask": MaskCase(seq_lens=(5, 2, 9)),
    "padding_mask": MaskCase(lengths=(1, 4), seq_len=6),
    "sinusoidal": TableCase(seq_len=70, d_model=18),
    "rotary": RotaryCase(3, 2, 7, 10, seed=2),
    "layer_norm": NormCase(2, 3, 5, seed=9),
    "encoder_layer": LayerCase(batch=3, seq_len=7, n_heads=2, d_head=5, d_ff=9, seed=3),
    "embedding": ModelCase(seq_len=11, lengths=(11, 4), seed=1),
    "encoder": ModelCase(seq_len=9, lengths=(4, 9, 6, 2), seed=2),
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("bug", zoo.BUGS, ids=lambda bug: f"{bug.check}-{bug.name}")
def test_a_bug_is_caught_by_its_detectors(bug):
    assert bug.caught_by and set(bug.caught_by.split()) <= set(bug.found_by())


@pytest.mark.parametrize("bug", zoo.BUGS, ids=lambda bug: f"{bug.check}-{bug.name}")
def test_and_at_other_sizes_and_seeds(bug):
    assert set(bug.caught_by.split()) <= set(bug.found_by(case=OTHER_CASES[bug.check]))


@pytest.mark.parametrize("decoy", zoo.DECOYS, ids=lambda decoy: decoy.name)
def test_a_decoy_passes(decoy):
    assert getattr(checks, decoy.check)(decoy.code, **decoy.options)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("decoding token by token", "each token decoded by itself"),
        ("Latin-1 in place of UTF-8", "each byte taken for a character"),
        ("halves joined in the wrong order", "a token is the bytes of its left half"),
        ("halves for neighbours", "features paired in halves"),
        ("turned backwards", "turned the other way"),
        ("base 1,000, turning", "base 1,000"),
    ],
)
def test_the_hint_names_the_mistake(name, hint):
    (bug,) = [bug for bug in zoo.BUGS if bug.name == name]
    assert bug.run().hint.startswith(hint)


def test_the_matrix_is_as_committed():
    found = tables.matrix()
    print(found)
    assert found == (tables.HERE / "matrix.txt").read_text(encoding="utf-8"), (
        "if detectors see more or less on purpose: python -m tests.checks.tables"
    )


def test_the_messages_are_as_committed():
    assert tables.messages() == (tables.HERE / "messages.txt").read_text(encoding="utf-8"), (
        "if a message changed on purpose: python -m tests.checks.tables"
    )


def test_names_and_sources():
    assert len({bug.name for bug in zoo.BUGS}) == len(zoo.BUGS)
    assert {bug.check for bug in zoo.BUGS} == set(checks.ENTRY_POINTS) == set(OTHER_CASES)
    for bug in (*zoo.BUGS, *zoo.DECOYS):
        for source in filter(None, bug.seen_in.split(", ")):
            assert (
                re.match(r"[\w.-]+/[\w.-]+[#!]\d+( \(|$)", source) or "/" not in source or "`" in bug.seen_in
            )


# ---- detectors that no bug of the zoo needs ----------------------------------------------------


class Odd(nn.Module):
    """Right, but for what comes out."""

    make, change = MultiHeadAttention, staticmethod(lambda out: out)

    def __init__(self, *sizes):
        super().__init__()
        self.right = self.make(*sizes)

    def forward(self, x, mask=None):
        return self.change(self.right(x, mask=mask))


def odd(make, change):
    return type("Odd", (Odd,), {"make": make, "change": staticmethod(change)})


def half(x):
    return x.float()


def flat(x):
    return x.flatten(1)


class NanLayer(EncoderLayer):
    def forward(self, x, mask=None):
        empty = (
            torch.zeros(len(x), 1, 1) if mask is None or mask.dim() == 2 else ~mask.any(-1).any(1)[..., None]
        )
        return super().forward(x, mask).masked_fill(empty[:, :1].bool(), float("nan"))


class FixedHeads(EncoderLayer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.attention.n_heads = 3


class Unstored(EncoderLayer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.norm_2 = nn.Identity()


def nan_encoder(ids, mask):
    return torch.full((*ids.shape, 4), float("nan")) if not mask[0].any() else torch.zeros(*ids.shape, 4)


calls = count()
BROKEN = {
    ("bpe_train", "returns_pairs"): lambda texts, size: dict.fromkeys([(108, 111)], 256),
    ("bpe_train", "repeatable"): lambda texts, size: train(texts, size)[: -(next(calls) % 2) or None],
    ("bpe_decode", "returns_text"): lambda ids, merges: bytes(ids),
    ("attention", "shape"): lambda Q, K, V, mask=None: attention(Q, K, V, mask)[0].mT,
    ("attention", "dtype"): lambda Q, K, V, mask=None: attention(Q, K, V, mask)[0].float(),
    ("causal_mask", "square"): lambda n: causal_mask(n + 1),
    ("layer_norm", "runs"): lambda x, weight, bias, eps: layer_norm(x, weight, bias, eps)[0],
    ("layer_norm", "dtype"): lambda x, weight, bias, eps: layer_norm(x, weight, bias, eps).float(),
    ("sinusoidal", "runs"): lambda n, d: torch.zeros(n),
    ("rotary", "keeps_shape"): lambda x: rotate(x)[..., ::2],
    ("rotary", "dtype"): lambda x: rotate(x).float(),
    ("multi_head_attention", "runs"): lambda d, n: "no module",
    ("multi_head_attention", "shape"): odd(MultiHeadAttention, flat),
    ("multi_head_attention", "dtype"): odd(MultiHeadAttention, half),
    ("encoder_layer", "runs"): odd(EncoderLayer, lambda x: None),
    ("encoder_layer", "shape"): odd(EncoderLayer, flat),
    ("encoder_layer", "dtype"): odd(EncoderLayer, half),
    ("encoder_layer", "other_sizes"): FixedHeads,
    ("encoder_layer", "parameters"): Unstored,
    ("encoder_layer", "empty_text"): NanLayer,
    ("embedding", "vectors"): lambda ids: ids,
    ("encoder", "runs"): lambda ids, mask: ids[:, :1, None],
    ("encoder", "empty_text"): nan_encoder,
}


def sloppy_norm(x, weight, bias, eps):
    """Right at a width of 4 alone."""
    centred = x - x.sum(-1, keepdim=True) / 4
    return centred / (centred.square().sum(-1, keepdim=True) / 4 + eps).sqrt() * weight + bias


class FixedScale(MultiHeadAttention):
    """Right at a d_head of 4 alone."""

    def forward(self, x, mask=None):
        Q, K, V = (
            W(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for W in (self.W_Q, self.W_K, self.W_V)
        )
        return self.W_O(attention(Q, K, V, mask, scale=0.5)[0].transpose(1, 2).flatten(-2))


class QueriesAlone(MultiHeadAttention):
    """Takes three inputs and looks at one."""

    def forward(self, query, key, value, mask=None):
        return super().forward(query, mask=mask)


def softmaxed(soften):
    return lambda Q, K, V, mask=None: soften(Q @ K.mT / Q.size(-1) ** 0.5, mask) @ V


def filled(value):
    return softmaxed(lambda s, mask: (s if mask is None else s.masked_fill(~mask, value)).softmax(-1))


def clamped(scores, mask):
    return filled_scores(scores.clamp(-30, 30), mask).softmax(-1)


def one_maximum(scores, mask):
    exp = (filled_scores(scores, mask) - scores.max()).exp()
    return exp / (exp.sum(-1, keepdim=True) + 1e-30)


def filled_scores(scores, mask):
    return scores if mask is None else scores.masked_fill(~mask, -1e9)


def trained_on(change):
    return lambda texts, size: train(change([texts] if isinstance(texts, str) else texts), size)


def encoded_from(change):
    return lambda text, merges: encode(change(text), merges)


def first_head(Q, K, V, mask=None):
    return attention(Q, K, V, mask if mask is None or mask.dim() < 4 else mask[:, :1])[0]


# Wrong code that passed once.
NARROW = [
    ("attention", "parity", lambda Q, K, V, mask=None: attention(Q, K, V, mask, scale=7**-0.5)[0]),
    ("attention", "masked_parity", first_head),
    ("attention", "shape", lambda Q, K, V, mask=None: attention(Q, K, V, mask)[0].squeeze()),
    ("attention", "forbidden", filled(-30.0)),
    ("attention", "forbidden", filled(-100.0)),
    ("attention", "large_scores", softmaxed(clamped)),
    ("attention", "large_scores", softmaxed(one_maximum)),
    ("causal_mask", "whole_past", lambda n: causal_mask(n).triu(-127)),
    ("causal_mask", "no_future", lambda n: (i := torch.arange(n).byte())[:, None] >= i),
    ("multi_head_attention", "other_sizes", FixedScale),
    ("multi_head_attention", "parity", QueriesAlone),
    ("layer_norm", "parity", sloppy_norm),
    ("sinusoidal", "closed_form", lambda n, d: sinusoidal(64, d)[torch.arange(n) % 64]),
    ("bpe_train", "inside_words", lambda texts, size: train(texts, size, "gpt2")),
    ("bpe_train", "most_frequent", lambda texts, size: train(texts, size, "o200k")),
    ("bpe_train", "inside_words", trained_on(lambda texts: ["\n".join(texts)])),
    ("bpe_train", "definition", trained_on(lambda texts: [unicodedata.normalize("NFC", t) for t in texts])),
    ("bpe_train", "definition", trained_on(lambda texts: [t.replace("\r\n", "\n") for t in texts])),
    ("bpe_encode", "bytes_without_merges", encoded_from(lambda text: text.replace("\r\n", "\n"))),
    ("bpe_encode", "bytes_without_merges", encoded_from(lambda text: text.lstrip("\ufeff"))),
    ("bpe_encode", "bytes_without_merges", encoded_from(lambda text: text.replace("\0", ""))),
    ("bpe_encode", "inside_words", lambda text, merges: encode(text, merges, "gpt2")),
    ("bpe_encode", "inside_words", lambda text, merges: encode(text, merges, "o200k")),
    ("bpe_decode", "spells_text", lambda ids, merges: unicodedata.normalize("NFC", decode(ids, merges))),
]


@pytest.mark.parametrize(("check", "name", "code"), NARROW)
def test_code_that_is_right_for_some_inputs_only(check, name, code):
    with pytest.raises(checks.CheckFailed) as caught:
        getattr(checks, check)(code)
    assert name in [failure.detector for failure in caught.value.failures]


def distinct_words(texts, size):
    """Forget how often a word occurs."""
    texts = [texts] if isinstance(texts, str) else texts
    return train(sorted({word for text in texts for word in split(text)}), size)


def masked_late(Q, K, V, mask=None):
    """Mask after the softmax."""
    return (Q @ K.mT / Q.size(-1) ** 0.5).softmax(-1) * (1.0 if mask is None else mask) @ V


class NoActivation(EncoderLayer):
    """Two linear layers with nothing between them."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.feed_forward.activation = "none"

    def forward(self, x, mask=None):
        x = self.norm_1(x + self.attention(x, mask=mask))
        return self.norm_2(x + self.feed_forward.W_2(self.feed_forward.W_1(x)))


# What students write, and words of the message that they need.
NAMED = [
    ("bpe_train", distinct_words, "counted once"),
    ("attention", filled(-1e9), "a fill value that float16 lacks"),
    ("attention", masked_late, "before the softmax"),
    ("sinusoidal", lambda n, d: sinusoidal(n, d)[:, [*range(0, d, 2), *range(1, d, 2)]], "all sines before"),
    ("encoder_layer", NoActivation, "there is no relu"),
]


@pytest.mark.parametrize(("check", "code", "hint"), NAMED)
def test_the_first_message_names_a_students_mistake(check, code, hint):
    with pytest.raises(checks.CheckFailed) as caught:
        getattr(checks, check)(code)
    assert hint in caught.value.hint


def detectors():
    return {(check, look.name) for check, looks in zoo.DETECTORS.items() for look in looks}


def test_the_list_of_detectors_is_that_of_the_checks():
    for check, looks in zoo.DETECTORS.items():
        assert getattr(checks, check)(RIGHT[check][0]).detectors == tuple(look.name for look in looks)
        assert all(look.blind and look.wanted for look in looks)


@pytest.mark.parametrize("key", BROKEN, ids="-".join)
def test_a_detector_of_plain_faults(key):
    check, name = key
    with pytest.raises(checks.CheckFailed) as caught:
        getattr(checks, check)(BROKEN[key])
    assert name in [failure.detector for failure in caught.value.failures]


def test_every_detector_catches_something():
    catching = {(bug.check, name) for bug in zoo.BUGS for name in bug.found_by()}
    assert not detectors() - catching - set(BROKEN)
