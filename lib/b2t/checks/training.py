"""`bpe_train`: does a function learn the merges that byte pair encoding defines?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random

from b2t.bpe.core import N_BYTES, best_pair, count_pairs, merge, vocabulary
from b2t.bpe.reference import train
from b2t.bpe.split import count_words
from b2t.checks.core import Report, Seen, attempt, detector, judge, short

MIXED = "low low lower, newest. 花非花，霧非霧，夜半來，天明去。 Grüße, café! 🙂🙂 aaaa aaa aa 2026"


@dataclass(frozen=True)
class TrainCase:
    """What a trainer is asked: the seed of the random texts, how words are split, how ties are decided."""

    seed: int = 0
    pattern: str | None = "gpt4"
    tie: str = "smallest"

    @cached_property
    def texts(self) -> list[str]:
        """Texts made to be awkward: repeated letters, ties, scripts, and twelve random ones."""
        random = Random(self.seed)
        made = ["".join(random.choices("abc ", k=random.randint(10, 40))) for _ in range(12)]
        unusual = ["cafe\u0301 cafe\u0301", "a\r\n\r\nb\r\n\r\n"]
        return ["aaaa aaa", "iPhone iPhone", "low low lower", "花非花，霧非霧", MIXED, *unusual, *made]


def bpe_train(
    fn: Callable, *, pattern: str | None = "gpt4", tie: str = "smallest", case: TrainCase | None = None
) -> Report:
    """Check a function that learns merges.

    Parameters
    ----------
    fn : function of (texts, vocab_size)
        `texts` is a str or a list of str, `vocab_size` counts the 256 bytes and the merges. Returns the
        merges in order, a list of pairs of ids; merge number i makes the id 256 + i. Fewer merges come back
        when no pair is left.
    pattern : str or None
        How `fn` splits words, as in `b2t.bpe.split.split`; it is not passed to `fn`.
    tie : {"smallest", "any"}
        Which of several pairs with the highest count is right: the smallest ``(left, right)``, or any.
    case : TrainCase, optional
        Another seed.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        With the detector's name, what it saw, at which text, and the usual cause.

    Examples
    --------
    >>> from b2t.bpe import fast
    >>> bpe_train(fast.train).check
    'bpe_train'
    """
    if tie not in ("smallest", "any"):
        raise ValueError(f"tie is {tie!r}; it must be 'smallest' or 'any'")
    case = TrainCase(seed=case.seed if case else 0, pattern=pattern, tie=tie)
    return judge("bpe_train", partial(learn, fn), detectors(tie), case)


def detectors(tie: str = "smallest") -> list:
    """Return the detectors of `bpe_train`, in order."""
    always = [returns_pairs, ids_exist, stops_at_size, inside_words, most_frequent]
    if tie == "any":
        return [*always, runs_out, repeatable]
    return [*always, smallest_tie, runs_out, definition, repeatable]


def learn(fn: Callable, texts, vocab_size: int) -> list[tuple[int, int]]:
    """Call a trainer and insist on a list of pairs of ints."""
    at = f"texts {short(texts)}, vocab_size {vocab_size}"
    merges = attempt(at, fn, texts, vocab_size)
    try:
        pairs = [tuple(map(whole, pair)) for pair in merges]
    except TypeError:
        raise Seen(
            f"{type(merges).__name__} {short(merges)}",
            at,
            "return the merges alone, a list of (left, right) with ids in them",
        ) from None
    if isinstance(merges, (dict, set, str)) or any(len(pair) != 2 for pair in pairs):
        raise Seen(
            f"{type(merges).__name__} {short(merges)}",
            at,
            "return an ordered list of pairs: the order is the rank, and a dict or set is another thing",
        )
    return pairs


def whole(value) -> int:
    """Turn an int of any library into Python's; refuse what is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{value!r} is no id")
    return value.__index__()


def rounds(merges, texts, pattern):
    """Yield each merge, its number, and the counts of all pairs before it."""
    words = {tuple(word): n for word, n in count_words(texts, pattern).items()}
    for number, pair in enumerate(merges):
        counts = Counter()
        for ids, n in words.items():
            count_pairs(ids, counts, weight=n)
        yield number, pair, counts
        words = {tuple(merge(ids, pair, N_BYTES + number)): n for ids, n in words.items()}


def enough(text: str, case, limit: int = 268) -> int:
    """Return a vocabulary size that the text can fill."""
    return N_BYTES + len(train(text, limit, case.pattern))


@detector(blind="which pairs are chosen, and when", first=True)
def returns_pairs(trainer, case):
    """A list of pairs of ids comes back."""
    trainer("low low lower", 259)


