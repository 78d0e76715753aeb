"""Weights from `torch.nn` and back, so that the two can be compared number by number.

The twins: `MultiHeadAttention` and `nn.MultiheadAttention`, `EncoderLayer` and
`nn.TransformerEncoderLayer`, `Encoder` (its layers and last norm) and `nn.TransformerEncoder`.
"""

import torch
import torch.nn.functional as F
from torch import nn

from b2t.nn.layers import EncoderLayer, MultiHeadAttention
from b2t.nn.model import Encoder

TORCH_ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


@torch.no_grad()
def load_torch(module: nn.Module, torch_module: nn.Module) -> nn.Module:
    """Copy the weights of a `torch.nn` module into its twin of this library, in place.

    Parameters
    ----------
    module : MultiHeadAttention, EncoderLayer or Encoder
        Receives the weights; keeps its own dtype and device. An `Encoder` keeps its embedding.
    torch_module : nn.MultiheadAttention, nn.TransformerEncoderLayer or nn.TransformerEncoder
        Where they come from.

    Returns
    -------
    nn.Module
        `module` itself.

    Raises
    ------
    TypeError
        When the two are not twins.
    ValueError
        When their sizes or choices differ.

    Examples
    --------
    >>> ours, theirs = MultiHeadAttention(6, 2), nn.MultiheadAttention(6, 2, batch_first=True)
    >>> x = torch.randn(1, 4, 6)
    >>> torch.allclose(load_torch(ours, theirs)(x), theirs(x, x, x)[0], atol=1e-6)
    True
    """
    for source, target in paired(module, torch_module):
        target.copy_(source)
    return module


@torch.no_grad()
def to_torch(module: nn.Module) -> nn.Module:
    """Make the `torch.nn` twin of a module, with its weights, dtype, device and mode.

    Parameters
    ----------
    module : MultiHeadAttention, EncoderLayer or Encoder
        What to copy. Of an `Encoder`, the layers and the last norm: feed the twin `encoder.embed(ids)`.

    Returns
    -------
    nn.MultiheadAttention, nn.TransformerEncoderLayer or nn.TransformerEncoder
        With ``batch_first=True``.

    Raises
    ------
    TypeError
        When the module has no twin.
    ValueError
        When an encoder's positions work inside the layers (rotary, ALiBi), which `torch.nn` has not.

    Examples
    --------
    >>> to_torch(MultiHeadAttention(6, 2)).num_heads
    2
    """
    twin, reference = make_twin(module), next(module.parameters())
    twin = twin.to(device=reference.device, dtype=reference.dtype)
    for target, source in paired(module, twin):
        target.copy_(source)
    return twin.train(module.training)


def make_twin(module: nn.Module) -> nn.Module:
    """Make the `torch.nn` module of the same sizes and choices, with weights of its own."""
    if isinstance(module, MultiHeadAttention):
        d_model, bias = module.W_Q.in_features, module.W_Q.bias is not None
        return nn.MultiheadAttention(d_model, module.n_heads, module.dropout, bias=bias, batch_first=True)
    if isinstance(module, EncoderLayer):
        return nn.TransformerEncoderLayer(
            module.attention.W_Q.in_features,
            module.attention.n_heads,
            module.feed_forward.W_1.out_features,
            module.dropout.p,
            TORCH_ACTIVATIONS[module.feed_forward.activation],
            module.norm_1.eps,
            batch_first=True,
            norm_first=module.norm_first,
        )
    if isinstance(module, Encoder):
        if module.config.positions in ("rotary", "alibi"):
            raise ValueError(
                f"torch.nn has no {module.config.positions} positions; only an encoder that adds its "
                "positions to the embedding has a twin"
            )
        norm = nn.LayerNorm(module.config.d_model) if module.config.norm_first else None
        layer = make_twin(module.layers[0])
        return nn.TransformerEncoder(layer, len(module.layers), norm, enable_nested_tensor=False)
    raise TypeError(
        f"{type(module).__name__} has no torch.nn twin; MultiHeadAttention, EncoderLayer and Encoder have"
    )


def paired(module: nn.Module, twin: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """List the tensors of the twin, each with the tensor of `module` that holds the same weights."""
    if isinstance(module, MultiHeadAttention) and isinstance(twin, nn.MultiheadAttention):
        return paired_attention(module, twin)
    if isinstance(module, EncoderLayer) and isinstance(twin, nn.TransformerEncoderLayer):
        return paired_layer(module, twin)
    if isinstance(module, Encoder) and isinstance(twin, nn.TransformerEncoder):
        check_equal("number of layers", len(module.layers), len(twin.layers))
        check_equal("last layer norm", isinstance(module.norm, nn.LayerNorm), twin.norm is not None)
        pairs = [
            pair for ours, theirs in zip(module.layers, twin.layers) for pair in paired_layer(ours, theirs)
        ]
        return pairs + (same_names(module.norm, twin.norm) if twin.norm is not None else [])
    raise TypeError(f"{type(module).__name__} and {type(twin).__name__} are not twins")


def paired_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention):
    """Pair the weights of two attentions; torch.nn stacks those of Q, K and V."""
    check_equal("d_model", ours.W_Q.in_features, theirs.embed_dim)
    check_equal("n_heads", ours.n_heads, theirs.num_heads)
    check_equal("use of biases", ours.W_Q.bias is not None, theirs.in_proj_bias is not None)
    if theirs.in_proj_weight is None or theirs.bias_k is not None or theirs.add_zero_attn:
        raise ValueError(
            "kdim, vdim, add_bias_kv and add_zero_attn of nn.MultiheadAttention have no counterpart here"
        )
    projections = (ours.W_Q, ours.W_K, ours.W_V)
    pairs = list(zip(theirs.in_proj_weight.chunk(3), (W.weight for W in projections)))
    if theirs.in_proj_bias is not None:
        pairs += list(zip(theirs.in_proj_bias.chunk(3), (W.bias for W in projections)))
    return pairs + same_names(ours.W_O, theirs.out_proj)


def paired_layer(ours: EncoderLayer, theirs: nn.TransformerEncoderLayer):
    """Pair the weights of two encoder layers."""
    check_equal("norm_first", ours.norm_first, theirs.norm_first)
    check_equal("d_ff", ours.feed_forward.W_1.out_features, theirs.linear1.out_features)
    check_equal("activation", ACTIVATION_NAMES.get(theirs.activation), ours.feed_forward.activation)
    check_equal("eps of the norms", ours.norm_1.eps, theirs.norm1.eps)
    return [
        *paired_attention(ours.attention, theirs.self_attn),
        *same_names(ours.feed_forward.W_1, theirs.linear1),
        *same_names(ours.feed_forward.W_2, theirs.linear2),
        *same_names(ours.norm_1, theirs.norm1),
        *same_names(ours.norm_2, theirs.norm2),
    ]


ACTIVATION_NAMES = {function: name for name, function in TORCH_ACTIVATIONS.items()}


def same_names(ours: nn.Module, theirs: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Pair the parameters of two modules that use the same names."""
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    check_equal("parameter names", sorted(mine), sorted(other))
    return [(other[name], mine[name]) for name in mine]


def check_equal(what: str, ours, theirs) -> None:
    """Refuse twins that differ in size or choice."""
    if ours != theirs:
        raise ValueError(f"the twins differ in {what}: {ours} here, {theirs} there; make them equal first")
