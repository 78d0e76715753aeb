"""What every check is made of: detectors, the failure that one reports, and the judge that runs them all."""

import inspect
import textwrap
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 78  # columns of a message
STUB = "the stub still stands there: write the function, run its cell again, then the check"

MODULE_CALLS = ("torch/nn/modules/module.py", "torch\\nn\\modules\\module.py")  # between us and forward


class CheckFailed(AssertionError):
    """A candidate lacks a property that right code has.

    Parameters
    ----------
    detector : str
        Who noticed.
    wanted : str
        The property.
    seen : str
        What was found instead.
    at : str
        The input.
    hint : str
        The mistake that usually does this.

    Attributes
    ----------
    check : str
        The check that was asked.
    failures : tuple of CheckFailed
        This one, and those of the other detectors that fail.
    not_run : int
        How many detectors were left out, since they need this one.

    Examples
    --------
    >>> print(CheckFailed("row_sums", "each row sums to 1", "1.37 in row 0", "Q (5, 7)", "wrong axis"))
    detector row_sums
      wanted:  each row sums to 1
      seen:    1.37 in row 0
      at:      Q (5, 7)
      usually: wrong axis
    """

    def __init__(self, detector: str, wanted: str, seen: str, at: str, hint: str):
        super().__init__(detector, wanted, seen, at, hint)
        self.detector, self.wanted, self.seen, self.at, self.hint = detector, wanted, seen, at, hint
        self.check, self.failures, self.not_run = "", (self,), 0

    def __str__(self) -> str:
        lines = [f"{self.check + ': ' if self.check else ''}detector {self.detector}"]
        lines += wrapped("wanted", self.wanted) + wrapped("seen", self.seen) + wrapped("at", self.at)
        lines += wrapped("usually", self.hint)
        if len(self.failures) > 1:
            lines += wrapped("also", ", ".join(failure.detector for failure in self.failures[1:]))
        if self.not_run:
            lines += wrapped("not run", f"{self.not_run} detectors that need this one")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """Let a notebook show the message alone, not the path through the check."""
        return [f"CheckFailed: {self}"]


def wrapped(label: str, text: str) -> list[str]:
    """Write a labelled part of a message in lines that fit a page."""
    label = f"  {label}:"
    lines = textwrap.wrap(text, WIDTH - 11, break_long_words=False, break_on_hyphens=False)
    return [f"{start:<10} {line}" for start, line in zip([label, *[""] * len(lines)], lines)]


class Seen(Exception):
    """What a detector raises: what it saw, at which input, and the usual cause."""

    def __init__(self, seen: str, at: str, hint: str):
        super().__init__(seen, at, hint)
        self.seen, self.at, self.hint = seen, at, hint


@dataclass(frozen=True)
class Detector:
    """One property of right code, and a function that raises `Seen` where a candidate lacks it.

    Parameters
    ----------
    name : str
        That of the function.
    wanted : str
        The property, in one clause: the first line of its docstring.
    blind : str
        What it cannot see.
    look : function of (candidate, case)
        Looks for the property.
    first : bool
        Whether the detectors after it make no sense when it fails.

    Examples
    --------
    >>> @detector(blind="what the number is")
    ... def is_whole(candidate, case):
    ...     \"""The answer is a whole number.\"""
    ...     if candidate() % 1:
    ...         raise Seen(f"{candidate()}", "no argument", "a single slash where two belong")
    >>> is_whole(lambda: 7, None)
    >>> is_whole.wanted, is_whole.blind
    ('the answer is a whole number', 'what the number is')
    """

    name: str
    wanted: str
    blind: str
    look: Callable = field(repr=False)
    first: bool = False

    def __call__(self, candidate, case) -> None:
        """Look, and raise `CheckFailed` under this detector's name."""
        try:
            self.look(candidate, case)
        except Seen as seen:
            failure = CheckFailed(self.name, self.wanted, seen.seen, seen.at, seen.hint)
            raise failure from seen.__cause__


