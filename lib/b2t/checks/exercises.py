"""`examples` and `exposes`: checks for an exercise that has no detectors of its own.

The first compares answers with the right ones and recognises the mistakes that the exercise expects. The
second checks a test that a reader wrote: it must accuse the wrong code and leave the right code alone.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from b2t.checks.core import STUB, Report, Seen, attempt, detector, judge, short

NO_IDEA = "none of the mistakes that this exercise expects; compare the two by hand"


@dataclass(frozen=True)
class Cases:
    """Arguments with the right answer as the last entry of each, and wrong functions by their mistake."""

    cases: tuple
    mistakes: Mapping[str, Callable]


def examples(fn: Callable, *cases: tuple, mistakes: Mapping[str, Callable] | None = None) -> Report:
    """Compare the answers of a function with the right ones.

    Parameters
    ----------
    fn : function
    cases : tuple
        Each the arguments, then the right answer. Where that is an exception's class, `fn` must raise it.
    mistakes : mapping of str to function, optional
        What is wrong with each of these functions. When `fn` gives the wrong answer that one of them gives,
        the message says so.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        At the first wrong answer.

    Examples
    --------
    >>> counts = {"characters are counted, not bytes": len}
    >>> examples(lambda text: len(text.encode()), ("a", 1), ("é", 2), mistakes=counts).detectors
    ('right_answers',)
    >>> examples(len, ("a", 1), ("é", 2), mistakes=counts)
    Traceback (most recent call last):
    b2t.checks.core.CheckFailed: len: detector right_answers
      wanted:  each answer is the right one
      seen:    1, not 2
      at:      len('é')
      usually: characters are counted, not bytes
    """
    return judge(name_of(fn), fn, [right_answers], Cases(cases, mistakes or {}))


@detector(blind="inputs that are not among the examples", first=True)
def right_answers(fn, case):
    """Each answer is the right one."""
    for *args, wanted in case.cases:
        at = f"{name_of(fn)}({', '.join(short(arg) for arg in args)})"
        given = answer(fn, args, at, wanted)
        if not same(given, wanted):
            right = f", not {told(wanted)}" if args else ""  # an answer by hand is not given away
            raise Seen(told(given) + right, at, cause(case.mistakes, args, given))


def answer(fn, args, at, wanted):
    """Call the function with copies of the arguments; an expected exception is the answer, as its class."""
    args = copy.deepcopy(args)
    if not is_error(wanted):
        return attempt(at, fn, *args)
    try:
        return fn(*args)
    except NotImplementedError as error:
        raise Seen("NotImplementedError", at, STUB) from error
    except wanted:
        return wanted
    except Exception as error:
        return type(error)


def told(value) -> str:
    """Write an answer, or the exception that came in its place."""
    return f"{value.__name__} is raised" if is_error(value) else short(value)


def cause(mistakes, args, given):
    """Say which of the expected mistakes gives the same wrong answer; NaN, unequal to itself, is spelled."""
    for why, wrong in mistakes.items():
        try:
            found = wrong(*copy.deepcopy(args))
            if same(found, given) or repr(found) == repr(given):
                return why
        except Exception:
            continue
    return NO_IDEA


def exposes(test: Callable, *, wrong: Mapping[str, Callable], right: Mapping[str, Callable]) -> Report:
    """Check a test: it accuses all wrong code and no right code.

    Parameters
    ----------
    test : function of a candidate
        Returns True when the candidate is wrong, or raises `AssertionError`; otherwise False or nothing.
    wrong, right : mapping of str to function
        Candidates, each by a few words that say what it does.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        Naming a wrong candidate that passes, or a right one that is accused.

    Examples
    --------
    >>> wrong, right = {"counts characters": len}, {"counts bytes": lambda text: len(text.encode())}
    >>> exposes(lambda count: count("é") != 2, wrong=wrong, right=right).detectors
    ('accuses_the_wrong', 'spares_the_right')
    >>> exposes(lambda count: count("e") != 1, wrong=wrong, right=right)
    Traceback (most recent call last):
    b2t.checks.core.CheckFailed: <lambda>: detector accuses_the_wrong
      wanted:  the test accuses every wrong candidate
      seen:    it passes
      at:      the candidate that counts characters
      usually: the input on which this candidate goes wrong is not among those
               that the test tries
    """
    return judge(name_of(test), test, [accuses_the_wrong, spares_the_right], (wrong, right))


@detector(blind="wrong code that is not among the candidates")
def accuses_the_wrong(test, case):
    """The test accuses every wrong candidate."""
    for what, candidate in case[0].items():
        if not accuses(test, candidate, f"the candidate that {what}"):
            hint = "the input on which this candidate goes wrong is not among those that the test tries"
            raise Seen("it passes", f"the candidate that {what}", hint)


@detector(blind="right code that is not among the candidates")
def spares_the_right(test, case):
    """The test leaves right candidates alone."""
    for what, candidate in case[1].items():
        if accuses(test, candidate, f"the right candidate that {what}"):
            hint = "the test asks for more than the task does: an order, a type, a name that is free"
            raise Seen("it is accused", f"the right candidate that {what}", hint)


def accuses(test, candidate, at):
    """Run a reader's test; an AssertionError counts as an accusation."""
    try:
        return bool(attempt(at, test, candidate))
    except Seen as seen:
        if isinstance(seen.__cause__, AssertionError):
            return True
        raise


def same(found, wanted) -> bool:
    """Say whether two answers are equal, True and 1 told apart, arrays and tensors compared as a whole.

    Examples
    --------
    >>> same([1, (2,)], [1, (2,)]), same(1, True), same("1", 1)
    (True, False, False)
    """
    if isinstance(found, bool) != isinstance(wanted, bool):
        return False
    try:
        equal = found == wanted
        return bool(equal.all()) and found.shape == wanted.shape if hasattr(equal, "all") else bool(equal)
    except Exception:
        return False


def is_error(value) -> bool:
    """Say whether a value is an exception's class."""
    return isinstance(value, type) and issubclass(value, Exception)


def name_of(fn) -> str:
    """Give a function's name."""
    return getattr(fn, "__name__", type(fn).__name__)
