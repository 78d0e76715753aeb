"""Encode a long text into an array of ids: do what repeats once, and the rest with numpy.

A text is cut three times, and after each cut only the distinct pieces go on:

1. at the safe boundaries of `b2t.bpe.words`, into pieces that mostly are known already, unless they are long;
2. a piece that is not known, by the pattern, into words;
3. a word at its seams: between two characters whose bytes no token holds side by side. No merge ever crosses
   a seam, so what stands on either side is encoded alone. GPT-2's tokens hold hardly two Chinese characters
   each, and so a long Chinese sentence comes to a few characters that are encoded once.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from b2t.bpe.core import Pair
from b2t.bpe.equal import LONG, distinct_pieces
from b2t.bpe.kinds import word_starts
from b2t.bpe.split import split, to_bytes
from b2t.bpe.together import Ranks, encode_words, gather
from b2t.bpe.words import SAFE, safe_chunks

MAX_KNOWN = 250_000  # pieces kept, of `LONG` bytes at most: together no more than 80 MB


class ArrayEncoder:
    """Turn long texts into arrays of ids.

    It remembers up to `MAX_KNOWN` pieces of up to `LONG` bytes, and nothing longer.

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
        if len(data) > LONG * (len(cuts) + 1):  # such pieces hardly repeat
            return self.encode_between(data, np.array([len(data)]))[0]
        starts, ends, which = distinct_pieces(data, cuts)
        pieces = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist())]
        known = self.known
        new = [piece for piece in pieces if piece not in known]
        fresh = self.encode_pieces(new) if new else {}
        ids = [*map(known.get, pieces, map(fresh.get, pieces))]  # known or else fresh
        self.remember(fresh)
        sizes = np.fromiter(map(len, ids), np.int64, len(ids)) // self.ids.itemsize
        return gather(np.frombuffer(b"".join(ids), self.ids.dtype), sizes, which)

    def remember(self, fresh: dict[bytes, bytes]) -> None:
        """Keep what is short and fits; start afresh when there is no room."""
        for piece in [piece for piece in fresh if len(piece) > LONG]:
            del fresh[piece]
        if len(self.known) + len(fresh) > MAX_KNOWN:
            self.known = {}
        if len(fresh) <= MAX_KNOWN:
            self.known |= fresh

    def encode_pieces(self, pieces: list[bytes]) -> dict[bytes, bytes]:
        """Turn pieces between safe boundaries into the bytes of their ids."""
        ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))
        ids, ends = self.encode_between(b"".join(pieces), ends)
        data, ends = ids.tobytes(), (ends * ids.itemsize).tolist()
        return dict(zip(pieces, map(data.__getitem__, map(slice, [0, *ends], ends))))

    def encode_between(self, data: bytes, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn a text into ids, given where its pieces end; say where the ids of each end."""
        bytes_ = np.frombuffer(data, np.uint8)
        offsets = np.append(np.flatnonzero((bytes_ & 0xC0) != 0x80), len(data))  # of the characters, in bytes
        starts = word_starts(data.decode(), np.searchsorted(offsets, ends), self.pattern)
        begins = np.zeros(len(data) + 1, bool)
        begins[offsets[starts]] = True
        return self.encode_parts(data, begins, ends)

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
            pairs = np.ndarray(len(data) - 1, ">u2", data, strides=(1,))  # they overlap
            begins[1:-1] |= self.seam.ravel().take(pairs)
        cuts = np.flatnonzero(begins)
        *parts, which = distinct_pieces(data, cuts[1:-1])
        tokens, sizes = encode_words(data, *parts, self.ranks, self.whole)
        ids_before = np.append(0, np.cumsum(sizes[which]))
        return gather(self.ids[tokens], sizes, which), ids_before[np.searchsorted(cuts, ends)]


def find_seams(tokens: Iterable[bytes]) -> np.ndarray:
    """Tabulate the seams: for each two bytes, whether no token holds them side by side.

    Between the bytes of one character there is none: so small parts would be more work than they save.

    Examples
    --------
    >>> seam = find_seams([b"ab", b"abc"])
    >>> bool(seam[ord("a"), ord("b")]), bool(seam[ord("c"), ord("a")])
    (False, True)
    """
    tokens = list(tokens)
    data = np.frombuffer(b"".join(tokens), np.uint8)
    sizes = np.fromiter(map(len, tokens), np.int64, len(tokens))
    ends = np.cumsum(sizes)
    seam = np.ones((256, 256), bool)
    seam[np.delete(data, ends - 1), np.delete(data, ends - sizes)] = False  # all but the last, but the first
    seam[:, 0x80:0xC0] = False  # before a byte inside a character: one part a character is enough
    return seam
