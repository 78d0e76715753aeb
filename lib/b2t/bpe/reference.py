"""Byte pair encoding as it is defined: train, encode, decode.

Written to be read. `b2t.bpe.fast` has the same functions and must give the same answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from b2t.bpe.core import N_BYTES, Pair, best_pair, check_vocab_size, count_pairs, decode, merge
from b2t.bpe.split import count_words, split, to_bytes

__all__ = ["decode", "encode", "encode_word", "train"]


def train(texts: str | Iterable[str], vocab_size: int, pattern: str | None = "gpt4") -> list[Pair]:
    """Learn merges: count all pairs, merge the best one everywhere, and start again.

    Parameters
    ----------
    texts : str or iterable of str
        What to learn from.
    vocab_size : int
        Bytes and merges together, in tokens; at least 256.
    pattern : str or None
        How words are split (`b2t.bpe.split.split`); no merge crosses a word.

    Returns
    -------
    list of (int, int)
        The merges in order; fewer than asked for when no pair is left.

    Raises
    ------
    ValueError
        When `vocab_size` is below 256 or a text holds a lone surrogate.

    References
    ----------
    Sennrich, Haddow and Birch 2016, algorithm 1, on bytes instead of characters.

    Examples
    --------
    >>> train("low low lower", 259)
    [(108, 111), (256, 119), (32, 257)]
    """
    check_vocab_size(vocab_size)
    words = {tuple(word): count for word, count in count_words(texts, pattern).items()}
    merges = []
    while N_BYTES + len(merges) < vocab_size:
        counts = Counter()
        for ids, count in words.items():
            count_pairs(ids, counts, weight=count)
        if not counts:
            break
        pair = best_pair(counts)
        words = {tuple(merge(ids, pair, N_BYTES + len(merges))): count for ids, count in words.items()}
        merges.append(pair)
    return merges


def encode(text: str, merges: Sequence[Pair], pattern: str | None = "gpt4") -> list[int]:
    """Turn text into token ids: in each word, apply the earliest merge that fits, until none does.

    Parameters
    ----------
    text : str
        Any text without lone surrogates.
    merges : sequence of (int, int)
        In the order in which they were learned.
    pattern : str or None
        The one the merges were learned with.

    Returns
    -------
    list of int
        Token ids.

    Examples
    --------
    >>> encode("lowest", [(108, 111), (256, 119)])
    [257, 101, 115, 116]
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    ids = []
    for word in split(text, pattern):
        ids.extend(encode_word(list(to_bytes(word)), ranks))
    return ids


def encode_word(ids: list[int], ranks: Mapping[Pair, int]) -> list[int]:
    """Apply merges to one word, the lowest rank first.

    Parameters
    ----------
    ids : list of int
        The bytes of the word.
    ranks : mapping of (int, int) to int
        Pair to its place in the list of merges.

    Returns
    -------
    list of int
        Token ids.

    Examples
    --------
    >>> encode_word(list(b"lower"), {(108, 111): 0, (256, 119): 1})
    [257, 101, 114]
    """
    while len(ids) > 1:
        pair = min(zip(ids, ids[1:]), key=lambda pair: ranks.get(pair, len(ranks)))
        if pair not in ranks:
            break
        ids = merge(ids, pair, N_BYTES + ranks[pair])
    return ids
