"""The position schemes: the closed form, and the properties that each is for."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from b2t.nn import sinusoidal
from b2t.nn.positions import SCHEMES, Learned, Sinusoidal, alibi_bias, make_positions, rotate


@given(st.integers(1, 40), st.integers(1, 65), st.sampled_from([10000.0, 1000.0, 2.0]))
def test_sinusoidal_is_the_closed_form(seq_len, d_model, base):
    table = sinusoidal(seq_len, d_model, base, dtype=torch.float64)
    assert table.shape == (seq_len, d_model)
    for pos in {0, seq_len - 1}:
        for column in range(d_model):
            angle = pos / base ** (2 * (column // 2) / d_model)
            assert table[pos, column].item() == pytest.approx(
                (math.cos if column % 2 else math.sin)(angle), abs=1e-9
            )


def test_sinusoidal_is_finite_and_exact_far_out():
    table = sinusoidal(100_000, 128)
    assert table.dtype == torch.float32
    assert torch.isfinite(table).all()
    assert table[99_999, 0].item() == pytest.approx(math.sin(99_999), abs=1e-6)


def test_a_shift_is_a_rotation():
    table, shift = sinusoidal(50, 10, dtype=torch.float64), 7
    sin, cos = table[:, 0::2], table[:, 1::2]
    turned = sin[:-shift] * cos[shift] + cos[:-shift] * sin[shift]
    assert (turned - sin[shift:]).abs().max() < 1e-12


def test_rotated_products_depend_on_the_distance_alone():
    rng = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 8, generator=rng, dtype=torch.float64)
    scores = rotate(q.expand(20, 8)) @ rotate(k.expand(20, 8)).T
    for distance in range(-19, 20):
        diagonal = scores.diagonal(distance)
        assert (diagonal - diagonal[0]).abs().max() < 1e-12
    assert rotate(q.expand(20, 8)).norm(dim=-1) == pytest.approx(q.norm().expand(20), abs=1e-12)


def test_alibi_slopes_are_the_papers():
    bias = alibi_bias(8, 3, 5)
    assert bias.shape == (8, 3, 5)
    assert bias[:, 0, 1].tolist() == [-(2.0**-h) for h in range(1, 9)]
    assert bias[0, 2].tolist() == [-1.0, -0.5, 0.0, -0.5, -1.0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_hooks_keep_shapes_dtype_and_device(scheme):
    positions = make_positions(scheme, d_model=12, n_heads=2, max_len=9).double()
    x, Q, K = torch.zeros(2, 9, 12).double(), torch.ones(2, 2, 9, 6).double(), torch.ones(2, 2, 5, 6).double()
    assert positions.add(x).shape == x.shape and positions.add(x).dtype == x.dtype
    turned_Q, turned_K = positions.turn(Q, K)
    assert (turned_Q.shape, turned_K.shape, turned_Q.dtype) == (Q.shape, K.shape, Q.dtype)
    bias = positions.bias(Q, K)
    assert bias is None or (bias.shape == (2, 9, 5) and bias.dtype == Q.dtype)


def test_only_a_learned_table_ends():
    for scheme in SCHEMES:
        positions = make_positions(scheme, d_model=12, n_heads=2, max_len=4)
        if scheme == "learned":
            with pytest.raises(ValueError, match="only 4 were learned"):
                positions.add(torch.zeros(1, 5, 12))
        else:
            assert positions.add(torch.zeros(1, 5, 12)).shape == (1, 5, 12)


def test_impossible_schemes_are_named():
    with pytest.raises(ValueError, match="'relative'"):
        make_positions("relative", 12, 2, 4)
    with pytest.raises(ValueError, match="d_head is 3"):
        make_positions("rotary", 6, 2, 4)
    with pytest.raises(ValueError, match="d_model is 0"):
        sinusoidal(3, 0)


def test_a_table_of_no_size_or_of_another_width_is_refused():
    with pytest.raises(ValueError, match="max_len is 0"):
        Learned(4, 0)
    with pytest.raises(RuntimeError):
        Sinusoidal(4, 2).add(torch.zeros(1, 3, 6))
