"""When two answers to an exercise are the same, and when only their types differ."""

import math
from collections.abc import Mapping
from numbers import Integral, Real


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
    for container in (list, tuple):
        if isinstance(found, container) and isinstance(wanted, container):
            return len(found) == len(wanted) and all(map(equal, found, wanted))
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(equal(found[key], wanted[key]) for key in wanted)
    if isinstance(found, Real) and isinstance(wanted, Real) and not isinstance(found + wanted, Integral):
        return math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-9)
    alike = found == wanted
    return bool(alike.all()) and found.shape == wanted.shape if hasattr(alike, "all") else bool(alike)


def listed(value):
    """Turn tuples, arrays and tensors into lists, those of one number into that number.

    Examples
    --------
    >>> import numpy as np
    >>> listed((np.arange(2), np.float64(3), b"ab"))
    [[0, 1], 3.0, b'ab']
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    return [listed(each) for each in value] if isinstance(value, list | tuple) else value


def plain(value):
    """Turn whatever holds values into lists, down to the last, and sets into sorted lists.

    Examples
    --------
    >>> plain([(1, 2), b"ab", {4, 3}, "text"])
    [[1, 2], [97, 98], [3, 4], 'text']
    """
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple | bytes | bytearray):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def other_type(given, wanted) -> str:
    """Say which type came in place of which."""
    if type(given) is type(wanted):
        return "look inside for a list in place of a tuple, or the like"
    return f"{type(given).__name__}, not {type(wanted).__name__}"


def is_error(value) -> bool:
    """Say whether a value is an exception's class."""
    return isinstance(value, type) and issubclass(value, Exception)
