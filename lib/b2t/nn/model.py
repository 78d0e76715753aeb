"""Whole models, each from one `Config`."""

from dataclasses import dataclass

from torch import Tensor, nn

from b2t.nn.layers import ACTIVATIONS, EncoderLayer
from b2t.nn.positions import SCHEMES, make_positions
from b2t.nn.validate import check_choice, check_heads, check_ids, check_positive, check_rate


@dataclass(frozen=True)
class Config:
    """The sizes and choices of a model. The defaults are the base model of Vaswani et al. 2017.

    Parameters
    ----------
    vocab_size : int
        Tokens that can be embedded.
    d_model, n_heads, n_layers, d_ff : int
        Width, heads a layer, layers, inner width of the feed-forward part.
    max_len : int
        Positions in a learned or sinusoidal table.
    dropout : float
        Share dropped in training.
    norm_first : bool
        Pre-norm instead of post-norm.
    activation : {"relu", "gelu"}
        The bend in the feed-forward part.
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
        How positions are told apart.

    Raises
    ------
    ValueError
        When a size is below 1, a choice unknown, or `n_heads` does not divide `d_model`.

    Examples
    --------
    >>> Config(vocab_size=256, d_model=64, n_heads=4).d_head
    16
    """

    vocab_size: int
    d_model: int = 512
    n_heads: int = 8
    n_layers: int = 6
    d_ff: int = 2048
    max_len: int = 512
    dropout: float = 0.1
    norm_first: bool = False
    activation: str = "relu"
    positions: str = "sinusoidal"

    def __post_init__(self):
        for name in ("vocab_size", "n_layers", "d_ff", "max_len"):
            check_positive(name, getattr(self, name))
        check_heads(self.d_model, self.n_heads)
        check_rate("dropout", self.dropout)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("positions", self.positions, SCHEMES)

    @property
    def d_head(self) -> int:
        """Width of one head."""
        return self.d_model // self.n_heads


class Encoder(nn.Module):
    """Token ids in, one vector a token out, each knowing of all the others.

    Parameters
    ----------
    config : Config
        Sizes and choices.

    References
    ----------
    Vaswani et al. 2017, sections 3.1 and 3.4.

    Examples
    --------
    >>> import torch
    >>> encoder = Encoder(Config(vocab_size=256, d_model=8, n_heads=2, n_layers=3, d_ff=16))
    >>> x, weights = encoder(torch.tensor([list("你好".encode())]), need_weights=True)
    >>> x.shape, len(weights), weights[0].shape
    (torch.Size([1, 6, 8]), 3, torch.Size([1, 2, 6, 6]))
    """

    def __init__(self, config: Config):
        super().__init__()
        self.config = c = config
        self.embedding = nn.Embedding(c.vocab_size, c.d_model)
        nn.init.normal_(self.embedding.weight, std=c.d_model**-0.5)
        self.positions = make_positions(c.positions, c.d_model, c.n_heads, c.max_len)
        self.dropout = nn.Dropout(c.dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(c.d_model, c.n_heads, c.d_ff, c.dropout, c.norm_first, c.activation)
            for _ in range(c.n_layers)
        )
        self.norm = nn.LayerNorm(c.d_model) if c.norm_first else nn.Identity()

    def embed(self, ids: Tensor) -> Tensor:
        """Turn token ids, (batch, seq_len), into what the first layer receives, (batch, seq_len, d_model)."""
        check_ids(ids, self.config.vocab_size)
        x = self.embedding(ids) * self.config.d_model**0.5  # (batch, seq_len) -> (batch, seq_len, d_model)
        return self.dropout(self.positions.add(x))

    def forward(
        self, ids: Tensor, mask: Tensor | None = None, need_weights: bool = False
    ) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Encode token ids.

        Parameters
        ----------
        ids : int Tensor, (batch, seq_len)
            Token ids below `vocab_size`.
        mask : bool Tensor, optional
            (query_pos, key_pos), or broadcastable to (batch, n_heads, query_pos, key_pos); True means
            "may attend"; see `padding_mask`.
        need_weights : bool
            Whether to return the attention weights too.

        Returns
        -------
        x : Tensor, (batch, seq_len, d_model)
        weights : list of Tensor, (batch, n_heads, query_pos, key_pos)
            One a layer, only with `need_weights`.
        """
        x = self.embed(ids)
        all_weights = []
        for layer in self.layers:
            x = layer(x, mask, need_weights, self.positions)
            if need_weights:
                x, weights = x
                all_weights.append(weights)
        x = self.norm(x)
        return (x, all_weights) if need_weights else x


class Classifier(nn.Module):
    """An encoder, the mean of its vectors, and one score a class.

    Parameters
    ----------
    config : Config
        Of the encoder.
    n_classes : int
        How many answers there are.

    Examples
    --------
    >>> import torch
    >>> model = Classifier(Config(vocab_size=256, d_model=8, n_heads=2, n_layers=1, d_ff=16), n_classes=3)
    >>> model(torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 3])
    """

    def __init__(self, config: Config, n_classes: int):
        super().__init__()
        check_positive("n_classes", n_classes)
        self.encoder = Encoder(config)
        self.output = nn.Linear(config.d_model, n_classes)

    def forward(
        self, ids: Tensor, mask: Tensor | None = None, need_weights: bool = False
    ) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Score the classes.

        Parameters
        ----------
        ids : int Tensor, (batch, seq_len)
            Token ids.
        mask : bool Tensor, (batch, 1, 1, seq_len), optional
            From `padding_mask`; padding takes no part in the mean.
        need_weights : bool
            Whether to return the encoder's attention weights too.

        Returns
        -------
        logits : Tensor, (batch, n_classes)
        weights : list of Tensor, (batch, n_heads, query_pos, key_pos)
            Only with `need_weights`.
        """
        x, weights = (
            self.encoder(ids, mask, need_weights=True) if need_weights else (self.encoder(ids, mask), None)
        )
        logits = self.output(mean_over_positions(x, mask))
        return (logits, weights) if need_weights else logits


def mean_over_positions(x: Tensor, mask: Tensor | None) -> Tensor:
    """Average the vectors of the real positions: (batch, seq_len, d_model) -> (batch, d_model).

    A text without a real position gets zeros.

    Examples
    --------
    >>> import torch
    >>> mask = torch.tensor([[[[True, False]]]])
    >>> mean_over_positions(torch.tensor([[[1.0], [9.0]]]), mask)
    tensor([[1.]])
    """
    if mask is None:
        return x.mean(dim=1)
    if mask.dim() != 4 or mask.shape[1:3] != (1, 1):
        raise ValueError(f"mask has shape {tuple(mask.shape)}; a classifier needs (batch, 1, 1, seq_len)")
    real = mask[:, 0, 0, :, None].to(x.dtype)  # (batch, seq_len, 1)
    return (x * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