@detector(blind="a wrong choice among ids that exist; text in ASCII alone", first=True)
def ids_exist(trainer, case):
    """Each merge joins two ids that exist by then."""
    for text in ("花非花，霧非霧", "na\u00efve café 🙂", MIXED):
        for number, pair in enumerate(trainer(text, 259)):
            if not all(0 <= token < N_BYTES + number for token in pair):
                raise Seen(
                    f"merge {number} is {pair}, but the ids go up to {N_BYTES + number - 1}",
                    short(text),
                    "characters (ord) in place of the bytes of text.encode(), or new ids not from 256 on",
                )


@detector(blind="which merges they are")
def stops_at_size(trainer, case):
    """There are vocab_size − 256 merges while pairs last."""
    for size in (256, 257, 260):
        found = len(trainer(MIXED, size))
        if found != size - N_BYTES:
            raise Seen(
                f"{found} merges",
                f"vocab_size {size}, a text of {len(MIXED)} characters",
                "vocab_size counts the 256 bytes too; look at the condition of the loop",
            )


@detector(blind="everything that happens before pairs run out")
def runs_out(trainer, case):
    """Training ends when no pair is left."""
    for text in ("", "a", "low", "aaaaa"):
        found, wanted = len(trainer(text, 300)), len(train(text, 300, case.pattern))
        if found != wanted:
            raise Seen(
                f"{found} merges, where {wanted} exhaust the text",
                f"text {text!r}, vocab_size 300",
                "the loop must end when no pair is left, and not before: a pair that occurs once counts",
            )


@detector(blind="a wrong choice inside a word")
def inside_words(trainer, case):
    """No token crosses from one word, or one text, into the next."""
    for texts in (["ab", "ca", "ab", "ca"], ["a ", "b "] * 2, "to be or not to be to be", "2026 2026"):
        merges = trainer(texts, 259)
        words = list(count_words(texts, case.pattern))
        for token in list(vocabulary(merges).values())[N_BYTES:]:
            if not any(token in word for word in words):
                raise Seen(
                    f"a token {token!r}, which no word contains",
                    f"texts {short(texts)}, pattern {case.pattern!r}",
                    "pairs were counted across words: split first, and count each word, each text, by itself",
                )


@detector(blind="the choice among pairs of equal count")
def most_frequent(trainer, case):
    """Each merge is the most frequent pair, counted after the merges before it."""
    for text in case.texts:
        for number, pair, counts in rounds(trainer(text, enough(text, case)), text, case.pattern):
            best = best_pair(counts) if counts else None
            if best is None or counts[pair] < counts[best]:
                raise Seen(
                    f"merge {number} is {pair}, which occurs {counts[pair]} times then; "
                    f"{best} occurs {counts[best] if best else 0} times",
                    f"text {short(text)}",
                    "several merges made from one count, pairs not counted again after a merge, or a word "
                    "that occurs often counted once",
                )


@detector(blind="text without ties; any rule, where ties are free (tie='any' leaves it out)")
def smallest_tie(trainer, case):
    """Among pairs of equal count the smallest is merged."""
    for text in case.texts:
        for number, pair, counts in rounds(trainer(text, enough(text, case)), text, case.pattern):
            if counts and counts[pair] == max(counts.values()) and pair != best_pair(counts):
                raise Seen(
                    f"merge {number} is {pair}; {best_pair(counts)} occurs {counts[pair]} times, too",
                    f"text {short(text)}",
                    "another tie rule (first seen, largest): no bug elsewhere, but here the smallest wins",
                )


@detector(blind="texts longer than it tries; how long training takes")
def definition(trainer, case):
    """All merges equal those of the definition."""
    for text in case.texts:
        found, wanted = trainer(text, 290), train(text, 290, case.pattern)
        if found != wanted:
            number = next(i for i in range(290) if found[i : i + 1] != wanted[i : i + 1])
            raise Seen(
                f"merge {number} is {short(found[number : number + 1])}, not {wanted[number : number + 1]}",
                f"text {short(text)}",
                "merging or counting goes wrong somewhere: try repeated letters (aaaa) by hand",
            )


@detector(blind="a result that is wrong every time")
def repeatable(trainer, case):
    """A second call gives the same, and the list of texts is as it was."""
    texts = ["low low lower", "lower lowest"]
    found = [trainer(texts, 262), trainer(texts, 262)]
    if found[0] != found[1] or texts != ["low low lower", "lower lowest"]:
        seen = f"{found[0]}, then {found[1]}" if found[0] != found[1] else f"texts became {texts}"
        raise Seen(
            seen,
            "two calls with the same two texts",
            "something outlives the call: a counter as default argument, or a global that is changed",
        )
