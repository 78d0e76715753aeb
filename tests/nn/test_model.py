"""The encoder and the classifier: what they must not depend on, and what they refuse."""

import dataclasses

import numpy as np
import pytest
import torch

from b2t.nn import Classifier, Config, Encoder, EncoderLayer, MultiHeadAttention, causal_mask, padding_mask
from b2t.nn.positions import SCHEMES
from b2t.train import seeded

CONFIG = Config(vocab_size=19, d_model=12, n_heads=3, n_layers=2, d_ff=20, max_len=16, dropout=0.1)


@pytest.fixture(params=SCHEMES)
def encoder(request):
    with seeded(0):
        return Encoder(dataclasses.replace(CONFIG, positions=request.param, d_model=18)).double().eval()


def some_ids(batch=4, seq_len=7, seed=0):
    return torch.randint(0, 19, (batch, seq_len), generator=torch.Generator().manual_seed(seed))


def test_permuting_the_batch_permutes_the_output(encoder):
    ids, order = some_ids(), torch.tensor([2, 0, 3, 1])
    assert (encoder(ids[order]) - encoder(ids)[order]).abs().max() < 1e-12


def test_a_text_does_not_depend_on_its_batch_mates_or_its_padding(encoder):
    ids, mask = some_ids(), padding_mask([4, 7, 2, 6], 7)
    alone = encoder(ids[:1, :4])
    assert (encoder(ids, mask)[0, :4] - alone[0]).abs().max() < 1e-12
    ids[0, 4:] = 5
    assert (encoder(ids, mask)[0, :4] - alone[0]).abs().max() < 1e-12


def test_the_future_has_no_gradient_under_a_causal_mask(encoder):
    x = encoder.embed(some_ids()).detach().requires_grad_()
    hidden = x
    for layer in encoder.layers:
        hidden = layer(hidden, causal_mask(7), positions=encoder.positions)
    grad = torch.autograd.grad((hidden[:, 3] * torch.linspace(0, 1, 18)).sum(), x)[0]
    assert (grad[:, 4:] == 0).all()
    assert (grad[:, :4] != 0).any(-1).all()


def test_order_matters_exactly_when_there_are_positions(encoder):
    ids = some_ids(1)
    backwards = (encoder(ids.flip(1)).flip(1) - encoder(ids)).abs().max()
    symmetric = encoder.config.positions in ("none", "alibi")  # a distance has no direction
    assert (backwards < 1e-12) == symmetric
    swapped = ids[:, [1, 0, *range(2, 7)]]
    moved = (encoder(swapped)[:, [1, 0, *range(2, 7)]] - encoder(ids)).abs().max()
    assert (moved < 1e-12) == (encoder.config.positions == "none")


def test_weights_are_those_of_the_forward_pass(encoder):
    ids, mask = some_ids(), padding_mask([4, 7, 2, 6], 7)
    out, weights = encoder(ids, mask, need_weights=True)
    assert (out - encoder(ids, mask)).abs().max() < 1e-12
    assert [w.shape for w in weights] == [(4, 3, 7, 7)] * 2
    assert all((w.sum(-1) - 1).abs().max() < 1e-12 and (w[0, ..., 4:] == 0).all() for w in weights)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_last_norm_exists_exactly_when_norms_come_first(norm_first):
    encoder = Encoder(dataclasses.replace(CONFIG, norm_first=norm_first))
    assert isinstance(encoder.norm, torch.nn.LayerNorm) == norm_first
    assert isinstance(encoder.layers, torch.nn.ModuleList)


def test_embed_is_what_the_first_layer_receives():
    with seeded(0):
        encoder = Encoder(CONFIG).eval()
    ids, seen = some_ids(), []
    encoder.layers[0].register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    encoder(ids)
    assert torch.equal(seen[0], encoder.embed(ids))
    expected = encoder.embedding(ids) * 12**0.5 + encoder.positions.table[:7]
    assert torch.allclose(seen[0], expected)


def test_dropout_is_for_training_only():
    with seeded(0):
        encoder = Encoder(CONFIG)
    assert not torch.equal(encoder(some_ids()), encoder(some_ids()))
    assert torch.equal(encoder.eval()(some_ids()), encoder(some_ids()))


