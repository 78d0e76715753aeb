"""What the detectors of attention share: inputs of many sizes, a candidate that is always called alike."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from b2t.checks.tensors import call, expect_near, expect_shape, normal, out_and_weights, sizes


@dataclass(frozen=True)
class AttentionCase:
    """Sizes that all differ, so that no mistake can hide behind two equal numbers."""

    batch: int = 2
    n_heads: int = 3
    query_len: int = 5
    key_len: int = 6
    d_head: int = 7
    d_value: int = 4
    seed: int = 0
    dtype: torch.dtype = torch.float64

    def inputs(self, square: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Return Q, K and V, (batch, n_heads, position, width); `square`: as many keys as queries."""
        lengths = (self.query_len, *[self.query_len if square else self.key_len] * 2)
        widths = (self.d_head, self.d_head, self.d_value)
        return tuple(
            normal(self.batch, self.n_heads, length, width, seed=3 * self.seed + i, dtype=self.dtype)
            for i, (length, width) in enumerate(zip(lengths, widths))
        )

    def mask(self, n_heads: int = 1) -> Tensor:
        """Return a mask (batch, n_heads, query_pos, key_pos) that leaves each query a key and takes one."""
        drawn = normal(self.batch, n_heads, self.query_len, self.key_len, seed=99 + self.seed)
        order = drawn.argsort(dim=-1)
        return (drawn > -0.3) & (order > 0) | (order == self.key_len - 1)


class Attention:
    """A candidate, always called with a batch and heads, always answering (output, weights or None)."""

    def __init__(self, fn: Callable, batched: bool = True):
        self.fn, self.batched = fn, batched

    def __call__(self, Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None, note: str = ""):
        at = sizes(Q=Q, K=K, V=V, **({} if mask is None else {"mask": mask})) + note
        if self.batched:
            return out_and_weights(call(at, self.fn, Q, K, V, mask=mask), at)
        masks = None if mask is None else mask.expand(*Q.shape[:-1], K.size(-2)).flatten(0, 1)
        each = [
            out_and_weights(call(at, self.fn, q, k, v, mask=None if masks is None else masks[i]), at)
            for i, (q, k, v) in enumerate(zip(Q.flatten(0, 1), K.flatten(0, 1), V.flatten(0, 1)))
        ]
        outs, weights = zip(*each)
        stacked = torch.stack(outs).unflatten(0, Q.shape[:2])
        whole = None if weights[0] is None else torch.stack(weights).unflatten(0, Q.shape[:2])
        return stacked, whole

    def weights(self, Q: Tensor, K: Tensor, mask: Tensor | None = None) -> tuple[Tensor, str]:
        """Read the weights off the output, at V = identity; and say so."""
        V = torch.eye(K.size(-2), dtype=K.dtype).expand(*K.shape[:-1], K.size(-2))
        note = "; weights read off at V = identity"
        out, _ = self(Q, K, V, mask, note)
        at = sizes(Q=Q, K=K, V=V, **({} if mask is None else {"mask": mask})) + note
        expect_shape(
            out, (*Q.shape[:-1], K.size(-2)), at, "the output has one row a query, one column a value"
        )
        return out, at


def reference(Q, K, V, mask=None, scale=None):
    """PyTorch's function, in a plain form."""
    return F.scaled_dot_product_attention(Q, K, V, mask, scale=scale)


def row(index: Tensor) -> str:
    """Name the place of a row of weights."""
    text, head, query = index.tolist()
    return f"query {query} of text {text}, head {head}"


def expect_maps(attend, Q, K, V, mask):
    """Compare the output with the returned weights times V."""
    out, weights = attend(Q, K, V, mask)
    if weights is not None:
        hint = "the weights of another computation: without the mask, before the softmax, after dropout"
        at = sizes(Q=Q, K=K, V=V, **({} if mask is None else {"mask": mask}))
        expect_near(weights.to(V.dtype) @ V, out, at, hint, "weights @ V")
