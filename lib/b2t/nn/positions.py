"""Where a token stands: one object a scheme, with three hooks that each do nothing by default.

A scheme may add to the embedding (sinusoidal, learned), turn queries and keys (rotary), or bias the
scores (ALiBi).
"""

import torch
from torch import Tensor, nn

from b2t.nn.validate import check_choice, check_positive


def sinusoidal(
    seq_len: int,
    d_model: int,
    base: float = 10000.0,
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Make the table of sines and cosines that is added to the embeddings.

    Column ``2 i`` holds ``sin(pos · base^(-2 i / d_model))`` and column ``2 i + 1`` the cosine of the
    same angle. An odd `d_model` ends on a sine. Angles are computed in float64, since float32 loses
    digits at large positions.

    Parameters
    ----------
    seq_len : int
        Positions, from 0.
    d_model : int
        Columns.
    base : float
        The slowest frequency is near ``1 / base``.
    dtype : dtype, optional
        Of the table; the default dtype if not given.
    device : device, optional
        Where the table is put.

    Returns
    -------
    Tensor, (seq_len, d_model)

    References
    ----------
    Vaswani et al. 2017, section 3.5.

    Examples
    --------
    >>> sinusoidal(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    check_positive("seq_len", seq_len)
    check_positive("d_model", d_model)
    pos = torch.arange(seq_len, dtype=torch.float64)[:, None]  # (seq_len, 1)
    frequency = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)  # (ceil(d_model / 2),)
    angle = pos * frequency  # (seq_len, ceil(d_model / 2))
    table = torch.empty(seq_len, d_model, dtype=torch.float64)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle.cos()[:, : d_model // 2]
    return table.to(device=device, dtype=dtype or torch.get_default_dtype())


def rotate(x: Tensor, base: float = 10000.0) -> Tensor:
    """Turn each pair of features ``(2 i, 2 i + 1)`` by the angle ``pos · base^(-2 i / d_head)``.

    Parameters
    ----------
    x : Tensor, (..., seq_len, d_head)
        Queries or keys; `d_head` even.
    base : float
        As in `sinusoidal`.

    Returns
    -------
    Tensor, (..., seq_len, d_head)
        Vectors of the same lengths; the product of a query and a key now depends on their distance.

    References
    ----------
    Su et al. 2024 (RoFormer), equation 34.

    Examples
    --------
    >>> rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    table = sinusoidal(x.size(-2), x.size(-1), base, dtype=x.dtype, device=x.device)
    sin, cos = table[:, 0::2], table[:, 1::2]  # (seq_len, d_head / 2)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2)  # (..., seq_len, d_head / 2, 2) -> (..., seq_len, d_head)


def alibi_bias(
    n_heads: int, query_len: int, key_len: int, *, device: torch.device | str | None = None
) -> Tensor:
    """Make the penalties that grow with distance, one slope a head.

    Parameters
    ----------
    n_heads, query_len, key_len : int
        Sizes.
    device : device, optional
        Where the bias is made.

    Returns
    -------
    Tensor, (n_heads, query_len, key_len)
        ``-slope · |query_pos - key_pos|`` with the slopes ``2^(-8 h / n_heads)``, h = 1 to n_heads.

    References
    ----------
    Press, Smith and Lewis 2022, section 3. Theirs is for causal attention; here both directions count.

    Examples
    --------
    >>> alibi_bias(8, 1, 3)[0]
    tensor([[-0.0000, -0.5000, -1.0000]])
    """
    slope = 2.0 ** (-8.0 * torch.arange(1, n_heads + 1, device=device) / n_heads)
    query_pos = torch.arange(query_len, device=device)[:, None]
    key_pos = torch.arange(key_len, device=device)
    return -slope[:, None, None] * (query_pos - key_pos).abs()


class Positions(nn.Module):
    """No positions at all, and the three hooks that the other schemes fill in."""

    def add(self, x: Tensor) -> Tensor:
        """Change the embedded tokens, (batch, seq_len, d_model)."""
        return x

    def turn(self, Q: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
        """Change queries and keys, (batch, n_heads, position, d_head)."""
        return Q, K

    def bias(self, Q: Tensor, K: Tensor) -> Tensor | None:
        """Return what is added to the scores, (n_heads, query_pos, key_pos), if anything."""
        return None


class Sinusoidal(Positions):
    """Add the fixed table of `sinusoidal`; it grows when a longer text comes.

    Parameters
    ----------
    d_model : int
        Width of the embedding.
    max_len : int
        Positions that the table has at first.
    base : float
        As in `sinusoidal`.

    Examples
    --------
    >>> Sinusoidal(d_model=4, max_len=2).add(torch.zeros(1, 3, 4)).shape
    torch.Size([1, 3, 4])
    """

    def __init__(self, d_model: int, max_len: int, base: float = 10000.0):
        super().__init__()
        self.base = base
        self.register_buffer("table", sinusoidal(max_len, d_model, base), persistent=False)

    def add(self, x: Tensor) -> Tensor:
        seq_len = x.size(-2)
        if seq_len > len(self.table):
            kind = {"dtype": self.table.dtype, "device": self.table.device}
            self.table = sinusoidal(seq_len, self.table.size(-1), self.base, **kind)
        return x + self.table[:seq_len]


class Learned(Positions):
    """Add a learned vector a position; there is none beyond `max_len`.

    Parameters
    ----------
    d_model : int
        Width of the embedding.
    max_len : int
        Positions that have a vector; a longer text raises a ValueError.

    Examples
    --------
    >>> sum(p.numel() for p in Learned(d_model=4, max_len=10).parameters())
    40
    """

    def __init__(self, d_model: int, max_len: int):
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("max_len", max_len)
        self.table = nn.Parameter(torch.randn(max_len, d_model) * 0.02)

    def add(self, x: Tensor) -> Tensor:
        if x.size(-2) > len(self.table):
            raise ValueError(
                f"the text has {x.size(-2)} positions, but only {len(self.table)} were learned; "
                "raise max_len before training, or shorten the text"
            )
        return x + self.table[: x.size(-2)]


class Rotary(Positions):
    """Turn queries and keys by their positions, as `rotate` does.

    Parameters
    ----------
    d_head : int
        Width of a head, even.
    base : float
        As in `sinusoidal`.

    Raises
    ------
    ValueError
        When `d_head` is odd.

    Examples
    --------
    >>> Q, K = Rotary(d_head=2).turn(torch.ones(1, 1, 3, 2), torch.ones(1, 1, 3, 2))
    >>> Q.shape
    torch.Size([1, 1, 3, 2])
    """

    def __init__(self, d_head: int, base: float = 10000.0):
        super().__init__()
        if d_head % 2:
            raise ValueError(f"d_head is {d_head}; rotary positions turn pairs of features and need it even")
        self.base = base

    def turn(self, Q: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
        return rotate(Q, self.base), rotate(K, self.base)


class Alibi(Positions):
    """Subtract from each score in proportion to the distance, as `alibi_bias` says.

    Examples
    --------
    >>> Alibi().bias(torch.zeros(1, 8, 1, 4), torch.zeros(1, 8, 3, 4))[0]
    tensor([[-0.0000, -0.5000, -1.0000]])
    """

    def bias(self, Q: Tensor, K: Tensor) -> Tensor:
        return alibi_bias(Q.size(-3), Q.size(-2), K.size(-2), device=Q.device).to(Q.dtype)


SCHEMES = ("sinusoidal", "learned", "rotary", "alibi", "none")
"""The names that `make_positions` knows."""


def make_positions(scheme: str, d_model: int, n_heads: int, max_len: int) -> Positions:
    """Make a scheme by its name, one of `SCHEMES`.

    Examples
    --------
    >>> make_positions("sinusoidal", d_model=6, n_heads=2, max_len=5).add(torch.zeros(1, 2, 6))[0, 0]
    tensor([0., 1., 0., 1., 0., 1.])
    """
    check_choice("positions", scheme, SCHEMES)
    if scheme == "sinusoidal":
        return Sinusoidal(d_model, max_len)
    if scheme == "learned":
        return Learned(d_model, max_len)
    if scheme == "rotary":
        return Rotary(d_model // n_heads)
    return Alibi() if scheme == "alibi" else Positions()
