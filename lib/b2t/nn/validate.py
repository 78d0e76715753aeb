"""Checks of arguments, kept out of the functions that readers are shown."""

import torch
from torch import Tensor


def check_positive(name: str, value: int) -> None:
    """Refuse a size below 1."""
    if value < 1:
        raise ValueError(f"{name} is {value}; it must be at least 1")


def check_heads(d_model: int, n_heads: int) -> None:
    """Refuse a width that cannot be divided among the heads."""
    check_positive("d_model", d_model)
    check_positive("n_heads", n_heads)
    if d_model % n_heads:
        divisors = [n for n in range(1, d_model + 1) if d_model % n == 0]
        raise ValueError(
            f"d_model {d_model} is not a multiple of n_heads {n_heads}; n_heads can be one of {divisors}"
        )


def check_rate(name: str, value: float) -> None:
    """Refuse a probability outside 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} is {value}; it must lie between 0 and 1")


def check_choice(name: str, value: str, choices) -> None:
    """Refuse a name that is not among the known ones."""
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {sorted(choices)}")


def check_mask(mask: Tensor | None) -> None:
    """Refuse a mask that is not boolean: zeros and ones mean opposite things in different libraries."""
    if mask is not None and (not isinstance(mask, Tensor) or mask.dtype != torch.bool):
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(
            f"mask is {kind}; pass a boolean tensor in which True means 'may attend', such as mask.bool()"
        )


def check_attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None) -> None:
    """Refuse queries, keys, values and a mask whose shapes do not fit."""
    check_mask(mask)
    for name, x in (("Q", Q), ("K", K), ("V", V)):
        if x.dim() < 2:
            raise ValueError(
                f"{name} has shape {tuple(x.shape)}; it needs a position axis and a feature axis"
            )
    if Q.size(-1) != K.size(-1):
        raise ValueError(
            f"Q has d_head {Q.size(-1)} and K has {K.size(-1)}; they must be equal to be multiplied"
        )
    if K.size(-2) != V.size(-2):
        raise ValueError(f"K has {K.size(-2)} positions and V has {V.size(-2)}; each key needs its value")
    if mask is not None:
        scores = (*torch.broadcast_shapes(Q.shape[:-2], K.shape[:-2]), Q.size(-2), K.size(-2))
        check_broadcast(mask, scores)


def check_broadcast(mask: Tensor, scores: tuple[int, ...]) -> None:
    """Refuse a mask that does not broadcast to the scores, or would make them larger."""
    try:
        fits = torch.broadcast_shapes(mask.shape, scores) == scores
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"mask has shape {tuple(mask.shape)}, but the scores have {tuple(scores)} "
            "(..., query_pos, key_pos); a mask (batch, query_pos, key_pos) needs mask[:, None] for the heads"
        )


def check_head_mask(mask: Tensor | None) -> None:
    """Refuse a mask of three axes: its first could be the batch or the heads."""
    check_mask(mask)
    if mask is not None and mask.dim() not in (2, 4):
        raise ValueError(
            f"mask has shape {tuple(mask.shape)}; pass (query_pos, key_pos) or (batch, n_heads or 1, "
            "query_pos or 1, key_pos), for instance mask[:, None] for one mask a text"
        )


def check_lengths(lengths: Tensor, seq_len: int) -> None:
    """Refuse lengths that do not fit into the sequence."""
    check_positive("seq_len", seq_len)
    if lengths.dim() != 1:
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}; it must be (batch,)")
    wrong = lengths[(lengths < 0) | (lengths > seq_len)]
    if len(wrong):
        raise ValueError(f"lengths holds {wrong.tolist()}; each must lie between 0 and seq_len {seq_len}")


def check_ids(ids: Tensor, vocab_size: int) -> None:
    """Refuse token ids of the wrong shape or kind and, where a look costs little, of the wrong range.

    On a GPU or in a compiled model the look would stop the machine; there the embedding itself complains.
    """
    if ids.dim() != 2 or ids.is_floating_point() or ids.dtype == torch.bool:
        raise ValueError(
            f"ids is {ids.dtype} of shape {tuple(ids.shape)}; it must be integers of (batch, seq_len)"
        )
    if torch.compiler.is_compiling() or ids.is_cuda or not ids.numel():
        return
    lowest, highest = int(ids.min()), int(ids.max())
    if lowest < 0 or highest >= vocab_size:
        wrong = highest if highest >= vocab_size else lowest
        raise ValueError(f"ids holds {wrong}, but vocab_size is {vocab_size}; was another tokenizer used?")
