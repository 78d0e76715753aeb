"""Find which pieces of a text are equal, by hashing in numpy.

Sorting would take longer than all the rest. So each number has a slot in a table, and a piece is a number or
a pair of numbers.
"""

import numpy as np

from b2t.bpe.words import SHORT, as_numbers

LONG = 32  # bytes: longer pieces hardly repeat
SLOT_BITS = 17
GOLDEN = np.array([0x9E3779B97F4A7C15], np.uint64)  # 2 ** 64 over the golden ratio, odd


def distinct_pieces(data: bytes, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a text and number its distinct pieces.

    Returns
    -------
    starts, ends : numpy.ndarray of int64, shape (distinct pieces,)
        Where each begins and ends, in one of the places where it occurs.
    which : numpy.ndarray of int64, shape (pieces in the text,)
        The number of each piece of the text.

    Examples
    --------
    >>> distinct_pieces(b"no, no, so", np.array([2, 3, 6, 7]))  # "no", ",", " no", ",", " so"
    (array([0, 3, 6, 7]), array([ 2,  6,  7, 10]), array([0, 2, 1, 2, 3]))
    """
    starts, ends = np.append(0, cuts), np.append(cuts, len(data))
    equal = equal_pieces(data, starts, ends)
    own = np.flatnonzero(equal == np.arange(len(equal)))
    number = np.empty(len(equal), np.int64)
    number[own] = np.arange(len(own))
    return starts[own], ends[own], number[equal]


def equal_pieces(data: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Find, for each piece, one that equals it: for all that are equal the same one.

    A piece of 8 bytes or fewer is a number. A longer one is a pair: its first 8 bytes, and the rest, which is
    a piece in turn; equal pairs are found as equal numbers.

    Examples
    --------
    >>> equal_pieces(b"an international, international", np.array([0, 2, 17]), np.array([2, 16, 31]))
    array([0, 2, 2])
    """
    sizes, equal = ends - starts, np.empty(len(starts), np.int64)
    short, long = np.flatnonzero(sizes <= SHORT), np.flatnonzero(sizes > LONG)
    equal[short] = short[equal_numbers(as_numbers(data, starts[short], ends[short]))]
    seen = {}
    equal[long] = [seen.setdefault(data[starts[i] : ends[i]], i) for i in long.tolist()]
    between = np.flatnonzero((sizes > SHORT) & (sizes <= LONG))
    if len(between):
        middles = starts[between] + SHORT
        heads = equal_numbers(as_numbers(data, starts[between], middles))
        rests = equal_pieces(data, middles, ends[between])
        equal[between] = between[equal_numbers((heads << 32 | rests).view(np.uint64))]
    return equal


def equal_numbers(numbers: np.ndarray) -> np.ndarray:
    """Find, for each number, the place of one that equals it: for all that are equal the same one.

    All write their place into their slots; whoever reads there the place of an equal number is done. The
    others, whose slot a different number has taken, try again with another factor.

    Parameters
    ----------
    numbers : numpy.ndarray of uint64, shape (n,)
        In any order.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)

    Examples
    --------
    >>> equal_numbers(np.array([9, 7, 9], np.uint64))
    array([2, 1, 2])
    """
    equal, left, factor = np.empty(len(numbers), np.int64), np.arange(len(numbers)), GOLDEN
    place_in = np.empty(1 << SLOT_BITS, np.int64)
    while len(left):
        tried = numbers[left]
        slot = slots(tried, factor)
        place_in[slot] = left
        found = place_in[slot]
        equal[left] = found
        left, factor = left[numbers[found] != tried], factor * GOLDEN
    return equal


def slots(numbers: np.ndarray, factor: np.ndarray = GOLDEN) -> np.ndarray:
    """Give each number a slot of a table: the top bits of a product, which depend on all bits of the number.

    This is Knuth's multiplicative hashing (The Art of Computer Programming, volume 3, section 6.4).

    Parameters
    ----------
    numbers : numpy.ndarray of uint64
        Of any shape.
    factor : numpy.ndarray of uint64, shape (1,)
        Odd; another one gives other slots.

    Returns
    -------
    numpy.ndarray of int64
        From 0 to ``2 ** SLOT_BITS - 1``.

    Examples
    --------
    >>> slots(np.array([1, 2, 1], np.uint64))
    array([81006, 30941, 81006])
    """
    return (numbers * factor >> np.uint64(64 - SLOT_BITS)).astype(np.int64)
