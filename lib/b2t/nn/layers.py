"""The parts of a Transformer that have weights."""

import torch.nn.functional as F
from torch import Tensor, nn

from b2t.nn.functional import attention
from b2t.nn.positions import Positions
from b2t.nn.validate import (
    check_choice,
    check_head_mask,
    check_heads,
    check_positive,
    check_rate,
    check_vectors,
)

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}
"""The bends that `FeedForward` can have, by name."""


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Cut each vector into `n_heads` parts and put the head before the position.

    Parameters
    ----------
    x : Tensor, (batch, seq_len, d_model)
        Queries, keys or values of all heads side by side.
    n_heads : int
        A divisor of `d_model`.

    Returns
    -------
    Tensor, (batch, n_heads, seq_len, d_head)
    """
    x = x.unflatten(-1, (n_heads, -1))  # (batch, seq_len, d_model) -> (batch, seq_len, n_heads, d_head)
    return x.transpose(1, 2)  # -> (batch, n_heads, seq_len, d_head)


def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (batch, n_heads, seq_len, d_head) -> (batch, seq_len, d_model)."""
    return x.transpose(1, 2).flatten(-2)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own part of the vectors.

    Parameters
    ----------
    d_model : int
        Width of the vectors.
    n_heads : int
        A divisor of `d_model`.
    dropout : float
        Share of the attention weights dropped in training.
    bias : bool
        Whether the four projections have a bias.

    Raises
    ------
    ValueError
        When `n_heads` does not divide `d_model`.

    References
    ----------
    Vaswani et al. 2017, section 3.2.2.

    Examples
    --------
    >>> import torch
    >>> out, weights = MultiHeadAttention(6, 2)(torch.zeros(1, 3, 6), need_weights=True)
    >>> out.shape, weights.shape
    (torch.Size([1, 3, 6]), torch.Size([1, 2, 3, 3]))
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0, bias: bool = True):
        super().__init__()
        check_heads(d_model, n_heads)
        check_rate("dropout", dropout)
        self.n_heads = n_heads
        self.dropout = dropout
        self.W_Q = nn.Linear(d_model, d_model, bias=bias)
        self.W_K = nn.Linear(d_model, d_model, bias=bias)
        self.W_V = nn.Linear(d_model, d_model, bias=bias)
        self.W_O = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        need_weights: bool = False,
        positions: Positions | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Let each position of `x` gather from the positions of `context`.

        Parameters
        ----------
        x : Tensor, (batch, query_pos, d_model)
            Where the queries come from.
        context : Tensor, (batch, key_pos, d_model), optional
            Where keys and values come from; `x` itself if not given.
        mask : bool Tensor, optional
            (query_pos, key_pos), or broadcastable to (batch, n_heads, query_pos, key_pos); True means
            "may attend".
        need_weights : bool
            Whether to return the weights too.
        positions : Positions, optional
            A scheme that turns queries and keys or biases the scores.

        Returns
        -------
        out : Tensor, (batch, query_pos, d_model)
        weights : Tensor, (batch, n_heads, query_pos, key_pos)
            Only with `need_weights`.

        Raises
        ------
        TypeError
            When `mask` is not boolean.
        ValueError
            When a shape does not fit; `x` and `context` need their batch axis.
        """
        check_vectors(x, context, self.W_Q.in_features)
        check_head_mask(mask)
        context = x if context is None else context
        Q = split_heads(self.W_Q(x), self.n_heads)  # (batch, n_heads, query_pos, d_head)
        K = split_heads(self.W_K(context), self.n_heads)  # (batch, n_heads, key_pos, d_head)
        V = split_heads(self.W_V(context), self.n_heads)
        bias = None
        if positions is not None:
            Q, K = positions.turn(Q, K)
            bias = positions.bias(Q, K)
        dropout_p = self.dropout if self.training else 0.0
        out, weights = attention(Q, K, V, mask, bias=bias, dropout_p=dropout_p, need_weights=need_weights)
        out = self.W_O(merge_heads(out))  # (batch, n_heads, query_pos, d_head) -> (batch, query_pos, d_model)
        return (out, weights) if need_weights else out


class FeedForward(nn.Module):
    """Two linear layers with a bend between them, applied to each position alone.

    Parameters
    ----------
    d_model, d_ff : int
        Width outside and inside.
    dropout : float
        Share of the inner features dropped in training.
    activation : {"relu", "gelu"}
        The bend.

    References
    ----------
    Vaswani et al. 2017, equation 2; Hendrycks and Gimpel 2016 for the GELU.

    Examples
    --------
    >>> import torch
    >>> FeedForward(4, 8)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(self, d_model: int, d_ff: int, dropout: float = 0.0, activation: str = "relu"):
        super().__init__()
        check_positive("d_ff", d_ff)
        check_choice("activation", activation, ACTIVATIONS)
        self.activation = activation
        self.W_1 = nn.Linear(d_model, d_ff)
        self.W_2 = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Change each vector of `x`, (..., d_model), by itself."""
        hidden = ACTIVATIONS[self.activation](self.W_1(x))  # (..., d_model) -> (..., d_ff)
        return self.W_2(self.dropout(hidden))  # (..., d_ff) -> (..., d_model)


class EncoderLayer(nn.Module):
    """Attention, then feed-forward; around each a residual connection and a layer norm.

    Parameters
    ----------
    d_model, n_heads, d_ff : int
        Width, heads, inner width.
    dropout : float
        On attention weights, inner features and both branches.
    norm_first : bool
        Norm before each branch (pre-norm) instead of after each sum (post-norm, as in 2017).
    activation : {"relu", "gelu"}
        The bend in the feed-forward part.

    References
    ----------
    Vaswani et al. 2017, section 3.1; Xiong et al. 2020 for the order of the norms.

    Examples
    --------
    >>> import torch
    >>> EncoderLayer(6, 2, 12)(torch.zeros(1, 3, 6)).shape
    torch.Size([1, 3, 6])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        dropout: float = 0.1,
        norm_first: bool = False,
        activation: str = "relu",
    ):
        super().__init__()
        self.norm_first = norm_first
        self.attention = MultiHeadAttention(d_model, n_heads, dropout)
        self.feed_forward = FeedForward(d_model, d_ff, dropout, activation)
        self.norm_1 = nn.LayerNorm(d_model)
        self.norm_2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        need_weights: bool = False,
        positions: Positions | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the layer.

        Parameters
        ----------
        x : Tensor, (batch, seq_len, d_model)
            Vectors.
        mask, need_weights, positions
            As for `MultiHeadAttention`.

        Returns
        -------
        x : Tensor, (batch, seq_len, d_model)
        weights : Tensor, (batch, n_heads, query_pos, key_pos)
            Only with `need_weights`.
        """
        gathered = self.attention(
            self.norm_1(x) if self.norm_first else x, None, mask, need_weights, positions
        )
        gathered, weights = gathered if need_weights else (gathered, None)
        if self.norm_first:
            x = x + self.dropout(gathered)
            x = x + self.dropout(self.feed_forward(self.norm_2(x)))
        else:
            x = self.norm_1(x + self.dropout(gathered))
            x = self.norm_2(x + self.dropout(self.feed_forward(x)))
        return (x, weights) if need_weights else x
