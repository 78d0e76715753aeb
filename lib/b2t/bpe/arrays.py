"""Encode a long text into an array of ids: do what repeats once, and the rest with numpy.

A text is cut three times, and after each cut only the distinct pieces go on:

1. at the safe boundaries of `b2t.bpe.words`, into pieces that mostly are known already;
2. a piece that is not known, by the pattern, into words;
3. a word at its seams: between two bytes that no token holds side by side. No merge ever crosses a seam, so
   what stands on either side is encoded alone. GPT-2's tokens hold hardly two Chinese characters each, and so
   a long Chinese sentence comes to a few characters that are encoded once.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from b2t.bpe.core import Pair
from b2t.bpe.kinds import word_starts
from b2t.bpe.split import split, to_bytes
from b2t.bpe.together import Ranks, encode_words, gather
from b2t.bpe.words import SAFE, SHORT, as_numbers, as_pieces, safe_chunks

MAX_KNOWN = 250_000  # pieces kept, with
MAX_PIECE = 32  # bytes at most: together no more than 80 MB
SLOT_BITS = 17
GOLDEN = np.array([0x9E3779B97F4A7C15], np.uint64)  # 2 ** 64 over the golden ratio, odd


class ArrayEncoder:
    """Turn long texts into arrays of ids.

    It remembers up to `MAX_KNOWN` pieces of up to `MAX_PIECE` bytes, and nothing longer.

    Parameters
    ----------
    ranks : mapping of (int, int) to int
        Pair to its place in the list of merges.
    ids : sequence of int
        The id of each byte and merge.
    tokens : iterable of bytes
        Spellings of all tokens that a merge makes, which say where the seams are.
    pattern : str or None
        How text is split into words.
    whole : mapping of bytes to list of int
        Words that are not merged at all, and their ids.
    dtype : numpy.dtype
        Of the ids.
    """

    def __init__(
        self,
        ranks: Mapping[Pair, int],
        ids: Sequence[int],
        tokens: Iterable[bytes],
        pattern: str | None,
        whole: Mapping[bytes, list[int]],
        dtype: np.dtype,
    ):
        self.ranks = Ranks(ranks)
        self.ids = np.array([*ids, *chain.from_iterable(whole.values())], dtype)
        self.seam = find_seams(tokens)
        self.pattern = pattern
        self.whole = {word: len(ids) + i for i, word in enumerate(whole)}
        self.known: dict[bytes, bytes] = {}

    def encode(self, text: str) -> np.ndarray:
        """Turn a text into ids; special tokens mean nothing here."""
        if self.pattern not in SAFE:
            words = [word.encode() for word in split(text, self.pattern)]
            return self.encode_words(words)
        data = to_bytes(text)
        chunks = [self.encode_chunk(*chunk) for chunk in safe_chunks(data, self.pattern)]
        return np.concatenate(chunks) if chunks else self.ids[:0]

    def encode_chunk(self, data: bytes, cuts: np.ndarray) -> np.ndarray:
        """Turn a text into ids, given its safe boundaries."""
        pieces, which = number_pieces(data, cuts)
        known = self.known
        if new := [piece for piece in pieces if piece not in known]:
            known = known | self.encode_pieces(new)
            self.remember(known, new)
        ids = [known[piece] for piece in pieces]
        sizes = np.fromiter(map(len, ids), np.int64, len(ids)) // self.ids.itemsize
        return gather(np.frombuffer(b"".join(ids), self.ids.dtype), sizes, which)

    def remember(self, known: dict[bytes, bytes], new: list[bytes]) -> None:
        """Keep what is short and fits; start afresh when there is no room."""
        short = {piece: known[piece] for piece in new if len(piece) <= MAX_PIECE}
        if len(self.known) + len(short) > MAX_KNOWN:
            self.known = {}
        if len(short) <= MAX_KNOWN:
            self.known |= short

    def encode_pieces(self, pieces: list[bytes]) -> dict[bytes, bytes]:
        """Turn pieces between safe boundaries into the bytes of their ids."""
        data = b"".join(pieces)
        bytes_ = np.frombuffer(data, np.uint8)
        ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))
        offsets = np.append(np.flatnonzero((bytes_ & 0xC0) != 0x80), len(data))  # of the characters, in bytes
        starts = word_starts(data.decode(), np.searchsorted(offsets, ends), self.pattern)
        begins = np.zeros(len(data) + 1, bool)
        begins[offsets[starts]] = True
        ids, ends = self.encode_parts(data, begins, ends)
        data, size = ids.tobytes(), ids.itemsize
        ends = (ends * size).tolist()
        return {piece: data[start:end] for piece, start, end in zip(pieces, [0, *ends], ends)}

    def encode_words(self, words: list[bytes]) -> np.ndarray:
        """Turn words into ids."""
        data = b"".join(words)
        ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
        begins = np.zeros(len(data) + 1, bool)
        begins[0] = begins[ends] = True
        return self.encode_parts(data, begins, ends)[0]

    def encode_parts(
        self, data: bytes, begins: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Turn a text into ids, given where its words begin; say where the ids up to some of them end."""
        if not self.whole:
            bytes_ = np.frombuffer(data, np.uint8)
            begins[1:-1] |= self.seam[bytes_[:-1], bytes_[1:]]
        cuts = np.flatnonzero(begins)
        parts, which = number_pieces(data, cuts[1:-1])
        tokens, sizes = encode_words(parts, self.ranks, self.whole)
        ids_before = np.append(0, np.cumsum(sizes[which]))
        return gather(self.ids[tokens], sizes, which), ids_before[np.searchsorted(cuts, ends)]


