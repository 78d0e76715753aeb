"""Find the words of a text by the kinds of neighbouring characters, and search only where that does not say.

`b2t.bpe.words` tells from two bytes where a text may be cut. This module looks at characters instead, so it
knows a Chinese character from a Chinese comma. And between two characters it gives one of three answers: a
word ends here (the same rules, `SAFE`); both belong to one word (`GLUED`); or it takes a search to know. What
lies between two ends, all of it glued, is a word. The regular expression is run on the rest.
"""

from functools import lru_cache
from itertools import accumulate

import numpy as np
import regex

from b2t.bpe.split import find_words
from b2t.bpe.words import SAFE

# Kinds of characters: the first that fits. Marks ("m") have a kind of their own, since o200k has them in its
# words, while the other two patterns take them for punctuation.
KINDS = {
    "n": r"[\r\n]",
    "b": r"[\t\v\f\u0085\p{Z}--[ ]]",  # white space, but for these and the space
    "_": r" ",
    "A": r"[\p{Lu}\p{Lt}]",
    "a": r"\p{Ll}",
    "o": r"[\p{Lo}\p{Lm}]",  # letters without case
    "1": r"\p{N}",
    "'": r"'",
    "/": r"/",
    "m": r"\p{M}",
    ".": None,  # all the rest
}
WHITE = 3  # the first kinds, of which the first two
BLANK = 2  # are no space
# The class by which `SAFE` knows a kind.
CLASS = {
    "gpt2": {"A": "a", "o": "a", "m": "."},
    "gpt4": {"A": "a", "o": "a", "m": "."},
    "o200k": {"A": "a", "o": "a", "m": "t"},
}

# Neighbours that belong to one word, if all neighbours in a piece are in this list. In gpt2 such a piece is a
# run of letters, digits or punctuation behind a space. In the other two it is a run of letters, capitals
# first, behind one character, or a punctuation mark with a line end. An apostrophe may begin a contraction,
# and several marks may come before a letter that takes but one of them: that needs a search.
GLUED = {
    "gpt2": {"A": "Aao", "a": "ao", "o": "ao", "_": "Aao1.", "1": "1", ".": "."},
    "gpt4": {"A": "Aao", "a": "ao", "o": "ao", "_": "Aao", "b": "Aao", ".": "Aaon"},
    "o200k": {"A": "Aao", "a": "ao", "o": "ao", "_": "Aao", "b": "Aao", ".": "Aaon"},
}
END, INSIDE, UNKNOWN = 0, 1, 2


def word_starts(text: str, ends: np.ndarray, pattern: str) -> np.ndarray:
    """Find where the words of pieces begin.

    Parameters
    ----------
    text : str
        The pieces, one after the other; each is split as if it stood alone.
    ends : numpy.ndarray of int64, shape (pieces,)
        Where each piece ends, in characters.
    pattern : str
        One of `SAFE`.

    Returns
    -------
    numpy.ndarray of bool, shape (characters + 1,)
        Whether a word begins with each character; true behind the last one, too.

    Examples
    --------
    >>> word_starts("so it's", np.array([7]), "gpt4").astype(int)
    array([1, 0, 1, 0, 0, 1, 0, 1])
    """
    codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
    kinds = kind_of().take(codes)
    pairs = kinds[:-1] * np.uint8(len(KINDS)) + kinds[1:]
    between = np.full(len(text) + 1, END, np.uint8)  # character i - 1 and character i
    between[1:-1] = np.frombuffer(pairs.tobytes().translate(answers(pattern)), np.uint8)
    if pattern == "gpt2":
        between[1:-1][behind_lone_blank(kinds)] = END
    between[ends] = END
    starts = np.flatnonzero(between == END)
    unknown = np.logical_or.reduceat(between == UNKNOWN, starts[:-1])
    begins, known = between == END, {}
    for start, end in zip(starts[:-1][unknown].tolist(), starts[1:][unknown].tolist()):
        piece = text[start:end]
        if piece not in known:
            known[piece] = [*accumulate(map(len, find_words(piece, pattern)[:-1]))]
        for inner in known[piece]:
            begins[start + inner] = True
    return begins


def behind_lone_blank(kinds: np.ndarray) -> np.ndarray:
    """Say, for each two neighbours, whether a line end or tab with no white space around it is the first.

    In gpt2 that is a word. Of several blanks the last may be one, and whether it is depends on what follows.

    Examples
    --------
    >>> behind_lone_blank(kind_of()[list(b"\\n.\\na\\n\\nb")]).astype(int)
    array([0, 0, 1, 0, 0, 0])
    """
    white = kinds < WHITE
    lone = (kinds[:-1] < BLANK) & ~white[1:]
    lone[:1] = False
    lone[1:] &= ~white[:-2]
    return lone


@lru_cache(maxsize=1)
def kind_of() -> np.ndarray:
    """Tabulate the kind of each character, as a number, as the `regex` library's Unicode has it.

    Examples
    --------
    >>> names = list(KINDS)
    >>> "".join(names[kind_of()[ord(character)]] for character in "Ad好é2Ⅷ ，\\u3000")
    'Aaoa11_.b'
    """
    kinds = np.full(0x110000, len(KINDS) - 1, np.uint8)
    for first, last in ((0, 0x40000), (0xE0000, 0xE1000)):  # elsewhere no character has a meaning
        every = np.arange(first, last, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
        for number, kind in reversed([*enumerate(KINDS.values())]):
            for match in regex.finditer(f"(?V1){kind}+", every) if kind else ():
                kinds[first + match.start() : first + match.end()] = number
    return kinds


@lru_cache(maxsize=len(SAFE))
def answers(pattern: str) -> bytes:
    """Tabulate, for each two kinds (11 times the first + the second), `END`, `INSIDE` or `UNKNOWN`."""
    safe, glued, class_of = SAFE[pattern], GLUED[pattern], CLASS[pattern]

    def answer(before, after):
        if class_of.get(after, after) in safe.get(class_of.get(before, before), ""):
            return END
        return INSIDE if after in glued.get(before, "") else UNKNOWN

    return bytes(answer(before, after) for before in KINDS for after in KINDS).ljust(256, b"\0")
