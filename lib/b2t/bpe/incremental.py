"""The same answers as `b2t.bpe.reference`, by touching only the words that hold the pair to be merged.

The step between the definition and `b2t.bpe.fast`, whose training keeps the same books in flat arrays: here
they are lists and dicts that can be read. Encoding is that of `fast`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from b2t.bpe.core import N_BYTES, Pair, check_vocab_size, count_pairs, decode
from b2t.bpe.fast import encode, encode_word
from b2t.bpe.split import count_words

__all__ = ["decode", "encode", "encode_word", "train"]


def train(texts: str | Iterable[str], vocab_size: int, pattern: str | None = "gpt4") -> list[Pair]:
    """Learn the merges of `b2t.bpe.reference.train`, incrementally.

    A heap orders the pairs by count and tie rule. Between its making and its merge the count of a pair
    can only fall, so an entry of the heap is never too low: whichever comes out on top with its true
    count is the best pair, and one that is too high goes back in with the true count.

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
    word_counts = count_words(texts, pattern)
    words = [list(word) for word in word_counts]
    weights = list(word_counts.values())
    counts, holders = index_pairs(words, weights)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapify(heap)
    merges = []
    while heap and N_BYTES + len(merges) < vocab_size:
        count, pair = heappop(heap)
        if -count != counts[pair]:
            if counts[pair]:
                heappush(heap, (-counts[pair], pair))
            continue
        new_id = N_BYTES + len(merges)
        for new_pair in merge_everywhere(pair, new_id, words, weights, counts, holders):
            heappush(heap, (-counts[new_pair], new_pair))
        merges.append(pair)
    return merges


def index_pairs(words: list[list[int]], weights: list[int]) -> tuple[Counter, dict[Pair, set[int]]]:
    """Count the pairs of all words, and note for each pair the words that hold it.

    Examples
    --------
    >>> index_pairs([[1, 2], [1, 2, 3]], [10, 1])
    (Counter({(1, 2): 11, (2, 3): 1}), defaultdict(<class 'set'>, {(1, 2): {0, 1}, (2, 3): {1}}))
    """
    counts, holders = Counter(), defaultdict(set)
    for i, (ids, weight) in enumerate(zip(words, weights)):
        count_pairs(ids, counts, weight)
        for pair in zip(ids, ids[1:]):
            holders[pair].add(i)
    return counts, holders


def merge_everywhere(
    pair: Pair,
    new_id: int,
    words: list[list[int]],
    weights: list[int],
    counts: Counter,
    holders: dict[Pair, set[int]],
) -> list[Pair]:
    """Merge one pair in the words that hold it, in place; return the pairs that this has made.

    `holders` may still name a word that has lost the pair to another merge: it stays as it is.
    """
    made = set()
    for i in holders.pop(pair):
        words[i], lost, gained = merge_and_tell(words[i], pair, new_id)
        weight = weights[i]
        for old_pair in lost:
            counts[old_pair] -= weight
        for new_pair in gained:
            counts[new_pair] += weight
            holders[new_pair].add(i)
        made.update(gained)
    return [new_pair for new_pair in made if counts[new_pair]]


def merge_and_tell(ids: list[int], pair: Pair, new_id: int) -> tuple[list[int], list[Pair], list[Pair]]:
    """Merge a pair in one word, and list the pairs of neighbours that this unmakes and makes.

    Between two merges whole stretches are copied, so the work in Python is one round a merge.

    Returns
    -------
    merged : list of int
        As of `b2t.bpe.core.merge`.
    lost, gained : list of pair
        A pair may be gained from one merge and lost to the next.

    Examples
    --------
    >>> merge_and_tell([5, 1, 2, 9], (1, 2), 256)
    ([5, 256, 9], [(1, 2), (5, 1), (2, 9)], [(5, 256), (256, 9)])
    """
    left, right = pair
    merged, lost, gained = [], [], []
    start = 0
    for i in places(ids, pair):
        merged += ids[start:i]
        start = i + 2
        lost.append(pair)
        if merged:
            lost.append((merged[-1], left))
            gained.append((merged[-1], new_id))
        if start < len(ids):
            lost.append((right, ids[start]))
            gained.append((new_id, ids[start]))
        merged.append(new_id)
    return merged + ids[start:], lost, gained


def places(ids: list[int], pair: Pair) -> Iterator[int]:
    """Yield where a pair begins, from left to right and without overlap.

    Examples
    --------
    >>> list(places([7, 7, 7, 1, 7, 7], (7, 7)))
    [0, 4]
    """
    i, last = 0, len(ids) - 1
    while True:
        try:
            i = ids.index(pair[0], i, last)
        except ValueError:
            return
        if ids[i + 1] == pair[1]:
            yield i
            i += 1
        i += 1
