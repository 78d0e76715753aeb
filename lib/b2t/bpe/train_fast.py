"""Learn merges from word counts with work in proportion to what changes, on flat arrays.

All distinct words lie in one array of tokens, one after the other, with a separator between any two. A token
of n bytes keeps the n places of its bytes, and its id stands at the first place and at the last. So the
neighbours of a token are found without links: to the right begins one at ``place + length``, and to the left
ends one at ``place - 1``. (Knuth's boundary tags, The Art of Computer Programming, volume 1, 2.5.)

Every pair of ids that ever occurs has a number. Three things make the bookkeeping short:

- `pair_at` holds, for each place where a token begins, the number of the pair that begins there, or -1.
  A merge lowers the counts of the pairs that it breaks straight through it, without looking a pair up.
- A pair's places all come into being in one merge, the one that makes the newer of its two tokens. So they
  are written down once, in order; later merges only make some of them untrue, and `pair_at` tells which.
- The count of a pair can therefore only fall.

A merge with many places is done by numpy, all places at once; one with few by a loop in Python, on the same
arrays. Both do the same, line by line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from types import SimpleNamespace

import numpy as np

from b2t.bpe.core import N_BYTES, Pair, check_vocab_size

SEPARATOR = -1  # the token between words; of length 1, in no pair
NO_PAIR = -1  # its count is the last of `count`, which nobody reads: a waste bin saves asking
FEW = 40  # places: below, a loop in Python is faster than numpy's fixed cost
HEAP_SIZE = 1000  # pairs that the heap is filled with; more would be out of date when their turn comes


def train_from_counts(counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    """Learn the merges of a text from the counts of its words.

    Parameters
    ----------
    counts : mapping of bytes to int
        Word to how often it occurs. Counts add up: those of two files are the sums of each file's.
    vocab_size : int
        Bytes and merges together, in tokens; at least 256.

    Returns
    -------
    list of (int, int)
        The merges that `b2t.bpe.reference.train` learns from a text of these words.

    Raises
    ------
    ValueError
        When `vocab_size` is below 256 or a count is not above 0.

    Examples
    --------
    >>> train_from_counts({b"low": 2, b" low": 1, b" lower": 1}, 259)
    [(108, 111), (256, 119), (32, 257)]
    """
    check_vocab_size(vocab_size)
    if min(counts.values(), default=1) < 1:
        word = min(counts, key=counts.get)
        raise ValueError(f"the count of {word!r} is {counts[word]}; leave out words that do not occur")
    text, queue, merges = lay_out(counts, vocab_size), Queue(), []
    while N_BYTES + len(merges) < vocab_size:
        best = queue.pop(text)
        if best is None:
            break
        first, places = text.n_pairs, text.places_of(best)
        merge = merge_few if len(places) < FEW else merge_many
        merge(text, best, places, N_BYTES + len(merges))
        queue.add(text, first)
        merges.append((text.view.left[best], text.view.right[best]))
    return merges


@dataclass
class Layout:
    """The words and their pairs. The arrays of pairs have room for all that can ever come to be.

    Parameters
    ----------
    token : numpy.ndarray of int32, shape (places,)
        Ids, true at the first and the last place of each token.
    weight : numpy.ndarray of int64, shape (places,)
        How often the word of each place occurs.
    vocab_size : int
        How many tokens there may be.
    """

    token: np.ndarray
    weight: np.ndarray
    vocab_size: int
    n_pairs: int = 0
    n_listed: int = 0
    few: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Each place begins one pair at first, and each merge, which uses a token up, makes two at most.
        # What is never written takes no memory: the system provides a page when it is first touched.
        room = 3 * len(self.token) + 1
        self.pair_at = np.full(len(self.token), NO_PAIR, np.int32)
        self.length = np.ones(self.vocab_size + 1, np.int32)  # the last one is the separator's
        self.left, self.right, self.listed = np.zeros((3, room), np.int32)
        self.count, self.begin, self.end = np.zeros((3, room), np.int64)
        # The same memory for loops in Python, to which a memoryview hands an int sooner than an array does.
        names = ("token", "weight", "pair_at", "length", "left", "right", "count")
        self.view = SimpleNamespace(**{name: memoryview(getattr(self, name)) for name in names})

    def places_of(self, pair: int) -> np.ndarray | list[int]:
        """Give the places at which a pair has come to be, in order; some have lost it since.

        They are a list for `merge_few` or an array for `merge_many`.
        """
        places = self.few.pop(pair, None)
        if places is None:
            places = self.listed[self.begin[pair] : self.end[pair]]
            return places.tolist() if len(places) < FEW else places
        return places if len(places) < FEW else np.array(places)


def lay_out(counts: Mapping[bytes, int], vocab_size: int) -> Layout:
    """Put all words into one array and number their pairs.

    Examples
    --------
    >>> text = lay_out({b"low": 2, b"wow": 1}, 300)
    >>> text.token
    array([ -1, 108, 111, 119,  -1, 119, 111, 119,  -1], dtype=int32)
    >>> text.pair_at
    array([-1,  0,  1, -1, -1,  2,  1, -1, -1], dtype=int32)
    >>> text.count[:3]
    array([2, 3, 1])
    """
    sizes = np.fromiter(map(len, counts), np.int64, len(counts)) + 1
    token = np.frombuffer(b"\0".join([b"", *counts, b""]), np.uint8).astype(np.int32)
    token[np.append(0, np.cumsum(sizes))] = SEPARATOR
    weights = np.fromiter(counts.values(), np.int64, len(counts))
    text = Layout(token, np.append(0, np.repeat(weights, sizes)), vocab_size)
    places = np.flatnonzero((token[:-1] != SEPARATOR) & (token[1:] != SEPARATOR))
    keys = number_pairs(text, places, (token[places] * N_BYTES + token[places + 1]).astype(np.uint16))
    text.left[: text.n_pairs], text.right[: text.n_pairs] = np.divmod(keys, N_BYTES)
    return text


def number_pairs(text: Layout, places: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Number new pairs, note their places and count them; equal keys are equal pairs.

    Sorting brings the places of each pair together, in the order in which they were given.

    Returns
    -------
    numpy.ndarray
        The distinct keys, in the order of their numbers.
    """
    order = np.argsort(keys, kind="stable")
    places, keys = places[order], keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else order
    sizes = np.diff(starts, append=len(keys))
    first, last = text.n_pairs, text.n_pairs + len(starts)
    text.pair_at[places] = np.repeat(np.arange(first, last), sizes)
    text.count[first:last] = np.add.reduceat(text.weight[places], starts) if len(keys) else 0
    text.listed[text.n_listed : text.n_listed + len(places)] = places
    text.begin[first:last] = text.n_listed + starts
    text.end[first:last] = text.n_listed + starts + sizes
    text.n_pairs, text.n_listed = last, text.n_listed + len(places)
    return keys[starts]


