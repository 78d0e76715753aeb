"""The two checks of exercises: what they pass, what they refuse, and in which words."""

from functools import wraps

import numpy as np
import pytest

from b2t.checks.answers import same
from b2t.checks.core import CheckFailed
from b2t.checks.exercises import examples, exposes


def first_bytes(text, n):
    """Keep as many characters as fit into n bytes."""
    return text.encode()[:n].decode(errors="ignore")


def characters(text, n):
    return text[:n]


MISTAKES = {"characters are counted, not bytes": characters, "this one raises": lambda text: text}
CASES = [("abc", 2, "ab"), ("é!", 1, ""), ("é!", 2, "é")]


def message(fn, *args, **kwargs):
    with pytest.raises(CheckFailed) as caught:
        fn(*args, **kwargs)
    return " ".join(str(caught.value).split())  # in one line


def test_right_answers_pass_whatever_the_code():
    for right in (first_bytes, lambda text, n: "" if (text, n) == ("é!", 1) else first_bytes(text, n)):
        assert examples(right, *CASES, mistakes=MISTAKES).detectors == ("right_answers",)


def test_an_expected_mistake_is_recognised():
    assert message(examples, characters, *CASES, mistakes=MISTAKES) == (
        "characters: detector right_answers "
        "wanted: each answer is the right one "
        "seen: 'é', not '' "
        "at: characters('é!', 1) "
        "usually: characters are counted, not bytes"
    )


def test_another_mistake_is_not_called_by_a_wrong_name():
    said = message(examples, lambda text, n: None, *CASES, mistakes=MISTAKES)
    assert "seen: None, not 'ab'" in said and "none of the mistakes that this exercise expects" in said


def test_a_mistake_that_would_have_failed_before_is_not_the_cause():
    def refuses_nothing(n):
        return n % 10

    cases, mistakes = [(13, 3), (-1, ValueError)], {"the number itself": lambda n: 9 if n < 0 else n}
    said = message(examples, refuses_nothing, *cases, mistakes=mistakes)
    assert "seen: 9, not ValueError is raised" in said and "the number itself" not in said
    assert "the number itself" in message(examples, refuses_nothing, *cases[1:], mistakes=mistakes)


def test_another_error_than_the_expected_one_is_recognised():
    mistakes = {"past the end": lambda ids: ids[9]}
    said = message(examples, lambda ids: ids[5], ([1], ValueError), mistakes=mistakes)
    assert "seen: IndexError is raised, not ValueError is raised" in said and "past the end" in said


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ((1, 2), [1, 2], "the values are right, the type is not: tuple, not list"),
        ({2, 1}, [1, 2], "the type is not: set, not list"),
        (b"ab", [97, 98], "the type is not: bytes, not list"),
        ([["a", "b"]], [("a", "b")], "look inside for a list in place of a tuple"),
        (np.arange(2), [0, 1], "the type is not: ndarray, not list"),
        ("12", [1, 2], "none of the mistakes"),
        ((2, 1), [1, 2], "none of the mistakes"),
    ],
)
def test_right_values_of_another_type_are_told_from_wrong_ones(found, wanted, said):
    assert said in message(examples, lambda n: found, (0, wanted))


def test_an_answer_by_hand_is_not_given_away():
    said = message(examples, lambda: 4, (3,), mistakes={"the space is counted": lambda: 4})
    assert "seen: 4 at:" in said and "the space is counted" in said and "3" not in said
    said = message(examples, lambda: 5, (3,))
    assert "go through your steps again" in said and "3" not in said


def test_an_error_is_shown_with_its_line():
    def divides(n):
        return n / 0

    said = message(examples, divides, (1, 1))
    assert "seen: ZeroDivisionError: division by zero, in divides, line " in said


def test_an_error_under_a_wrapper_is_shown_where_the_reader_wrote_it():
    def divides(n):
        return n / 0

    @wraps(divides)
    def rounded(n):
        return round(divides(n), 4)

    assert "in divides, line " in message(examples, rounded, (1, 1))


def test_a_mistake_that_gives_nan_is_recognised():
    mistakes = {"infinity less infinity": lambda: [float("inf") - float("inf"), 1.0]}
    said = message(examples, lambda: [float("nan"), 1.0], ([0.0, 1.0],), mistakes=mistakes)
    assert "infinity less infinity" in said


def test_a_stub_is_told_that_it_is_one():
    def stub(n):
        raise NotImplementedError("yours")

    for wanted in (1, ValueError):
        assert "the stub still stands there" in message(examples, stub, (1, wanted))


