"""GPT-2's ``vocab.bpe``: a text with a merge a line, in which printable characters stand for the bytes."""

from pathlib import Path

from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.formats.files import read_lines, shown


def gpt2_characters() -> dict[int, str]:
    """Give the character that stands for each byte in GPT-2's files, in the order of GPT-2's ids.

    The files are text, a merge a line with a blank between its halves, so a token may hold no blank, no line
    break, and nothing that a text file cannot carry; and most bytes are no UTF-8 by themselves. Hence a
    stand-in of one printable character a byte. A byte whose Latin-1 character prints stands for
    itself (``!`` to ``~``, ``¡`` to ``¬``, ``®`` to ``ÿ``: 188 of them); the other 68 get the characters from
    U+0100 on. So a blank is written ``Ġ`` (U+0120). GPT-2 numbers the bytes in this order.

    Returns
    -------
    dict of int to str
        Byte to character, all 256.

    References
    ----------
    Radford et al. 2019, section 2.2; their code calls it ``bytes_to_unicode``.

    Examples
    --------
    >>> characters = gpt2_characters()
    >>> characters[ord("a")], characters[ord(" ")], list(characters).index(ord("a"))
    ('a', 'Ġ', 64)
    """
    prints = [byte for first, last in ("!~", "¡¬", "®ÿ") for byte in range(ord(first), ord(last) + 1)]
    others = [byte for byte in range(N_BYTES) if byte not in prints]
    return {byte: chr(byte) for byte in prints} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}


def read_gpt2(path: str | Path) -> tuple[list[Pair], list[int]]:
    """Read GPT-2's ``vocab.bpe``, from which all its ids follow.

    Parameters
    ----------
    path : str or Path
        The file, as text or compressed (``.xz``).

    Returns
    -------
    merges : list of (int, int)
        As `Tokenizer` takes them: 0 to 255 are the bytes, ``256 + i`` is merge `i`.
    byte_ids : list of int
        The id that GPT-2 gives to each byte. The ids of merges are the same in both numberings.

    Raises
    ------
    ValueError
        When the file is damaged; names the line.

    Examples
    --------
    >>> from b2t import data
    >>> merges, byte_ids = read_gpt2(data.path("gpt2_vocab"))
    >>> len(merges), merges[0], bytes(merges[0]), byte_ids[ord("t")]
    (50000, (32, 116), b' t', 83)
    """
    characters = gpt2_characters()
    ids = {character: byte for byte, character in characters.items()}
    merges = []
    for number, line in enumerate(read_lines(path), start=1):
        if number == 1:
            check_version(path, line)
            continue
        halves = line.split(" ")
        if len(halves) != 2 or not all(half in ids for half in halves) or "".join(halves) in ids:
            raise ValueError(
                f"{path}, line {number}: {shown(line)} is not two tokens, each made before, with a blank "
                "between, that make a new one; restore the file"
            )
        ids["".join(halves)] = N_BYTES + len(merges)
        merges.append((ids[halves[0]], ids[halves[1]]))
    order = list(characters)
    return merges, [order.index(byte) for byte in range(N_BYTES)]


def check_version(path: str | Path, line: str) -> None:
    """Refuse a file that does not begin as GPT-2's does."""
    if not line.startswith("#version"):
        raise ValueError(f"{path}, line 1: {shown(line)} does not name a version, such as '#version: 0.2'")
