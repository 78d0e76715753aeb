"""`examples` and `exposes`: checks for an exercise that has no detectors of its own.

The first compares answers with the right ones and recognises the mistakes that the exercise expects. The
second checks a test that a reader wrote: it must accuse the wrong code and leave the right code alone.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real

from b2t.checks.core import STUB, Report, Seen, attempt, detector, judge, short

NO_IDEA = "none of the mistakes that this exercise expects; compare the two by hand"
BY_HAND = "none of the mistakes that this exercise expects; go through your steps again, one by one"


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
        Floats may differ by rounding. Without arguments, a tuple, list or tensor of the same numbers will do.
    mistakes : mapping of str to function, optional
        What is wrong with each of these functions. When `fn` gives the wrong answer that one of them gives,
        or raises the error that one of them raises, the message says so.

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
    for number, (*args, wanted) in enumerate(case.cases):
        at = f"{name_of(fn)}({', '.join(short(arg) for arg in args)})"
        try:
            given = answer(fn, args, at, wanted)
        except Seen as seen:
            hint = cause_of_error(case, number, seen.__cause__) or seen.hint
            raise Seen(seen.seen, seen.at, hint) from seen.__cause__
        if not args:  # by hand: a list or a tuple, and the right answer is not given away
            given, wanted = plain(given), plain(wanted)
        if not same(given, wanted):
            right = f", not {told(wanted)}" if args else ""
            raise Seen(told(given) + right, at, cause(case.mistakes, args, given, wanted))


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


def cause(mistakes, args, given, wanted):
    """Say which of the expected mistakes gives the same wrong answer; NaN, unequal to itself, is spelled."""
    for why, wrong in mistakes.items():
        try:
            found = wrong(*copy.deepcopy(args))
        except Exception:
            continue
        found = found if args else plain(found)
        if same(found, given) or repr(found) == repr(given):
            return why
    if same(plain(given), plain(wanted)):
        return f"the values are right, in the wrong kind: {kind(given)} in place of {kind(wanted)}"
    return NO_IDEA if args else BY_HAND


def cause_of_error(case, number, error):
    """Name the mistake that raises this error at this case, and is right at those before it."""
    for why, wrong in case.mistakes.items():
        if isinstance(error, NotImplementedError) or any(
            raised(wrong, *each) for each in case.cases[:number]
        ):
            continue
        *args, wanted = case.cases[number]
        if repr(raised(wrong, *args, wanted)) == repr(error):
            return why
    return None


def raised(wrong, *args_and_wanted):
    """Return the error that a mistake raises, or True when it gives a wrong answer, or None."""
    *args, wanted = args_and_wanted
    try:
        return None if same(wrong(*copy.deepcopy(args)), wanted) else True
    except Exception as error:
        return error


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
            hint = "the test asks for more than the task does: an order, a type, a name, equal floats"
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
    """Say whether two answers are equal: True and 1 told apart, floats up to rounding, arrays as a whole.

    Examples
    --------
    >>> same([1, (2,)], [1, (2,)]), same(1, True), same("1", 1)
    (True, False, False)
    >>> same([0.1 + 0.2], [0.3]), same(256, 257)
    (True, False)
    """
    if isinstance(found, bool) != isinstance(wanted, bool):
        return False
    try:
        return equal(found, wanted)
    except Exception:
        return False


def equal(found, wanted) -> bool:
    """Compare numbers, containers of numbers, arrays; anything else by its own equality."""
    for kind_of in (list, tuple):
        if isinstance(found, kind_of) and isinstance(wanted, kind_of):
            return len(found) == len(wanted) and all(map(equal, found, wanted))
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(equal(found[key], wanted[key]) for key in wanted)
    if isinstance(found, Real) and isinstance(wanted, Real) and not isinstance(found + wanted, Integral):
        return math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-9)
    alike = found == wanted
    return bool(alike.all()) and found.shape == wanted.shape if hasattr(alike, "all") else bool(alike)


def plain(value):
    """Turn tuples, arrays and tensors into lists, those of one number into that number.

    Examples
    --------
    >>> import numpy as np
    >>> plain((np.arange(2), np.float64(3)))
    [[0, 1], 3.0]
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def kind(value) -> str:
    """Name a type, and those inside it.

    Examples
    --------
    >>> kind(([0.5], [1.0, 2.0]))
    'tuple of list of float'
    """
    name = type(value).__name__
    inside = sorted({kind(each) for each in value}) if isinstance(value, (list, tuple)) else []
    return f"{name} of {' and '.join(inside)}" if inside else name


def is_error(value) -> bool:
    """Say whether a value is an exception's class."""
    return isinstance(value, type) and issubclass(value, Exception)


def name_of(fn) -> str:
    """Give a function's name."""
    return getattr(fn, "__name__", type(fn).__name__)
