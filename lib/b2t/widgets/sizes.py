"""How large is an encoder, and what does it cost? Counted from its numbers alone, without building it.

The letters: *V* ``vocab_size``, *d* ``d_model``, *h* ``n_heads``, *L* ``n_layers``, *f* ``d_ff``,
*n* ``seq_len``. The page's script counts with the same formulas; tests hold both equal to PyTorch's count.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Sizes:
    """The numbers that a count needs: those of `b2t.nn.Config`, and the length of one text in tokens."""

    vocab_size: int
    d_model: int
    n_heads: int
    n_layers: int
    d_ff: int
    seq_len: int
    norm_first: bool = False


SIZE_NAMES = tuple(Sizes.__dataclass_fields__)
PRESETS = {
    "chapter": Sizes(3072, 128, 4, 2, 256, 256, norm_first=True),
    "paper": Sizes(37_000, 512, 8, 6, 2048, 512),
    "bert": Sizes(30_522, 768, 12, 12, 3072, 512),
    "gpt2": Sizes(50_257, 768, 12, 12, 3072, 1024, norm_first=True),
}
LEARNED_POSITIONS = ("bert", "gpt2")


def divisors(n: int) -> list[int]:
    """List what divides a number, smallest first: the numbers of heads that a width allows.

    Parameters
    ----------
    n : int
        At least 1.

    Examples
    --------
    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = [k for k in range(1, int(n**0.5) + 1) if n % k == 0]
    return small + [n // k for k in reversed(small) if k * k != n]


def parameters(sizes: Sizes, preset: str = "own") -> dict[str, int]:
    """Count the parameters of `b2t.nn.Encoder` with sinusoidal positions, and what a known model has besides.

    ===================  ==============================
    embedding            V d
    attention            L · 4 (d² + d)
    feed-forward         L · (2 d f + f + d)
    norms                (2 L + 1 if pre-norm) · 2 d
    ===================  ==============================

    Parameters
    ----------
    sizes : Sizes
        `n_heads` and `seq_len` change nothing here.
    preset : str
        A key of `PRESETS` whose further parts are counted too (see `beyond`), or "own" for none.

    Returns
    -------
    dict
        The four parts, "encoder" (their sum), the further parts by name, and "total".

    References
    ----------
    Vaswani et al. 2017, section 3; Devlin et al. 2019; Radford et al. 2019.

    Examples
    --------
    >>> parameters(PRESETS["paper"])["total"]
    37858304
    >>> parameters(PRESETS["bert"], "bert")["total"], parameters(PRESETS["gpt2"], "gpt2")["total"]
    (109482240, 124439808)
    """
    d, f, n_layers = sizes.d_model, sizes.d_ff, sizes.n_layers
    parts = {
        "embedding": sizes.vocab_size * d,
        "attention": n_layers * 4 * (d * d + d),
        "feed-forward": n_layers * (2 * d * f + f + d),
        "norms": (2 * n_layers + sizes.norm_first) * 2 * d,
    }
    more = beyond(preset)
    encoder = sum(parts.values())
    return {**parts, "encoder": encoder, **more, "total": encoder + sum(more.values())}


def beyond(preset: str) -> dict[str, int]:
    """Count what a known model has and `b2t.nn.Encoder` with sinusoids has not.

    GPT-2 has nothing at its output: it uses the embedding once more.

    Parameters
    ----------
    preset : str
        A key of `PRESETS`, or "own".

    Examples
    --------
    >>> beyond("gpt2")
    {'1,024 learned positions': 786432}
    >>> beyond("paper")
    {}
    """
    if preset not in PRESETS:
        return {}
    d = PRESETS[preset].d_model
    return {
        "chapter": {"linear over 35 languages": 35 * d + 35},
        "paper": {},
        "bert": {
            "512 learned positions": 512 * d,
            "2 token types": 2 * d,
            "norm after the embedding": 2 * d,
            "pooler": d * d + d,
        },
        "gpt2": {"1,024 learned positions": 1024 * d},
    }[preset]


def memory(sizes: Sizes, n_parameters: int) -> dict[str, int]:
    """Give what a model takes in memory, in bytes.

    Parameters
    ----------
    sizes : Sizes
        For the maps: heads, layers, length.
    n_parameters : int
        From `parameters`.

    Returns
    -------
    dict
        "float32" and "float16": the weights, 4 or 2 bytes each. "adam": a training run in float32 keeps the
        weight, its gradient and two running averages, 16 bytes a parameter. "maps": the attention weights of
        one text in float32, 4 L h n².

    Examples
    --------
    >>> memory(PRESETS["chapter"], 662_947)
    {'float32': 2651788, 'float16': 1325894, 'adam': 10607152, 'maps': 2097152}
    """
    maps = 4 * sizes.n_layers * sizes.n_heads * sizes.seq_len**2
    return {"float32": 4 * n_parameters, "float16": 2 * n_parameters, "adam": 16 * n_parameters, "maps": maps}


def multiply_adds(sizes: Sizes) -> dict[str, int]:
    """Count the multiply-adds of the layers' matrix products for one text, forward.

    Norms, softmax, biases and sums are left out, which are few beside them; looking up an embedding is no
    product.

    Parameters
    ----------
    sizes : Sizes
        `vocab_size` and `norm_first` change nothing here.

    Returns
    -------
    dict
        "projections" (W_Q, W_K, W_V, W_O): L · 4 n d². "maps" (scores and weighted sums): L · 2 n² d.
        "feed-forward": L · 2 n d f. "total".

    Examples
    --------
    >>> multiply_adds(Sizes(1, d_model=2, n_heads=1, n_layers=1, d_ff=8, seq_len=3))
    {'projections': 48, 'maps': 36, 'feed-forward': 96, 'total': 180}
    """
    n, d, n_layers = sizes.seq_len, sizes.d_model, sizes.n_layers
    parts = {
        "projections": n_layers * 4 * n * d * d,
        "maps": n_layers * 2 * n * n * d,
        "feed-forward": n_layers * 2 * n * d * sizes.d_ff,
    }
    return {**parts, "total": sum(parts.values())}


def matches(sizes: Sizes, preset: str) -> bool:
    """Tell whether sizes are a known model's: all equal but the length, which is the text's.

    A text that is longer than a learned table of positions needs more rows; see `more_positions`.

    Parameters
    ----------
    sizes : Sizes
    preset : str
        A key of `PRESETS`.

    Examples
    --------
    >>> matches(Sizes(30_522, 768, 12, 12, 3072, seq_len=64), "bert")
    True
    """
    known = PRESETS[preset]
    return asdict(known) == {**asdict(sizes), "seq_len": known.seq_len}


def more_positions(sizes: Sizes, preset: str) -> int:
    """Count what a longer table of learned positions would add, for a text that is longer than the model's.

    Sinusoids go on for ever, so they add nothing.

    Parameters
    ----------
    sizes : Sizes
    preset : str
        A key of `PRESETS`, or "own".

    Examples
    --------
    >>> longer = Sizes(30_522, 768, 12, 12, 3072, seq_len=1024)
    >>> more_positions(longer, "bert"), more_positions(longer, "paper")
    (393216, 0)
    """
    if preset not in LEARNED_POSITIONS:
        return 0
    known = PRESETS[preset]
    return max(sizes.seq_len - known.seq_len, 0) * known.d_model


def output_multiply_adds(sizes: Sizes) -> int:
    """Count the multiply-adds of an output that scores every token of the vocabulary, at every position.

    GPT-2 has one; `multiply_adds`, which counts an encoder's layers, leaves it out.

    Parameters
    ----------
    sizes : Sizes

    Examples
    --------
    >>> output_multiply_adds(PRESETS["gpt2"])
    39523713024
    """
    return sizes.seq_len * sizes.d_model * sizes.vocab_size
