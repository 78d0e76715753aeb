"""Wrong attention functions."""

from functools import partial

import torch
import torch.nn.functional as F

from b2t.checks.zoo.bug import Bug
from b2t.nn.functional import attention as right
from b2t.nn.functional import masked_softmax, softmax


def fill(scores, mask, value=float("-inf")):
    """Give forbidden scores a value before the softmax."""
    return (scores if mask is None else scores.masked_fill(~mask, value)).softmax(dim=-1)


def attend(Q, K, V, mask=None, scale=lambda Q: Q.size(-1) ** -0.5, weigh=None, transpose=None):
    """Attend as the library does, with parts that can be exchanged."""
    K_T = K.transpose(-2, -1) if transpose is None else transpose(K)
    scores = Q @ K_T * scale(Q)
    if weigh is None:
        weights = softmax(scores) if mask is None else masked_softmax(scores, mask)
    else:
        weights = weigh(scores, mask)
    return weights @ V, weights


def wrong_axis(scores, mask):
    """Normalise over the queries."""
    scores = scores if mask is None else scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-2).nan_to_num()


def exp_alone(scores, mask):
    """Exponentiate and leave it at that."""
    return scores.exp() if mask is None else scores.exp() * mask


def unsafe_exp(scores, mask):
    """Leave out the row's maximum."""
    exp = scores.exp() if mask is None else scores.exp() * mask
    return exp / exp.sum(dim=-1, keepdim=True).clamp(min=1e-30)


def mask_after(scores, mask):
    """Hide forbidden keys when the softmax is done."""
    return softmax(scores) if mask is None else softmax(scores) * mask


def zero_scores(scores, mask):
    """Multiply scores by the mask: exp(0) is 1."""
    return softmax(scores if mask is None else scores * mask)


def first_mask(scores, mask):
    """Use the mask of the first text for all."""
    return softmax(scores) if mask is None else masked_softmax(scores, mask[:1] if mask.dim() == 4 else mask)


def maps_without_mask(Q, K, V, mask=None):
    """Return the weights of a computation that knows no mask."""
    return right(Q, K, V, mask)[0], right(Q, K, V)[1]


def in_place(Q, K, V, mask=None):
    """Scale the caller's queries."""
    Q *= Q.size(-1) ** -0.5
    return right(Q, K, V, mask, scale=1.0)


def detached(Q, K, V, mask=None):
    """Lose the gradient of the weights."""
    weights = right(Q, K, V, mask)[1].detach()
    return weights @ V, weights


def float32_inside(Q, K, V, mask=None):
    """Collect the output in a tensor of the default dtype."""
    out = torch.zeros(*Q.shape[:-1], V.size(-1))
    out[:] = right(Q, K, V, mask)[0]
    return out


def always_dropping(Q, K, V, mask=None):
    """Drop weights whenever it is called."""
    weights = right(Q, K, V, mask)[1]
    return F.dropout(weights, 0.1) @ V, weights


BUGS = [
    Bug(
        "softmax over the query axis",
        "attention",
        partial(attend, weigh=wrong_axis),
        "row_sums parity",
        "labmlai/annotated_deep_learning_paper_implementations#146 (fixed), "
        "PetrochukM/PyTorch-NLP#2 (closed), nerminnuraydogan/vision-transformer#1 (the author agrees)",
    ),
    Bug("exponentials, not normalised", "attention", partial(attend, weigh=exp_alone), "row_sums parity"),
    Bug(
        "keys left out, softmax(Q) V",
        "attention",
        lambda Q, K, V, mask=None: Q.softmax(-1) @ V,
        "runs",
    ),
    Bug(
        "√d_model in place of √d_head",
        "attention",
        partial(attend, scale=lambda Q: (Q.size(1) * Q.size(-1)) ** -0.5),
        "variance parity",
        "lucidrains/vit-pytorch#65 (fixed), aladdinpersson/Machine-Learning-Collection#65 (open)",
    ),
    Bug(
        "√n_heads in place of √d_head",
        "attention",
        partial(attend, scale=lambda Q: Q.size(1) ** -0.5),
        "variance",
    ),
    Bug(
        "divided by 1/√d_head",
        "attention",
        partial(attend, scale=lambda Q: Q.size(-1) ** 0.5),
        "variance parity",
        "esceptico/perceiver-io#9 (fixed)",
    ),
    Bug("no scale", "attention", partial(attend, scale=lambda Q: 1.0), "variance parity"),
    Bug(
        "K reshaped, not transposed",
        "attention",
        partial(attend, transpose=lambda K: K.reshape(*K.shape[:-2], K.size(-1), K.size(-2))),
        "permutation parity",
    ),
    Bug("no maximum subtracted", "attention", partial(attend, weigh=unsafe_exp), "large_scores"),
    Bug(
        "mask inverted",
        "attention",
        lambda Q, K, V, mask=None: right(Q, K, V, None if mask is None else ~mask),
        "forbidden future batch_mates masked_parity",
        "rasbt/LLMs-from-scratch#1061 (closed)",
    ),
    Bug(
        "mask filled with −1e-12",
        "attention",
        partial(attend, weigh=partial(fill, value=-1e-12)),
        "forbidden future",
        "Shujun-He/RibonanzaNet#5 (−1e-9; open), hyunwoongko/transformer#10 (fixed)",
    ),
    Bug(
        "mask ignored", "attention", lambda Q, K, V, mask=None: right(Q, K, V), "forbidden future batch_mates"
    ),
    Bug("mask after the softmax", "attention", partial(attend, weigh=mask_after), "masked_parity"),
    Bug(
        "forbidden scores set to 0",
        "attention",
        partial(attend, weigh=zero_scores),
        "forbidden masked_parity",
    ),
    Bug(
        "the first text's mask for all",
        "attention",
        partial(attend, weigh=first_mask),
        "batch_mates masked_parity",
    ),
    Bug(
        "−1e9 in float16",
        "attention",
        partial(attend, weigh=partial(fill, value=-1e9)),
        "half_precision",
        "NVIDIA/apex#1052 (closed; a reply suggests −∞)",
    ),
    Bug(
        "a row of −∞ gives NaN",
        "attention",
        partial(attend, weigh=fill),
        "empty_row",
        "pytorch/pytorch#103963 (closed)",
    ),
    Bug("maps without the mask", "attention", maps_without_mask, "masked_maps"),
    Bug("dropout that is always on", "attention", always_dropping, "parity"),
    Bug("the caller's queries scaled in place", "attention", in_place, "runs"),
    Bug("weights without gradient", "attention", detached, "gradient"),
    Bug("output in the default dtype", "attention", float32_inside, "dtype"),
]
