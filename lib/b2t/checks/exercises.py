"""`examples` and `exposes`: checks for an exercise that has no detectors of its own.

The first compares answers with the right ones and recognises the mistakes that the exercise expects. The
second checks a test that a reader wrote: it must accuse the wrong code and leave the right code alone.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from b2t.checks.answers import is_error, listed, other_type, plain, same
from b2t.checks.core import STUB, Report, Seen, attempt, detector, judge, short

UNEXPECTED = "none of the mistakes that this exercise expects; "
NOT_TRIED = "the input on which this candidate goes wrong is not among those that the test tries"
TURNED_ROUND = "the test has it the wrong way round: True means that the candidate is wrong"
TOO_STRICT = (
    "the test asks for more than the task does (an order, a type, a name, equal floats), or what it"
    " compares with is itself wrong"
)


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
        Floats may differ by rounding. Without arguments, a list, tuple or tensor of the same numbers will do.
    mistakes : mapping of str to function, optional
        What is wrong with each of these functions. When `fn` gives the wrong answer that one of them gives,
        or raises its error, and all answers before are right, the message says so.

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
        if not (same(given, wanted) or (not args and same(listed(given), listed(wanted)))):
            right = f", not {told(wanted)}" if args else ""  # an answer by hand is not given away
            raise Seen(told(given) + right, at, cause(case, number, given))


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


def cause(case, number, given):
    """Name the expected mistake that leads to this answer and, up to it, to right ones."""
    *args, wanted = case.cases[number]
    for why, wrong in case.mistakes.items():
        found = outcome(wrong, args)
        found, came = (found, given) if args else (listed(found), listed(given))
        if (same(found, came) or repr(found) == repr(came)) and right_before(case, number, wrong):
            return why  # NaN is unequal to itself, and spelled alike
    if same(plain(given), plain(wanted)):
        return f"the values are right, the type is not: {other_type(given, wanted)}"
    return UNEXPECTED + ("compare the two by hand" if args else "go through your steps again")


def cause_of_error(case, number, error):
    """Name the expected mistake that raises the same error, after right answers; None if there is none."""
    *args, _ = case.cases[number]
    for why, wrong in case.mistakes.items():
        try:
            wrong(*copy.deepcopy(args))
        except Exception as found:
            if repr(found) == repr(error) and right_before(case, number, wrong):
                return why
    return None


def right_before(case, number, wrong) -> bool:
    """Say whether a wrong function gives the right answers to the cases before this one."""
    return all(same(outcome(wrong, args), right) for *args, right in case.cases[:number])


def outcome(fn, args):
    """Call one of the wrong functions; what it raises is its answer, as the class."""
    try:
        return fn(*copy.deepcopy(args))
    except Exception as error:
        return type(error)


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
            hint = TURNED_ROUND if is_turned_round(test, *case) else NOT_TRIED
            raise Seen("it passes", f"the candidate that {what}", hint)


@detector(blind="right code that is not among the candidates")
def spares_the_right(test, case):
    """The test leaves right candidates alone."""
    for what, candidate in case[1].items():
        if accuses(test, candidate, f"the right candidate that {what}"):
            raise Seen("it is accused", f"the right candidate that {what}", TOO_STRICT)


def accuses(test, candidate, at):
    """Run a reader's test; an AssertionError counts as an accusation."""
    try:
        return bool(attempt(at, test, candidate))
    except Seen as seen:
        if isinstance(seen.__cause__, AssertionError):
            return True
        raise


def is_turned_round(test, wrong, right) -> bool:
    """Say whether a test accuses all right candidates, of which there is at least one, and no wrong one."""
    try:
        of_right, of_wrong = ([accuses(test, fn, "") for fn in group.values()] for group in (right, wrong))
    except Seen:
        return False
    return bool(of_right) and all(of_right) and not any(of_wrong)


def name_of(fn) -> str:
    """Give a function's name."""
    return getattr(fn, "__name__", type(fn).__name__)
