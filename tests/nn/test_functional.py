"""Attention, masks, softmax: against PyTorch, at shapes where batch, heads, lengths and widths all differ."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from b2t.nn import attention, causal_mask, layer_norm, padding_mask, softmax
from b2t.nn.functional import masked_softmax

BATCH, N_HEADS, QUERY_LEN, KEY_LEN, D_HEAD, D_VALUE = 2, 3, 5, 7, 4, 6
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
DTYPES = [torch.float32, torch.float64]


def tensors(dtype=torch.float64, seed=0, requires_grad=False):
    rng = torch.Generator().manual_seed(seed)
    shapes = ((QUERY_LEN, D_HEAD), (KEY_LEN, D_HEAD), (KEY_LEN, D_VALUE))
    made = [torch.randn(BATCH, N_HEADS, *shape, generator=rng, dtype=torch.float64) for shape in shapes]
    return [x.to(dtype).requires_grad_(requires_grad) for x in made]


def masks():
    rng = torch.Generator().manual_seed(1)
    some = torch.rand(BATCH, N_HEADS, QUERY_LEN, KEY_LEN, generator=rng) < 0.6
    some[..., 0] = True
    empty_row = some.clone()
    empty_row[0, :, 2] = False
    return {
        "none": None,
        "some": some,
        "a row with nothing": empty_row,
        "padding": padding_mask([7, 3], KEY_LEN),
        "all padding": padding_mask([7, 0], KEY_LEN),
        "two axes": some[0, 0],
    }


def difference(a, b):
    return (a - b).abs().max().item()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("name", masks())
def test_formula_equals_fused_kernel_gradients_too(name, with_bias, dtype):
    mask = masks()[name]
    bias = tensors(dtype, seed=3)[0][0, :, :1, :1].expand(N_HEADS, QUERY_LEN, KEY_LEN) if with_bias else None
    results = []
    for need_weights in (True, False):
        Q, K, V = tensors(dtype, requires_grad=True)
        out, weights = attention(Q, K, V, mask, bias=bias, scale=0.3, need_weights=need_weights)
        assert (weights is not None) == need_weights
        results.append([out, *torch.autograd.grad(out.square().sum(), (Q, K, V))])
    for a, b in zip(*results, strict=True):
        assert torch.isfinite(a).all()
        assert difference(a, b) < TOLERANCE[dtype] * 10


def test_equals_torch_on_its_own_terms():
    Q, K, V = tensors()
    mask = masks()["some"]
    out, weights = attention(Q, K, V, mask)
    assert difference(out, F.scaled_dot_product_attention(Q, K, V, mask)) < 1e-12
    assert difference(weights.sum(-1), torch.ones(())) < 1e-12
    assert (weights[~mask] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_query_without_a_key_gets_zeros_in_every_dtype(dtype, need_weights):
    """NVIDIA/apex, issue 1052; pytorch/pytorch, issue 103963."""
    Q, K, V = tensors(dtype, requires_grad=True)
    mask = masks()["a row with nothing"]
    out, weights = attention(Q, K, V, mask, need_weights=need_weights)
    assert (out[0, :, 2] == 0).all()
    assert torch.isfinite(out).all()
    if need_weights:
        assert (weights[0, :, 2] == 0).all()
    grads = torch.autograd.grad(out.float().sum(), (Q, K, V))
    assert all(torch.isfinite(grad).all() for grad in grads)


@pytest.mark.parametrize("need_weights", [True, False])
def test_without_any_key_at_all_the_output_is_zero(need_weights):
    Q, K, V = tensors()
    out, _ = attention(Q, K, V, torch.zeros(QUERY_LEN, KEY_LEN, dtype=torch.bool), need_weights=need_weights)
    assert (out == 0).all()


@pytest.mark.parametrize("name", ["none", "some", "a row with nothing"])
def test_gradients_by_finite_differences(name):
    mask = masks()[name]
    inputs = tensors(requires_grad=True)
    assert torch.autograd.gradcheck(lambda Q, K, V: attention(Q, K, V, mask)[0], inputs)


def test_two_axes_are_enough():
    Q, K, V = (x[0, 0] for x in tensors())
    batched = attention(*tensors())[0][0, 0]
    for need_weights in (True, False):
        assert difference(attention(Q, K, V, need_weights=need_weights)[0], batched) < 1e-12


def test_dropout_keeps_the_mean_and_leaves_the_weights_whole():
    Q, K, V = tensors()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        draws = torch.stack([attention(Q, K, V, dropout_p=0.5)[0] for _ in range(2000)])
    out, weights = attention(Q, K, V, dropout_p=0.5)
    assert difference(weights.sum(-1), torch.ones(())) < 1e-12
    assert difference(draws.mean(0), attention(Q, K, V)[0]) < 0.2
    assert difference(out, attention(Q, K, V)[0]) > 1e-3


def test_large_scores_do_not_overflow():
    assert torch.isfinite(softmax(torch.tensor([6e4, -6e4], dtype=torch.float16))).all()
    scores = torch.tensor([[1e30, 0.0, -1e30]])
    assert masked_softmax(scores, torch.tensor([[False, True, True]])).tolist() == [[0.0, 1.0, 0.0]]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9))
def test_softmax_is_torchs(scores):
    scores = torch.tensor(scores, dtype=torch.float64)
    assert difference(softmax(scores), torch.softmax(scores, -1)) < 1e-12


@pytest.mark.parametrize("make", [lambda q, k, v: (q, k[..., :3], v), lambda q, k, v: (q, k, v[..., :4, :])])
def test_shapes_that_do_not_fit_are_named(make):
    with pytest.raises(ValueError, match="K has"):
        attention(*make(*tensors()))


def test_masks_that_do_not_fit_are_named():
    Q, K, V = tensors()
    with pytest.raises(TypeError, match="may attend"):
        attention(Q, K, V, torch.ones(QUERY_LEN, KEY_LEN))
    with pytest.raises(ValueError, match="mask has shape"):
        attention(Q, K, V, torch.ones(BATCH, QUERY_LEN, KEY_LEN, dtype=torch.bool))
    with pytest.raises(ValueError, match="mask has shape"):
        attention(Q, K, V, torch.ones(4, 1, 1, QUERY_LEN, KEY_LEN, dtype=torch.bool))


def test_batches_that_do_not_go_together_are_named():
    Q, K, V = tensors()
    for wrong in ((Q[:1].repeat(5, 1, 1, 1), K, V), (Q, K, V[:1].repeat(5, 1, 1, 1))):
        with pytest.raises(ValueError, match="the batches differ: Q"):
            attention(*wrong)
    out, weights = attention(Q[:1], K, V)
    assert out.shape[0] == weights.shape[0] == BATCH


@pytest.mark.parametrize("shape", [(QUERY_LEN, KEY_LEN - 1), (4, 1, 1, QUERY_LEN, KEY_LEN)])
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_bias_that_does_not_fit_is_named(shape, need_weights):
    with pytest.raises(ValueError, match="bias has shape"):
        attention(*tensors(), bias=torch.zeros(shape).double(), need_weights=need_weights)


def test_what_is_no_tensor_is_named():
    Q, K, V = tensors()
    with pytest.raises(TypeError, match="K is a ndarray; pass a tensor"):
        attention(Q, K.numpy(), V)


def test_causal_mask():
    assert causal_mask(4).tolist() == [[key <= query for key in range(4)] for query in range(4)]
    with pytest.raises(ValueError, match="seq_len is 0"):
        causal_mask(0)
    for size in (3.0, "3", None):
        with pytest.raises(TypeError, match=r"seq_len is .*; it must be a whole number"):
            causal_mask(size)


def test_padding_mask():
    mask = padding_mask(torch.tensor([2, 0, 3]), 3)
    assert mask.shape == (3, 1, 1, 3)
    assert mask[:, 0, 0].tolist() == [[True, True, False], [False] * 3, [True] * 3]
    for lengths in ([4], [-1], [[1]]):
        with pytest.raises(ValueError, match="lengths"):
            padding_mask(lengths, 3)
    for lengths in ([1.5], [True, False]):
        with pytest.raises(TypeError, match="lengths is torch"):
            padding_mask(lengths, 3)
    assert padding_mask([], 3).shape == (0, 1, 1, 3)


def test_layer_norm_is_torchs():
    x, weight, bias = (
        tensors()[0],
        torch.linspace(0.5, 2, D_HEAD).double(),
        torch.linspace(-1, 1, D_HEAD).double(),
    )
    assert difference(layer_norm(x, weight, bias), F.layer_norm(x, (D_HEAD,), weight, bias)) < 1e-12
    assert torch.autograd.gradcheck(layer_norm, [t.clone().requires_grad_() for t in (x[0, 0], weight, bias)])