def number_pieces(data: bytes, cuts: np.ndarray) -> tuple[list[bytes], np.ndarray]:
    """Cut a text and number its distinct pieces.

    Returns
    -------
    pieces : list of bytes
        Each once.
    which : numpy.ndarray of int64, shape (pieces in the text,)
        For each piece of the text, its place in `pieces`.

    Examples
    --------
    >>> number_pieces(b"so so international", np.array([2, 5]))
    ([b'so', b' so', b' international'], array([0, 1, 2]))
    """
    starts, ends = np.append(0, cuts), np.append(cuts, len(data))
    short = ends - starts <= SHORT
    numbers, which_number = distinct(as_numbers(data, starts[short], ends[short]))
    which = np.empty(len(starts), np.int64)
    which[short] = which_number
    long = {}
    which[~short] = [
        len(numbers) + long.setdefault(data[start:end], len(long))
        for start, end in zip(starts[~short].tolist(), ends[~short].tolist())
    ]
    return [*as_pieces(numbers), *long], which


def distinct(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct ones among many numbers, as ``np.unique`` does with ``return_inverse``, unsorted.

    Sorting takes longer than all the rest. So each number has a slot in a table: the top bits of a product
    that mixes its bits (Knuth's multiplicative hashing, The Art of Computer Programming, volume 3, 6.4). All
    write their place into their slots; whoever reads there the place of an equal number is done. Those who
    share a slot with another number, and came first, try again with another factor.

    Parameters
    ----------
    numbers : numpy.ndarray of uint64, shape (n,)
        In any order.

    Returns
    -------
    once : numpy.ndarray of uint64
        Each number once.
    which : numpy.ndarray of int64, shape (n,)
        So that ``once[which]`` is `numbers`.

    Examples
    --------
    >>> distinct(np.array([9, 7, 9], np.uint64))
    (array([7, 9], dtype=uint64), array([1, 0, 1]))
    """
    once, which, count = [numbers[:0]], np.empty(len(numbers), np.int64), 0
    place_in, left, factor = np.empty(1 << SLOT_BITS, np.int64), np.arange(len(numbers)), GOLDEN
    while len(left):
        tried = numbers[left]
        slot = (tried * factor >> np.uint64(64 - SLOT_BITS)).astype(np.int64)
        place_in[slot] = np.arange(len(left))
        place = place_in[slot]
        owner = place == np.arange(len(left))
        found = tried[place] == tried
        which[left[found]] = (np.cumsum(owner) - 1 + count)[place[found]]
        once.append(tried[owner])
        left, factor, count = left[~found], factor * GOLDEN, count + len(once[-1])
    return np.concatenate(once), which


def find_seams(tokens: Iterable[bytes]) -> np.ndarray:
    """Tabulate the seams: for each two bytes, whether no token holds them side by side.

    Examples
    --------
    >>> seam = find_seams([b"ab", b"abc"])
    >>> bool(seam[ord("a"), ord("b")]), bool(seam[ord("c"), ord("a")])
    (False, True)
    """
    seam = np.ones((256, 256), bool)
    for token in tokens:
        for left, right in zip(token, token[1:]):
            seam[left, right] = False
    return seam
