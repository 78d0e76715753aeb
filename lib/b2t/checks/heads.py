"""`multi_head_attention`: does a class split, attend, merge and project as it should?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import torch
import torch.nn.functional as F
from torch import Tensor

import b2t.nn
from b2t.checks import behaviour
from b2t.checks.core import Report, Seen, detector, judge
from b2t.checks.parameters import REMEDY, Built, attention_weights, matrices
from b2t.checks.tensors import (
    SILENT,
    difference,
    expect_dtype,
    expect_near,
    expect_shape,
    near,
    normal,
    own_randomness,
    sizes,
)
from b2t.nn.layers import merge_heads, split_heads


@dataclass(frozen=True)
class HeadsCase:
    """Sizes that all differ, seed and dtype; d_model is n_heads · d_head."""

    batch: int = 2
    seq_len: int = 5
    n_heads: int = 3
    d_head: int = 4
    d_ff: int = 7
    seed: int = 0
    dtype: torch.dtype = torch.float64

    @property
    def d_model(self) -> int:
        """Width of the vectors."""
        return self.n_heads * self.d_head

    @property
    def x(self) -> Tensor:
        """Vectors, (batch, seq_len, d_model)."""
        return normal(self.batch, self.seq_len, self.d_model, seed=self.seed + 50, dtype=self.dtype)

    @property
    def lengths(self) -> Tensor:
        """How much of each text is real; the first is the shortest."""
        return (torch.arange(self.batch) + 2).clamp(max=self.seq_len)

    def mask(self) -> Tensor:
        """Causal and padding mask together, (batch, 1, seq_len, seq_len)."""
        return b2t.nn.causal_mask(self.seq_len) & b2t.nn.padding_mask(self.lengths, self.seq_len)


def multi_head_attention(
    cls: Callable,
    *,
    masked: bool = True,
    names: Mapping[str, str] | None = None,
    case: HeadsCase | None = None,
) -> Report:
    """Check a class of multi-head attention.

    Parameters
    ----------
    cls : subclass of nn.Module, or function that makes one
        Built as ``cls(d_model, n_heads)``. Its ``forward(x)``, or ``forward(query, key, value)``, takes
        tensors (batch, seq_len, d_model) and, if `masked`, a boolean mask, True for "may attend",
        (seq_len, seq_len) or (batch, 1, query_pos or 1, key_pos). It returns the output (batch, seq_len,
        d_model), or the pair (output, weights) with weights (batch, n_heads, query_pos, key_pos).

        Its parameters are overwritten with seeded numbers and then read, to compute what they should give.
        Four nn.Linear named W_Q, W_K, W_V, W_O are told by their names, and so are the usual others
        (q_proj, query, out_proj, …). Failing that, every assignment is tried that the shapes allow: four
        square matrices, one (3 · d_model, d_model) and a square one, or one matrix a head. A bare
        nn.Parameter may be used as x @ W or as W @ x.
    masked : bool
        Whether `forward` takes a mask. Without, the detectors of masks are left out.
    names : mapping of str to str, optional
        From W_Q, W_K, W_V, W_O to the names in `cls`.
    case : HeadsCase, optional
        Other sizes, seed or dtype.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> multi_head_attention(b2t.nn.MultiHeadAttention).check
    'multi_head_attention'
    """
    case = case or HeadsCase()
    with own_randomness(0), torch.no_grad():
        return judge(
            "multi_head_attention", Heads(cls, case, names), PLAIN + (MASKED if masked else []), case
        )


class Heads(Built):
    """A class of multi-head attention, and every way to read its weights."""

    def __init__(self, cls: Callable, case: HeadsCase, names: Mapping[str, str] | None = None):
        super().__init__(cls, {"d_model": case.d_model, "n_heads": case.n_heads}, case, names)

    @cached_property
    def readings(self) -> list[dict]:
        """Return what W_Q, W_K, W_V and W_O may be."""
        d_model, n_heads = self.arguments["d_model"], self.arguments["n_heads"]
        return [
            way
            for flip in (False, True)
            for way in attention_weights(matrices(self.module, flip), d_model, n_heads, self.names)
        ]

    def expected(self, x: Tensor, mask: Tensor | None = None, **mistake) -> list[tuple[Tensor, Tensor]]:
        """Return the output and the weights that each reading gives, right or with a known mistake."""
        n_heads = self.arguments["n_heads"]
        return [reference(x, way, n_heads, mask, **mistake) for way in self.readings]


def reference(x, way, n_heads, mask=None, *, scale=None, split=split_heads, merge=merge_heads, project=True):
    """Multi-head attention with given weights, in which each step can be exchanged."""
    Q, K, V = (split(F.linear(x, *way[role]), n_heads) for role in ("W_Q", "W_K", "W_V"))
    out, weights = b2t.nn.attention(Q, K, V, mask, scale=scale)
    out = merge(out)
    return F.linear(out, *way["W_O"]) if project else out, weights


def view_split(x: Tensor, n_heads: int) -> Tensor:
    """Split the heads as one must not: the positions are torn apart."""
    return x.reshape(len(x), n_heads, x.size(1), -1)


def view_merge(x: Tensor) -> Tensor:
    """Merge the heads as one must not."""
    return x.reshape(len(x), x.size(2), -1)


def closest(found: Tensor, wanted: list) -> Tensor:
    """Pick what comes nearest to the output."""
    return min((out for out, _ in wanted), key=lambda out: difference(found, out))


def known_mistakes(case) -> dict[str, dict]:
    """Name mistakes, each as arguments of `reference`."""
    return {
        "heads split and merged by view alone: transpose(1, 2) after splitting and before merging": {
            "split": view_split,
            "merge": view_merge,
        },
        "heads split by view alone: .view(batch, seq, n_heads, d_head).transpose(1, 2)": {
            "split": view_split
        },
        "heads merged by view alone: .transpose(1, 2) before .reshape(batch, seq, d_model)": {
            "merge": view_merge
        },
        "W_O is not applied": {"project": False},
        "scores divided by √d_model in place of √d_head": {"scale": case.d_model**-0.5},
        "scores divided by √n_heads in place of √d_head": {"scale": case.n_heads**-0.5},
        "scores multiplied by √d_head, which should divide them": {"scale": case.d_head**0.5},
        "scores not divided by √d_head": {"scale": 1.0},
    }


def diagnose(found: Tensor, run: Callable, mistakes: dict[str, dict]) -> str:
    """Name the mistake under which some reading of the weights gives this output."""
    for name, mistake in mistakes.items():
        if any(near(found, out) for out, _ in run(**mistake)):
            return name
    return SILENT


# ---- without a mask ----------------------------------------------------------------------------


@detector(blind="all numbers", first=True)
def runs(heads, case):
    """It is built, runs on a batch, and leaves its input as it was."""
    heads(case.x)


@detector(blind="weights that exist and are not used, or in the wrong place", first=True)
def projections(heads, case):
    """There are four projections, each with weights of its own."""
    if not heads.readings:
        shapes = [f"{m.name} {tuple(m.weight.shape)}" for m in matrices(heads.module)]
        hint = f"a projection is missing (W_O?), shared, or kept in a plain list; or {REMEDY}"
        raise Seen(f"matrices: {', '.join(shapes) or 'none'}", f"d_model {case.d_model}", hint)


@detector(blind="all numbers", first=True)
def shape(heads, case):
    """The output has the shape of the input, the weights one map a head."""
    x = case.x
    out, weights = heads(x)
    expect_shape(out, x.shape, sizes(x=x), "the heads are not merged, or an axis is lost")
    if weights is not None:
        wanted = (case.batch, case.n_heads, case.seq_len, case.seq_len)
        expect_shape(
            weights, wanted, sizes(x=x), "the maps are averaged over the heads, or axes are exchanged"
        )


@detector(blind="everything else")
def dtype(heads, case):
    """The output has the dtype of the input."""
    expect_dtype(heads(case.x)[0], case.dtype, sizes(x=case.x))


@detector(blind="randomness that eval mode switches off")
def repeatable(heads, case):
    """In eval mode, two calls agree."""
    behaviour.expect_repeatable(heads, case)


@detector(blind="positions torn apart in the same way everywhere; every mistake in numbers")
def batch_order(heads, case):
    """Shuffled texts give shuffled outputs: no text sees another."""
    behaviour.expect_batch_order(heads, case)


@detector(blind="what treats all positions alike; masks")
def permutation(heads, case):
    """Shuffled positions give shuffled outputs."""
    behaviour.expect_permutation(heads, case)


@detector(blind="every mistake in how a mask is used")
def parity(heads, case):
    """The output is what the weights of the module should give."""
    x = case.x
    found = heads(x)[0]
    hint = partial(diagnose, found, lambda **mistake: heads.expected(x, **mistake), known_mistakes(case))
    expect_near(found, closest(found, heads.expected(x)), sizes(x=x), hint)


@detector(blind="modules that return no weights")
def maps(heads, case):
    """The weights returned are those of the computation."""
    expect_maps(heads, case, None)


def expect_maps(heads, case, mask) -> None:
    """Compare maps with what the module's weights should give."""
    x = case.x
    found = heads(x, mask)[1]
    if found is not None and not any(near(found, weights) for _, weights in heads.expected(x, mask)):
        hint = "maps of another computation: without the mask, before the softmax, after dropout"
        far = min(difference(found, weights) for _, weights in heads.expected(x, mask))
        raise Seen(
            f"weights differ by up to {far:.3g}", sizes(x=x, **({} if mask is None else {"mask": mask})), hint
        )


