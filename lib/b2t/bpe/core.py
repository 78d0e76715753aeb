"""The small functions that define byte pair encoding.

Everything else in `b2t.bpe` is a way to call these, or a way to reach the same answer sooner.
Ids 0 to 255 are the bytes; merge number `i` makes the token `256 + i`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

N_BYTES = 256
"""How many ids the bytes take: 0 to 255."""

Pair = tuple[int, int]
"""Two neighbouring ids, ``(left, right)``."""


def count_pairs(ids: Sequence[int], counts: Counter | None = None, weight: int = 1) -> Counter:
    """Count each pair of neighbours in a sequence of token ids.

    Overlapping pairs count too: ``a a a`` holds the pair ``(a, a)`` twice.

    Parameters
    ----------
    ids : sequence of int
        Token ids.
    counts : Counter, optional
        Where to add the counts; changed in place. A new one by default.
    weight : int
        What one occurrence counts, in words: how often `ids` itself occurs in the text.

    Returns
    -------
    Counter
        Pair ``(left, right)`` to count.

    Examples
    --------
    >>> count_pairs([1, 2, 1, 2, 3])
    Counter({(1, 2): 2, (2, 1): 1, (2, 3): 1})
    """
    counts = Counter() if counts is None else counts
    for pair in zip(ids, ids[1:]):
        counts[pair] += weight
    return counts


def best_pair(counts: Mapping[Pair, int]) -> Pair:
    """Choose the pair to merge: the highest count, and among equals the smallest ``(left, right)``.

    Examples
    --------
    >>> best_pair({(5, 6): 3, (2, 9): 3, (1, 1): 2})
    (2, 9)
    """
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Replace each occurrence of `pair` by `new_id`, from left to right.

    Parameters
    ----------
    ids : sequence of int
        Token ids.
    pair : tuple of int
        The two neighbours to join.
    new_id : int
        The id of the token they become.

    Returns
    -------
    list of int
        The shorter sequence; equal to `ids` when the pair does not occur.

    Examples
    --------
    >>> merge([1, 2, 1, 2, 3], (1, 2), 256)
    [256, 256, 3]
    >>> merge([7, 7, 7], (7, 7), 256)
    [256, 7]
    """
    merged = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def vocabulary(merges: Sequence[Pair]) -> dict[int, bytes]:
    """Spell out the bytes of every token.

    Parameters
    ----------
    merges : sequence of pair
        In the order in which they were made.

    Returns
    -------
    dict of int to bytes
        The 256 bytes, then one token a merge.

    Examples
    --------
    >>> vocabulary([(228, 189), (256, 160)])[257].decode()
    '你'
    """
    vocab = {i: bytes([i]) for i in range(N_BYTES)}
    for left, right in merges:
        vocab[len(vocab)] = vocab[left] + vocab[right]
    return vocab


def decode(ids: Iterable[int], merges: Sequence[Pair], errors: str = "replace") -> str:
    """Turn token ids back into text: look up the bytes of each, join them, and only then decode.

    Parameters
    ----------
    ids : iterable of int
        Token ids.
    merges : sequence of (int, int)
        In the order in which they were learned.
    errors : {"replace", "strict", "ignore"}
        What to do where the bytes are not UTF-8, as in `bytes.decode`.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> decode([257, 33], [(228, 189), (256, 160)])
    '你!'
    """
    vocab = vocabulary(merges)
    return b"".join(vocab[token] for token in ids).decode("utf-8", errors)


def check_vocab_size(vocab_size: int) -> None:
    """Refuse a vocabulary that cannot hold the 256 bytes, or a size that is no whole number."""
    if not hasattr(vocab_size, "__index__"):
        raise TypeError(f"vocab_size is {vocab_size!r}; it counts tokens and must be an int")
    if vocab_size < N_BYTES:
        raise ValueError(f"vocab_size is {vocab_size}; the {N_BYTES} bytes alone need {N_BYTES}")
