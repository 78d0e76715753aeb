"""What an AttentionExplorer takes, checked; and attention on small matrices, one stage at a time."""

from collections.abc import Sequence

import numpy as np
from traitlets import TraitError

from b2t.widgets.base import check_text, visible

MAX_ROWS, MAX_FEATURES, MAX_NUMBER, MAX_LABEL = 6, 6, 1000, 80
MAX_SEQ, MAX_WEIGHTS, NEAR = 64, 100_000, 1e-3
STAGES = ("scores", "scaled", "mask", "softmax", "sum")


def as_array(name: str, value) -> np.ndarray:
    """Turn nested lists, a NumPy array or a tensor of any library into an array of floats.

    Examples
    --------
    >>> as_array("Q", [[1, 2]])
    array([[1., 2.]])
    """
    try:
        return np.array(value.tolist() if hasattr(value, "tolist") else value, dtype=float)
    except (TypeError, ValueError):
        raise TraitError(
            f"{name} is {repr(value)[:80]}; give numbers in rows of equal length: lists, an array or a tensor"
        ) from None


def matrix(name: str, value) -> list[list[float]]:
    """Return a small matrix as lists, or say what does not fit.

    Parameters
    ----------
    name : str
        What to call it in an error: Q, K or V.
    value : array-like, (rows, features)
        At most 6 x 6 numbers between -1000 and 1000.

    Raises
    ------
    TraitError
        When it is anything else.
    """
    numbers = as_array(name, value)
    rows, features = numbers.shape if numbers.ndim == 2 else (0, 0)
    if not (1 <= rows <= MAX_ROWS and 1 <= features <= MAX_FEATURES):
        raise TraitError(
            f"{name} has shape {numbers.shape}; by hand it is (rows, features), at most {MAX_ROWS} x "
            f"{MAX_FEATURES}. For larger ones: AttentionExplorer(tokens=…, weights=…)"
        )
    wrong = numbers[~(np.abs(numbers) <= MAX_NUMBER)]  # NaN is not <= anything
    if wrong.size:
        raise TraitError(f"{name} holds {wrong[0]}; its numbers run from -{MAX_NUMBER} to {MAX_NUMBER}")
    return numbers.tolist()


def check_fit(Q: Sequence, K: Sequence, V: Sequence, labels: Sequence[str]) -> None:
    """Say so when matrices and labels do not belong together."""
    n, d_head = np.shape(Q)
    if np.shape(K) != (n, d_head) or len(V) != n:
        raise TraitError(
            f"Q, K, V have shapes {np.shape(Q)}, {np.shape(K)}, {np.shape(V)}; they need one row a "
            "token, and Q and K the same features. To change the shape set all three at once, within "
            "hold_trait_notifications()"
        )
    if len(labels) != n:
        raise TraitError(f"there are {len(labels)} labels for {n} rows of Q; give one label a row")


def masked(weights: np.ndarray, mask: str, fill: float) -> np.ndarray:
    """Put `fill` where a query may not attend; the last two axes are query_pos and key_pos."""
    may = np.ones(weights.shape[-2:], bool)
    return np.where(np.tril(may) if mask == "causal" else may, weights, fill)


def stages(Q: Sequence, K: Sequence, V: Sequence, mask: str = "none") -> dict[str, np.ndarray]:
    """Compute attention and keep each stage.

    Parameters
    ----------
    Q, K : array-like, (n, d_head)
    V : array-like, (n, d_value)
    mask : {"none", "causal"}

    Returns
    -------
    dict of str to array
        "scores", "scaled", "mask" and "softmax", each (query_pos, key_pos), and "sum", (query_pos, d_value).

    Examples
    --------
    >>> stages([[2.0, 0.0]], [[1.0, 0.0]], [[3.0]])["sum"]
    array([[3.]])
    """
    Q, K, V = np.array(Q), np.array(K), np.array(V)
    scores = Q @ K.T  # (query_pos, key_pos)
    scaled = scores / np.sqrt(Q.shape[-1])
    allowed = masked(scaled, mask, -np.inf)
    exp = np.exp(allowed - allowed.max(axis=-1, keepdims=True))
    weights = exp / exp.sum(axis=-1, keepdims=True)
    return dict(zip(STAGES, (scores, scaled, allowed, weights, weights @ V), strict=True))


