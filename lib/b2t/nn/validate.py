"""Checks of arguments, kept out of the functions that readers are shown."""

import torch
from torch import Tensor


def check_positive(name: str, value: int) -> None:
    """Refuse a size below 1, or one that is no whole number."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}; it must be a whole number (int)")
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


def check_attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None, bias: Tensor | None) -> None:
    """Refuse queries, keys, values, a mask and a bias whose shapes do not fit."""
    check_mask(mask)
    for name, x in (("Q", Q), ("K", K), ("V", V)):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name} is a {type(x).__name__}; pass a tensor, such as torch.tensor({name})")
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
    scores = (*common_axes(Q, K, V), Q.size(-2), K.size(-2))
    for name, x in (("mask", mask), ("bias", bias)):
        if x is not None:
            check_broadcast(name, x, scores)


def common_axes(Q: Tensor, K: Tensor, V: Tensor) -> torch.Size:
    """Return the axes that the scores have before the last two, or refuse batches that do not go together."""
    if Q.shape[:-2] == K.shape[:-2] == V.shape[:-2]:
        return Q.shape[:-2]
    try:
        torch.broadcast_shapes(Q.shape[:-2], K.shape[:-2], V.shape[:-2])
    except RuntimeError:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in (("Q", Q), ("K", K), ("V", V)))
        raise ValueError(
            f"the batches differ: {shapes}; all axes before the last two must be equal, or 1 where one of "
            "the three serves all"
        ) from None
    return torch.broadcast_shapes(Q.shape[:-2], K.shape[:-2])


def check_broadcast(name: str, x: Tensor, scores: tuple[int, ...]) -> None:
    """Refuse a mask or a bias that does not broadcast to the scores, or would make them larger."""
    try:
        fits = torch.broadcast_shapes(x.shape, scores) == scores
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}, but the scores have {tuple(scores)} (..., query_pos, "
            f"key_pos); one of (batch, query_pos, key_pos) needs {name}[:, None] for the heads"
        )


def check_vectors(x: Tensor, context: Tensor | None, d_model: int) -> None:
    """Refuse vectors that are not (batch, position, d_model).

    Without a batch, `split_heads` would take positions for heads, and nothing would complain.
    """
    for name, vectors in (("x", x), ("context", context)):
        if vectors is not None and vectors.dtype == torch.bool:
            raise TypeError(f"{name} is boolean; pass a mask by its name, mask=...")
        if vectors is not None and (vectors.dim() != 3 or vectors.size(-1) != d_model):
            raise ValueError(
                f"{name} has shape {tuple(vectors.shape)}; it must be (batch, position, d_model {d_model}), "
                f"and {name}[None] makes a batch of one text"
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
    if lengths.numel() and (lengths.is_floating_point() or lengths.dtype == torch.bool):
        raise TypeError(f"lengths is {lengths.dtype}; it counts positions and must hold integers")
    wrong = lengths[(lengths < 0) | (lengths > seq_len)]
    if len(wrong):
        raise ValueError(f"lengths holds {wrong.tolist()}; each must lie between 0 and seq_len {seq_len}")


def check_ids(ids: Tensor, vocab_size: int) -> None:
    """Refuse token ids of the wrong shape or kind and, where a look costs little, of the wrong range.

    On a GPU or in a compiled model the look would stop the machine; there the embedding itself complains.
    """
    if not isinstance(ids, Tensor):
        raise TypeError(f"ids is a {type(ids).__name__}; pass an integer tensor, torch.tensor(ids)")
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
