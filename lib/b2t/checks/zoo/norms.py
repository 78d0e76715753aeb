"""Wrong layer norms."""

import torch
import torch.nn.functional as F

from b2t.checks.zoo.bug import Bug
from b2t.nn.functional import layer_norm as right


def annotated(x, weight, bias, eps=1e-5):
    """Divide by d_model − 1, and add eps to the standard deviation."""
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + eps) * weight + bias


def eps_outside(x, weight, bias, eps=1e-5):
    """Add eps to the standard deviation."""
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, correction=0, keepdim=True) + eps) * weight + bias


def over_batch(x, weight, bias, eps=1e-5):
    """Normalise each feature over the texts."""
    centred = x - x.mean(0, keepdim=True)
    return centred / (centred.square().mean(0, keepdim=True) + eps).sqrt() * weight + bias


def over_text(x, weight, bias, eps=1e-5):
    """Normalise a whole text at once."""
    return F.layer_norm(x, x.shape[1:], None, None, eps) * weight + bias


def no_root(x, weight, bias, eps=1e-5):
    """Divide by the variance."""
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps) * weight + bias


def no_shift(x, weight, bias, eps=1e-5):
    """Leave out the bias."""
    return right(x, weight, torch.zeros_like(bias), eps)


def no_eps(x, weight, bias, eps=1e-5):
    """Leave out eps."""
    return right(x, weight, bias, 0.0)


def two_moments(x, weight, bias, eps=1e-5):
    """Take E[x²] − E[x]² for the variance."""
    mean = x.mean(-1, keepdim=True)
    variance = x.square().mean(-1, keepdim=True) - mean.square()
    return (x - mean) / (variance + eps).sqrt() * weight + bias


def rms(x, weight, bias, eps=1e-5):
    """Subtract no mean."""
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight + bias


def third_axis(x, weight, bias, eps=1e-5):
    """Count the axis of the features from the left."""
    centred = x - x.mean(2, keepdim=True)
    return centred / (centred.square().mean(2, keepdim=True) + eps).sqrt() * weight + bias


CHECK = "layer_norm"
BUGS = [
    Bug(
        "unbiased, and eps outside the root",
        CHECK,
        annotated,
        "variance_one parity",
        "harvardnlp/annotated-transformer!119 (a proposal; closed), hyunwoongko/transformer#7 (closed), "
        "allenai/allennlp!953 (merged: the biased one)",
    ),
    Bug("eps outside the root", CHECK, eps_outside, "parity", "codertimo/BERT-pytorch#30 (closed: it works)"),
    Bug("mean over the batch", CHECK, over_batch, "mean_zero own_features"),
    Bug("mean over the whole text", CHECK, over_text, "mean_zero own_features"),
    Bug("divided by the variance", CHECK, no_root, "variance_one parity"),
    Bug("no bias", CHECK, no_shift, "stretch_and_shift"),
    Bug("no eps", CHECK, no_eps, "constant_vector parity"),
    Bug("variance as a difference of moments", CHECK, two_moments, "large_mean"),
    Bug("no mean subtracted", CHECK, rms, "mean_zero parity"),
    Bug("the axis counted from the left", CHECK, third_axis, "any_axes"),
]
