"""Count the words of a text without running the regular expression over all of it.

Most of a text repeats. So it is cut first, by a rule that looks at two neighbouring bytes only, wherever the
pattern is sure to end a word; equal pieces are counted; and the regular expression splits each distinct
piece once. The counts are those of `b2t.bpe.split.count_words`, the definition.

When is a cut between two characters u and v safe? When (1) no word of the whole text contains u followed by
v, and (2) the piece that ends in u is split alone as it is within the text. The piece that begins with v is
no matter: the patterns look ahead but never back, so what follows a word's end depends on nothing before it.
For (2) it suffices that u stands in a run (of letters, digits, punctuation) which v ends exactly as the end
of a text does. White space needs more thought: ``\\s++$`` takes all of it at the end of a piece, and
``\\s+(?!\\S)`` all but one character before a word. `SAFE` holds the cuts and why each of them is one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from b2t.bpe.split import count_words as count_by_definition
from b2t.bpe.split import find_words, to_bytes

FILLER = b"\xff"  # a byte that UTF-8 never uses
CHUNK = 1 << 22  # bytes cut at a time: bounds the memory
SHORT = 8  # bytes that one number of 64 bits holds

# The classes of bytes. A byte beyond ASCII has one of two: "w" where it may begin or end a white space
# character (U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000), "t" where
# it cannot. It is looked at next to an ASCII byte only, so it is the first or last of its character.
CLASSES = {
    "a": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "1": b"0123456789",
    "'": b"'",
    "/": b"/",
    "_": b" ",
    "n": b"\r\n",
    "b": b"\t\v\f",
    "w": bytes([0xC2, 0xE1, 0xE2, 0xE3, *range(0x80, 0x8B), 0x9F, 0xA0, 0xA8, 0xA9, 0xAF]),
    "t": bytes(range(0x80, 0x100)),
    ".": bytes(range(0x80)),  # what is left of ASCII: punctuation, symbols, controls
}

NO_PREFIX = CLASSES["1"] + CLASSES["'"] + CLASSES["n"] + CLASSES["b"]

# Pattern to class of u to the classes of v. No word of any pattern goes on from a character that is not
# white space to a space, tab or other blank: only newlines may trail. That is the common ground of the
# three ("_" and "b" behind all but white space). Beyond it, a letter or digit ends its run before any other
# ASCII class, and
# - gpt2 has no trailing newlines ("n") and glues nothing but a space to a word, so punctuation ends before a
#   letter or digit too, except that "'" may begin a contraction;
# - gpt4 and o200k end a word behind the last newline of white space in any case, at the end of a text too, so
#   a piece may end there. (In gpt2 two newlines are two words before a letter, and one at the end.)
#   Punctuation before a letter stays whole, since it may be that letter's one-character prefix;
# - o200k glues a contraction to its letters (no cut before "'") and "/" to newlines (no cut in between).
SAFE = {
    "gpt2": {"a": "1'/._nb", "1": "a'/._nb", "'": "1_nb", "/": "a1_nb", ".": "a1_nb", "t": "_nb"},
    "gpt4": {"a": "1'/._nb", "1": "a'/._nb", "'": "_b", "/": "_b", ".": "_b", "t": "_b", "n": "a1'/.t"},
    "o200k": {"a": "1/._nb", "1": "a'/._nb", "'": "_b", "/": "_b", ".": "_b", "t": "_b", "n": "a1'.t"},
}


def count_words(texts: str | Iterable[str], pattern: str | None = "gpt4") -> Counter:
    """Count the distinct words of one text or of several, as bytes.

    Parameters
    ----------
    texts : str or iterable of str
        Words never cross from one text into the next.
    pattern : str or None
        As for `b2t.bpe.split.split`; one that is not in `SAFE` is run over the whole text.

    Returns
    -------
    Counter
        Word, as bytes, to how often it occurs; equal to that of `b2t.bpe.split.count_words`.

    Examples
    --------
    >>> count_words(["a b", "a"])
    Counter({b'a': 2, b' b': 1})
    """
    if pattern not in SAFE:
        return count_by_definition(texts, pattern)
    pieces = Counter()
    for text in [texts] if isinstance(texts, str) else texts:
        count_pieces(to_bytes(text), pattern, pieces)
    words = Counter()
    for piece, count in pieces.items():
        if is_word(piece):
            words[piece] += count
        else:
            for word in find_words(piece.decode(), pattern):
                words[word.encode()] += count
    return words


def is_word(piece: bytes) -> bool:
    """Say whether a piece is one word for certain: small letters behind one character, but for a few.

    gpt4 and o200k glue a space or a punctuation mark to a word, gpt2 a space only; but there, pieces are cut
    behind punctuation anyway. This saves half of the searches. False means that it takes a search to know.

    Examples
    --------
    >>> [is_word(b" so"), is_word(b"So"), is_word(b".so"), is_word(b"soSo"), is_word(b"'so")]
    [True, True, True, False, False]
    """
    return piece[1:].isalpha() and piece[1:].islower() and piece[0] not in NO_PREFIX


def count_pieces(data: bytes, pattern: str, pieces: Counter) -> None:
    """Cut a text at its safe boundaries and count the pieces, a chunk at a time.

    Examples
    --------
    >>> pieces = Counter()
    >>> count_pieces(b"so, so, (so) 2day\\n\\nso", "gpt4", pieces)
    >>> sorted(pieces.items())
    [(b'\\n\\n', 1), (b' (so', 1), (b' 2', 1), (b' so', 1), (b')', 1), (b',', 2), (b'day', 1), (b'so', 2)]
    """
    for chunk, cuts in safe_chunks(data, pattern):
        count_between(chunk, cuts, pieces)


def safe_chunks(data: bytes, pattern: str) -> Iterator[tuple[bytes, np.ndarray]]:
    """Cut a text into chunks, each with its safe boundaries.

    What follows a chunk's last boundary is left for the next chunk; a chunk without one is taken again, twice
    as long, so that no text is looked at more than twice.

    Examples
    --------
    >>> list(safe_chunks(b"so it is", "gpt4"))
    [(b'so it is', array([2, 5]))]
    """
    start, size = 0, CHUNK
    while start < len(data):
        chunk = data[start : start + size]
        cuts = find_cuts(chunk, pattern)
        if start + size < len(data):
            if not len(cuts):
                size *= 2
                continue
            chunk, cuts = chunk[: cuts[-1]], cuts[:-1]
        yield chunk, cuts
        start, size = start + len(chunk), CHUNK


def count_between(data: bytes, cuts: np.ndarray, pieces: Counter) -> None:
    """Count the pieces between given cuts.

    Most pieces have 8 bytes or fewer, and so are numbers of 64 bits: the 8 bytes at their start, those behind
    their end replaced by a filler that no text contains, which makes different pieces different numbers.
    `numpy` sorts and counts millions of numbers in a fraction of the time that as many `bytes` take to make.

    Examples
    --------
    >>> pieces = Counter()
    >>> count_between(b"so so international", np.array([2, 5]), pieces)
    >>> pieces
    Counter({b' so': 1, b'so': 1, b' international': 1})
    """
    starts, ends = np.append(0, cuts), np.append(cuts, len(data))
    short = ends - starts <= SHORT
    numbers, counts = np.unique(as_numbers(data, starts[short], ends[short]), return_counts=True)
    for piece, count in zip(as_pieces(numbers), counts.tolist()):
        pieces[piece] += count
    pieces.update(data[start:end] for start, end in zip(starts[~short].tolist(), ends[~short].tolist()))


def as_numbers(data: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Turn pieces of 8 bytes or fewer into numbers of 64 bits, different ones into different numbers."""
    eight_bytes_at = np.ndarray(len(data), "<u8", data + FILLER * SHORT, strides=(1,))  # they overlap
    return eight_bytes_at[starts] | filler_from()[ends - starts]


