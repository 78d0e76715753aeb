"""Wrong classes of multi-head attention."""

import torch.nn.functional as F
from torch import nn

from b2t.checks.head_reference import tiled, view_merge, view_split
from b2t.checks.zoo.bug import Bug
from b2t.checks.zoo.formula import attend, fill, wrong_axis
from b2t.nn.functional import attention
from b2t.nn.layers import merge_heads, split_heads


class Twin(nn.Module):
    """The library's module, with parts that can be exchanged."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.W_Q, self.W_K, self.W_V, self.W_O = (nn.Linear(d_model, d_model) for _ in range(4))

    def split(self, x):
        """Make heads."""
        return split_heads(x, self.n_heads)

    def merge(self, x):
        """Join heads."""
        return merge_heads(x)

    def remask(self, mask):
        """Leave the mask as it is."""
        return mask

    def attend(self, Q, K, V, mask):
        """Mix the values."""
        return attention(Q, K, V, mask)

    def forward(self, x, mask=None):
        """Run as the library does."""
        Q, K, V = (self.split(W(x)) for W in (self.W_Q, self.W_K, self.W_V))
        out, weights = self.attend(Q, K, V, None if mask is None else self.remask(mask))
        return self.W_O(self.merge(out)), weights


class ViewSplit(Twin):
    """Split without a transpose."""

    def split(self, x):
        return view_split(x, self.n_heads)


class ViewMerge(Twin):
    """Merge without a transpose."""

    def merge(self, x):
        return view_merge(x)


class ViewBoth(ViewSplit, ViewMerge):
    """Split and merge without a transpose."""


class ScaledByModel(Twin):
    """Divide by √d_model."""

    def attend(self, Q, K, V, mask):
        return attention(Q, K, V, mask, scale=(Q.size(1) * Q.size(-1)) ** -0.5)


class ScaledByHeads(Twin):
    """Divide by √n_heads."""

    def attend(self, Q, K, V, mask):
        return attention(Q, K, V, mask, scale=Q.size(1) ** -0.5)


class WrongAxis(Twin):
    """Normalise over the queries."""

    def attend(self, Q, K, V, mask):
        return attend(Q, K, V, mask, weigh=wrong_axis)


class NanRow(Twin):
    """Fill with −∞ and trust that a key is left."""

    def attend(self, Q, K, V, mask):
        return attend(Q, K, V, mask, weigh=fill)


class Inverted(Twin):
    """Take True for blocked."""

    def remask(self, mask):
        return ~mask


class Tiled(Twin):
    """Repeat a batch of masks in the wrong order."""

    def remask(self, mask):
        return mask if mask.dim() == 2 else tiled(mask, self.n_heads)


class NoOutput(Twin):
    """Leave out W_O."""

    def __init__(self, d_model, n_heads):
        super().__init__(d_model, n_heads)
        self.W_O = nn.Identity()


class KeysFromValues(Twin):
    """Make the keys of the values' input."""

    def forward(self, query, key, value, mask=None):
        Q, K, V = self.W_Q(query), self.W_K(value), self.W_V(value)
        out, weights = self.attend(*map(self.split, (Q, K, V)), mask)
        return self.W_O(self.merge(out)), weights


class Shared(Twin):
    """Use one matrix for queries and keys."""

    def __init__(self, d_model, n_heads):
        super().__init__(d_model, n_heads)
        self.W_K = self.W_Q


class PlainList(Twin):
    """Keep the projections where PyTorch does not look."""

    def __init__(self, d_model, n_heads):
        nn.Module.__init__(self)
        self.n_heads, self.W = n_heads, [nn.Linear(d_model, d_model).double() for _ in range(4)]

    def forward(self, x, mask=None):
        out, _ = attention(*(self.split(W(x)) for W in self.W[:3]), mask)
        return self.W[3](self.merge(out))


class AcrossBatch(Twin):
    """Take the batch for the positions."""

    def forward(self, x, mask=None):
        return super().forward(x.transpose(0, 1))[0].transpose(0, 1)


class AlwaysDropping(Twin):
    """Drop in eval mode, too."""

    def forward(self, x, mask=None):
        out, weights = super().forward(x, mask)
        return F.dropout(out, 0.1), weights


class MapsWithoutMask(Twin):
    """Return the maps of another computation."""

    def forward(self, x, mask=None):
        return super().forward(x, mask)[0], super().forward(x)[1]


class Detached(Twin):
    """Cut the gradient of the maps."""

    def attend(self, Q, K, V, mask):
        weights = attention(Q, K, V, mask)[1].detach()
        return weights @ V, weights


class OneHead(Twin):
    """Forget to split."""

    def split(self, x):
        return x[:, None]

    def forward(self, x, mask=None):
        return super().forward(x, mask)[0]


CHECK = "multi_head_attention"
UVADLC = "phlippe/uvadlc_notebooks, tutorial 6, `get_attention_maps`"
BUGS = [
    Bug(
        "heads split by view",
        CHECK,
        ViewSplit,
        "permutation parity",
        "reczoo/FuxiCTR#30 (closed), 649453932/Chinese-Text-Classification-Pytorch#53",
    ),
    Bug(
        "heads merged by view",
        CHECK,
        ViewMerge,
        "permutation locality parity",
        "jsbaan/transformer-from-scratch!6",
    ),
    Bug(
        "heads split and merged by view", CHECK, ViewBoth, "permutation parity", "reczoo/FuxiCTR#30 (closed)"
    ),
    Bug(
        "√d_model for √d_head, in a module",
        CHECK,
        ScaledByModel,
        "parity",
        "lucidrains/vit-pytorch#65 (fixed)",
    ),
    Bug("√n_heads for √d_head, in a module", CHECK, ScaledByHeads, "parity maps"),
    Bug("wrong axis, in a module", CHECK, WrongAxis, "parity maps"),
    Bug("one head of full width", CHECK, OneHead, "parity masked_parity"),
    Bug(
        "mask inverted, in a module",
        CHECK,
        Inverted,
        "future locality batch_mates masked_parity",
        "rasbt/LLMs-from-scratch#1061 (closed)",
    ),
    Bug(
        "masks of a batch in the wrong order",
        CHECK,
        Tiled,
        "batch_mates masked_parity",
        "line/lighthouse!77 (merged), ArrowLuo/CLIP4Clip#22 (fixed)",
    ),
    Bug("NaN for a text of padding", CHECK, NanRow, "empty_text", "pytorch/pytorch#103963 (closed)"),
    Bug("no W_O", CHECK, NoOutput, "projections"),
    Bug("W_K and W_Q are one matrix", CHECK, Shared, "projections"),
    Bug("projections in a plain list", CHECK, PlainList, "projections"),
    Bug("keys made from the values' input", CHECK, KeysFromValues, "parity"),
    Bug(
        "attention over the batch",
        CHECK,
        AcrossBatch,
        "batch_order parity",
        "IBM/TabFormer!14 (merged), om-ai-lab/OmDet#19 (fixed)",
    ),
    Bug("dropout in eval mode", CHECK, AlwaysDropping, "repeatable"),
    Bug("maps without the mask, in a module", CHECK, MapsWithoutMask, "masked_maps", UVADLC),
    Bug("W_Q and W_K without gradient", CHECK, Detached, "gradient"),
]