def test_an_expected_exception():
    def strict(n):
        if n < 0:
            raise ValueError(n)
        return n

    assert examples(strict, (1, 1), (-1, ValueError))
    assert "seen: -1, not ValueError is raised" in message(examples, lambda n: n, (-1, ValueError))
    assert "seen: KeyError is raised" in message(examples, lambda n: {}[n], (-1, ValueError))


def test_arguments_are_copied():
    wrong = message(examples, lambda ids: ids.pop(), ([1, 2], 1))
    assert "seen: 2, not 1" in wrong
    given = [1, 2]
    examples(lambda ids: ids.pop(), (given, 2))
    assert given == [1, 2]


@pytest.mark.parametrize(
    ("found", "wanted", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(3)[None], False),
        (np.zeros(3), 0, False),
        ([1, 2], (1, 2), False),
    ],
)
def test_same(found, wanted, equal):
    assert same(found, wanted) is equal


WRONG = {"counts characters": len}
RIGHT = {"counts bytes": lambda text: len(text.encode()), "loops": lambda text: sum(1 for _ in text.encode())}


def asserts(count):
    assert count("é") == 2


@pytest.mark.parametrize("test", [lambda count: count("é") == 1, asserts])
def test_a_test_that_tells_them_apart_passes(test):
    assert exposes(test, wrong=WRONG, right=RIGHT).detectors == ("accuses_the_wrong", "spares_the_right")


def test_a_test_that_accuses_nobody_or_everybody():
    assert message(exposes, lambda count: False, wrong=WRONG, right=RIGHT) == (
        "<lambda>: detector accuses_the_wrong "
        "wanted: the test accuses every wrong candidate "
        "seen: it passes "
        "at: the candidate that counts characters "
        "usually: the input on which this candidate goes wrong is not among those that the test tries"
    )
    said = message(exposes, lambda count: True, wrong=WRONG, right=RIGHT)
    assert "seen: it is accused at: the right candidate that counts bytes" in said
    assert "or what it compares with is itself wrong" in said


def test_a_test_that_is_the_wrong_way_round():
    said = message(exposes, lambda count: count("é") == 2, wrong=WRONG, right=RIGHT)
    assert "seen: it passes" in said and "True means that the candidate is wrong" in said


def test_a_test_with_a_wrong_number_is_not_called_turned_round():
    wrong = {"counts characters": len, "counts one too many": lambda text: len(text.encode()) + 1}
    said = message(exposes, lambda count: count("é") != 3, wrong=wrong, right=RIGHT)
    assert "not among those that the test tries" in said and "also: spares_the_right" in said


def test_a_test_without_a_verdict_is_not_called_turned_round():
    def stumbles(count):
        return count("é") == 2 and 1 / 0

    assert "not among those that the test tries" in message(exposes, stumbles, wrong=WRONG, right=RIGHT)


def test_a_test_that_raises_something_else_is_no_accusation():
    said = message(exposes, lambda count: count(3).nothing, wrong=WRONG, right=RIGHT)
    assert "TypeError" in said


def test_floats_may_differ_by_rounding_and_ids_by_nothing():
    assert examples(lambda x: [x / 10 * 3, {"a": (0.1 + 0.2,)}], (1, [0.3, {"a": (0.3,)}]))
    assert "seen: 100000001, not 100000000" in message(examples, lambda n: n + 1, (10**8, 10**8))
    assert "seen: 0.30001, not 0.3" in message(examples, lambda x: x, (0.30001, 0.3))


def test_by_hand_any_container_will_do():
    for right in ((1, 4.0), [1, 4], np.array([1, 4])):
        assert examples(lambda right=right: right, ([1, 4],))
    said = message(examples, lambda: (1, 16), ([1, 4],), mistakes={"squared twice": lambda: [1, 16]})
    assert "squared twice" in said


def test_an_expected_error_is_recognised_if_all_before_it_was_right():
    mistakes = {
        "always wrong": lambda x: 2 / (2 - x),
        "the last element is forgotten": lambda x: 1 / (2 - x),
        "another error": lambda x: [1][x // 2],
    }
    said = message(examples, lambda x: 1 / (2 - x), (1, 1), (2, 0), mistakes=mistakes)
    assert "ZeroDivisionError" in said and "the last element is forgotten" in said
    said = message(
        examples, lambda x: 1 / (2 - x), (1, 1), (2, 0), mistakes={"another": mistakes["another error"]}
    )
    assert "your code raised this error" in said
