"""Special tokens in a text: which are asked for, which are refused, and where they stand."""

from collections.abc import Collection

import regex


def choose(allowed_special: Collection[str] | str, special_tokens: Collection[str]) -> set[str]:
    """Give the set of names that an argument stands for: a name, several, or "all".

    Examples
    --------
    >>> sorted(choose("all", ["<s>", "</s>"])), choose("<s>", ["<s>", "</s>"])
    (['</s>', '<s>'], {'<s>'})
    """
    if allowed_special == "all":
        return set(special_tokens)
    chosen = {allowed_special} if isinstance(allowed_special, str) else set(allowed_special)
    if unknown := chosen - set(special_tokens):
        raise ValueError(
            f"allowed_special names {sorted(unknown)}, but the special tokens are {list(special_tokens)}"
        )
    return chosen


def refuse(text: str, disallowed: Collection[str] | str) -> None:
    """Raise a ValueError when a text holds a string that it must not hold."""
    names = {disallowed} if isinstance(disallowed, str) else disallowed
    if present := [name for name in names if name and name in text]:
        found = next(special for _, special in cut(text, present) if special)
        raise ValueError(
            f"the text holds the special token {found!r}; pass allowed_special={{{found!r}}} to "
            "encode it as one token, or disallowed_special=() to encode it as ordinary text"
        )


def cut(text: str, specials: Collection[str]) -> list[tuple[str, str]]:
    """Cut a text at special tokens, the longest first where several fit.

    Returns
    -------
    list of (str, str)
        Pieces ``(text, "")`` and ``("", special)`` in turn.

    Examples
    --------
    >>> cut("a<s>b", {"<s>"})
    [('a', ''), ('', '<s>'), ('b', '')]
    """
    if not specials:
        return [(text, "")]
    by_length = sorted(specials, key=len, reverse=True)
    parts = regex.split("(" + "|".join(map(regex.escape, by_length)) + ")", text)
    return [("", part) if i % 2 else (part, "") for i, part in enumerate(parts) if part]