@detector(blind="a gradient that is wrong because the output is")
def gradient(heads, case):
    """Every parameter gets a gradient."""
    behaviour.expect_gradient(heads, case)


# ---- with a mask -------------------------------------------------------------------------------


@detector(blind="mistakes that undo each other, such as splitting and merging by view")
def locality(heads, case):
    """A position that may see only itself depends only on itself."""
    behaviour.expect_locality(heads, case)


@detector(blind="mistakes in what a position may see")
def future(heads, case):
    """Under a causal mask, what comes later changes nothing."""
    behaviour.expect_no_future(heads, case)


@detector(blind="texts of equal length, and batches of one")
def batch_mates(heads, case):
    """A padded text in a batch gives what it gives alone."""
    behaviour.expect_batch_mates(heads, case)


@detector(blind="what the answer should be instead")
def empty_text(heads, case):
    """A text of padding alone gives no NaN."""
    behaviour.expect_no_nan(heads, case)


@detector(blind="a text without a real position")
def masked_parity(heads, case):
    """With a mask, too, the output is what the weights should give."""
    x, mask = case.x, case.mask()
    found = heads(x, mask)[0]
    masks = {
        "the mask is inverted: True means may attend": ~mask,
        "the mask has no effect": torch.ones_like(mask),
        "heads get the mask of another text: repeat in place of repeat_interleave": tiled(mask, case.n_heads),
    }
    known = {name: {"mask": other} for name, other in masks.items()}
    known |= {name: {"mask": mask, **mistake} for name, mistake in known_mistakes(case).items()}
    hint = partial(diagnose, found, lambda mask, **mistake: heads.expected(x, mask, **mistake), known)
    expect_near(found, closest(found, heads.expected(x, mask)), sizes(x=x, mask=mask), hint)


def tiled(mask: Tensor, n_heads: int) -> Tensor:
    """Repeat the masks of a batch in the wrong order: 0 1 0 1 … where 0 0 … 1 1 … is meant."""
    batch, _, *axes = mask.shape
    return mask[:, 0].repeat(n_heads, 1, 1).view(batch, n_heads, *axes)


@detector(blind="modules that return no weights")
def masked_maps(heads, case):
    """With a mask, too, the weights returned are those of the computation."""
    expect_maps(heads, case, case.mask())


PLAIN = [runs, projections, shape, dtype, repeatable, batch_order, permutation, parity, maps, gradient]
MASKED = [locality, future, batch_mates, masked_parity, masked_maps, empty_text]
