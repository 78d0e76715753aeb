"""tiktoken's files, a line a token: its bytes in base64, a blank, its rank. And tiktoken's encodings."""

import base64
import binascii
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path

from b2t.bpe.core import N_BYTES
from b2t.bpe.formats.files import read_lines, shown
from b2t.bpe.formats.ranks import check_spellings, recover
from b2t.bpe.ids import MAX_ID


def read_tiktoken(path: str | Path) -> dict:
    """Read a ``.tiktoken`` file.

    Parameters
    ----------
    path : str or Path
        The file, as text or compressed (``.xz``).

    Returns
    -------
    dict
        The arguments `merges`, `ids` and `unmerged` of `Tokenizer`.

    Raises
    ------
    ValueError
        When the file is damaged; names the line.
    """
    ranks, last = {}, -1
    for number, line in enumerate(read_lines(path), start=1):
        token, rank = parse(line, f"{path}, line {number}")
        if token in ranks:
            raise ValueError(f"{path}, line {number}: {shown(token)} is already the token {ranks[token]}")
        if not last < rank <= MAX_ID:
            raise ValueError(
                f"{path}, line {number}: the rank {shown(rank)} does not follow {last}; restore the file"
            )
        ranks[token] = last = rank
    return with_name(path, ranks)


def with_name(path: str | Path, ranks: Mapping[bytes, int]) -> dict:
    """Recover the merges, with the file's name in what goes wrong."""
    try:
        return recover(ranks)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def parse(line: str, where: str) -> tuple[bytes, int]:
    """Read one line.

    Examples
    --------
    >>> parse("aGVsbG8= 300", "line 1")
    (b'hello', 300)
    """
    code, blank, rank = line.partition(" ")
    try:
        if not (code and blank and rank.isascii() and rank.isdigit()) or len(rank) > 10:
            raise ValueError
        return base64.b64decode(code, validate=True), int(rank)
    except (ValueError, binascii.Error) as error:
        raise ValueError(
            f"{where}: {shown(line)} is not a token in base64, a blank and its rank; restore the file"
        ) from error


def tiktoken_text(vocab: Mapping[int, bytes]) -> str:
    """Write ranked tokens as a ``.tiktoken`` file holds them.

    Examples
    --------
    >>> tiktoken_text({300: b"hello", 7: b"a"})
    'YQ== 7\\naGVsbG8= 300\\n'
    """
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in sorted(vocab.items()))


def check_tiktoken(vocab: Mapping[int, bytes], arguments: Mapping) -> None:
    """Refuse a tokenizer that tiktoken, which has ranks and no merges, would not encode alike.

    Parameters
    ----------
    vocab : mapping of int to bytes
        The tokens without the special ones.
    arguments : mapping
        The tokenizer's `merges`, `ids`, `unmerged` and `whole_words`.

    Raises
    ------
    ValueError
        Names a token whose merge does not follow from the ranks.
    """
    ranks = {}
    for rank, token in vocab.items():
        if ranks.setdefault(token, rank) != rank:
            raise ValueError(
                f"tokens {ranks[token]} and {rank} are both {shown(token)}; a .tiktoken file holds each once"
            )
    check_spellings(ranks)
    if arguments["unmerged"] and not arguments["whole_words"]:
        rank, token = next(iter(arguments["unmerged"].items()))
        raise ValueError(f"token {rank}, {shown(token)}, is never made here, but tiktoken makes it of a word")
    found = recover(ranks)
    if found["merges"] != arguments["merges"] or found["ids"] != arguments["ids"]:
        theirs, ours = ([*zip(made["ids"][N_BYTES:], made["merges"])] for made in (found, arguments))
        odd = next((mine for mine, other in zip_longest(ours, theirs) if mine != other), None)
        name = f"token {odd[0]}, {shown(vocab[odd[0]])}," if odd else "the vocabulary"
        raise ValueError(
            f"{name} does not follow from merging by rank, so tiktoken would give other ids; "
            "a .tiktoken file cannot hold this tokenizer"
        )
