"""Merge many words at once: the loop of `b2t.bpe.fast.encode_word`, in numpy, with a word in each row.

The merges of one word depend on each other, so they take turns. Different words do not: in each turn every
word that can still be merged makes its best merge, all of them in one step.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType

import numpy as np

from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.fast import encode_word

WIDTHS = (4, 8, 16, 32)  # bytes in a row; words of about the same length share a table
FEW = 60  # words: below, one after the other is faster than numpy's fixed cost
NO_WORDS = MappingProxyType({})
NEVER = np.iinfo(np.int32).max  # the rank of a pair that is not merged


class Ranks:
    """The ranks of pairs, looked up by the array.

    Parameters
    ----------
    ranks : mapping of (int, int) to int
        Pair to its place in the list of merges.

    Examples
    --------
    >>> Ranks({(97, 98): 0, (256, 99): 1}).of(np.array([256, 97]), np.array([99, 97]))
    array([         1, 2147483647], dtype=int32)
    """

    def __init__(self, ranks: Mapping[Pair, int]):
        self.by_pair = ranks
        # No token: what stands behind the last one of a word, and where one has been merged away.
        self.nothing = N_BYTES + len(ranks)
        pairs = np.array([*ranks, (self.nothing, self.nothing)], np.int64)  # the last is in no word
        order = np.lexsort(pairs.T[::-1])
        self.keys = self.keys_of(*pairs[order].T)
        self.ranks = np.array([*ranks.values(), NEVER], np.int32)[order]

    def keys_of(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Make one number of each pair."""
        return left.astype(np.int64) * (self.nothing + 1) + right

    def of(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Give the rank of each pair, or `NEVER`."""
        keys = self.keys_of(left, right)
        places = np.searchsorted(self.keys, keys)
        return np.where(self.keys[places] == keys, self.ranks[places], NEVER)


def encode_words(
    words: Sequence[bytes], ranks: Ranks, whole: Mapping[bytes, int] = NO_WORDS
) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to many words.

    Parameters
    ----------
    words : sequence of bytes
        None of them empty.
    ranks : Ranks
        Of the merges.
    whole : mapping of bytes to int
        Words that are not merged, and their tokens.

    Returns
    -------
    tokens : numpy.ndarray of int32
        Those of the first word, then those of the second, and so on.
    sizes : numpy.ndarray of int64, shape (words,)
        How many tokens each word has.

    Examples
    --------
    >>> encode_words([b"abc", b"b"], Ranks({(97, 98): 0}))
    (array([256,  99,  98], dtype=int32), array([2, 1]))
    """
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    left = np.fromiter((word not in whole for word in words), bool, len(words))
    order = [np.flatnonzero(~left)]
    tokens = [np.array([whole[words[i]] for i in order[0].tolist()], np.int32)]
    sizes = [np.ones(len(order[0]), np.int64)]
    for width in (*WIDTHS, None):
        group = np.flatnonzero(left & (lengths <= width) if width else left)
        if width and len(group) < FEW:
            continue
        group_words = [words[i] for i in group.tolist()]
        new_tokens, new_sizes = (
            in_rows(group_words, width, ranks) if width else one_by_one(group_words, ranks)
        )
        order.append(group)
        tokens.append(new_tokens)
        sizes.append(new_sizes)
        left[group] = False
    place = np.argsort(np.concatenate(order))
    sizes = np.concatenate(sizes)
    return gather(np.concatenate(tokens), sizes, place), sizes[place]


def gather(values: np.ndarray, sizes: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Take stretches of an array by their numbers, one behind the other.

    Parameters
    ----------
    values : numpy.ndarray, shape (sum of sizes,)
        The stretches, one after another.
    sizes : numpy.ndarray of int64, shape (stretches,)
        How long each is.
    which : numpy.ndarray of int64
        Numbers of stretches, in any order, any number of times.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> gather(np.array([5, 6, 7]), np.array([2, 1]), np.array([1, 0, 1]))
    array([7, 5, 6, 7])
    """
    begins, taken = np.cumsum(sizes) - sizes, sizes[which]
    shift = begins[which] - (np.cumsum(taken) - taken)  # from where a stretch lies now to where it lay
    return values[np.arange(taken.sum()) + np.repeat(shift, taken)]


def one_by_one(words: Sequence[bytes], ranks: Ranks) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to one word after another."""
    tokens = [encode_word(list(word), ranks.by_pair) for word in words]
    sizes = np.fromiter(map(len, tokens), np.int64, len(tokens))
    return np.fromiter(chain.from_iterable(tokens), np.int32, sizes.sum()), sizes


def in_rows(words: Sequence[bytes], width: int, ranks: Ranks) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to words of `width` bytes at most, in one table.

    As in `encode_word`, `after[row, i]` and `before[row, i]` are the neighbours of the token at `i`, and a
    sentinel stands behind the last. It also serves as the left neighbour of the first, at place -1.
    """
    filled = b"".join([word.ljust(width + 1, b"\0") for word in words])
    token = np.frombuffer(filled, np.uint8).reshape(len(words), width + 1).astype(np.int32)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    token[np.arange(width + 1) >= lengths[:, None]] = ranks.nothing
    after = np.tile(np.arange(1, width + 2), (len(words), 1))
    before = np.tile(np.arange(-1, width), (len(words), 1))
    rank = np.full(token.shape, NEVER, np.int32)
    rank[:, :-1] = ranks.of(token[:, :-1], token[:, 1:])
    row = np.arange(len(words))
    while len(row):
        i = rank[row].argmin(axis=1)  # the first of the lowest
        lowest = rank[row, i]
        row, i, lowest = (array[lowest < NEVER] for array in (row, i, lowest))
        last, j = before[row, i], after[row, i]
        next = after[row, j]
        token[row, i], token[row, j], rank[row, j] = N_BYTES + lowest, ranks.nothing, NEVER
        after[row, i], before[row, next] = next, i
        rank[row, i] = ranks.of(token[row, i], token[row, next])
        rank[row, last] = ranks.of(token[row, last], token[row, i])
    kept = token != ranks.nothing
    return token[kept], kept.sum(axis=1)
