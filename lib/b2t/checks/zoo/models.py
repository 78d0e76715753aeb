"""Wrong embeddings and encoders."""

import torch
from torch import nn

from b2t.checks.tensors import own_randomness
from b2t.checks.zoo.bug import Bug
from b2t.nn import Config, Encoder, sinusoidal

SMALL = Config(256, d_model=64, n_heads=4, n_layers=2, d_ff=24, dropout=0.1)
AXES = "KasperGroesLudvigsen/influenza_transformer#9 (fixed), datawhalechina/hello-agents#61 (fixed)"


def seeded(make):
    """Make a module from a seed of its own."""
    with own_randomness(0):
        return make()


def model():
    """Return the library's encoder, in eval mode."""
    return seeded(lambda: Encoder(SMALL)).eval()


def embed(ids, std=SMALL.d_model**-0.5, factor=SMALL.d_model**0.5, table=True):
    """Embed as the library does, with parts that can be exchanged."""
    generator = torch.Generator().manual_seed(0)
    weight = std * torch.randn(256, SMALL.d_model, generator=generator)
    x = weight[ids] * factor
    return x + sinusoidal(ids.size(1), SMALL.d_model) if table else x


def positions_by_text(ids):
    """Index the table by the batch axis."""
    return embed(ids, table=False) + sinusoidal(ids.size(0), SMALL.d_model)[:, None]


def dropout_on(ids, mask):
    """Stay in training mode."""
    return model().train()(ids, mask)


def maps_of_another_pass(ids, mask):
    """Return maps of vectors that went on without the mask."""
    encoder = model()
    x, maps = encoder.embed(ids), []
    for layer in encoder.layers:
        maps.append(layer.attention(x, mask=mask, need_weights=True)[1])
        x = layer(x)
    return encoder(ids, mask), maps


def mask_in_the_first_layer(ids, mask):
    """Hand the mask to one layer only."""
    encoder = model()
    x = encoder.embed(ids)
    for number, layer in enumerate(encoder.layers):
        x = layer(x, None if number else mask)
    return x


def batch_first_forgotten(ids, mask):
    """Feed (batch, seq) to PyTorch's default layout."""
    layer = seeded(lambda: nn.TransformerEncoderLayer(SMALL.d_model, SMALL.n_heads, SMALL.d_ff)).eval()
    return layer(model().embed(ids))


def no_positions(ids, mask):
    """Leave positions out."""
    encoder = model()
    x = encoder.embedding(ids)
    for layer in encoder.layers:
        x = layer(x, mask)
    return x


BUGS = [
    Bug("positions along the batch axis", "embedding", positions_by_text, "same_in_every_text", AXES),
    Bug("positions left out", "embedding", lambda ids: embed(ids, table=False), "positions_differ"),
    Bug("size 1 and √d_model", "embedding", lambda ids: embed(ids, std=1.0), "balance"),
    Bug("small and without √d_model", "embedding", lambda ids: embed(ids, factor=1.0), "balance"),
    Bug(
        "evaluation with dropout on",
        "encoder",
        dropout_on,
        "repeatable",
        "pytorch/tutorials#208, IBM/pytorch-seq2seq#33 (fixed), namisan/mt-dnn#45 (fixed)",
    ),
    Bug(
        "maps of another pass",
        "encoder",
        maps_of_another_pass,
        "blind_to_padding",
        "phlippe/uvadlc_notebooks, tutorial 6, `get_attention_maps`",
    ),
    Bug("mask in the first layer only", "encoder", mask_in_the_first_layer, "batch_mates blind_to_padding"),
    Bug(
        "mask inverted in a model",
        "encoder",
        lambda ids, mask: model()(ids, ~mask),
        "batch_mates blind_to_padding",
    ),
    Bug(
        "batch_first forgotten in a model",
        "encoder",
        batch_first_forgotten,
        "batch_mates",
        "IBM/TabFormer!14 (merged), om-ai-lab/OmDet#19 (fixed)",
    ),
    Bug("a bag of tokens", "encoder", no_positions, "order"),
]
