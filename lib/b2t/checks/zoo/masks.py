"""Wrong masks."""

import torch

from b2t.checks.zoo.bug import Bug
from b2t.nn.functional import causal_mask, padding_mask


def additive(seq_len):
    """Zeros and −∞ in place of True and False."""
    return torch.zeros(seq_len, seq_len).masked_fill(~causal_mask(seq_len), float("-inf"))


def window(seq_len):
    """See three positions back and no further."""
    return causal_mask(seq_len).triu(-2)


def up_to_length(lengths, seq_len):
    """Count one position too many."""
    return (torch.arange(seq_len) <= lengths[:, None])[:, None, None]


BUGS = [
    Bug(
        "True for blocked",
        "causal_mask",
        lambda n: ~causal_mask(n),
        "sees_itself no_future",
        "rasbt/LLMs-from-scratch#1061 (closed)",
    ),
    Bug(
        "triu in place of tril",
        "causal_mask",
        lambda n: torch.ones(n, n).bool().triu(),
        "no_future whole_past",
    ),
    Bug("the diagonal left out", "causal_mask", lambda n: causal_mask(n).tril(-1), "sees_itself"),
    Bug("one position of the future", "causal_mask", lambda n: torch.ones(n, n).bool().tril(1), "no_future"),
    Bug("a window for the past", "causal_mask", window, "whole_past"),
    Bug("numbers for booleans", "causal_mask", additive, "is_boolean"),
    Bug(
        "True at padding",
        "padding_mask",
        lambda lengths, n: ~padding_mask(lengths, n),
        "real_keys no_padding",
    ),
    Bug("one key too many", "padding_mask", up_to_length, "no_padding"),
    Bug(
        "no axes for heads and queries",
        "padding_mask",
        lambda lengths, n: padding_mask(lengths, n)[:, 0, 0],
        "boolean_rows",
    ),
]