def spell(tokens: Sequence, name: str = "tokens") -> list[str]:
    """Return tokens as texts; bytes are spelled as `visible` does.

    Examples
    --------
    >>> spell(["the", b"\\xe4\\xba"])
    ['the', '<e4 ba>']
    """
    tokens = [visible(token) if isinstance(token, bytes) else token for token in tokens]
    for token in tokens:
        if not isinstance(token, str):
            raise TraitError(
                f"{name} hold {token!r}; give texts or bytes: [tokenizer.decode_bytes([i]) for i in ids]"
            )
        check_text(token, MAX_LABEL)
    return tokens


def table(value, n_tokens: int) -> list:
    """Return attention weights as lists, (n_layers, n_heads, query_pos, key_pos), rounded to 4 digits.

    Parameters
    ----------
    value : array-like, (n_layers, n_heads, seq, seq) or (n_heads, seq, seq) or (seq, seq)
        Each row sums to 1, or to 0 if its query may attend to nothing.
    n_tokens : int
        What `seq` must be.

    Raises
    ------
    TraitError
        When these are no attention weights, or too many.
    """
    if hasattr(value, "shape"):
        check_size(tuple(value.shape), n_tokens)  # before a large tensor is copied
    weights = as_array("weights", value)
    check_size(weights.shape, n_tokens)
    weights = weights.reshape(padded(weights.shape))
    check_rows(weights)
    return weights.round(4).tolist()


def padded(shape: Sequence[int]) -> tuple[int, ...]:
    """Write a shape with four sizes: one layer and one head where it names none.

    Examples
    --------
    >>> padded((7, 7))
    (1, 1, 7, 7)
    """
    return (1,) * (4 - len(shape)) + tuple(shape)


def check_size(shape: tuple[int, ...], n_tokens: int) -> None:
    """Say so when weights of this shape cannot be shown with so many tokens."""
    if len(shape) not in (2, 3, 4) or shape[-2:] != (n_tokens, n_tokens) or 0 in shape:
        raise TraitError(
            f"weights have shape {shape} for {n_tokens} tokens; they need (n_layers, n_heads, seq, seq), "
            f"(n_heads, seq, seq) or (seq, seq) with seq = {n_tokens}: of a batch take one text, weights[0]"
        )
    size = int(np.prod(shape))
    if n_tokens > MAX_SEQ or size > MAX_WEIGHTS:
        raise TraitError(
            f"weights are {size:,} numbers for {n_tokens} tokens; a page carries at most {MAX_WEIGHTS:,} "
            f"and {MAX_SEQ} tokens: pass a shorter text, or some of the layers and heads"
        )


def check_rows(weights: np.ndarray) -> None:
    """Say so when a row of (n_layers, n_heads, query_pos, key_pos) is neither a distribution nor empty."""
    sums = weights.sum(axis=-1)
    near = (np.abs(sums - 1) <= NEAR) | (np.abs(sums) <= NEAR)
    wrong = np.argwhere(~((weights >= 0) & np.isfinite(weights)).all(axis=-1) | ~near)
    if not len(wrong):
        return
    layer, head, query = (int(i) for i in wrong[0])
    row = weights[layer, head, query]
    seen = f"sums to {sums[layer, head, query]:.4g}" if (row >= 0).all() else f"holds {row.min():.4g}"
    raise TraitError(
        f"the row of query {query} in layer {layer}, head {head} {seen}; weights are 0 or more and a row "
        "sums to 1 (or to 0, for a query without a key). Take them after the softmax over the keys and "
        "before dropout (model.eval()), in float32"
    )
