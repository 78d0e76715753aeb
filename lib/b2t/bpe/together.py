"""Merge many words at once: the loop of `b2t.bpe.fast.encode_word`, in numpy, with a word in each row.

The merges of one word depend on each other, so they take turns. Different words do not: in each turn every
word that can still be merged makes its best merge, all of them in one step.
"""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

import numpy as np

from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.equal import SLOT_BITS, slots
from b2t.bpe.fast import encode_word

WIDTHS = (4, 8, 16, 32, 64)  # bytes in a row; words of about the same length share a table
FEW = 60  # words: below, one after the other is faster than numpy's fixed cost
NO_WORDS = MappingProxyType({})
NEVER = np.iinfo(np.int32).max  # the rank of a pair that is not merged


class Ranks:
    """The ranks of pairs, looked up by the array.

    A pair is a number, its key, and a key has a slot in a table. Where keys share a slot one of them is in
    the table, and the others are searched for among all keys, which are sorted.

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
        pairs = np.fromiter(chain.from_iterable(ranks), np.int64, 2 * len(ranks)).reshape(-1, 2)
        keys = self.keys_of(*np.append(pairs, [[self.nothing] * 2], axis=0).T)  # the last is in no word
        order = np.argsort(keys)
        self.keys, self.ranks = keys[order], np.array([*ranks.values(), NEVER], np.int32)[order]
        slot = slots(self.keys)
        self.place_in = np.full(1 << SLOT_BITS, len(ranks))
        self.place_in[slot] = np.arange(len(keys))
        self.shared = np.bincount(slot, minlength=1 << SLOT_BITS) > 1
        self.of_bytes = self.of(*np.divmod(np.arange(1 << 16), N_BYTES))  # of two bytes, seen as one number

    def keys_of(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Make one number of each pair."""
        return (left.astype(np.int64) * (self.nothing + 1) + right).view(np.uint64)

    def of(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Give the rank of each pair, or `NEVER`."""
        keys = self.keys_of(left, right)
        slot = slots(keys)
        place = self.place_in[slot]
        other = self.keys[place] != keys
        search = other & self.shared[slot]
        place[search] = np.searchsorted(self.keys, keys[search])
        other[search] = self.keys[place[search]] != keys[search]
        ranks = self.ranks[place]
        ranks[other] = NEVER
        return ranks


def encode_words(
    data: bytes, starts: np.ndarray, ends: np.ndarray, ranks: Ranks, whole: Mapping[bytes, int] = NO_WORDS
) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to many words of a text.

    Parameters
    ----------
    data : bytes
        The text.
    starts, ends : numpy.ndarray of int64, shape (words,)
        Where each word begins and ends; none is empty.
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
    >>> encode_words(b"abcb", np.array([0, 3]), np.array([3, 4]), Ranks({(97, 98): 0}))
    (array([256,  99,  98], dtype=int32), array([2, 1]))
    """
    is_left, order, tokens, sizes = np.ones(len(starts), bool), [], [], []
    if whole:
        words = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist())]
        order = [[i for i, word in enumerate(words) if word in whole]]
        tokens, sizes = [[whole[words[i]] for i in order[0]]], [[1] * len(order[0])]
        is_left[order[0]] = False
    for width in (*WIDTHS, None):
        group = np.flatnonzero(is_left & (ends - starts <= width) if width else is_left)
        if width and len(group) < FEW:
            continue
        words = data, starts[group], ends[group]
        new_tokens, new_sizes = in_rows(*words, width, ranks) if width else one_by_one(*words, ranks)
        order.append(group)
        tokens.append(new_tokens)
        sizes.append(new_sizes)
        is_left[group] = False
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


def one_by_one(
    data: bytes, starts: np.ndarray, ends: np.ndarray, ranks: Ranks
) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to one word after another."""
    spans = zip(starts.tolist(), ends.tolist())
    tokens = [encode_word(list(data[start:end]), ranks.by_pair) for start, end in spans]
    sizes = np.fromiter(map(len, tokens), np.int64, len(tokens))
    return np.fromiter(chain.from_iterable(tokens), np.int32, sizes.sum()), sizes


def in_rows(
    data: bytes, starts: np.ndarray, ends: np.ndarray, width: int, ranks: Ranks
) -> tuple[np.ndarray, np.ndarray]:
    """Apply merges to words of `width` bytes at most, in one table.

    As in `encode_word`, `after[row, i]` and `before[row, i]` are the neighbours of the token at `i`, and a
    sentinel stands behind the last. It also serves as the left neighbour of the first, at place -1.
    """
    places, n_bytes = np.arange(width + 1), (ends - starts)[:, None]
    token = np.frombuffer(data, np.uint8).take(starts[:, None] + places, mode="clip").astype(np.int32)
    rank = np.full(token.shape, NEVER, np.int32)
    rank[:, :-1] = ranks.of_bytes.take(token[:, :-1] << 8 | token[:, 1:])
    token[places >= n_bytes] = ranks.nothing
    rank[places + 1 >= n_bytes] = NEVER
    after = np.tile((places + 1).astype(np.int8), (len(starts), 1))
    before = after - np.int8(2)
    row = np.arange(len(starts))
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
