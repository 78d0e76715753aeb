"""Special tokens in a text: which are asked for, which are refused, and where they stand."""

from collections.abc import Collection
from functools import lru_cache

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
    names = frozenset({disallowed} if isinstance(disallowed, str) else disallowed) - {""}
    if names and (found := compile_names(names).search(text)):
        raise ValueError(
            f"the text holds the special token {found[0]!r}; pass allowed_special={{{found[0]!r}}} to "
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
    parts = compile_names(frozenset(specials)).split(text)
    return [("", part) if i % 2 else (part, "") for i, part in enumerate(parts) if part]


@lru_cache(maxsize=64)
def compile_names(names: frozenset[str]) -> regex.Pattern:
    """Compile the search for any of some names, the longest first."""
    return regex.compile("(" + "|".join(map(regex.escape, sorted(names, key=len, reverse=True))) + ")")
