"""Our modules and their torch.nn twins, holding the same weights, give the same numbers and gradients."""

import copy
import itertools

import pytest
import torch
from torch import nn

from b2t.nn import Config, Encoder, EncoderLayer, MultiHeadAttention, causal_mask, padding_mask
from b2t.nn.interop import load_torch, to_torch
from b2t.train import seeded

BATCH, SEQ_LEN, D_MODEL, N_HEADS, D_FF, N_LAYERS = 4, 7, 15, 3, 22, 2  # d_head 5
LENGTHS = [7, 3, 5, 1]
LARGEST: dict[str, float] = {}
DTYPES = [torch.float32, torch.float64]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
KINDS = ["attention", "layer", "encoder"]
MASKS = ["none", "causal", "padding", "both"]


def make(kind, norm_first=False, activation="relu", dropout=0.0):
    with seeded(0):
        if kind == "attention":
            return MultiHeadAttention(D_MODEL, N_HEADS, dropout)
        if kind == "layer":
            return EncoderLayer(D_MODEL, N_HEADS, D_FF, dropout, norm_first, activation)
        sizes = dict(d_model=D_MODEL, n_heads=N_HEADS, n_layers=N_LAYERS, d_ff=D_FF, max_len=SEQ_LEN)
        return Encoder(
            Config(vocab_size=11, dropout=dropout, norm_first=norm_first, activation=activation, **sizes)
        )


def shake(module):
    """Give every parameter a value of its own, so that no bias is zero and no stretch is one."""
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=rng).to(parameter))
    return module


def our_mask(name):
    causal, padding = causal_mask(SEQ_LEN), padding_mask(LENGTHS, SEQ_LEN)
    return {"none": None, "causal": causal, "padding": padding, "both": causal & padding}[name]


def their_masks(name):
    """torch.nn's convention: True means "may not attend"."""
    return {
        "attn": ~causal_mask(SEQ_LEN) if name in ("causal", "both") else None,
        "padding": ~padding_mask(LENGTHS, SEQ_LEN)[:, 0, 0] if name in ("padding", "both") else None,
    }


def run_ours(module, x, name):
    if not isinstance(module, Encoder):
        return module(x, mask=our_mask(name))
    for layer in module.layers:
        x = layer(x, our_mask(name))
    return module.norm(x)


def run_theirs(module, x, name):
    masks = their_masks(name)
    if isinstance(module, nn.MultiheadAttention):
        return module(
            x, x, x, attn_mask=masks["attn"], key_padding_mask=masks["padding"], need_weights=False
        )[0]
    key = "src_mask" if isinstance(module, nn.TransformerEncoderLayer) else "mask"
    return module(x, **{key: masks["attn"]}, src_key_padding_mask=masks["padding"])


def inputs(dtype):
    return (
        torch.randn(BATCH, SEQ_LEN, D_MODEL, generator=torch.Generator().manual_seed(1))
        .to(dtype)
        .requires_grad_()
    )


def compare(kind, ours, theirs, dtype, name):
    """Outputs, and gradients in the input and in every weight."""
    real = (
        padding_mask(LENGTHS, SEQ_LEN)[:, 0, 0] if "encoder" in kind and name in ("padding", "both") else ...
    )
    results = []
    for run, module in ((run_ours, ours), (run_theirs, theirs)):
        x = inputs(dtype)
        out = run(module, x, name)[real]
        (out * torch.linspace(-1, 1, out.numel(), dtype=dtype).view_as(out)).sum().backward()
        results.append((out, x.grad))
    largest = max((a - b).abs().max().item() for a, b in zip(*results, strict=True))
    gradients = load_torch(copy.deepcopy(ours), gradient_twin(theirs))
    for mine, copied in zip(ours.named_parameters(), gradients.parameters(), strict=True):
        if mine[1].grad is not None:
            largest = max(largest, (mine[1].grad - copied).abs().max().item())
    LARGEST[f"{kind} {dtype}"] = max(largest, LARGEST.get(f"{kind} {dtype}", 0.0))
    assert largest < TOLERANCE[dtype]


def gradient_twin(theirs):
    """A twin whose weights are the gradients of `theirs`, so that load_torch pairs them with ours."""
    twin = copy.deepcopy(theirs)
    with torch.no_grad():
        for parameter, original in zip(twin.parameters(), theirs.parameters(), strict=True):
            parameter.copy_(original.grad)
    return twin