def as_pieces(numbers: np.ndarray) -> list[bytes]:
    """Turn such numbers back into pieces.

    Examples
    --------
    >>> as_pieces(as_numbers(b"so so", np.array([0, 2]), np.array([2, 5])))
    [b'so', b' so']
    """
    texts = numbers.astype("<u8").tobytes()
    return [texts[start : start + SHORT].rstrip(FILLER) for start in range(0, len(texts), SHORT)]


@lru_cache(maxsize=1)
def filler_from() -> np.ndarray:
    """Tabulate, for a size from 0 to 8, the number with filler in all bytes from that one on."""
    return np.array(
        [int.from_bytes(FILLER * (SHORT - n), "little") << 8 * n for n in range(SHORT + 1)], np.uint64
    )


def find_cuts(data: bytes, pattern: str) -> np.ndarray:
    """Find the safe boundaries of a text: the offsets of the bytes before which it may be cut.

    Parameters
    ----------
    data : bytes
        UTF-8.
    pattern : str
        One of `SAFE`.

    Returns
    -------
    numpy.ndarray of int64
        Offsets from 1 to ``len(data) - 1``.

    Examples
    --------
    >>> find_cuts(b"it is", "gpt4")
    array([2])
    """
    class_of, safe = byte_tables(pattern)
    classes = np.frombuffer(data.translate(class_of), np.uint8)
    pairs = classes[:-1] * np.uint8(len(CLASSES)) + classes[1:]
    return np.flatnonzero(np.frombuffer(pairs.tobytes().translate(safe), bool)) + 1


@lru_cache(maxsize=len(SAFE))
def byte_tables(pattern: str) -> tuple[bytes, bytes]:
    """Tabulate the class of each byte, and for each two classes (10 times the first + the second) safety.

    Both are tables for `bytes.translate`, which looks up every byte of a text.
    """
    names = list(CLASSES)
    class_of = bytearray(256)
    for number, name in reversed([*enumerate(names)]):  # the first class that holds a byte is its own
        for byte in CLASSES[name]:
            class_of[byte] = number
    safe = [after in SAFE[pattern].get(before, "") for before in names for after in names]
    return bytes(class_of), bytes(safe).ljust(256, b"\0")
