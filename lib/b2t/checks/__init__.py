"""Checks of your own code: each tells what is wrong, at which input, and what usually does that.

A check runs detectors, one property each. `CheckFailed` names the detector that failed; a check that finds
nothing returns a short report. Only the checks of tensors import PyTorch, and only when they are asked for.
Read in this order: core, training, coding, tensors, attending, formula, masked_formula, masks, norms, tables,
turns, parameters, behaviour, head_reference, heads, layers, models, zoo.
"""

from importlib import import_module

from b2t.checks.core import CheckFailed

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
    "exercises": ["examples", "exposes"],
}  # module: the checks in it
ENTRY_POINTS = {name: module for module, names in HOMES.items() for name in names}

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
    if name in ENTRY_POINTS:
        return getattr(import_module(f"b2t.checks.{ENTRY_POINTS[name]}"), name)
    raise AttributeError(f"b2t.checks has no {name!r}; it has {', '.join(sorted(ENTRY_POINTS))}")


def __dir__():
    return sorted({*globals(), *ENTRY_POINTS})
