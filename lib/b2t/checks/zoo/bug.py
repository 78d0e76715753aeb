"""A bug of the zoo: a name, wrong code, the check it belongs to, the detectors that must catch it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from b2t import checks

THREAD = re.compile(r"([\w.-]+/[\w.-]+)([#!])(\d+)")


def link(thread: re.Match) -> str:
    """Write a thread as a Markdown link."""
    repository, sign, number = thread.groups()
    kind, text = ("issues", "#") if sign == "#" else ("pull", " PR ")
    return f"[{repository}{text}{number}](https://github.com/{repository}/{kind}/{number})"


@dataclass(frozen=True)
class Bug:
    """Wrong code of one kind.

    Parameters
    ----------
    name : str
        What is wrong, in a few words.
    check : str
        The check that looks at such code, one of `b2t.checks.ENTRY_POINTS`.
    code : callable
        The wrong twin.
    caught_by : str
        Detectors that must catch it, separated by spaces; others may, too.
    seen_in : str
        Public threads, ``owner/repository#number`` (``!`` for a pull request), and how they ended; empty for
        a bug that was met while this book was written.
    options : dict
        Keyword arguments of the check.
    fresh : bool
        Whether `code` makes the wrong code, which remembers its calls, anew.
    """

    name: str
    check: str
    code: Callable
    caught_by: str
    seen_in: str = ""
    options: dict = field(default_factory=dict)
    fresh: bool = False

    @property
    def links(self) -> str:
        """Return `seen_in` as Markdown, each thread a link."""
        return THREAD.sub(link, self.seen_in)

    def run(self, **more) -> "checks.CheckFailed | None":
        """Run the check, and return its failure."""
        code = self.code() if self.fresh else self.code
        try:
            getattr(checks, self.check)(code, **self.options, **more)
        except checks.CheckFailed as failure:
            return failure
        return None

    def found_by(self, **more) -> tuple[str, ...]:
        """Return the names of the detectors that fail, in order."""
        failure = self.run(**more)
        return tuple(each.detector for each in failure.failures) if failure else ()


@dataclass(frozen=True)
class Decoy:
    """Right code that has been taken for wrong: it must pass.

    Parameters
    ----------
    name, check, code, seen_in, options
        As for `Bug`.
    """

    name: str
    check: str
    code: Callable
    seen_in: str = ""
    options: dict = field(default_factory=dict)

    @property
    def links(self) -> str:
        """Return `seen_in` as Markdown, each thread a link."""
        return THREAD.sub(link, self.seen_in)
