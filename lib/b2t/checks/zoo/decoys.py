"""Right code that looks wrong, or has been reported as a bug: the checks must let it pass."""

from functools import partial

import torch

from b2t.checks.zoo import formula, tokens
from b2t.checks.zoo.bug import Decoy
from b2t.checks.zoo.models import embed
from b2t.nn.layers import EncoderLayer, MultiHeadAttention


def lowest_number(Q, K, V, mask=None):
    """Fill with the lowest number of the dtype: a query without keys looks at everything, and is no NaN."""
    return formula.attend(Q, K, V, mask, weigh=partial(formula.fill, value=torch.finfo(Q.dtype).min))


def largest_tie(counts):
    """Choose the largest pair among equals, as subword-nmt does."""
    return max(counts, key=lambda pair: (counts[pair], pair))


DECOYS = (
    Decoy(
        "√d_model times an embedding that starts small",
        "embedding",
        embed,
        "SamLynnEvans/Transformer#10, pytorch/tutorials#2849",
    ),
    Decoy(
        "no factor, and an embedding that starts at size 1", "embedding", partial(embed, std=1.0, factor=1.0)
    ),
    Decoy("a finite number in place of −∞", "attention", lowest_number),
    Decoy("another tie rule", "bpe_train", partial(tokens.train, best=largest_tie), options={"tie": "any"}),
    Decoy("projections without bias", "multi_head_attention", partial(MultiHeadAttention, bias=False)),
    Decoy(
        "pre-norm, asked for",
        "encoder_layer",
        partial(EncoderLayer, norm_first=True),
        "harvardnlp/annotated-transformer#13",
        {"norm_first": True},
    ),
)
