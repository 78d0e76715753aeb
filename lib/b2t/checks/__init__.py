"""Checks of your own code: each tells what is wrong, at which input, and what usually does that.

A check takes a function or a class of yours and runs detectors on it, one property each. `CheckFailed` names
the detector that failed; a check that finds nothing returns a short report. Only the checks of tensors import
PyTorch, and only when they are asked for.
Read in this order: core, training, coding, tensors, attending, formula, masked_formula, masks, norms, tables,
turns, parameters, behaviour, head_reference, heads, layers, models, zoo.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from b2t.checks.core import CheckFailed

# For readers of the source and their tools; at run time `__getattr__` imports what is asked for.
if TYPE_CHECKING:
    from b2t.checks.coding import bpe_decode, bpe_encode
    from b2t.checks.formula import attention
    from b2t.checks.heads import multi_head_attention
    from b2t.checks.layers import encoder_layer
    from b2t.checks.masks import causal_mask, padding_mask
    from b2t.checks.models import encoder
    from b2t.checks.norms import layer_norm
    from b2t.checks.tables import sinusoidal
    from b2t.checks.training import bpe_train

HOMES = {
    "training": ["bpe_train"],
    "coding": ["bpe_encode", "bpe_decode", "utf8_stream"],
    "formula": ["attention"],
    "masks": ["causal_mask", "padding_mask"],
    "norms": ["layer_norm"],
    "tables": ["sinusoidal"],
    "turns": ["rotary"],
    "heads": ["multi_head_attention"],
    "layers": ["encoder_layer"],
    "models": ["embedding", "encoder"],
}  # module: the checks in it
ENTRY_POINTS = {name: module for module, names in HOMES.items() for name in names}
HELPERS = {"examples": "exercises", "exposes": "exercises"}  # for exercises without detectors of their own

__all__ = [
    "CheckFailed",
    "attention",
    "bpe_decode",
    "bpe_encode",
    "bpe_train",
    "causal_mask",
    "encoder",
    "encoder_layer",
    "layer_norm",
    "multi_head_attention",
    "padding_mask",
    "sinusoidal",
]


def __getattr__(name):
    if home := (ENTRY_POINTS | HELPERS).get(name):
        return getattr(import_module(f"b2t.checks.{home}"), name)
    raise AttributeError(f"b2t.checks has no {name!r}; it has {', '.join(sorted(ENTRY_POINTS))}")


def __dir__():
    return sorted({*globals(), *ENTRY_POINTS, *HELPERS})
