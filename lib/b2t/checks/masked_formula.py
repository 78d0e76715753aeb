"""The detectors of `attention` that look at masks."""

from functools import partial

import torch
from torch import Tensor

from b2t.checks.attending import expect_maps, reference, row
from b2t.checks.core import Seen, detector
from b2t.checks.tensors import expect_finite, expect_near, explain, sizes, tolerance


@detector(blind="a mask that is ignored by half: what is allowed")
def forbidden(attend, case):
    """A forbidden key has weight 0, whether scores are small or large."""
    Q, K, _ = case.inputs()
    weights, at = attend.weights(Q, K, case.mask())
    expect_no_leak(weights, case.mask(), at)
    weights, at = attend.weights(1000 * Q, K, case.mask())
    expect_no_leak(weights.nan_to_num(), case.mask(), at + ", Q times 1,000")  # NaN: see large_scores


def expect_no_leak(weights: Tensor, mask: Tensor, at: str) -> None:
    """Look for weight on keys that are forbidden."""
    leaked = weights.masked_fill(mask, 0.0).abs()
    if not leaked.max() < tolerance(weights.dtype):
        where = (leaked == leaked.max()).nonzero()[0] if leaked.max() >= 0 else leaked.isnan().nonzero()[0]
        hint = "the mask is inverted (True means may attend), ignored, or filled with too small a number"
        seen = f"weight {leaked[tuple(where)].item():.3g} on key {where[3]} for {row(where[:3])}"
        raise Seen(seen, at, hint)


@detector(blind="mistakes in what a query may see")
def future(attend, case):
    """Under a causal mask, what comes later changes nothing."""
    Q, K, V = case.inputs(square=True)
    n = case.query_len
    mask = torch.ones(n, n, dtype=torch.bool).tril()
    before = attend(Q, K, V, mask)[0]
    K, V = K.clone(), V.clone()
    K[:, :, -1] += 1.0
    V[:, :, -1] -= 1.0
    moved = (attend(Q, K, V, mask)[0] - before)[:, :, :-1].abs().amax(dim=(0, 1, 3))  # (query_pos,)
    if not moved.max() < tolerance(Q.dtype):
        query = int(moved.argmax())
        hint = "the mask's meaning is inverted (True means may attend), or it is not used before the softmax"
        seen = f"query {query} moves by {moved.max().item():.3g} when key {n - 1} changes"
        raise Seen(seen, sizes(Q=Q, K=K, V=V, mask=mask), hint)


@detector(blind="texts of equal length, and batches of one")
def batch_mates(attend, case):
    """A padded text gives what it gives alone."""
    Q, K, V = case.inputs()
    lengths = torch.arange(case.batch) % (case.key_len - 2) + 2
    mask = (torch.arange(case.key_len) < lengths[:, None])[:, None, None]
    out = attend(Q, K, V, mask)[0]
    for b, m in enumerate(lengths.tolist()):
        alone = attend(Q[b : b + 1], K[b : b + 1, :, :m], V[b : b + 1, :, :m])[0]
        at = sizes(Q=Q, K=K, V=V, mask=mask) + f", text {b} has {m} keys"
        hint = "the mask of another text is used, or padding takes part: does the mask keep its batch axis?"
        expect_near(out[b : b + 1], alone, at, hint, f"text {b} in the batch")


@detector(blind="what the answer should be instead")
def empty_row(attend, case):
    """A query that may attend to nothing gives no NaN."""
    Q, K, V = case.inputs()
    mask = case.mask()
    mask[0, :, 1] = False
    out = attend(Q, K, V, mask)[0]
    at = sizes(Q=Q, K=K, V=V, mask=mask) + ", query 1 of text 0 may attend to nothing"
    expect_finite(
        out, at, "softmax of a row of −∞ is 0/0: give such a row zeros, or fill with a finite number"
    )


LACKS = "a fill value that float16 lacks (−1e9): use −∞ or torch.finfo(dtype).min"


@detector(blind="all that happens in float64")
def half_precision(attend, case):
    """Masks work in float16 and bfloat16."""
    for kind in (torch.float16, torch.bfloat16):
        Q, K, V = (x.to(kind) for x in case.inputs())
        mask = case.mask()
        at = sizes(Q=Q, K=K, V=V, mask=mask)
        try:
            out = attend(Q, K, V, mask)[0]
        except Seen as seen:
            raise Seen(seen.seen, seen.at, LACKS if "overflow" in seen.seen else seen.hint) from seen
        expect_finite(out, at, LACKS)
        found, wanted = out.double(), attend(Q.double(), K.double(), V.double(), mask)[0]
        if not (found - wanted).abs().max() < 0.1:
            seen = f"output differs by up to {(found - wanted).abs().max().item():.2g}"
            raise Seen(seen, at, "a fill value that is too small or too large for half precision")


@detector(blind="a row without a key; other dtypes")
def masked_parity(attend, case):
    """The output equals PyTorch's, with a mask for each text and with one for each head."""
    Q, K, V = case.inputs()
    scores = Q @ K.mT * case.d_head**-0.5
    for mask in (case.mask(), case.mask(case.n_heads)):
        found = attend(Q, K, V, mask)[0]
        known = {
            "the mask is inverted: True means may attend": reference(Q, K, V, ~mask),
            "the mask has no effect": reference(Q, K, V),
            "the mask of the first head is used for all": reference(Q, K, V, mask[:, :1]),
            "the mask is applied after the softmax: rows no longer sum to 1": scores.softmax(-1) * mask @ V,
            "forbidden scores are set to 0, and exp(0) is 1": (scores * mask).softmax(dim=-1) @ V,
            "the mask is added to the scores": (scores + mask.to(Q.dtype)).softmax(dim=-1) @ V,
        }
        at = sizes(Q=Q, K=K, V=V, mask=mask)
        expect_near(found, reference(Q, K, V, mask), at, partial(explain, found, known))


@detector(blind="an output that is wrong together with its weights; functions that return no weights")
def masked_maps(attend, case):
    """With a mask, too, the weights returned are those that made the output."""
    Q, K, V = case.inputs()
    expect_maps(attend, Q, K, V, case.mask())


MASKED = [forbidden, future, batch_mates, masked_parity, masked_maps, half_precision, empty_row]
