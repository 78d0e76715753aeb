"""The trained encoder of chapter 09, for the widgets. PyTorch is imported when it is first asked."""

from functools import cache, lru_cache

import numpy as np
from traitlets import TraitError

MAX_TOKENS = 256


@cache
def load():
    """Load tokenizer and model, once."""
    from b2t import language_id

    return language_id.load()


@lru_cache(maxsize=16)
def encode(text: str) -> tuple[int, ...]:
    """Give the ids of a text as the model gets them: composed, at most 256.

    Examples
    --------
    >>> encode("e\\u0301") == encode("\\u00e9")
    True
    """
    from b2t.language_id import compose

    return tuple(load()[0].encode(compose(text), disallowed_special=())[:MAX_TOKENS])


def decode(ids: list[int]) -> str:
    """Give the text of ids."""
    return load()[0].decode(ids)


def spelled(ids: list[int]) -> list[bytes]:
    """Give the bytes of each id."""
    return [load()[0].decode_bytes([i]) for i in ids]


def check_ids(ids: list) -> list[int]:
    """Return ids that the tokenizer makes of some text, or say which are not.

    Raises
    ------
    TraitError
        When an id is not in the vocabulary, or when the text of the ids has other ids.
    """
    size = load()[0].vocab_size
    for i in ids:
        if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < size:
            raise TraitError(f"tokens hold {i!r}; ids of the trained tokenizer run from 0 to {size - 1}")
    text = decode(ids)
    if list(encode(text)) != ids:
        raise TraitError(
            f"tokens are {str(ids)[:80]}; their text {text[:40]!r} has other ids, "
            f"{str(list(encode(text)))[:80]}: set text instead"
        )
    return ids


def n_layers_and_heads() -> tuple[int, int]:
    """How many maps there are."""
    config = load()[1].encoder.config
    return config.n_layers, config.n_heads


def weights_of(ids: list[int], mask: str) -> np.ndarray:
    """Run the encoder and give all its attention weights.

    Parameters
    ----------
    ids : list of int
        At most 256; none gives an empty array.
    mask : {"none", "causal"}

    Returns
    -------
    float32 array, (n_layers, n_heads, query_pos, key_pos)

    Examples
    --------
    >>> weights_of(list(encode("人人生而自由")), "none").shape
    (2, 4, 4, 4)
    """
    import torch

    from b2t.nn import causal_mask

    if not ids:
        return np.zeros((*n_layers_and_heads(), 0, 0), np.float32)
    may = causal_mask(len(ids)) if mask == "causal" else None
    with torch.no_grad():
        _, weights = load()[1].encoder(torch.tensor([ids]), may, need_weights=True)
    return torch.cat(weights).numpy()