def merge_many(text: Layout, pair: int, places: np.ndarray, new_id: int) -> None:
    """Merge a pair at all its places at once.

    The merged token begins at `here`; its right half began at `half`; `next` begins the token behind it, and
    `last` the one before it.
    """
    left, right = text.left[pair], text.right[pair]
    here = places[text.pair_at[places] == pair].astype(np.int64)
    if left == right:
        here = without_overlap(here, text.length[left])
    half = here + text.length[left]
    next = half + text.length[right]
    last = here - text.length[text.token[here - 1]]
    weight = text.weight[here]
    np.subtract.at(text.count, text.pair_at[half], weight)
    # A pair between two merges is at `half` of one and at `last` of the next, and is broken only once.
    text.pair_at[half] = NO_PAIR
    np.subtract.at(text.count, text.pair_at[last], weight)
    text.pair_at[here] = NO_PAIR
    text.token[here] = text.token[next - 1] = new_id
    text.length[new_id] = text.length[left] + text.length[right]
    before, after = text.token[here - 1], text.token[next]
    has_before, has_after = (before != SEPARATOR) & (before != new_id), after != SEPARATOR
    places = np.concatenate([here[has_after], last[has_before]])
    first = text.n_pairs
    keys = number_pairs(text, places, np.concatenate([after[has_after], ~before[has_before]]))
    text.left[first : text.n_pairs] = np.where(keys < 0, ~keys, new_id)
    text.right[first : text.n_pairs] = np.where(keys < 0, new_id, keys)
    text.count[pair] = 0


