"""`rotary`: queries and keys turned by their positions, each pair of features by its own angle."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from b2t.checks.core import Report, Seen, detector
from b2t.checks.tables import in_layout
from b2t.checks.tensors import (
    as_tensor,
    call,
    expect_dtype,
    expect_near,
    expect_shape,
    explain,
    normal,
    sizes,
)


@dataclass(frozen=True)
class RotaryCase:
    """Sizes of queries and keys, seed and dtype."""

    batch: int = 2
    n_heads: int = 3
    seq_len: int = 5
    d_head: int = 8
    seed: int = 0
    dtype: torch.dtype = torch.float64

    def inputs(self) -> Tensor:
        """Return queries, (batch, n_heads, seq_len, d_head)."""
        shape = (self.batch, self.n_heads, self.seq_len, self.d_head)
        return normal(*shape, seed=self.seed, dtype=self.dtype)


def rotary(fn: Callable, *, layout: str = "interleaved", case: RotaryCase | None = None) -> Report:
    """Check a function that turns queries or keys by their positions.

    Parameters
    ----------
    fn : function of x
        x (batch, n_heads, seq_len, d_head), `d_head` even; base 10,000. Returns a tensor like x.
    layout : {"interleaved", "halves", "either"}
        Which features make a pair: 2 i and 2 i + 1, or i and i + d_head / 2.
    case : RotaryCase, optional
        Other sizes, seed or dtype.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> from b2t.nn.positions import rotate
    >>> rotary(rotate).check
    'rotary'
    """
    return in_layout("rotary", layout, partial(turned, fn), turned_in_halves, TURN, case or RotaryCase())


def turned(fn: Callable, x: Tensor) -> Tensor:
    """Call a candidate and insist on its shape."""
    at = sizes(x=x)
    found = as_tensor(call(at, fn, x), at)
    expect_shape(found, x.shape, at, "the two halves of a pair must be put back where they were")
    return found


def turned_in_halves(turn: Callable, x: Tensor) -> Tensor:
    """Call a candidate that pairs i with i + d_head / 2 as if it paired neighbours."""
    n = x.size(-1) // 2
    order = torch.tensor([i // 2 + (i % 2) * n for i in range(x.size(-1))])
    return turn(x[..., order.argsort()])[..., order]


@detector(blind="all numbers", first=True)
def keeps_shape(turn, case):
    """It runs, returns a tensor like x, and leaves x as it was."""
    turn(case.inputs())


@detector(blind="everything else")
def dtype(turn, case):
    """The output has the dtype of the input."""
    expect_dtype(turn(case.inputs()), case.dtype, sizes(x=case.inputs()))


@detector(blind="turns by wrong angles")
def lengths_kept(turn, case):
    """A turned vector keeps its length."""
    x = case.inputs()
    hint = "a sign: the pair (a, b) becomes (a cos − b sin, a sin + b cos)"
    expect_near(turn(x).norm(dim=-1), x.norm(dim=-1), sizes(x=x), hint, "length")


@detector(blind="wrong speeds; the wrong direction")
def relative(turn, case):
    """The product of a turned query and a turned key depends on their distance alone."""
    x = case.inputs()
    query, key = x[:1, :1, :1].expand_as(x), x[:1, :1, 1:2].expand_as(x)
    products = (turn(query) @ turn(key).mT)[0, 0]
    for k in range(case.seq_len - 1):
        spread = (products.diagonal(k).max() - products.diagonal(k).min()).item()
        if not spread < 1e-3:
            hint = "positions counted along another axis, or the two features of a pair turned by two angles"
            raise Seen(f"products at distance {k} differ by {spread:.3g}", sizes(x=x), hint)


@detector(blind="speeds and pairs")
def same_for_every_head(turn, case):
    """Position 0 stays, and every text and head is turned alike."""
    x = case.inputs()[:1, :1].expand(case.batch, case.n_heads, -1, -1)
    found = turn(x)
    hint = "positions counted along the heads or the batch, or from 1"
    expect_near(found[:, :, 0], x[:, :, 0], sizes(x=x), hint, "position 0")
    expect_near(found, found[:1, :1].expand_as(found), sizes(x=x), hint, "another head or text")


@detector(blind="nothing of the formula; long texts")
def turn_by_angle(turn, case):
    """Pair i is turned by pos / 10000^(2 i / d_head)."""
    x = case.inputs()
    order = torch.arange(x.size(-1)).unflatten(0, (2, -1)).T.flatten()  # 0, n, 1, n + 1, …
    in_halves = rotated(x[..., order])[..., order.argsort()]
    known = {
        "features paired in halves (i with i + d_head / 2); here neighbours make a pair": in_halves,
        "base 1,000 in place of 10,000": rotated(x, 1000.0),
        "turned the other way: the sign of the sine": rotated(x, direction=-1),
    }
    expect_near(turn(x), rotated(x), sizes(x=x), partial(explain, turn(x), known))


def rotated(x: Tensor, base: float = 10000.0, direction: int = 1) -> Tensor:
    """Turn pairs as complex numbers: another way to the same result."""
    pos = torch.arange(x.size(-2), dtype=torch.float64)[:, None]
    angle = direction * pos * base ** (-torch.arange(0, x.size(-1), 2, dtype=torch.float64) / x.size(-1))
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    turned_pairs = pairs * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned_pairs).flatten(-2).to(x.dtype)


TURN = [keeps_shape, dtype, lengths_kept, same_for_every_head, relative, turn_by_angle]