CASES = [
    (kind, norm_first, activation)
    for kind, norm_first, activation in itertools.product(KINDS, [False, True], ["relu", "gelu"])
    if kind != "attention" or (not norm_first and activation == "relu")
]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize(("kind", "norm_first", "activation"), CASES)
def test_parity(kind, norm_first, activation, name, dtype, training):
    ours = shake(make(kind, norm_first, activation)).to(dtype).train(training)
    theirs = to_torch(ours)
    assert theirs.training == training
    compare(kind, ours, theirs, dtype, name)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_go_both_ways(kind):
    theirs = shake(to_torch(make(kind)))
    ours = load_torch(make(kind), theirs)
    x = inputs(torch.float32)
    assert (run_ours(ours, x, "causal") - run_theirs(theirs, x, "causal")).abs().max() < 1e-5
    for a, b in zip(to_torch(ours).parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("norm_first", [False, True])
def test_embedded_ids_go_through_the_twin(norm_first):
    encoder = shake(make("encoder", norm_first)).double()
    ids = torch.randint(0, 11, (BATCH, SEQ_LEN), generator=torch.Generator().manual_seed(2))
    out, weights = encoder(ids, our_mask("padding"), need_weights=True)
    real = padding_mask(LENGTHS, SEQ_LEN)[:, 0, 0]
    theirs = to_torch(encoder)(encoder.embed(ids), src_key_padding_mask=~real)
    assert (out - theirs)[real].abs().max() < 1e-12
    assert (out - encoder(ids, our_mask("padding"))).abs().max() < 1e-12
    assert len(weights) == N_LAYERS and weights[0].shape == (BATCH, N_HEADS, SEQ_LEN, SEQ_LEN)


def test_weights_are_those_of_torch():
    ours = shake(make("attention")).double()
    x = inputs(torch.float64)
    _, weights = ours(x, need_weights=True)
    _, theirs = to_torch(ours)(x, x, x, average_attn_weights=False)
    assert (weights - theirs).abs().max() < 1e-12


def test_context_gives_keys_and_values():
    ours = shake(make("attention")).double()
    x, context = inputs(torch.float64), torch.randn(BATCH, 4, D_MODEL, dtype=torch.float64)
    assert (ours(x, context) - to_torch(ours)(x, context, context)[0]).abs().max() < 1e-12


def test_dropout_and_mode_are_copied():
    layer = make("layer", dropout=0.25).eval()
    theirs = to_torch(layer)
    assert not theirs.training
    assert theirs.dropout1.p == theirs.dropout2.p == theirs.dropout.p == theirs.self_attn.dropout == 0.25


@pytest.mark.parametrize(
    ("ours", "theirs", "what"),
    [
        (MultiHeadAttention(6, 2), nn.MultiheadAttention(6, 3), "n_heads"),
        (MultiHeadAttention(6, 2), nn.MultiheadAttention(8, 2), "d_model"),
        (MultiHeadAttention(6, 2), nn.MultiheadAttention(6, 2, kdim=4), "kdim"),
        (MultiHeadAttention(6, 2), nn.MultiheadAttention(6, 2, bias=False), "biases"),
        (EncoderLayer(6, 2, 8), nn.TransformerEncoderLayer(6, 2, 9), "d_ff"),
        (EncoderLayer(6, 2, 8), nn.TransformerEncoderLayer(6, 2, 8, norm_first=True), "norm_first"),
        (EncoderLayer(6, 2, 8), nn.TransformerEncoderLayer(6, 2, 8, activation="gelu"), "activation"),
    ],
)
def test_different_twins_are_refused(ours, theirs, what):
    with pytest.raises(ValueError, match=what):
        load_torch(ours, theirs)


def test_strangers_are_refused():
    with pytest.raises(TypeError, match="Linear"):
        load_torch(MultiHeadAttention(6, 2), nn.Linear(6, 6))
    with pytest.raises(TypeError, match="Linear"):
        to_torch(nn.Linear(6, 6))
    with pytest.raises(TypeError, match=r"no torch\.nn twin"):
        to_torch(nn.Identity())  # has no parameters to take the dtype from
    with pytest.raises(ValueError, match="rotary"):
        to_torch(Encoder(Config(vocab_size=5, d_model=8, n_heads=2, n_layers=1, d_ff=8, positions="rotary")))


def test_largest_differences_are_reported(record_property, capsys):
    """Runs last in this file and shows what test_parity measured."""
    if not LARGEST:
        pytest.fail("run the whole file: this test reports what test_parity measured")
    with capsys.disabled():
        print(
            "\n"
            + "\n".join(f"largest difference, {name}: {value:.1e}" for name, value in sorted(LARGEST.items()))
        )