def without_overlap(places: np.ndarray, step: int) -> np.ndarray:
    """Of places that follow each other at a distance of `step`, keep the first, third, fifth.

    Examples
    --------
    >>> without_overlap(np.array([3, 5, 7, 9, 11, 20]), 2)
    array([ 3,  7, 11, 20])
    """
    index = np.arange(len(places))
    begins = np.append(True, np.diff(places) != step)[: len(places)]
    return places[(index - np.maximum.accumulate(np.where(begins, index, 0))) % 2 == 0]


def merge_few(text: Layout, pair: int, places: list[int], new_id: int) -> None:
    """Merge a pair at one place after another, as `merge_many` does at all at once."""
    view, few, first = text.view, text.few, text.n_pairs
    token, weight, pair_at, length, count = view.token, view.weight, view.pair_at, view.length, view.count
    size_left, size_right = length[view.left[pair]], length[view.right[pair]]
    length[new_id] = size_left + size_right
    numbers = {}
    for here in places:
        if pair_at[here] != pair:
            continue
        half = here + size_left
        next = half + size_right
        before, after, w = token[here - 1], token[next], weight[here]
        last = here - length[before]
        count[pair_at[half]] -= w
        count[pair_at[last]] -= w
        pair_at[half] = pair_at[here] = NO_PAIR
        token[here] = token[next - 1] = new_id
        for place, neighbour, key in ((last, before, ~before), (here, after, after)):
            if neighbour == SEPARATOR:
                continue
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = first + len(numbers)
                few[number] = [place]
                count[number] = w
            else:
                few[number].append(place)
                count[number] += w
            pair_at[place] = number
    for key, number in numbers.items():
        view.left[number], view.right[number] = (~key, new_id) if key < 0 else (new_id, key)
    text.n_pairs += len(numbers)
    count[pair] = 0


class Queue:
    """The pairs in order of merit, without holding them all.

    Of the many pairs most are too rare ever to be merged. So the heap holds those alone whose count is
    `floor` or more. All of them: hence its top, if its count is still true, is the best pair of all. One
    whose count has fallen goes back with its true count, or is dropped if that is below the floor. Once the
    heap is empty, a lower floor fills it with the next best.
    """

    def __init__(self) -> None:
        self.heap = []
        self.floor = np.iinfo(np.int64).max

    def pop(self, text: Layout) -> int | None:
        """Take the best pair, or None when no pair is left."""
        count = text.view.count
        while self.heap or self.refill(text):
            negative, left, right, pair = heappop(self.heap)
            if -negative == count[pair]:
                return pair
            if count[pair] >= self.floor:
                heappush(self.heap, (-count[pair], left, right, pair))
        return None

    def add(self, text: Layout, first: int) -> None:
        """Put in the pairs numbered from `first` on."""
        count, left, right = text.view.count, text.view.left, text.view.right
        for pair in range(first, text.n_pairs):
            if count[pair] >= self.floor:
                heappush(self.heap, (-count[pair], left[pair], right[pair], pair))

    def refill(self, text: Layout) -> bool:
        """Lower the floor to the count of the `HEAP_SIZE`th best pair; say whether there is any."""
        count = text.count[: text.n_pairs]
        at = max(len(count) - HEAP_SIZE, 0)
        self.floor = max(int(np.partition(count, at)[at]), 1) if len(count) else 1
        pairs = np.flatnonzero(count >= self.floor)
        columns = (-count[pairs], text.left[pairs], text.right[pairs], pairs)
        self.heap = list(zip(*(column.tolist() for column in columns)))
        heapify(self.heap)
        return bool(self.heap)
