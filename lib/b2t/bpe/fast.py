"""The same functions and the same answers as `b2t.bpe.reference`, by doing only what changed.

Training counts words with few searches (`b2t.bpe.words`), and a merge touches only the places that hold its
pair (`b2t.bpe.train_fast`). Encoding keeps the pairs of a word in a heap, so a word of n bytes costs n log n
and not n squared.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from b2t.bpe.core import N_BYTES, Pair, check_vocab_size, decode
from b2t.bpe.split import split, to_bytes
from b2t.bpe.train_fast import train_from_counts
from b2t.bpe.words import count_words

__all__ = ["decode", "encode", "encode_word", "train", "train_from_counts"]


def train(texts: str | Iterable[str], vocab_size: int, pattern: str | None = "gpt4") -> list[Pair]:
    """Learn the merges of `b2t.bpe.reference.train`: count the words, then merge the counted words.

    Parameters
    ----------
    texts : str or iterable of str
        What to learn from.
    vocab_size : int
        Bytes and merges together, in tokens; at least 256.
    pattern : str or None
        How words are split (`b2t.bpe.split.split`).

    Returns
    -------
    list of (int, int)
        The merges in order; fewer than asked for when no pair is left.

    Raises
    ------
    ValueError
        When `vocab_size` is below 256 or a text holds a lone surrogate.

    Examples
    --------
    >>> train("low low lower", 259)
    [(108, 111), (256, 119), (32, 257)]
    """
    check_vocab_size(vocab_size)
    return train_from_counts(count_words(texts, pattern), vocab_size)


def encode(text: str, merges: Sequence[Pair], pattern: str | None = "gpt4") -> list[int]:
    """Turn text into token ids, as `b2t.bpe.reference.encode` does.

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
    known, ids = {}, []
    for word in split(text, pattern):
        if word not in known:
            known[word] = encode_word(list(to_bytes(word)), ranks)
        ids.extend(known[word])
    return ids


def encode_word(ids: list[int], ranks: Mapping[Pair, int]) -> list[int]:
    """Apply merges to one word, the lowest rank first, each in the time of a heap operation.

    The word is a linked list: `after[i]` and `before[i]` are the neighbours of the token at `i`.

    Parameters
    ----------
    ids : list of int
        The bytes of the word; not changed.
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
    n = len(ids)
    token = [*ids, None]  # the sentinel at n is the right neighbour of the last
    after, before = list(range(1, n + 2)), list(range(-1, n))
    heap = [(ranks[pair], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapify(heap)
    while heap:
        rank, i = heappop(heap)
        j = after[i]
        if token[i] is None or ranks.get((token[i], token[j])) != rank:
            continue  # one of the two has been merged away since
        token[i], token[j] = N_BYTES + rank, None
        after[i] = after[j]
        before[after[j]] = i
        for left, right in ((before[i], i), (i, after[i])):
            if left >= 0 and (token[left], token[right]) in ranks:
                heappush(heap, (ranks[token[left], token[right]], left))
    return [t for t in token if t is not None]


def encode_short_word(ids: list[int], ranks: Mapping[Pair, int]) -> list[int]:
    """Do what `encode_word` does, sooner for a few bytes: no heap, the best pair is looked for each time.

    Examples
    --------
    >>> encode_short_word(list(b"lower"), {(108, 111): 0, (256, 119): 1})
    [257, 101, 114]
    """
    token, never = list(ids), len(ranks)
    rank = [ranks.get(pair, never) for pair in zip(token, token[1:])]
    while rank and (lowest := min(rank)) != never:
        i = rank.index(lowest)
        token[i : i + 2] = [N_BYTES + lowest]
        del rank[i]
        for left in (i - 1, i):
            if 0 <= left < len(rank):
                rank[left] = ranks.get((token[left], token[left + 1]), never)
    return token
