"""`attention`: is it softmax(Q Kᵀ / √d_head) V, with masks in which True means "may attend"?"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from b2t.checks.attending import Attention, AttentionCase, expect_maps, reference, row
from b2t.checks.core import Report, Seen, detector, judge
from b2t.checks.masked_formula import MASKED
from b2t.checks.tensors import (
    difference,
    expect_dtype,
    expect_finite,
    expect_near,
    expect_shape,
    explain,
    near,
    own_randomness,
    sizes,
    tolerance,
)


def attention(
    fn: Callable, *, masked: bool = True, batched: bool = True, case: AttentionCase | None = None
) -> Report:
    """Check a function that computes attention.

    Parameters
    ----------
    fn : function of (Q, K, V) and, if `masked`, mask
        Q (batch, n_heads, query_pos, d_head), K (batch, n_heads, key_pos, d_head), V (batch, n_heads,
        key_pos, d_value), tensors of one floating dtype; the mask is boolean, True means "may attend",
        and broadcasts to (batch, n_heads, query_pos, key_pos); it is passed as `mask=` when there is a
        parameter of that name, else in fourth place. Returns the output (..., query_pos, d_value), or the
        pair (output, weights) with weights (..., query_pos, key_pos).
    masked : bool
        Whether `fn` takes a mask. Without, the detectors of masks are left out.
    batched : bool
        False for a function of matrices: Q (query_pos, d_head), K, V, and mask (query_pos, key_pos).
    case : AttentionCase, optional
        Other sizes, seed or dtype (float64 or float32).

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        With the detector's name, what it saw, at which shapes, and the usual cause.

    Examples
    --------
    >>> import b2t.nn
    >>> attention(b2t.nn.attention).check
    'attention'
    >>> attention(lambda Q, K, V: (Q @ K.mT / 7**0.5).softmax(dim=-2) @ V, masked=False)
    Traceback (most recent call last):
    b2t.checks.core.CheckFailed: attention: detector row_sums
      wanted:  the weights of each query sum to 1
      seen:    they sum to 1.76 for query 0 of text 0, head 0
      at:      Q (2, 3, 5, 7), K (2, 3, 6, 7), V (2, 3, 6, 6), float64; weights read
               off at V = identity
      usually: the softmax runs over the query axis; it belongs on the last one,
               dim=-1
      also:    parity
    """
    candidate = Attention(fn, batched)
    with own_randomness(0), torch.no_grad():
        return judge("attention", candidate, PLAIN + (MASKED if masked else []), case or AttentionCase())


@detector(blind="all numbers", first=True)
def runs(attend, case):
    """It runs, returns an output or (output, weights), and leaves its inputs as they were."""
    attend(*case.inputs())


@detector(blind="all numbers", first=True)
def shape(attend, case):
    """The output has one row a query, the weights also one column a key."""
    Q, K, V = case.inputs()
    out, weights = attend(Q, K, V)
    at = sizes(Q=Q, K=K, V=V)
    hint = "keys and queries exchanged, or the weights returned in place of the output (or before it)"
    expect_shape(out, (*Q.shape[:-1], V.size(-1)), at, hint)
    if weights is not None:
        expect_shape(weights, (*Q.shape[:-1], K.size(-2)), at, "return (output, weights): rows are queries")
    Q, K, V = Q[:1, :, :1], K[:1], V[:1]
    hint = "squeeze() drops every axis of size 1: name the axis, or leave it"
    expect_shape(attend(Q, K, V)[0], (*Q.shape[:-1], V.size(-1)), sizes(Q=Q, K=K, V=V), hint)


@detector(blind="everything else")
def dtype(attend, case):
    """The output has the dtype of the inputs."""
    Q, K, V = case.inputs()
    expect_dtype(attend(Q, K, V)[0], Q.dtype, sizes(Q=Q, K=K, V=V))


@detector(blind="a wrong scale; weights of the wrong pairs")
def row_sums(attend, case):
    """The weights of each query sum to 1."""
    Q, K, _ = case.inputs()
    weights, at = attend.weights(Q, K)
    sums = weights.sum(dim=-1)
    wrong = ((sums - 1).abs() > tolerance(Q.dtype)) | sums.isnan()
    if wrong.any():
        where = wrong.nonzero()[0]
        columns = (weights.sum(dim=-2) - 1).abs().max() < tolerance(Q.dtype)
        hint = "exp without dividing by the sum of the row, or no softmax at all"
        if columns:
            hint = "the softmax runs over the query axis; it belongs on the last one, dim=-1"
        raise Seen(f"they sum to {sums[tuple(where)].item():.3g} for {row(where)}", at, hint)


@detector(blind="scales that are right at these sizes; weights that are no exp of a multiple of the scores")
def variance(attend, case):
    """Of standard normal queries and keys, the scores have variance 1."""
    Q, K, _ = case.inputs()
    weights, at = attend.weights(Q, K)
    if not (weights > 0).all():
        return
    dots = centred(Q @ K.mT)
    scores = centred(weights.log())
    factor = ((scores * dots).sum() / dots.square().sum()).item()
    is_multiple = difference(factor * dots, scores) < 100 * tolerance(Q.dtype)
    if is_multiple and abs(factor * case.d_head**0.5 - 1) > 1e-3:
        seen = f"variance {factor**2 * case.d_head:.3g}: Q Kᵀ is multiplied by {factor:.4g}"
        raise Seen(seen, at, name_scale(factor, case))


def centred(scores: Tensor) -> Tensor:
    """Subtract the mean of each row: all that a softmax leaves of the scores."""
    return scores - scores.mean(dim=-1, keepdim=True)


def name_scale(factor: float, case) -> str:
    """Say which formula gives this factor."""
    known = {
        "√(n_heads · d_head), which is √d_model, in place of √d_head": (case.n_heads * case.d_head) ** -0.5,
        "√n_heads in place of √d_head": case.n_heads**-0.5,
        "d_head itself: the square root is missing": 1 / case.d_head,
        "a scale that was inverted already: multiply by d_head ** -0.5, or divide by √d_head": case.d_head
        ** 0.5,
        "nothing: the division by √d_head is missing": 1.0,
        "√d_value in place of √d_head": case.d_value**-0.5,
        "√(number of keys) in place of √d_head": case.key_len**-0.5,
        "√(number of queries) in place of √d_head": case.query_len**-0.5,
        "√d_head twice": 1 / case.d_head,
    }
    found = [name for name, value in known.items() if abs(value / factor - 1) < 1e-3]
    return (
        f"divided by {found[0]}"
        if found
        else f"the scale should be 1/√{case.d_head} = {case.d_head**-0.5:.4g}"
    )


@detector(blind="every mistake that treats all positions alike: scale, axis, normalisation")
def permutation(attend, case):
    """Shuffled keys change nothing, shuffled queries shuffle the output."""
    Q, K, V = case.inputs()
    out, at = attend(Q, K, V)[0], sizes(Q=Q, K=K, V=V)
    keys, queries = torch.arange(case.key_len).flip(0).roll(1), torch.arange(case.query_len).flip(0).roll(1)
    hint = "K reshaped (view) where it must be transposed, or an operation that looks at positions"
    found = attend(Q, K[:, :, keys], V[:, :, keys])[0]
    expect_near(found, out, at, hint, "with shuffled keys the output")
    found = attend(Q[:, :, queries], K, V)[0]
    expect_near(found, out[:, :, queries], at, hint, "with shuffled queries the shuffled output")


@detector(blind="scores that stay small")
def large_scores(attend, case):
    """Scores of thousands do not overflow, and the largest still wins."""
    Q, K, V = case.inputs()
    out, at = attend(1e4 * Q, K, V, note=", Q times 10,000")[0], sizes(Q=Q, K=K, V=V) + ", Q times 10,000"
    expect_finite(out, at, "exp of a large score: subtract the row's maximum first")
    far = difference(out, reference(1e4 * Q, K, V))
    if far > 0.05 and near(attend(Q, K, V)[0], reference(Q, K, V)):  # right for small scores alone
        hint = "scores are cut off (clamp), or one maximum is subtracted from all rows: each row has its own"
        raise Seen(f"output differs by up to {far:.3g}", at, hint)


@detector(blind="every mistake in how a mask is used")
def parity(attend, case):
    """The output equals PyTorch's, without a mask, at two sizes."""
    for sized in (case, replace(case, d_head=case.d_head + 4, query_len=case.query_len + 5)):
        Q, K, V = sized.inputs()
        scores = Q @ K.mT * sized.d_head**-0.5
        known = {
            "the softmax runs over the query axis": scores.softmax(dim=-2) @ V,
            "weights exponentiated but not normalised": scores.exp() @ V,
            "a number is fixed that depends on the sizes: take it from Q.shape": reference(
                Q, K, V, scale=case.d_head**-0.5
            ),
        }
        found, wanted = attend(Q, K, V)[0], reference(Q, K, V)
        expect_near(found, wanted, sizes(Q=Q, K=K, V=V), partial(explain, found, known))


@detector(blind="an output that is wrong together with its weights; functions that return no weights")
def maps(attend, case):
    """The weights returned are those that made the output."""
    Q, K, V = case.inputs()
    expect_maps(attend, Q, K, V, None)


@detector(blind="a gradient that is wrong because the output is")
def gradient(attend, case):
    """Gradients reach queries, keys and values."""
    with torch.enable_grad():
        inputs = [x.requires_grad_() for x in case.inputs()]
        out = attend(*inputs)[0]
        at = sizes(Q=inputs[0], K=inputs[1], V=inputs[2])
        hint = ".detach(), .item(), .tolist() or .numpy() on the way: the result no longer knows its inputs"
        if not out.requires_grad:
            raise Seen("the output has no gradient", at, hint)
        found = torch.autograd.grad(out.square().sum(), inputs, allow_unused=True)
    for name, grad in zip("QKV", found):
        if grad is None:
            raise Seen(f"no gradient for {name}", at, hint)


PLAIN = [runs, shape, dtype, row_sums, variance, permutation, large_scores, parity, maps, gradient]
