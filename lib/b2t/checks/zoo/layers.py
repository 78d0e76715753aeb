"""Wrong encoder layers."""

from functools import partial

import torch.nn.functional as F
from torch import nn

from b2t.checks.zoo.bug import Bug
from b2t.nn.layers import EncoderLayer


class Twin(EncoderLayer):
    """The library's layer, to be changed in one place."""

    def forward(self, x, mask=None):
        """Run post-norm."""
        x = self.norm_1(x + self.attention(x, mask=mask))
        return self.norm_2(x + self.feed_forward(x))


class NoResidual(Twin):
    """Add nothing around the attention."""

    def forward(self, x, mask=None):
        x = self.norm_1(self.attention(x, mask=mask))
        return self.norm_2(x + self.feed_forward(x))


class LateResidual(Twin):
    """Add the normed vectors in pre-norm, where the plain ones belong."""

    def forward(self, x, mask=None):
        x = self.norm_1(x)
        x = x + self.attention(x, mask=mask)
        x = self.norm_2(x)
        return x + self.feed_forward(x)


class NoMask(Twin):
    """Take a mask and leave it."""

    def forward(self, x, mask=None):
        return super().forward(x)


class OneNorm(Twin):
    """Use the first norm twice."""

    def forward(self, x, mask=None):
        x = self.norm_1(x + self.attention(x, mask=mask))
        return self.norm_1(x + self.feed_forward(x))


class AlwaysDropping(Twin):
    """Drop in eval mode, too."""

    def forward(self, x, mask=None):
        x = self.norm_1(x + F.dropout(self.attention(x, mask=mask), 0.1))
        return self.norm_2(x + self.feed_forward(x))


class TorchAxes(nn.Module):
    """PyTorch's layer, left at batch_first=False."""

    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(d_model, n_heads, d_ff)

    def forward(self, x, mask=None):
        """Pass the batch on as it is."""
        return self.layer(x)


CHECK = "encoder_layer"
BUGS = [
    Bug(
        "pre-norm under a post-norm text",
        CHECK,
        partial(EncoderLayer, norm_first=True),
        "parity masked_parity",
        "harvardnlp/annotated-transformer#1, harvardnlp/annotated-transformer#13, "
        "harvardnlp/annotated-transformer#92 (deliberate, the maintainers say)",
    ),
    Bug("post-norm where pre-norm is asked", CHECK, EncoderLayer, "parity", options={"norm_first": True}),
    Bug("the normed vector in the residual", CHECK, LateResidual, "parity", options={"norm_first": True}),
    Bug("no residual", CHECK, NoResidual, "parity"),
    Bug("one norm used twice", CHECK, OneNorm, "parity gradient"),
    Bug("GELU for ReLU", CHECK, partial(EncoderLayer, activation="gelu"), "parity"),
    Bug("mask left out", CHECK, NoMask, "locality future batch_mates masked_parity"),
    Bug("dropout in eval mode, in a layer", CHECK, AlwaysDropping, "repeatable"),
    Bug(
        "batch_first forgotten",
        CHECK,
        TorchAxes,
        "batch_order parity",
        "IBM/TabFormer!14 (merged), om-ai-lab/OmDet#19 (fixed)",
    ),
]
