"""`sinusoidal`: a table of positions as hands of clocks, each pair of columns one hand."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from b2t.checks.core import Report, Seen, attempt, detector, judge
from b2t.checks.tensors import (
    as_tensor,
    expect_finite,
    expect_shape,
)

HALVES = "all sines before all cosines: a layout in halves; here they alternate"
LAYOUTS = ("interleaved", "halves", "either")


@dataclass(frozen=True)
class TableCase:
    """Sizes of the table, and the base of its frequencies."""

    seq_len: int = 50
    d_model: int = 12
    base: float = 10000.0


def sinusoidal(fn: Callable, *, layout: str = "interleaved", case: TableCase | None = None) -> Report:
    """Check a function that makes the table of sines and cosines.

    Parameters
    ----------
    fn : function of (seq_len, d_model)
        Returns a tensor or a NumPy array, (seq_len, d_model). `d_model` may be odd.
    layout : {"interleaved", "halves", "either"}
        Sine and cosine of one angle side by side, as in the paper, or all sines before all cosines.
    case : TableCase, optional
        Other sizes.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> import b2t.nn
    >>> sinusoidal(b2t.nn.sinusoidal).check
    'sinusoidal'
    """
    return in_layout("sinusoidal", layout, partial(made, fn), interleave, TABLE, case or TableCase())


def in_layout(check, layout, candidate, rearranged, detectors, case) -> Report:
    """Judge a candidate in its layout; of "either", the one that the numbers speak for."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}; it must be one of {LAYOUTS}")
    halves = partial(rearranged, candidate)
    if layout == "either":
        try:
            return judge(check, halves, detectors, case)
        except AssertionError:
            layout = "interleaved"
    return judge(check, halves if layout == "halves" else candidate, detectors, case)


def made(fn: Callable, seq_len: int, d_model: int) -> Tensor:
    """Call a candidate and insist on its shape."""
    at = f"seq_len {seq_len}, d_model {d_model}"
    table = as_tensor(attempt(at, fn, seq_len, d_model), at)
    expect_shape(table, (seq_len, d_model), at, "one row a position, one column a feature")
    return table


