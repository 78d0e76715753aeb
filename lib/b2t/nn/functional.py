"""Attention as pure functions: softmax, masks, and the formula itself.

Masks are boolean, and True means "may attend". The last two axes of scores, weights and masks are
``query_pos`` and ``key_pos``.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from b2t.nn.validate import check_attention, check_lengths, check_positive


def softmax(scores: Tensor) -> Tensor:
    """Turn scores into positive weights that sum to 1 over the last axis.

    The largest score is subtracted first, which changes nothing but keeps `exp` from overflowing.

    Parameters
    ----------
    scores : Tensor, (..., key_pos)
        Any floating dtype.

    Returns
    -------
    Tensor, (..., key_pos)
        The weights, in the dtype of `scores`.

    References
    ----------
    Bridle 1990, for the function; Vaswani et al. 2017, equation 1, for its use.

    Examples
    --------
    >>> softmax(torch.tensor([1000.0, 1000.0]))
    tensor([0.5000, 0.5000])
    """
    exp = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exp / exp.sum(dim=-1, keepdim=True)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the keys that a query may attend to; a query with none of them gets zeros.

    In a row that has a key, the largest `exp` is 1, so the sum is at least 1 and the clamp does nothing.
    In a row that has none, every `exp` is 0 and the clamp makes 0 / 1 of what would be 0 / 0.

    Parameters
    ----------
    scores : Tensor, (..., query_pos, key_pos)
        Any floating dtype.
    mask : bool Tensor, broadcastable to `scores`
        True means "may attend".

    Returns
    -------
    Tensor, (..., query_pos, key_pos)

    Examples
    --------
    >>> masked_softmax(torch.zeros(2, 2), torch.tensor([[True, False], [False, False]]))
    tensor([[1., 0.],
            [0., 0.]])
    """
    scores = scores.masked_fill(~mask, float("-inf"))
    peak = scores.amax(dim=-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)
    exp = (scores - peak).exp()
    return exp / exp.sum(dim=-1, keepdim=True).clamp(min=1)


def attention(
    Q: Tensor,
    K: Tensor,
    V: Tensor,
    mask: Tensor | None = None,
    *,
    bias: Tensor | None = None,
    scale: float | None = None,
    dropout_p: float = 0.0,
    need_weights: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """Scaled dot-product attention, ``softmax(Q Kᵀ · scale) V``.

    With weights it is the formula, line by line. Without, PyTorch's fused kernel computes the same
    output and never stores the weights.

    Parameters
    ----------
    Q : Tensor, (..., query_pos, d_head)
        One query a position.
    K : Tensor, (..., key_pos, d_head)
        One key a position.
    V : Tensor, (..., key_pos, d_value)
        One value a position.
    mask : bool Tensor, broadcastable to (..., query_pos, key_pos), optional
        True means "may attend". A query that may attend to nothing gets weights and output of zero.
    bias : Tensor, broadcastable to (..., query_pos, key_pos), optional
        Added to the scaled scores.
    scale : float, optional
        Default ``1 / sqrt(d_head)``.
    dropout_p : float
        Share of the weights to drop, from 0 to 1; applied whenever it is not 0.
    need_weights : bool
        Whether to return the weights.

    Returns
    -------
    out : Tensor, (..., query_pos, d_value)
    weights : Tensor, (..., query_pos, key_pos), or None
        As they were before dropout.

    Raises
    ------
    TypeError
        When `mask` is not boolean, or `Q`, `K` or `V` is no tensor.
    ValueError
        When the shapes do not fit.

    References
    ----------
    Vaswani et al. 2017, equation 1.

    Examples
    --------
    >>> Q, K, V = torch.zeros(1, 2), torch.zeros(3, 2), torch.tensor([[0.0], [3.0], [6.0]])
    >>> attention(Q, K, V)
    (tensor([[3.]]), tensor([[0.3333, 0.3333, 0.3333]]))
    """
    check_attention(Q, K, V, mask, bias)
    scale = Q.size(-1) ** -0.5 if scale is None else scale
    if not need_weights:
        return fused_attention(Q, K, V, mask, bias, scale, dropout_p), None
    scores = (Q * scale) @ K.transpose(-2, -1)  # (..., query_pos, key_pos)
    scores = scores if bias is None else scores + bias
    weights = softmax(scores) if mask is None else masked_softmax(scores, mask)
    return F.dropout(weights, dropout_p) @ V, weights


def fused_attention(
    Q: Tensor,
    K: Tensor,
    V: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    scale: float,
    dropout_p: float,
) -> Tensor:
    """Compute the output of `attention` by PyTorch's kernel, zeros for queries without a key included.

    PyTorch's kernels disagree on a query that may attend to nothing. So it is allowed everything
    here, and its output is zeroed afterwards.
    """
    if mask is None:
        return F.scaled_dot_product_attention(Q, K, V, bias, dropout_p, scale=scale)
    has_key = mask.any(dim=-1, keepdim=True)  # (..., query_pos, 1)
    attn_mask = mask | ~has_key
    if bias is not None:
        attn_mask = bias.masked_fill(~attn_mask, float("-inf"))
    out = F.scaled_dot_product_attention(Q, K, V, attn_mask, dropout_p, scale=scale)
    return out.masked_fill(~has_key, 0.0)


def causal_mask(seq_len: int, *, device: torch.device | str | None = None) -> Tensor:
    """Let each position attend to itself and to what came before.

    Parameters
    ----------
    seq_len : int
        Positions.
    device : device, optional
        Where the mask is made.

    Returns
    -------
    bool Tensor, (seq_len, seq_len)
        Rows are queries, columns are keys.

    Examples
    --------
    >>> causal_mask(3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    check_positive("seq_len", seq_len)
    return torch.ones(seq_len, seq_len, dtype=torch.bool, device=device).tril()


def padding_mask(lengths: Tensor | Sequence[int], seq_len: int) -> Tensor:
    """Let every query attend to the real positions of its own text, and never to padding.

    Parameters
    ----------
    lengths : int Tensor or sequence of int, (batch,)
        How many positions of each text are real.
    seq_len : int
        Positions with padding.

    Returns
    -------
    bool Tensor, (batch, 1, 1, seq_len)
        Broadcasts over heads and queries; on the device of `lengths`.

    Raises
    ------
    ValueError
        When a length is negative or above `seq_len`.
    TypeError
        When the lengths are not integers.

    Examples
    --------
    >>> padding_mask([1, 3], 3)[:, 0, 0].int()
    tensor([[1, 0, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    lengths = torch.as_tensor(lengths)
    check_lengths(lengths, seq_len)
    key_pos = torch.arange(seq_len, device=lengths.device)
    return (key_pos < lengths[:, None])[:, None, None, :]  # (batch, key_pos) -> (batch, 1, 1, key_pos)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Give each vector mean 0 and variance 1, then stretch and shift its features.

    Parameters
    ----------
    x : Tensor, (..., d_model)
        Vectors.
    weight, bias : Tensor, (d_model,)
        Learned stretch and shift.
    eps : float
        Keeps the division finite for a constant vector.

    Returns
    -------
    Tensor, (..., d_model)

    References
    ----------
    Ba, Kiros and Hinton 2016, equations 3 and 4; the variance is the biased one.

    Examples
    --------
    >>> layer_norm(torch.tensor([1.0, 3.0]), torch.ones(2), torch.zeros(2), eps=0.0)
    tensor([-1.,  1.])
    """
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / (variance + eps).sqrt() * weight + bias
