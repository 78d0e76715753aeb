"""`multi_head_attention`: does a class split, attend, merge and project as it should?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch
from torch import Tensor

import b2t.nn
from b2t.checks import behaviour
from b2t.checks.core import Report, Seen, detector, judge
from b2t.checks.head_reference import closest, diagnose, known_mistakes, reference, tiled
from b2t.checks.parameters import REMEDY, Built, attention_weights, matrices, required
from b2t.checks.tensors import (
    difference,
    expect_dtype,
    expect_near,
    expect_shape,
    near,
    normal,
    own_randomness,
    sizes,
)


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
        square matrices; one (3 · d_model, d_model) and a square one, or one (2 · d_model, d_model) and two,
        cut in blocks or head by head; one matrix a head, or one parameter (n_heads, d_model, d_head). A bare
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
    if len(required(heads.module.forward)) == 3:
        expect_own_inputs(heads, case)


def expect_own_inputs(heads, case) -> None:
    """Hand over three different inputs."""
    inputs = tuple(normal(*case.x.shape, seed=case.seed + i, dtype=case.dtype) for i in (60, 61, 62))
    found, at = heads(inputs)[0], sizes(query=inputs[0], key=inputs[1], value=inputs[2])
    hint = (
        "one input used for another: W_K is for key and W_V for value, also where one text looks at another"
    )
    expect_near(found, closest(found, heads.expected(inputs)), at, hint)


@detector(blind="every mistake in how a mask is used")
def other_sizes(heads, case):
    """It is also right at other sizes."""
    expect_other_sizes(heads, case)


def expect_other_sizes(run, case) -> None:
    """Build the class again, with one head more, and wider ones."""
    sized = replace(case, n_heads=case.n_heads + 1, d_head=case.d_head + 1, seq_len=case.seq_len + 3)
    again, x = type(run)(run.cls, sized, run.names), sized.x
    hint = "a number is fixed that depends on the sizes: take it from the arguments or from x.shape"
    at = f"{sizes(x=x)}, n_heads {sized.n_heads}"
    found = again(x)[0]
    if not again.readings:
        raise Seen("other weights than before", at, hint)
    expect_near(found, closest(found, again.expected(x)), at, hint)


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


@detector(blind="modules that return no weights")
def masked_maps(heads, case):
    """With a mask, too, the weights returned are those of the computation."""
    expect_maps(heads, case, case.mask())


PLAIN = [
    runs,
    projections,
    shape,
    dtype,
    repeatable,
    batch_order,
    permutation,
    parity,
    other_sizes,
    maps,
    gradient,
]
MASKED = [locality, future, batch_mates, masked_parity, masked_maps, empty_text]
