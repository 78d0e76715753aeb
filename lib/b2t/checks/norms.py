"""`layer_norm`: mean 0 and variance 1 of each vector's own features, then stretch and shift."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from b2t.checks.core import Report, Seen, detector, judge
from b2t.checks.tensors import (
    as_tensor,
    call,
    difference,
    expect_dtype,
    expect_finite,
    expect_near,
    expect_shape,
    explain,
    normal,
    sizes,
    takes,
    tolerance,
)


@dataclass(frozen=True)
class NormCase:
    """Sizes, seed and dtype."""

    batch: int = 3
    seq_len: int = 5
    d_model: int = 4
    seed: int = 0
    dtype: torch.dtype = torch.float64

    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return x (batch, seq_len, d_model), weight and bias (d_model,)."""
        x = normal(self.batch, self.seq_len, self.d_model, seed=self.seed, dtype=self.dtype)
        weight, bias = normal(2, self.d_model, seed=self.seed + 1, dtype=self.dtype)
        return 2.0 * x + 3.0, weight, bias

    def plain(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the same x with weight 1 and bias 0."""
        x = self.inputs()[0]
        return x, torch.ones(self.d_model, dtype=self.dtype), torch.zeros(self.d_model, dtype=self.dtype)


class Norm:
    """A candidate that is always called with an eps of its own name."""

    def __init__(self, fn: Callable):
        self.fn = fn

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5, note: str = "") -> Tensor:
        at = sizes(x=x, weight=weight, bias=bias) + f", eps {eps:g}" + note
        named = {"eps": eps} if takes(self.fn, "eps") else {}
        return as_tensor(call(at, self.fn, x, weight, bias, *([] if named else [eps]), **named), at)


def layer_norm(fn: Callable, *, case: NormCase | None = None) -> Report:
    """Check a layer norm.

    Parameters
    ----------
    fn : function of (x, weight, bias, eps)
        x (..., d_model), weight and bias (d_model,), all of one floating dtype, eps a float added to the
        variance. Returns a tensor like x.
    case : NormCase, optional
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
    >>> layer_norm(b2t.nn.layer_norm).check
    'layer_norm'
    """
    return judge("layer_norm", Norm(fn), DETECTORS, case or NormCase())


def place(x, weight, bias, eps=1e-5):
    """Describe an input."""
    return sizes(x=x, weight=weight, bias=bias) + f", eps {eps:g}"


@detector(blind="all numbers", first=True)
def runs(norm, case):
    """It runs, returns a tensor like x, and leaves its inputs as they were."""
    x, weight, bias = case.inputs()
    expect_shape(norm(x, weight, bias), x.shape, place(x, weight, bias), "keepdim=True is missing in a mean")


@detector(blind="all numbers in three axes")
def any_axes(norm, case):
    """A single vector and a tensor of four axes give what their vectors give."""
    x, weight, bias = case.inputs()
    wanted = norm(x, weight, bias)
    for at, found_in, part in (
        ("x[0, 0]", x[0, 0], wanted[0, 0]),
        ("x[:, None]", x[:, None], wanted[:, None]),
    ):
        hint = "an axis counted from the left (dim=2) or a shape taken apart: features are the last, dim=-1"
        expect_near(
            norm(found_in, weight, bias), part, place(found_in, weight, bias), hint, f"output for {at}"
        )


@detector(blind="everything else")
def dtype(norm, case):
    """The output has the dtype of the input."""
    inputs = case.inputs()
    expect_dtype(norm(*inputs), case.dtype, place(*inputs))


@detector(blind="the size of the result; weight and bias")
def mean_zero(norm, case):
    """Each vector has mean 0."""
    inputs = case.plain()
    means = norm(*inputs).mean(dim=-1)
    if not means.abs().max() < tolerance(case.dtype):
        text, position = (means.abs() == means.abs().max()).nonzero()[0].tolist()
        hint = "the mean runs over another axis (the batch, the positions), or is not subtracted"
        seen = f"mean {means[text, position].item():.3g} at text {text}, position {position}"
        raise Seen(seen, place(*inputs) + ", weight 1, bias 0", hint)


@detector(blind="the mean; weight and bias; wide vectors, where d_model − 1 is nearly d_model")
def variance_one(norm, case):
    """Each vector has variance 1, divided by d_model."""
    inputs = case.plain()
    found = norm(*inputs, eps=1e-12).var(dim=-1, correction=0)
    if not (found - 1).abs().max() < max(1e-6, tolerance(case.dtype)):
        text, position = ((found - 1).abs() == (found - 1).abs().max()).nonzero()[0].tolist()
        unbiased = (case.d_model - 1) / case.d_model
        hint = "divided by the variance (no root), or the variance runs over another axis"
        if difference(found, torch.full_like(found, unbiased)) < 1e-6:
            hint = f"{unbiased:.3g} is (d_model − 1) / d_model: .std() divides by d_model − 1 unless told"
        seen = f"variance {found[text, position].item():.3g} at text {text}, position {position}"
        raise Seen(seen, place(*inputs, 1e-12) + ", weight 1, bias 0", hint)


@detector(blind="every mistake inside a vector")
def own_features(norm, case):
    """A vector's output depends on that vector alone."""
    x, weight, bias = case.inputs()
    before, changed = norm(x, weight, bias), x.clone()
    changed[0, 0] += normal(case.d_model, seed=7, dtype=case.dtype)
    moved = (norm(changed, weight, bias) - before).abs().amax(dim=-1)  # (batch, seq_len)
    moved[0, 0] = 0.0
    if not moved.max() < tolerance(case.dtype):
        text, position = (moved == moved.max()).nonzero()[0].tolist()
        hint = "mean or variance over the batch or the positions: that is batch norm; use dim=-1"
        seen = f"text {text}, position {position} moves when text 0, position 0 changes"
        raise Seen(seen, place(x, weight, bias), hint)


@detector(blind="the normalisation itself")
def stretch_and_shift(norm, case):
    """Weight stretches and bias shifts each feature."""
    x, weight, bias = case.inputs()
    plain = norm(*case.plain())
    hint = "weight or bias is left out, exchanged, or applied before the normalisation"
    expect_near(norm(x, weight, bias), plain * weight + bias, place(x, weight, bias), hint)


@detector(blind="every vector that is not constant")
def constant_vector(norm, case):
    """A constant vector becomes the bias, not NaN."""
    x, weight, bias = case.inputs()
    found = norm(torch.full_like(x, 3.0), weight, bias, note=", x constant")
    at = place(x, weight, bias) + ", x constant"
    expect_finite(found, at, "0/0: eps is missing under the root")
    expect_near(found, bias.expand_as(x), at, "the mean is not subtracted, or the bias is left out")


@detector(blind="vectors around 0")
def large_mean(norm, case):
    """A mean of a thousand costs no digits, in float32."""
    x, weight, bias = (t.float() for t in case.plain())
    x = (x + 4096.0) - 4096.0  # the digits that are left at this size
    wanted, x = norm(x, weight, bias), x + 4096.0
    found = norm(x, weight, bias, note=", mean 4,099")
    at = place(x, weight, bias) + ", mean 4,099"
    expect_finite(found, at, "E[x²] − E[x]² below zero: subtract the mean before squaring")
    if difference(found, wanted) > 0.01:
        hint = (
            "E[x²] − E[x]² loses the small difference of two large numbers: subtract the mean before squaring"
        )
        raise Seen(f"output differs by up to {difference(found, wanted):.3g}", at, hint)


@detector(blind="nothing of the formula; it names no cause unless it knows the mistake")
def parity(norm, case):
    """The output equals PyTorch's, at two sizes, at a small and at a large eps."""
    for sized, eps in ((case, 1e-5), (case, 0.5), (replace(case, d_model=case.d_model + 3), 1e-5)):
        x, weight, bias = sized.inputs()
        centred = x - x.mean(dim=-1, keepdim=True)
        std = centred.square().mean(dim=-1, keepdim=True).sqrt()
        rms = x / (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()
        outside = "eps is added to the standard deviation; it belongs to the variance, under the root"
        known = {
            outside: centred / (std + eps) * weight + bias,
            "eps is left out, or another number than the argument": centred / std * weight + bias,
            "no mean is subtracted: that is RMS norm": rms * weight + bias,
        }
        found, wanted = norm(x, weight, bias, eps), F.layer_norm(x, (sized.d_model,), weight, bias, eps)
        hint = "eps is another number than the argument, or stands in another place; or a size is fixed"
        expect_near(found, wanted, place(x, weight, bias, eps), partial(explain, found, known, hint))


DETECTORS = [runs, dtype, mean_zero, variance_one, own_features, any_axes, stretch_and_shift]
DETECTORS += [constant_vector, large_mean, parity]
