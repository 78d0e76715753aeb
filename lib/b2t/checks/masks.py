"""`causal_mask` and `padding_mask`: boolean, True means "may attend", rows are queries and columns keys."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from b2t.checks.core import Report, Seen, attempt, detector, judge
from b2t.checks.tensors import expect_shape


@dataclass(frozen=True)
class MaskCase:
    """Lengths to make masks for."""

    seq_lens: tuple[int, ...] = (4, 1, 7, 300)
    lengths: tuple[int, ...] = (3, 5, 1, 0)
    seq_len: int = 5


def causal_mask(fn: Callable, *, case: MaskCase | None = None) -> Report:
    """Check a function that makes a causal mask.

    Parameters
    ----------
    fn : function of (seq_len)
        Returns a boolean tensor (seq_len, seq_len), or one with axes of size 1 before these two, in which
        True means that the query of the row may attend to the key of the column.
    case : MaskCase, optional
        Other lengths.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> causal_mask(lambda n: torch.arange(n)[:, None] >= torch.arange(n)).check
    'causal_mask'
    """
    return judge("causal_mask", partial(made_causal, fn), CAUSAL, case or MaskCase())


def padding_mask(fn: Callable, *, case: MaskCase | None = None) -> Report:
    """Check a function that makes a padding mask.

    Parameters
    ----------
    fn : function of (lengths, seq_len)
        `lengths` is an int tensor (batch,). Returns a boolean tensor (batch, 1, 1, seq_len) in which True
        means that the key is real.
    case : MaskCase, optional
        Other lengths.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> padding_mask(lambda lengths, n: (torch.arange(n) < lengths[:, None])[:, None, None]).check
    'padding_mask'
    """
    return judge("padding_mask", partial(made_padding, fn), PADDING, case or MaskCase())


def boolean(mask, at: str) -> Tensor:
    """Insist on a boolean tensor."""
    if not isinstance(mask, Tensor):
        raise Seen(f"returned {type(mask).__name__}", at, "return a tensor; a missing return gives None")
    if mask.dtype != torch.bool:
        hint = "numbers (0 and −∞, or 0 and 1) in place of True and False; add .bool() or a comparison"
        raise Seen(f"dtype {mask.dtype}", at, hint)
    return mask


def made_causal(fn: Callable, seq_len: int) -> Tensor:
    """Call a candidate; drop axes of size 1 in front."""
    at = f"seq_len {seq_len}"
    mask = boolean(attempt(at, fn, seq_len), at)
    while mask.dim() > 2 and mask.size(0) == 1:
        mask = mask[0]
    return mask


def made_padding(fn: Callable, lengths: list[int], seq_len: int) -> Tensor:
    """Call a candidate."""
    at = f"lengths {lengths}, seq_len {seq_len}"
    return boolean(attempt(at, fn, torch.tensor(lengths), seq_len), at)


@detector(blind="which entries are True", first=True)
def is_boolean(make, case):
    """It returns a boolean tensor."""
    make(case.seq_lens[0])


@detector(blind="which entries are True", first=True)
def square(make, case):
    """There is a row a query and a column a key."""
    for n in case.seq_lens:
        expect_shape(make(n), (n, n), f"seq_len {n}", "both axes are positions: (seq_len, seq_len)")


@detector(blind="everything off the diagonal")
def sees_itself(make, case):
    """Each position may attend to itself."""
    for n in case.seq_lens:
        mask = make(n)
        if not mask.diagonal().all():
            query = int((~mask.diagonal()).nonzero()[0])
            hint = "< where <= belongs, tril(-1), or a mask of what is blocked, True for the future"
            raise Seen(f"position {query} may not", f"seq_len {n}", hint)


@detector(blind="positions that may see too little")
def no_future(make, case):
    """No position may attend to a later one."""
    for n in case.seq_lens:
        ahead = make(n).triu(1)
        if ahead.any():
            query, key = ahead.nonzero()[0].tolist()
            hint = "triu in place of tril, rows and columns exchanged, or a mask of what is blocked"
            raise Seen(f"query {query} may attend to key {key}", f"seq_len {n}", hint)


@detector(blind="positions that may see too much")
def whole_past(make, case):
    """Each position may attend to every earlier one."""
    for n in case.seq_lens:
        missing = ~make(n).tril(-1) & torch.ones(n, n, dtype=torch.bool).tril(-1)
        if missing.any():
            query, key = missing.nonzero()[0].tolist()
            hint = "a window in place of the whole past, or a mask of what is blocked"
            raise Seen(f"query {query} may not attend to key {key}", f"seq_len {n}", hint)


@detector(blind="which entries are True", first=True)
def boolean_rows(make, case):
    """A boolean tensor comes back, (batch, 1, 1, seq_len)."""
    wanted = (len(case.lengths), 1, 1, case.seq_len)
    at = f"lengths {list(case.lengths)}, seq_len {case.seq_len}"
    hint = "the mask broadcasts over heads and queries: mask[:, None, None, :]"
    expect_shape(make(list(case.lengths), case.seq_len), wanted, at, hint)


@detector(blind="padding that may be attended to")
def real_keys(make, case):
    """Every real position may be attended to."""
    compare_padding(make, case, True, "the meaning inverted: True means may attend")


@detector(blind="real positions that are hidden")
def no_padding(make, case):
    """No padding may be attended to."""
    compare_padding(make, case, False, "<= where < belongs (positions count from 0), or the meaning inverted")


def compare_padding(make, case, real: bool, hint: str) -> None:
    """Look at the entries that must be `real`."""
    at = f"lengths {list(case.lengths)}, seq_len {case.seq_len}"
    mask = make(list(case.lengths), case.seq_len)[:, 0, 0]
    wanted = torch.arange(case.seq_len) < torch.tensor(case.lengths)[:, None]
    wrong = (mask != wanted) & (wanted == real)
    if wrong.any():
        text, key = wrong.nonzero()[0].tolist()
        raise Seen(f"key {key} of text {text} is {bool(mask[text, key])}", at, hint)


CAUSAL = [is_boolean, square, sees_itself, no_future, whole_past]
PADDING = [boolean_rows, real_keys, no_padding]
