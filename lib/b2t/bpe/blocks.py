"""Read a file larger than memory in blocks, cut where the words on both sides do not depend on each other."""

from collections.abc import Collection, Iterator
from typing import BinaryIO

import regex

from b2t.bpe.words import SAFE, find_cuts

BLOCK = 1 << 21  # bytes


def read_blocks(
    file: BinaryIO, names: Collection[str], pattern: str | None, start: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Read a file in blocks of `BLOCK` bytes or fewer.

    A block ends behind the last name in it. One without a name ends at its last safe boundary
    (`b2t.bpe.words`); one without that, or whose pattern has none, is made twice as long.

    Parameters
    ----------
    file : binary file
        UTF-8.
    names : collection of str
        Special tokens and separators: text behind one has nothing to do with text before it.
    pattern : str or None
        How text is split into words.
    start : int
        Where to begin, in bytes.

    Yields
    ------
    offset : int
        Where the block begins, in bytes.
    block : bytes
        Never empty.

    Examples
    --------
    >>> from io import BytesIO
    >>> list(read_blocks(BytesIO(b"one text"), (), "gpt4"))
    [(0, b'one text')]
    """
    file.seek(start)
    find, margin = compile_bytes(names), max((len(name.encode()) for name in names), default=0)
    block, wanted = b"", BLOCK
    while True:
        block += file.read(max(wanted - len(block), 0))
        if len(block) < wanted:
            break
        end = last_boundary(block, find, margin, pattern)
        if end:
            yield start, block[:end]
            start, block, wanted = start + end, block[end:], BLOCK
        else:
            wanted = 2 * len(block)
    if block:
        yield start, block


def compile_bytes(names: Collection[str]) -> regex.Pattern | None:
    """Compile the search for any of some names in bytes, the longest first."""
    longest_first = sorted((name.encode() for name in names), key=len, reverse=True)
    return regex.compile(b"|".join(map(regex.escape, longest_first))) if names else None


def last_boundary(block: bytes, find: regex.Pattern | None, margin: int, pattern: str | None) -> int:
    """Find where a block may be cut: the last place, or 0.

    The last `margin` bytes are left out: what begins there may be a name, or a longer one than it seems.

    Examples
    --------
    >>> last_boundary(b"a<s>b c <s", compile_bytes(["<s>"]), 3, "gpt4")
    4
    >>> last_boundary(b"a b c <s", compile_bytes(["<s>"]), 3, "gpt4")
    5
    """
    end = len(block) - margin
    if find:
        spans = [match.span() for match in find.finditer(block)]
        whole = [stop for _, stop in spans if stop <= end]
        if whole:
            return whole[-1]
        end = min([end, *(begin for begin, _ in spans)])
    if pattern not in SAFE:
        return 0
    cuts = find_cuts(block, pattern)
    return int(cuts[cuts <= end][-1:].sum())


def decode_block(name: str, offset: int, block: bytes) -> str:
    """Decode a block, with an error that says where in the file it is not UTF-8.

    Examples
    --------
    >>> decode_block("a.txt", 0, "好".encode())
    '好'
    >>> decode_block("a.txt", 1000, b"ab\\xff")
    Traceback (most recent call last):
    ValueError: a.txt: byte 1002 (0xff) is not UTF-8: invalid start byte
    """
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: byte {offset + error.start} (0x{block[error.start]:02x}) is not UTF-8: {error.reason}"
        ) from error
