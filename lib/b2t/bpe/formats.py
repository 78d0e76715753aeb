"""Tokenizers in files. Ours is JSON: the pattern, the merges in order, the special tokens."""

import json
from pathlib import Path

from b2t.bpe.core import Pair

FORMAT = "b2t-bpe-1"


def save(path: str | Path, merges: list[Pair], pattern: str | None, special_tokens: list[str]) -> None:
    """Write a tokenizer to a JSON file.

    Parameters
    ----------
    path : str or Path
        The file, made anew.
    merges : list of (int, int)
        In the order in which they were learned.
    pattern : str or None
        As in `b2t.bpe.split.split`.
    special_tokens : list of str
        In the order of their ids.
    """
    content = {
        "format": FORMAT,
        "pattern": pattern,
        "special_tokens": list(special_tokens),
        "merges": [list(pair) for pair in merges],
    }
    Path(path).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


def load(path: str | Path) -> dict:
    """Read what `save` wrote.

    Returns
    -------
    dict
        With the keys `merges`, `pattern` and `special_tokens`.

    Raises
    ------
    ValueError
        When the file is not a tokenizer of this format.
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
        found = content["format"]
        merges = [(int(left), int(right)) for left, right in content["merges"]]
        kept = {"merges": merges, "pattern": content["pattern"], "special_tokens": content["special_tokens"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a tokenizer written by Tokenizer.save ({error!r})") from error
    if found != FORMAT:
        raise ValueError(f"{path} has format {found!r}; this version of b2t reads {FORMAT!r}")
    return kept
