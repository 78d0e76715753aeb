"""The boxes of the encoder's diagram: what each computes, its shape, its weights, its numbers for a text.

The table of boxes is ``shared/encoder_boxes.json``, which the page's script reads too.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from b2t.widgets.sizes import Sizes

if TYPE_CHECKING:
    import torch

    from b2t.nn import Classifier

BOXES = {
    box["key"]: box
    for box in json.loads((Path(__file__).parent / "shared" / "encoder_boxes.json").read_text("utf-8"))
}
N_CLASSES = 35


def order(norm_first: bool) -> list[str]:
    """List the boxes of a model from bottom to top; post-norm has each norm after a sum, and none at the end.

    Parameters
    ----------
    norm_first : bool
        Pre-norm instead of post-norm.

    Examples
    --------
    >>> order(norm_first=False)[3:11]
    ['QKV', 'scores', 'weights', 'out', 'W_O', 'add_1', 'norm_1', 'W_1']
    """
    keys = list(BOXES)
    if norm_first:
        return keys
    keys.remove("norm")
    for norm, add in (("norm_1", "add_1"), ("norm_2", "add_2")):
        keys.remove(norm)
        keys.insert(keys.index(add) + 1, norm)
    return keys


def shape(box: str, sizes: Sizes) -> tuple[int, ...]:
    """Give the shape of what leaves a box, for one text.

    Parameters
    ----------
    box : str
        A key of `BOXES`.
    sizes : Sizes
        Of the model; `seq_len` is the text's.

    Examples
    --------
    >>> from b2t.widgets.sizes import PRESETS
    >>> shape("weights", PRESETS["paper"])
    (8, 512, 512)
    """
    return tuple(_number(size, sizes) for _, size in BOXES[box]["shape"])


def shape_text(box: str, sizes: Sizes) -> str:
    """Spell a shape with its names.

    Examples
    --------
    >>> from b2t.widgets.sizes import PRESETS
    >>> shape_text("weights", PRESETS["paper"])
    '(heads 8, query 512, key 512)'
    """
    axes = (f"{name} {_number(size, sizes)}".strip() for name, size in BOXES[box]["shape"])
    return f"({', '.join(axes)})"


def _number(size, sizes: Sizes) -> int:
    if isinstance(size, int):
        return size
    if size == "d_head":
        return sizes.d_model // sizes.n_heads
    return N_CLASSES if size == "n_classes" else getattr(sizes, size)


def trace(model: "Classifier", ids: "torch.Tensor", layer: int) -> dict[str, "torch.Tensor"]:
    """Run a classifier and keep what leaves each box; of the layers, those of one.

    Parameters
    ----------
    model : Classifier
        In eval mode.
    ids : int Tensor, (seq_len,)
        At least one token.
    layer : int
        Which layer's boxes to keep.

    Returns
    -------
    dict of Tensor
        By box, in the order of the model.
    """
    encoder = model.encoder
    x = encoder.embedding(ids) * encoder.config.d_model**0.5  # (seq_len, d_model)
    kept = {"ids": ids, "embedding": x, "positions": encoder.embed(ids[None])[0]}
    x = kept["positions"]
    for number, each in enumerate(encoder.layers):
        inside = layer_trace(each, x)
        x = list(inside.values())[-1]
        kept |= inside if number == layer else {}
    x = encoder.norm(x)
    kept |= {"norm": x} if encoder.config.norm_first else {}
    pooled = x.mean(dim=0)
    logits = model.output(pooled)
    return {**kept, "mean": pooled, "logits": logits, "probabilities": logits.softmax(dim=-1)}


def layer_trace(layer, x: "torch.Tensor") -> dict[str, "torch.Tensor"]:
    """Run one `b2t.nn.EncoderLayer` on (seq_len, d_model); keep what leaves each box, its result last."""
    pre = {"norm_1": layer.norm_1(x)} if layer.norm_first else {}
    attended = attention_trace(layer.attention, pre.get("norm_1", x))
    total = x + attended["W_O"]
    branch = {**pre, **attended, "add_1": total}
    if not layer.norm_first:
        total = branch["norm_1"] = layer.norm_1(total)
    pre = {"norm_2": layer.norm_2(total)} if layer.norm_first else {}
    hidden = layer.feed_forward.W_1(pre.get("norm_2", total)).relu()
    fed = layer.feed_forward.W_2(hidden)
    branch |= {**pre, "W_1": hidden, "W_2": fed, "add_2": total + fed}
    return branch if layer.norm_first else {**branch, "norm_2": layer.norm_2(branch["add_2"])}


def attention_trace(attention, x: "torch.Tensor") -> dict[str, "torch.Tensor"]:
    """Run one `b2t.nn.MultiHeadAttention` on (seq_len, d_model) and keep what leaves each box."""
    import torch

    from b2t.nn.functional import softmax
    from b2t.nn.layers import merge_heads, split_heads

    projections = (attention.W_Q, attention.W_K, attention.W_V)
    Q, K, V = (split_heads(W(x)[None], attention.n_heads)[0] for W in projections)
    scores = Q @ K.mT / Q.size(-1) ** 0.5  # (n_heads, query_pos, key_pos)
    weights = softmax(scores)
    out = weights @ V  # (n_heads, seq_len, d_head)
    gathered = attention.W_O(merge_heads(out[None])[0])
    return {
        "QKV": torch.stack([Q, K, V]),
        "scores": scores,
        "weights": weights,
        "out": out,
        "W_O": gathered,
    }
