"""Cut text into words before any pair is counted, so that no token crosses a boundary.

The patterns are those of tiktoken 0.14 (MIT licence; module `tiktoken_ext.openai_public`), to the
letter: a tokenizer that splits differently gives different ids.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import regex

PATTERNS = {
    "gpt2": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "gpt4": (
        r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"""
        r"""|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
    ),
    "o200k": "|".join(
        [
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""\p{N}{1,3}""",
            r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
            r"""\s*[\r\n]+""",
            r"""\s+(?!\S)""",
            r"""\s+""",
        ]
    ),
}
"""Regular expressions by name, "gpt2", "gpt4" and "o200k": one match is one word."""

# The classes of `PATTERNS` in ASCII, in the order in which they are put in place of one another. `regex`
# takes six characters for white space; `re` would take ten, so they are written out.
ASCII_CLASSES = {
    r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}": "A-Z",
    r"\p{Ll}\p{Lm}\p{Lo}\p{M}": "a-z",
    r"[^\s\p{L}\p{N}]": r"[^ \t\n\r\f\vA-Za-z0-9]",
    r"[^\r\n\p{L}\p{N}]": r"[^\r\nA-Za-z0-9]",
    r"\p{L}": "[A-Za-z]",
    r"\p{N}": "[0-9]",
    r"\S": r"[^ \t\n\r\f\v]",
    r"\s": r"[ \t\n\r\f\v]",
}


def split(text: str, pattern: str | None = "gpt4") -> list[str]:
    """Cut a text into words.

    Parameters
    ----------
    text : str
        Any text.
    pattern : str or None
        "gpt2", "gpt4", "o200k", a regular expression of the `regex` library, or None for one single word.

    Returns
    -------
    list of str
        The words; joined, they are the text again.

    Raises
    ------
    ValueError
        When the pattern is no regular expression, has a capturing group, or leaves out part of the text,
        or when the text holds a lone surrogate.
    TypeError
        When the text is no str.

    References
    ----------
    Radford et al. 2019, section 2.2, for the idea; tiktoken 0.14 for the patterns.

    Examples
    --------
    >>> split("Hello, 你好 2026!")
    ['Hello', ',', ' 你好', ' ', '202', '6', '!']
    >>> split("Hello, 你好 2026!", "gpt2")
    ['Hello', ',', ' 你好', ' 2026', '!']
    """
    to_bytes(text)  # refuses a lone surrogate, and names its place in the whole text
    if pattern is None:
        return [text] if text else []
    if pattern in PATTERNS:  # these leave nothing out
        return find_words(text, pattern)
    words = [word for word in compile_pattern(pattern).findall(text) if word]
    if sum(map(len, words)) != len(text):
        raise ValueError(
            f"pattern {pattern!r} is no name ({known_names()}), and as a regular expression leaves out part "
            "of the text; add an alternative such as |[\\s\\S]"
        )
    return words


def find_words(text: str, pattern: str) -> list[str]:
    """Cut a text by one of `PATTERNS`, without looking whether it may be cut.

    Python's own `re` is twice as fast as `regex` but knows no classes of Unicode. ASCII does not need them.
    """
    return (compile_ascii if text.isascii() else compile_pattern)(pattern).findall(text)


@lru_cache(maxsize=len(PATTERNS))
def compile_ascii(pattern: str) -> re.Pattern:
    """Compile one of `PATTERNS` with each class written out, as far as ASCII goes.

    Examples
    --------
    >>> "[A-Za-z]++" in compile_ascii("gpt2").pattern
    True
    >>> compile_ascii("gpt2").findall("it's 2026")
    ['it', "'s", ' 2026']
    """
    written = PATTERNS[pattern]
    for unicode, ascii in ASCII_CLASSES.items():
        written = written.replace(unicode, ascii)
    return re.compile(written)


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> regex.Pattern:
    """Compile a pattern given by name or as a regular expression."""
    try:
        compiled = regex.compile(PATTERNS.get(pattern, pattern))
    except (regex.error, TypeError) as error:
        raise ValueError(
            f"pattern {pattern!r} is neither a regular expression ({error}) nor one of {known_names()}"
        ) from error
    if compiled.groups:
        raise ValueError(f"pattern {pattern!r} has a capturing group (...); write it as (?:...)")
    return compiled


def known_names() -> str:
    """List the names of `PATTERNS` for an error."""
    return ", ".join(map(repr, PATTERNS))


def named(pattern: str) -> str:
    """Give the name of a regular expression of `PATTERNS`, and any other as it is.

    Examples
    --------
    >>> named(PATTERNS["o200k"]), named(r"\\S+|\\s+")
    ('o200k', '\\\\S+|\\\\s+')
    """
    return next((name for name, known in PATTERNS.items() if known == pattern), pattern)


def check_text(text: str) -> str:
    """Return a text, or say that it is none.

    Examples
    --------
    >>> check_text(b"ab")
    Traceback (most recent call last):
    TypeError: a text is a str, and this is bytes: b'ab'; bytes become text with .decode("utf-8"), and
    several texts go one at a time
    """
    if not isinstance(text, str):
        raise TypeError(
            f"a text is a str, and this is {type(text).__name__}: {text!r:.60}; "
            'bytes become text with .decode("utf-8"), and several texts go one at a time'
        )
    return text


def to_bytes(text: str) -> bytes:
    """Encode a text in UTF-8, with an error that says where it cannot be done.

    Examples
    --------
    >>> to_bytes("é")
    b'\\xc3\\xa9'
    >>> to_bytes("ok \\ud83d")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: lone surrogate U+D83D at character 3 has no UTF-8 form; ...
    """
    try:
        return check_text(text).encode("utf-8")
    except UnicodeEncodeError as error:
        code_point = ord(text[error.start])
        raise ValueError(
            f"lone surrogate U+{code_point:04X} at character {error.start} has no UTF-8 form; "
            'decode the text with errors="replace" first'
        ) from error


def count_words(texts: str | Iterable[str], pattern: str | None = "gpt4") -> Counter:
    """Count the distinct words of one text or of several, as bytes.

    Parameters
    ----------
    texts : str or iterable of str
        Words never cross from one text into the next.
    pattern : str or None
        As for `split`.

    Returns
    -------
    Counter
        Word, as bytes, to how often it occurs; in order of first occurrence.

    Examples
    --------
    >>> count_words(["a b", "a"])
    Counter({b'a': 2, b' b': 1})
    """
    words = Counter()
    for text in [texts] if isinstance(texts, str) else texts:
        words.update(split(text, pattern))
    return Counter({to_bytes(word): count for word, count in words.items()})