def interleave(make: Callable, seq_len: int, d_model: int) -> Tensor:
    """Bring a table in halves into the order sine, cosine, sine, …"""
    table, n_sines = make(seq_len, d_model), (d_model + 1) // 2
    order = [i // 2 + (i % 2) * n_sines for i in range(d_model)]
    return table[:, order]


def in_halves(make: Callable, seq_len: int, d_model: int, base: float = 10000.0) -> bool:
    """Say whether a table is right but for its layout."""
    found = interleave(make, seq_len, d_model).double()
    return bool((found - exact(seq_len, d_model, base)).abs().max() < 1e-4)


@detector(blind="all numbers", first=True)
def runs(make, case):
    """A table of seq_len rows and d_model columns comes back."""
    make(case.seq_len, case.d_model)


@detector(blind="wrong numbers that are finite")
def finite(make, case):
    """All 5,000 rows of a table 128 wide are finite."""
    hint = "exp of a large exponent: the factor −log(10000) / d_model is missing, or the sign is wrong"
    expect_finite(make(5000, 128), "seq_len 5000, d_model 128", hint)


@detector(blind="every mistake in the numbers")
def any_width(make, case):
    """Every d_model works, odd ones too."""
    for d_model in range(1, 10):
        make(3, d_model)


@detector(blind="hands that differ, but have wrong speeds")
def all_hands_differ(make, case):
    """The d_model / 2 frequencies are all different."""
    pairs = make(2, 64)[1].float().unflatten(0, (32, 2))
    distinct = torch.atan2(pairs[:, 0], pairs[:, 1]).unique().numel()
    if distinct < 32:
        hint = "the exponent became a whole number (integer dtype, //), so hands share a speed"
        hint = HALVES if in_halves(make, 2, 64, case.base) else hint
        raise Seen(f"{distinct} different angles in row 1", "seq_len 2, d_model 64", hint)


@detector(blind="pairs that are hands of the wrong speed")
def pairs_are_hands(make, case):
    """Each pair is sine and cosine of one angle: sin² + cos² = 1."""
    even = case.d_model // 2 * 2
    table = make(case.seq_len, case.d_model)[:, :even].double()
    sums = table.unflatten(1, (-1, 2)).square().sum(dim=-1)
    if not (sums - 1).abs().max() < 1e-4:
        pos, i = ((sums - 1).abs() == (sums - 1).abs().max()).nonzero()[0].tolist()
        hint = "the odd columns have an exponent of their own (or doubled): columns 2 i and 2 i + 1 share 2 i"
        seen = f"{sums[pos, i].item():.3g} at position {pos}, columns {2 * i} and {2 * i + 1}"
        raise Seen(seen, f"seq_len {case.seq_len}, d_model {case.d_model}", hint)


@detector(blind="tables of any other base or speeds")
def distance_alone(make, case):
    """The product of two rows depends on their distance alone."""
    even = case.d_model // 2 * 2
    table = make(case.seq_len, case.d_model)[:, :even].double()
    products = table @ table.T
    for k in range(case.seq_len - 1):
        spread = products.diagonal(k).max() - products.diagonal(k).min()
        if not spread < 1e-3:
            seen = f"products at distance {k} differ by {spread.item():.3g}"
            hint = "a pair that is not sine and cosine of one angle, or numbers that are rounded"
            raise Seen(seen, f"seq_len {case.seq_len}, d_model {case.d_model}", hint)


@detector(blind="widths that fail; positions beyond those tried")
def closed_form(make, case):
    """Each entry is the sine or cosine of pos / base^(2 i / d_model)."""
    for d_model in (case.d_model, case.d_model + 1):
        found, wanted = make(case.seq_len, d_model).double(), exact(case.seq_len, d_model, case.base)
        wrong = ~((found - wanted).abs() < 1e-4)
        if wrong.any():
            pos, column = wrong.nonzero()[0].tolist()
            seen = f"{found[pos, column].item():.4f}, not {wanted[pos, column].item():.4f}"
            at = f"position {pos}, column {column}, d_model {d_model}"
            raise Seen(seen, at, name_table(found, d_model, case))
    far, wanted = make(5000, case.d_model)[-1].double(), exact(5000, case.d_model, case.base)[-1]
    if not (far - wanted).abs().max() < 5e-3:
        column = int((far - wanted).abs().argmax())
        seen = f"{far[column].item():.4f}, not {wanted[column].item():.4f}"
        hint = "angles in half precision, or a table that ends early and starts again"
        raise Seen(seen, f"position 4999, column {column}, d_model {case.d_model}", hint)


def exact(seq_len, d_model, base=10000.0, exponent=lambda c, d: c // 2 * 2 / d) -> Tensor:
    """Work out the table entry by entry."""
    rows = [
        [(math.cos if c % 2 else math.sin)(pos * base ** -exponent(c, d_model)) for c in range(d_model)]
        for pos in range(seq_len)
    ]
    return torch.tensor(rows, dtype=torch.float64)


def name_table(found: Tensor, d_model: int, case) -> str:
    """Say which formula gives this table."""
    n, step = case.seq_len, math.log(10000.0)
    swapped = [c + 1 - 2 * (c % 2) for c in range(d_model // 2 * 2)]
    known = {
        "base 1,000 in place of 10,000": exact(n, d_model, 1000.0),
        "/ d // 2 divides from the left: write / d * (column // 2 * 2), or use brackets": exact(
            n, d_model, math.e, lambda c, d: -(c // 2 * 2 * (-step / d // 2))
        ),
        "the exponent counts pairs (i) where it must count columns (2 i)": exact(
            n, d_model, case.base, lambda c, d: c // 2 / d
        ),
        "the exponent is doubled: 2 * i, where i counts columns already": exact(
            n, d_model, case.base, lambda c, d: c // 2 * 4 / d
        ),
        "positions count from 1, not from 0": exact(n + 1, d_model)[1:],
    }
    for name, wanted in known.items():
        if (found - wanted).abs().max() < 1e-4:
            return name
    if (found[:, swapped] - exact(n, d_model)[:, : len(swapped)]).abs().max() < 1e-4:
        return "cosines in the even columns and sines in the odd ones; the other way round"
    if d_model % 2 == 0 and in_halves(lambda *_: found, n, d_model):
        return HALVES
    return "compare the frequencies: column 2 i turns by 10000^(-2 i / d_model) a position"


TABLE = [runs, finite, any_width, all_hands_differ, pairs_are_hands, distance_alone, closed_form]
