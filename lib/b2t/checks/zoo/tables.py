"""Wrong tables of positions, and wrong turns."""

import math
from functools import partial

import torch

from b2t.checks.zoo.bug import Bug
from b2t.nn.positions import rotate
from b2t.nn.positions import sinusoidal as right

LOG = math.log(10000.0)


def columns(d):
    """Return 0, 0, 2, 2, 4, 4, …"""
    return torch.arange(d) // 2 * 2


def from_speeds(seq_len, d_model, speeds):
    """Make a table from one speed a column."""
    angle = torch.arange(seq_len)[:, None] * speeds(d_model)
    return torch.where(torch.arange(d_model) % 2 == 0, angle.sin(), angle.cos())


def odd_width(seq_len, d_model):
    """Fill sines and cosines from arrays of one size."""
    angle = torch.arange(seq_len)[:, None] * 10000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    table = torch.zeros(seq_len, d_model)
    table[:, 0::2], table[:, 1::2] = angle.sin(), angle.cos()
    return table


def exchanged(seq_len, d_model):
    """Put cosines first."""
    table = right(seq_len, d_model + 1)
    order = [c + 1 - 2 * (c % 2) for c in range(d_model)]
    return right(seq_len, d_model)[:, order] if d_model % 2 == 0 else table[:, 1:]


def turn_by_head(x):
    """Count positions along the heads."""
    return rotate(x.transpose(1, 2)).transpose(1, 2)


def mirrored(x):
    """Get a sign wrong."""
    table = right(x.size(-2), x.size(-1), dtype=x.dtype)
    sin, cos, even, odd = table[:, 0::2], table[:, 1::2], x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos + odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def backwards(x):
    """Turn by the negative angle: the two features of a pair are swapped on the way in and out."""
    swapped = torch.arange(x.size(-1)).unflatten(0, (-1, 2)).flip(-1).flatten()
    return rotate(x[..., swapped])[..., swapped]


def halves(x):
    """Pair features i and i + d_head / 2."""
    order = torch.arange(x.size(-1)).unflatten(0, (2, -1)).T.flatten()
    return rotate(x[..., order])[..., order.argsort()]


def mixed_layouts(x):
    """Swap halves, but repeat the angles for neighbours."""
    table, n = right(x.size(-2), x.size(-1), dtype=x.dtype), x.size(-1) // 2
    sin, cos = table[:, 0::2].repeat_interleave(2, -1), table[:, 1::2].repeat_interleave(2, -1)
    return x * cos + torch.cat([-x[..., n:], x[..., :n]], dim=-1) * sin


TABLE, TURN = "sinusoidal", "rotary"
WRONG_SPEEDS = {
    "no log factor": lambda d: torch.exp(columns(d)),
    "/ d // 2": lambda d: torch.exp(columns(d) * (-LOG / d // 2)),
    "integers": lambda d: torch.exp(columns(d) * int(-LOG / d)),
    "doubled exponent": lambda d: 10000.0 ** (-2 * torch.arange(d) / d),
    "base 1000": lambda d: 1000.0 ** (-columns(d) / d),
    "odd columns apart": lambda d: 10000.0 ** (-torch.arange(d) / d),
}
WRONG = {name: partial(from_speeds, speeds=speeds) for name, speeds in WRONG_SPEEDS.items()}
BUGS = [
    Bug("no log factor", TABLE, WRONG["no log factor"], "finite closed_form"),
    Bug(
        "rounded down too early, / d // 2",
        TABLE,
        WRONG["/ d // 2"],
        "closed_form",
        "zju3dv/LoFTR#41 (models trained anew)",
    ),
    Bug(
        "exponent cut to integers",
        TABLE,
        WRONG["integers"],
        "all_hands_differ closed_form",
        "codertimo/BERT-pytorch#18, Kyubyong/transformer!81 (open when read)",
    ),
    Bug(
        "exponent doubled",
        TABLE,
        WRONG["doubled exponent"],
        "pairs_are_hands closed_form",
        "shenweichen/DeepCTR#379",
    ),
    Bug("base 1,000", TABLE, WRONG["base 1000"], "closed_form", "maxjcohen/transformer#62"),
    Bug(
        "odd columns with their own exponent",
        TABLE,
        WRONG["odd columns apart"],
        "pairs_are_hands",
        "maxjcohen/transformer#62",
    ),
    Bug("odd widths fail", TABLE, odd_width, "any_width", "gc-os-ai/pyaptamer#607"),
    Bug("cosines first", TABLE, exchanged, "closed_form"),
    Bug("positions from 1", TABLE, lambda n, d: right(n + 1, d)[1:], "closed_form"),
    Bug("positions along the heads", TURN, turn_by_head, "same_for_every_head turn_by_angle"),
    Bug("a wrong sign", TURN, mirrored, "lengths_kept turn_by_angle"),
    Bug("turned backwards", TURN, backwards, "turn_by_angle"),
    Bug("halves for neighbours", TURN, halves, "turn_by_angle"),
    Bug("two layouts mixed", TURN, mixed_layouts, "lengths_kept turn_by_angle"),
    Bug("base 1,000, turning", TURN, partial(rotate, base=1000.0), "turn_by_angle"),
]
