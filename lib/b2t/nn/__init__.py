"""Attention and the Transformer. Read in this order: functional, positions, layers, model, interop."""

from b2t.nn import interop
from b2t.nn.functional import attention, causal_mask, layer_norm, padding_mask, softmax
from b2t.nn.layers import EncoderLayer, MultiHeadAttention
from b2t.nn.model import Classifier, Config, Encoder
from b2t.nn.positions import sinusoidal

__all__ = [
    "Classifier",
    "Config",
    "Encoder",
    "EncoderLayer",
    "MultiHeadAttention",
    "attention",
    "causal_mask",
    "interop",
    "layer_norm",
    "padding_mask",
    "sinusoidal",
    "softmax",
]
