"""What the merge stepper knows of a text: its merges under each tie rule, and how they are written."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

from b2t.bpe import fast, incremental
from b2t.bpe.core import N_BYTES, Pair, count_pairs, vocabulary
from b2t.bpe.split import count_words, split, to_bytes
from b2t.widgets.base import token_list, visible

RULES = {"smallest": "smallest pair", "first": "first seen", "largest": "largest pair"}
SHOWN_WORDS, SHOWN_BYTES, SHOWN_PAIRS, SHOWN_NAME = 150, 1_000, 10, 60

Words = list[list[int]]


# ---- training under a tie rule ------------------------------------------------------------------


@lru_cache(maxsize=32)
def learn(text: str, tie: str, n_merges: int) -> tuple[Pair, ...]:
    """Learn merges from a text under one of the tie rules; fewer when no pair is left.

    Examples
    --------
    >>> learn("ba zy", "smallest", 2), learn("ba zy", "first", 2), learn("ba zy", "largest", 1)
    (((32, 122), (98, 97)), ((98, 97), (32, 122)), ((122, 121),))
    """
    if tie == "smallest":
        return tuple(fast.train(text, N_BYTES + n_merges))
    choose = {"first": first_seen, "largest": lambda tied, words, holders: max(tied)}[tie]
    return tuple(train_with(choose, text, n_merges))


def train_with(choose: Callable[[set[Pair], Words, dict], Pair], text: str, n_merges: int) -> list[Pair]:
    """Train as `b2t.bpe.fast.train` does, with another way to choose among the most frequent pairs."""
    word_counts = count_words(text)
    words, weights = [list(word) for word in word_counts], list(word_counts.values())
    counts, holders = incremental.index_pairs(words, weights)
    merges = []
    while len(merges) < n_merges and (most := max(counts.values(), default=0)):
        pair = choose({pair for pair, count in counts.items() if count == most}, words, holders)
        incremental.merge_everywhere(pair, N_BYTES + len(merges), words, weights, counts, holders)
        merges.append(pair)
    return merges


def first_seen(tied: set[Pair], words: Words, holders: dict[Pair, set[int]]) -> Pair:
    """Find the one of some pairs that stands first in the words, in the order of the text.

    Examples
    --------
    >>> first_seen({(1, 2), (2, 3)}, [[9], [2, 3, 1, 2]], {(1, 2): {1}, (2, 3): {1}})
    (2, 3)
    """
    if len(tied) == 1:
        return next(iter(tied))
    some = sorted(set().union(*(holders[pair] for pair in tied)))
    return next(pair for i in some for pair in zip(words[i], words[i][1:]) if pair in tied)


def parting(merges: list[Pair], others: tuple[Pair, ...]) -> str:
    """Say how far another rule's merges are the same, and where they part.

    Examples
    --------
    >>> parting([(97, 98), (98, 98)], ((97, 98), (98, 97)))
    'differs from merge 2 on: b + a, here b + b'
    """
    pairs = enumerate(zip(merges, others))
    same = next((i for i, (here, there) in pairs if here != there), min(len(merges), len(others)))
    if same == len(merges) == len(others):
        return "gives the same merges"
    vocab = vocabulary(merges[:same])
    here, there = (
        spelled_pair(some[same], vocab) if same < len(some) else "none" for some in (merges, others)
    )
    return f"differs from merge {same + 1} on: {there}, here {here}"


# ---- words for the picture ----------------------------------------------------------------------


def pair_counts(text: str, merges: list[Pair]) -> Counter:
    """Count the pairs of a text in which some merges have been made."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    counts = Counter()
    for word, weight in count_words(text).items():
        count_pairs(fast.encode_word(list(word), ranks), counts, weight)
    return counts


def pair_rows(counts: Counter, tie: str, vocab: dict[int, bytes]) -> list[list]:
    """List the ten most frequent pairs, in the order in which the rule prefers them.

    Examples
    --------
    >>> pair_rows(Counter({(97, 98): 3, (98, 97): 3, (97, 97): 1}), "largest", vocabulary([]))[:2]
    [['b + a', '98, 97', '3', 'next: largest of 2 tied'], ['a + b', '97, 98', '3', 'tied with it']]
    """
    order = {
        "smallest": lambda item: (-item[1], item[0]),
        "first": lambda item: -item[1],
        "largest": lambda item: (-item[1], -item[0][0], -item[0][1]),
    }[tie]
    best = sorted(counts.items(), key=order)[:SHOWN_PAIRS]
    if not best:
        return [["no pair is left", "", "", ""]]
    most = best[0][1]
    rows = [
        [
            spelled_pair(pair, vocab),
            f"{pair[0]}, {pair[1]}",
            f"{count:,}",
            "tied with it" if count == most else "",
        ]
        for pair, count in best
    ]
    n_tied = list(counts.values()).count(most)
    rows[0][-1] = f"next: {RULES[tie].split()[0]} of {n_tied:,} tied" if n_tied > 1 else "next: most frequent"
    return rows


def shown_tokens(text: str, merges: list[Pair], vocab: dict[int, bytes]) -> list[str]:
    """Draw the tokens of the first words, and say how many words there are more."""
    words = split(text)
    ids, room, n_words = [], SHOWN_BYTES, 0
    while n_words < min(len(words), SHOWN_WORDS) and room > 0:
        word = words[n_words]
        ids += beginning(fast.encode(word, merges, None), vocab, SHOWN_BYTES)
        room -= len(to_bytes(word))
        n_words += 1
    lines = [token_list(ids, [vocab[i] for i in ids])]
    if n_words < len(words):
        lines.append(f"<p>… and {len(words) - n_words:,} more words</p>")
    return lines


def beginning(ids: list[int], vocab: dict[int, bytes], n_bytes: int) -> list[int]:
    """Keep the tokens that begin in the first so many bytes.

    Examples
    --------
    >>> beginning([256, 97, 98], {256: b"xyz", 97: b"a", 98: b"b"}, 4)
    [256, 97]
    """
    starts = accumulate((len(vocab[i]) for i in ids), initial=0)
    return [i for i, start in zip(ids, starts) if start < n_bytes]


def spelled_pair(pair: Pair, vocab: dict[int, bytes]) -> str:
    """Spell the two halves of a pair; a very long half is cut."""
    names = [visible(vocab[i]) for i in pair]
    return " + ".join(f"{name[: SHOWN_NAME - 1]}…" if len(name) > SHOWN_NAME else name for name in names)


def spelled_merges(merges: list[Pair], vocab: dict[int, bytes]) -> str:
    """Spell merges in the order in which they were made, or say that there are none."""
    return "; ".join(spelled_pair(pair, vocab) for pair in merges) or "none yet"
