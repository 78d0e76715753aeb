"""Where in a text each token lies, in bytes and in characters."""

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from b2t.bpe.split import to_bytes

Span = tuple[int, int]
"""Where something starts, and where it is over."""


class Offsets(NamedTuple):
    """Tokens and the places they come from.

    Attributes
    ----------
    ids : list of int
        Token ids.
    byte_spans : list of (int, int)
        Start and end of each in the UTF-8 bytes of the text; each starts where the last one ends.
    character_spans : list of (int, int)
        Start and end of the characters that each has bytes of. Tokens that share a character both have it.
    """

    ids: list[int]
    byte_spans: list[Span]
    character_spans: list[Span]


def locate(text: str, lengths: Iterable[int]) -> tuple[list[Span], list[Span]]:
    """Find the spans of pieces that make up a text.

    Parameters
    ----------
    text : str
        Any text without lone surrogates.
    lengths : iterable of int
        How many bytes each piece has, none of them 0; together those of the text.

    Returns
    -------
    byte_spans, character_spans : lists of (int, int)
        As in `Offsets`.

    Examples
    --------
    >>> locate("a你", [2, 2])
    ([(0, 2), (2, 4)], [(0, 2), (1, 2)])
    """
    ends = list(accumulate(lengths))
    byte_spans = list(zip([0, *ends], ends))
    character = character_of_byte(text)
    return byte_spans, [(character[start], character[end - 1] + 1) for start, end in byte_spans]


def character_of_byte(text: str) -> list[int]:
    """Say to which character each byte of a text belongs.

    Examples
    --------
    >>> character_of_byte("a你b")
    [0, 1, 1, 1, 2]
    """
    begins = (byte & 0xC0 != 0x80 for byte in to_bytes(text))
    return [count - 1 for count in accumulate(begins)]