def detector(blind: str, first: bool = False) -> Callable[[Callable], Detector]:
    """Make a `Detector` of a function whose docstring's first line states the property."""

    def make(look: Callable) -> Detector:
        wanted = inspect.getdoc(look).splitlines()[0].rstrip(".")
        return Detector(look.__name__, wanted[0].lower() + wanted[1:], blind, look, first)

    return make


@dataclass(frozen=True)
class Report:
    """What a check returns when all is well: its name and the detectors that found nothing."""

    check: str
    detectors: tuple[str, ...]

    def __str__(self) -> str:
        said = f"{self.check}: nothing found by {', '.join(self.detectors)}"
        return "\n".join(textwrap.wrap(said, WIDTH, subsequent_indent="  "))

    __repr__ = __str__


def judge(check: str, candidate, detectors: Sequence[Detector], case) -> Report:
    """Run detectors in order and report the first failure, with the names of the others.

    Parameters
    ----------
    check : str
        Its name.
    candidate : object
        What the detectors look at.
    detectors : sequence of Detector
        The cheap and the specific ones first.
    case : object
        Sizes and seed of the inputs.

    Raises
    ------
    CheckFailed
        The first failure. A failed detector that is marked `first` ends the run.

    Examples
    --------
    >>> @detector(blind="everything else")
    ... def is_even(candidate, case):
    ...     \"""The number is even.\"""
    ...     if candidate % 2:
    ...         raise Seen(str(candidate), "the number itself", "one too many")
    >>> judge("number", 4, [is_even], None)
    number: nothing found by is_even
    """
    failures, not_run = [], 0
    for number, look in enumerate(detectors, start=1):
        try:
            look(candidate, case)
        except CheckFailed as failure:
            failures.append(failure)
            if look.first:
                not_run = len(detectors) - number
                break
    if failures:
        first = failures[0]
        first.check, first.failures, first.not_run = check, tuple(failures), not_run
        raise first.with_traceback(None)
    return Report(check, tuple(look.name for look in detectors))


def attempt(at: str, fn: Callable, *args, **kwargs):
    """Call a candidate; an error of its own becomes `Seen`, with the line that raised it.

    Examples
    --------
    >>> attempt("x = 0", lambda x: 1 / x, 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    b2t.checks.core.Seen: ('ZeroDivisionError: division by zero, in <lambda>, line 1', 'x = 0', ...
    """
    try:
        return fn(*args, **kwargs)
    except NotImplementedError as error:
        raise Seen(f"NotImplementedError: {first_line(error)}", at, STUB) from error
    except (Exception, SystemExit) as error:
        seen = f"{type(error).__name__}: {first_line(error)}{place(error, fn)}"
        raise Seen(seen, at, "your code raised this error; run it on this input alone") from error


def first_line(error: BaseException, limit: int = 160) -> str:
    """Shorten an error's message to its first line."""
    line = (str(error).strip() or "no message").splitlines()[0]
    return line if len(line) <= limit else line[: limit - 1] + "…"


def place(error: BaseException, fn: Callable) -> str:
    """Name the candidate's own frame that an error came from, if there is one; not that of its wrapper."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    frames = [frame for frame in frames if not frame.filename.endswith(MODULE_CALLS)]
    code = getattr(inspect.unwrap(fn), "__code__", None)
    own = [f for f in frames if code and (f.filename, f.name) == (code.co_filename, code.co_name)]
    frames = own or frames
    return f", in {frames[0].name}, line {frames[0].lineno}" if frames else ""


def short(value, limit: int = 60) -> str:
    """Write a value in a line, cut in the middle when it is long.

    Examples
    --------
    >>> short(list(range(100)), 24)
    '[0, 1, 2, …7, 98, 99]'
    """
    text = repr(value)
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return text[:half] + "…" + text[-half:]