def test_attention_weights_are_dropped_in_training():
    with seeded(0):
        module = MultiHeadAttention(12, 3, dropout=0.5)
    x = torch.ones(1, 4, 12)
    assert not torch.equal(module(x), module(x))


def test_a_classifier_ignores_padding():
    with seeded(0):
        model = Classifier(CONFIG, n_classes=5).double().eval()
    ids, mask = some_ids(), padding_mask([4, 7, 2, 6], 7)
    assert (model(ids, mask)[0] - model(ids[:1, :4])[0]).abs().max() < 1e-12
    logits, weights = model(ids, mask, need_weights=True)
    assert (logits - model(ids, mask)).abs().max() < 1e-12
    assert logits.shape == (4, 5) and len(weights) == 2


def test_a_text_of_nothing_is_no_nan():
    with seeded(0):
        model = Classifier(CONFIG, n_classes=5).eval()
    assert torch.isfinite(model(some_ids(1), padding_mask([0], 7))).all()


def test_half_precision_runs():
    with seeded(0):
        encoder = Encoder(CONFIG).to(torch.bfloat16).eval()
    assert torch.isfinite(encoder(some_ids(), padding_mask([4, 7, 0, 6], 7))).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_heads": 5}, "n_heads can be one of"),
        ({"n_layers": 0}, "n_layers is 0"),
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"dropout": 1.5}, "dropout is 1.5"),
        ({"activation": "swish"}, "'swish'"),
        ({"positions": "relative"}, "'relative'"),
    ],
)
def test_impossible_configs_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CONFIG, **change)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (torch.tensor([[19]]), "holds 19"),
        (torch.tensor([[-1]]), "holds -1"),
        (torch.tensor([1, 2]), r"shape \(2,\)"),
        (torch.tensor([[0.5]]), "float32"),
    ],
)
def test_impossible_ids_are_named(ids, message):
    with pytest.raises(ValueError, match=message):
        Encoder(CONFIG)(ids)


@pytest.mark.parametrize("ids", [[[1]], np.array([[1]])])
def test_ids_that_are_no_tensor_are_named(ids):
    with pytest.raises(TypeError, match="pass an integer tensor"):
        Encoder(CONFIG)(ids)


@pytest.mark.parametrize("module", [MultiHeadAttention(6, 2), EncoderLayer(6, 2, 8)])
@pytest.mark.parametrize("shape", [(3, 6), (1, 1, 3, 6), (1, 3, 5)])
def test_vectors_without_their_batch_or_width_are_refused(module, shape):
    with pytest.raises(ValueError, match="x has shape"):
        module(torch.zeros(shape))


def test_a_context_that_does_not_fit_is_refused():
    attend, x = MultiHeadAttention(6, 2), torch.zeros(2, 3, 6)
    with pytest.raises(ValueError, match="context has shape"):
        attend(x, torch.zeros(4, 6))
    with pytest.raises(TypeError, match="mask="):
        attend(x, torch.ones(3, 3, dtype=torch.bool))


def test_masks_of_three_axes_are_refused():
    layer = EncoderLayer(12, 3, 20)
    with pytest.raises(ValueError, match=r"mask\[:, None\]"):
        layer(torch.zeros(3, 4, 12), torch.ones(3, 4, 4, dtype=torch.bool))
    with pytest.raises(TypeError, match="boolean"):
        layer(torch.zeros(3, 4, 12), torch.ones(4, 4))


@pytest.mark.parametrize("norm_first", [False, True])
def test_gradients_by_finite_differences(norm_first):
    with seeded(0):
        layer = EncoderLayer(6, 2, 8, 0.0, norm_first, "gelu").double()
    x = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: layer(x, causal_mask(3)), x)


def test_the_encoder_compiles_in_one_piece():
    """Without a graph break, padding mask included; the backend only records, so no compiler is needed."""
    with seeded(0):
        encoder = Encoder(CONFIG).eval()
    ids, mask = some_ids(), padding_mask([4, 7, 2, 6], 7)
    compiled = torch.compile(encoder, backend="eager", fullgraph=True)
    assert torch.allclose(compiled(ids, mask), encoder(ids, mask), atol=1e-6)
