"""`encoder_layer`: attention and feed-forward, residuals and norms, in the order that was asked for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from b2t.checks import behaviour, heads
from b2t.checks.core import Report, Seen, detector, judge
from b2t.checks.head_reference import closest, diagnose, known_mistakes
from b2t.checks.heads import HeadsCase
from b2t.checks.parameters import REMEDY, Built, attention_weights, matrices
from b2t.checks.tensors import expect_dtype, expect_near, expect_shape, own_randomness, sizes

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "none": lambda x: x}


@dataclass(frozen=True)
class LayerCase(HeadsCase):
    """As for heads, and which layer is right: the order of its norms, its activation."""

    norm_first: bool = False
    activation: str = "relu"


def encoder_layer(
    cls: Callable,
    *,
    norm_first: bool = False,
    activation: str = "relu",
    names: Mapping[str, str] | None = None,
    case: LayerCase | None = None,
) -> Report:
    """Check a class of encoder layers.

    Parameters
    ----------
    cls : subclass of nn.Module, or function that makes one
        Built as ``cls(d_model, n_heads, d_ff)``; pass ``functools.partial(cls, norm_first=True)`` for other
        choices. Its ``forward(x, mask)`` takes x (batch, seq_len, d_model) and a boolean mask, True for "may
        attend", as in `multi_head_attention`; without a mask it is called as ``forward(x)``. Returns the new
        x, or the pair (x, weights).

        Its parameters are overwritten with seeded numbers and then read. The attention's are told as in
        `multi_head_attention`; of the others, (d_ff, d_model) and (d_model, d_ff) are the feed-forward part,
        and two modules with two vectors each, such as nn.LayerNorm, the norms, in either order.
    norm_first : bool
        Which order of the norms is right: after each sum (post-norm, 2017) or before each branch (pre-norm).
    activation : {"relu", "gelu"}
        Which bend is right.
    names : mapping of str to str, optional
        From W_Q, W_K, W_V, W_O to the names in `cls`.
    case : LayerCase, optional
        Other sizes, seed or dtype.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> import b2t.nn
    >>> encoder_layer(b2t.nn.EncoderLayer).check
    'encoder_layer'
    """
    given = vars(case) if case else {}
    case = LayerCase(**{**given, "norm_first": norm_first, "activation": activation})
    with own_randomness(0), torch.no_grad():
        return judge("encoder_layer", Layer(cls, case, names), DETECTORS, case)


class Layer(Built):
    """A class of encoder layers, and every way to read its weights."""

    def __init__(self, cls: Callable, case: LayerCase, names: Mapping[str, str] | None = None):
        arguments = {"d_model": case.d_model, "n_heads": case.n_heads, "d_ff": case.d_ff}
        super().__init__(cls, arguments, case, names)

    @cached_property
    def readings(self) -> list[dict]:
        """Return what the parameters may be."""
        d_model, n_heads, d_ff = self.arguments.values()
        ways = []
        for flip in (False, True):
            found = matrices(self.module, flip)
            inner = [m.linear for m in found if m.weight.shape == (d_ff, d_model)]
            outer = [m.linear for m in found if m.weight.shape == (d_model, d_ff)]
            if len(inner) == len(outer) == 1:
                for way in attention_weights(found, d_model, n_heads, self.names):
                    ways += [
                        {**way, "W_1": inner[0], "W_2": outer[0], "norms": pair}
                        for pair in permutations(norms(self.module, d_model), 2)
                    ]
        return ways

    def expected(self, x: Tensor, mask: Tensor | None = None, **mistake) -> list[tuple[Tensor, None]]:
        """Return the output that each reading gives, right or with a known mistake."""
        choices = {"norm_first": self.case.norm_first, "activation": self.case.activation, **mistake}
        n_heads = self.arguments["n_heads"]
        return [(reference(x, way, n_heads, mask, **choices), None) for way in self.readings]


def norms(module: nn.Module, d_model: int) -> list[tuple[Tensor, Tensor, float]]:
    """List the parts of a module that hold two vectors and nothing else: weight, bias, eps."""
    found = []
    for part in module.modules():
        own = dict(part.named_parameters(recurse=False))
        if len(own) == 2 and all(p.shape == (d_model,) for p in own.values()):
            first, second = own
            if re.search(r"bias|beta|b_|shift", first):
                first, second = second, first
            found.append((own[first].detach(), own[second].detach(), eps_of(part)))
    return found


def eps_of(part: nn.Module, default: float = 1e-5) -> float:
    """Find the eps of a norm among its attributes: eps, epsilon, variance_epsilon, …"""
    return next((x for name, x in vars(part).items() if "eps" in name and isinstance(x, float)), default)


def reference(
    x, way, n_heads, mask, *, norm_first, activation, residual=(True, True), second=True, **mistake
):
    """Compute an encoder layer with given weights, in which each step can be exchanged or left out."""

    def attend(x):
        return heads.reference(x, way, n_heads, mask, **mistake)[0]

    def feed_forward(x):
        return F.linear(ACTIVATIONS[activation](F.linear(x, *way["W_1"])), *way["W_2"])

    for branch, (weight, bias, eps), add in zip((attend, feed_forward), way["norms"], residual):

        def norm(x, weight=weight, bias=bias, eps=eps):
            return F.layer_norm(x, (x.size(-1),), weight, bias, eps)

        line = x if add else torch.zeros_like(x)
        if not second and branch is feed_forward:
            x = line + branch(x)
        else:
            x = line + branch(norm(x)) if norm_first else norm(line + branch(x))
    return x


def layer_mistakes(case) -> dict[str, dict]:
    """Name mistakes, each as arguments of `reference`."""
    other = "gelu" if case.activation == "relu" else "relu"
    orders = ("post-norm, norm(x + branch(x))", "pre-norm, x + branch(norm(x))")
    wanted, found = orders[case.norm_first], orders[not case.norm_first]
    return {
        f"this is {found}; asked for is {wanted}": {"norm_first": not case.norm_first},
        "no residual around the attention: x + attention(x)": {"residual": (False, True)},
        "no residual around the feed-forward part: x + feed_forward(x)": {"residual": (True, False)},
        "no residual at all": {"residual": (False, False)},
        "the second norm is not used": {"second": False},
        f"the activation is {other}, not {case.activation}": {"activation": other},
        f"there is no {case.activation} between the two linear layers": {"activation": "none"},
        **known_mistakes(case),
    }


@detector(blind="all numbers", first=True)
def runs(layer, case):
    """It is built, runs on a batch, and leaves its input as it was."""
    layer(case.x)


@detector(blind="weights that exist and are not used, or in the wrong place", first=True)
def parameters(layer, case):
    """There are four projections, two linear layers and two norms."""
    if not layer.readings:
        shapes = [f"{m.name} {tuple(m.weight.shape)}" for m in matrices(layer.module)]
        found = f"{len(norms(layer.module, case.d_model))} norms; matrices: {', '.join(shapes) or 'none'}"
        hint = f"a part is missing, shared, or kept in a plain list; or {REMEDY}"
        raise Seen(found, f"d_model {case.d_model}, d_ff {case.d_ff}", hint)


@detector(blind="all numbers", first=True)
def shape(layer, case):
    """The output has the shape of the input."""
    expect_shape(layer(case.x)[0], case.x.shape, sizes(x=case.x), "an axis is lost or exchanged")


@detector(blind="everything else")
def dtype(layer, case):
    """The output has the dtype of the input."""
    expect_dtype(layer(case.x)[0], case.dtype, sizes(x=case.x))


@detector(blind="randomness that eval mode switches off")
def repeatable(layer, case):
    """In eval mode, two calls agree."""
    behaviour.expect_repeatable(layer, case)


@detector(blind="what happens inside a text")
def batch_order(layer, case):
    """No text sees another."""
    behaviour.expect_batch_order(layer, case)


@detector(blind="what treats all positions alike; masks")
def permutation(layer, case):
    """Shuffled positions give shuffled outputs."""
    behaviour.expect_permutation(layer, case)


@detector(blind="mistakes that undo each other; norms, residuals and activation")
def locality(layer, case):
    """A position that may see only itself depends only on itself."""
    behaviour.expect_locality(layer, case)


@detector(blind="norms, residuals and activation")
def future(layer, case):
    """Under a causal mask, what comes later changes nothing."""
    behaviour.expect_no_future(layer, case)


@detector(blind="texts of equal length, and batches of one")
def batch_mates(layer, case):
    """A padded text in a batch gives what it gives alone."""
    behaviour.expect_batch_mates(layer, case)


@detector(blind="every mistake in how a mask is used")
def parity(layer, case):
    """The output is what the weights of the layer should give."""
    x = case.x
    found = layer(x)[0]
    hint = partial(diagnose, found, lambda **mistake: layer.expected(x, **mistake), layer_mistakes(case))
    expect_near(found, closest(found, layer.expected(x)), sizes(x=x), hint)


@detector(blind="every mistake in how a mask is used")
def other_sizes(layer, case):
    """It is also right at other sizes."""
    heads.expect_other_sizes(layer, case)


@detector(blind="a text without a real position")
def masked_parity(layer, case):
    """With a mask, too, the output is what the weights should give."""
    x, mask = case.x, case.mask()
    found = layer(x, mask)[0]
    known = {
        "the mask is inverted: True means may attend": {"mask": ~mask},
        "the mask has no effect": {"mask": None},
        **{name: {"mask": mask, **mistake} for name, mistake in layer_mistakes(case).items()},
    }
    hint = partial(diagnose, found, lambda mask, **mistake: layer.expected(x, mask, **mistake), known)
    expect_near(found, closest(found, layer.expected(x, mask)), sizes(x=x, mask=mask), hint)


@detector(blind="what the answer should be instead")
def empty_text(layer, case):
    """A text of padding alone gives no NaN."""
    behaviour.expect_no_nan(layer, case)


@detector(blind="a gradient that is wrong because the output is")
def gradient(layer, case):
    """Every parameter gets a gradient."""
    behaviour.expect_gradient(layer, case)


DETECTORS = [runs, parameters, shape, dtype, repeatable, batch_order, permutation, locality, future]
DETECTORS += [batch_mates, parity, other_sizes, masked_parity, empty_text, gradient]
