"""Our own file: JSON with the pattern, the merges in order and the special tokens.

A vocabulary whose ids do not follow from these says so with another format name, and lists them.
"""

import json
from pathlib import Path

from b2t.bpe.core import Pair
from b2t.bpe.formats.files import read_bytes, write

FORMAT = "b2t-bpe-1"
"""What our own files say that they are; those with ids of their own say ``b2t-bpe-2``."""

FORMAT_WITH_IDS = "b2t-bpe-2"


def save(
    path: str | Path,
    merges: list[Pair],
    pattern: str | None,
    special_tokens: list[str] | dict[str, int],
    ids: list[int] | None = None,
    unmerged: dict[int, bytes] | None = None,
    whole_words: bool = True,
) -> None:
    """Write a tokenizer to a JSON file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file, made anew.
    merges : list of (int, int)
        In the order in which they were learned.
    pattern : str or None
        As in `b2t.bpe.split.split`.
    special_tokens : list of str, or dict of str to int
        In the order of their ids; or with ids.
    ids, unmerged, whole_words
        As `Tokenizer` takes them, for a vocabulary with ids of its own.
    """
    content = {
        "format": FORMAT if ids is None else FORMAT_WITH_IDS,
        "pattern": pattern,
        "special_tokens": special_tokens,
        "merges": [list(pair) for pair in merges],
    }
    if ids is not None:
        content |= {"ids": ids, "whole_words": whole_words}
        content["unmerged"] = {str(token): spelling.hex() for token, spelling in (unmerged or {}).items()}
    write(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


def load(path: str | Path) -> dict:
    """Read what `save` wrote.

    Returns
    -------
    dict
        With the keys `merges`, `pattern` and `special_tokens`, and for a vocabulary with ids of its own
        `ids`, `unmerged` and `whole_words`.

    Raises
    ------
    ValueError
        When the file is not a tokenizer of this format.
    """
    try:
        content = json.loads(read_bytes(path).decode("utf-8"))
        found = content["format"]
        merges = [(whole(left), whole(right)) for left, right in content["merges"]]
        kept = {"merges": merges, "pattern": content["pattern"], "special_tokens": content["special_tokens"]}
        if found == FORMAT_WITH_IDS:
            kept |= load_ids(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is not a tokenizer written by Tokenizer.save ({error!r})") from error
    if found not in (FORMAT, FORMAT_WITH_IDS):
        raise ValueError(
            f"{path} has format {found!r}; this version of b2t reads {FORMAT!r} and {FORMAT_WITH_IDS!r}"
        )
    return kept


def load_ids(content: dict) -> dict:
    """Read what only a vocabulary with ids of its own has."""
    return {
        "ids": [whole(token) for token in content["ids"]],
        "unmerged": {int(token): bytes.fromhex(text) for token, text in content["unmerged"].items()},
        "whole_words": bool(content["whole_words"]),
    }


def whole(number: int) -> int:
    """Return an int, and refuse what only resembles one."""
    if type(number) is not int:
        raise TypeError(f"{number!r} is not a whole number")
    return number
