"""Multi-head attention with given weights, right or with a known mistake, so that a check can name it."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

import b2t.nn
from b2t.checks.tensors import SILENT, difference, near
from b2t.nn.layers import merge_heads, split_heads


def reference(x, way, n_heads, mask=None, *, scale=None, split=split_heads, merge=merge_heads, project=True):
    """Multi-head attention with given weights, in which each step can be exchanged; x may be three inputs."""
    inputs = x if isinstance(x, tuple) else (x, x, x)
    Q, K, V = (split(F.linear(t, *way[role]), n_heads) for t, role in zip(inputs, ("W_Q", "W_K", "W_V")))
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


def tiled(mask: Tensor, n_heads: int) -> Tensor:
    """Repeat the masks of a batch in the wrong order: 0 1 0 1 … where 0 0 … 1 1 … is meant."""
    batch, _, *axes = mask.shape
    return mask[:, 0].repeat(n_heads, 1, 1).view(batch, n_heads, *axes)
