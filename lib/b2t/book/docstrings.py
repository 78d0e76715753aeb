"""Docstrings (numpydoc) as reStructuredText: fields for parameters, links for names, nothing else changed."""

import re
from collections.abc import Callable

from sphinx.ext.napoleon import Config, NumpyDocstring

CONFIG = Config(napoleon_use_rtype=False, napoleon_use_ivar=True, napoleon_use_param=True)
# Code, roles such as :math:`x` and emphasis, which stay; and `names`.
MARKED = re.compile(r"(``.+?``|:[\w:]+:`[^`]+`|\*[^\s*]+\*|`[^`]+`)", re.DOTALL)
MARKS = re.compile(r"[|*\\]|(?<=\w)_(?!\w)")


class Docstring(NumpyDocstring):
    """A docstring in which parameters that share a description keep it in common."""

    def _consume_fields(self, parse_type: bool = True, prefer_type: bool = False, multiple: bool = False):
        """Read the fields of a section; names that share one become ``a,b``, as a name holds no blank."""
        fields = super()._consume_fields(parse_type, prefer_type)
        return [(name if prefer_type else name.replace(", ", ","), *rest) for name, *rest in fields]


def to_rst(doc: str, resolve: Callable[[str], str | None]) -> str:
    """Convert a docstring.

    Parameters
    ----------
    doc : str
        Its text, without the indent.
    resolve : callable
        From a word in backticks to the full name of what it means, or None.

    Returns
    -------
    str
        reStructuredText. A word with a meaning becomes a link, another one code; what reStructuredText would
        take for markup is escaped, except in examples.

    Examples
    --------
    >>> print(to_rst("Undo `merge`; `ids` may hold <|end|>.", {"merge": "b2t.core.merge"}.get))
    Undo :py:obj:`merge <b2t.core.merge>`; ``ids`` may hold <\\|end\\|>.
    """
    return str(Docstring(prose(doc, resolve), CONFIG))


def prose(doc: str, resolve: Callable[[str], str | None]) -> str:
    """Convert the words of a docstring and leave its sections and examples as they are.

    Examples
    --------
    >>> prose("Add `a`.\\n\\n>>> a | b\\n`3`\\n\\nDone.", lambda word: None)
    'Add ``a``.\\n\\n>>> a | b\\n`3`\\n\\nDone.'
    """
    parts = re.split(r"(?m)(^[ ]*>>> .*(?:\n[ ]*\S.*)*)", doc)
    parts[::2] = [_words(part, resolve) for part in parts[::2]]
    return "".join(parts)


def _words(text: str, resolve: Callable[[str], str | None]) -> str:
    """Escape text, and give each word in backticks its role."""
    parts = MARKED.split(text)
    parts[::2] = [MARKS.sub(r"\\\g<0>", part) for part in parts[::2]]
    for i in range(1, len(parts), 2):
        if re.match("`[^`]", parts[i]):
            glue = "\\ " if parts[i + 1][:1].isalnum() else ""  # markup ends where a word does
            parts[i] = _role(parts[i][1:-1], resolve) + glue
    return "".join(parts)


def _role(word: str, resolve: Callable[[str], str | None]) -> str:
    target = resolve(word)
    return f":py:obj:`{word} <{target}>`" if target else f"``{word}``"


def first_sentence(doc: str) -> str:
    """Take the first paragraph of a docstring on one line.

    Examples
    --------
    >>> first_sentence("Join ids\\ninto one.\\n\\nMore.")
    'Join ids into one.'
    """
    return " ".join(doc.partition("\n\n")[0].split())
