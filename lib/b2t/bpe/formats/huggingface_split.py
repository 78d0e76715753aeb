"""How Hugging Face's files say where text is split, and what of it means the same here.

Their regular expressions run in Oniguruma with Ruby's syntax: there ``$`` ends a line and not the text, and
``{1,3}+`` repeats and does not possess. Patterns that could mean something else are refused.
"""

from collections.abc import Mapping

import regex

from b2t.bpe.formats.files import shown
from b2t.bpe.split import PATTERNS, named

# The same pieces, in Oniguruma's words.
TRANSLATED = {
    "gpt4": PATTERNS["gpt4"].replace(r"\s++$", r"\s++\z").replace("{1,3}+", "{1,3}"),
    "o200k": PATTERNS["o200k"],
}
MEANS_ANOTHER = regex.compile(
    r"(?<!\\)\$"  # the end of a line there, of the text here
    r"|(?<![\\\[])\^"  # the start likewise
    r"|\}\+"  # repetition there, possession here
    r"|\\[zZhHRXKG]|&&|\[\[|\(\?[a-z]*[msxaulLV-]"
)
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def pattern_of(pre_tokenizer: Mapping | None) -> str | None:
    """Read the pattern of a pre-tokenizer.

    Parameters
    ----------
    pre_tokenizer : mapping or None
        ByteLevel alone, or a Split and then a ByteLevel that does not split.

    Returns
    -------
    str or None
        As in `b2t.bpe.split.split`.

    Raises
    ------
    ValueError
        When it does something else.

    Examples
    --------
    >>> pattern_of({"type": "ByteLevel", "add_prefix_space": False})
    'gpt2'
    """
    steps = flat(pre_tokenizer)
    if not steps or steps[-1].get("type") != "ByteLevel":
        raise ValueError(
            f"pre_tokenizer {shown(pre_tokenizer)} does not end in ByteLevel; b2t reads no other"
        )
    *splits, byte_level = steps
    if byte_level.get("add_prefix_space", True):
        raise ValueError("pre_tokenizer ByteLevel has add_prefix_space, which changes the text; b2t does not")
    if not splits:
        return "gpt2" if byte_level.get("use_regex", True) else None
    if len(splits) > 1 or byte_level.get("use_regex", True):
        raise ValueError("pre_tokenizer splits more than once; b2t reads one Split, or ByteLevel's own")
    return split_pattern(splits[0])


def flat(pre_tokenizer: Mapping | None) -> list[Mapping]:
    """Give the steps of a pre-tokenizer in order."""
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] == "Sequence":
        return [step for inner in pre_tokenizer["pretokenizers"] for step in flat(inner)]
    return [pre_tokenizer]


def split_pattern(step: Mapping) -> str:
    """Read the pattern of a Split that keeps what it finds as pieces."""
    how = (step.get("behavior"), step.get("invert"))
    if step.get("type") != "Split" or how not in (("Isolated", False), ("Removed", True)):
        raise ValueError(f"pre_tokenizer {shown(step)} is no Split with the behaviour Isolated")
    if "Regex" not in step["pattern"]:
        raise ValueError(f"pre_tokenizer splits at the text {shown(step['pattern'])}; b2t splits by Regex")
    pattern = step["pattern"]["Regex"]
    known = next((name for name, theirs in TRANSLATED.items() if theirs == pattern), None)
    return known or same_meaning(pattern)


def pre_tokenizer_of(pattern: str | None) -> dict:
    """Write a pattern as a pre-tokenizer.

    Examples
    --------
    >>> pre_tokenizer_of("gpt2")["use_regex"], pre_tokenizer_of(None)["use_regex"]
    (True, False)
    >>> pre_tokenizer_of("o200k")["pretokenizers"][0]["behavior"]
    'Isolated'
    """
    name = None if pattern is None else named(pattern)
    if name in (None, "gpt2"):
        return BYTE_LEVEL | {"use_regex": name == "gpt2"}
    regular = TRANSLATED[name] if name in TRANSLATED else same_meaning(name)
    split = {"type": "Split", "pattern": {"Regex": regular}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [split, BYTE_LEVEL]}


def same_meaning(pattern: str) -> str:
    """Return a pattern that means the same in both engines, or say what of it does not.

    Examples
    --------
    >>> same_meaning(r"\\S+|\\s+")
    '\\\\S+|\\\\s+'
    """
    if found := MEANS_ANOTHER.search(pattern):
        raise ValueError(
            f"pattern {shown(pattern)} has {found[0]!r}, which means something else in Hugging Face's "
            "regular expressions than here; write it otherwise, such as (?!.|\\n) for the end of the text"
        )
    return pattern
