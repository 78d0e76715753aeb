"""Words found by kinds of characters are the words of the pattern; kinds are those of the regex library."""

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t.bpe import PATTERNS, split
from b2t.bpe.kinds import END, GLUED, INSIDE, KINDS, UNKNOWN, answers, kind_of, word_starts
from b2t.bpe.words import find_cuts
from tests.bpe.test_words import ALPHABETS, nasty_text

# Each kind twice or so, and what beyond ASCII looks like something else.
SAMPLES = "\n\r\t\u0085\u00a0\u3000 AÉǅaéſo好ʰ0٣Ⅷ'/\u0301\U000e0100.，~🙂\0\x1c\u200d\ue000"


def pieces_of(text, pattern):
    """A text cut at its safe boundaries, as `word_starts` gets it."""
    data = text.encode()
    cuts = [0, *find_cuts(data, pattern), len(data)]
    return [data[i:j].decode() for i, j in zip(cuts, cuts[1:]) if j > i]


def found(pieces, pattern):
    ends = np.cumsum([len(piece) for piece in pieces])
    text = "".join(pieces)
    starts = np.flatnonzero(word_starts(text, ends, pattern))
    return [text[i:j] for i, j in zip(starts, starts[1:])]


@settings(max_examples=3000)
@given(
    nasty_text | st.text(st.sampled_from(SAMPLES), max_size=12) | st.text(max_size=20),
    st.sampled_from(list(PATTERNS)),
)
def test_the_words_are_those_of_the_pattern(text, pattern):
    pieces = pieces_of(text, pattern)
    if pieces:
        assert found(pieces, pattern) == split(text, pattern)


@settings(max_examples=500)
@given(st.lists(nasty_text.filter(bool), min_size=1, max_size=6), st.sampled_from(list(PATTERNS)))
def test_each_piece_is_split_as_if_it_stood_alone(pieces, pattern):
    assert found(pieces, pattern) == [word for piece in pieces for word in split(piece, pattern)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_any_three_characters_in_any_company(pattern):
    """Three of each kind, behind and before others, all in one go: pieces do not touch each other."""
    company = ["", "a", "好", "1", " ", "\n", "'", "."]
    pieces = [
        before + u + v + w + after
        for u in SAMPLES
        for v in SAMPLES
        for w in SAMPLES
        for before, after in zip(company, company[3:] + company[:3])
    ]
    expected = [word for piece in pieces for word in split(piece, pattern)]
    words = found(pieces, pattern)
    if words != expected:
        wrong = next(piece for piece in pieces if found([piece], pattern) != split(piece, pattern))
        assert found([wrong], pattern) == split(wrong, pattern)
    assert words == expected


@pytest.mark.parametrize(
    ("kinds", "group"), [("nb_", r"\s"), ("Aao", r"\p{L}"), ("1", r"\p{N}"), ("m", r"\p{M}")]
)
def test_kinds_are_those_of_the_regex_library(kinds, group):
    numbers = [list(KINDS).index(kind) for kind in kinds]
    every = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    theirs = np.zeros(0x110000, bool)
    for match in regex.finditer(group + "+", every):
        theirs[slice(*match.span())] = True
    assert np.array_equal(np.isin(kind_of(), numbers), theirs)
    cased = {"A": r"[\p{Lu}\p{Lt}]", "a": r"\p{Ll}", "o": r"[\p{Lo}\p{Lm}]"}
    if group == r"\p{L}":
        for kind, pattern in cased.items():
            count = sum(len(match[0]) for match in regex.finditer(pattern + "+", every))
            assert (kind_of() == list(KINDS).index(kind)).sum() == count


@pytest.mark.parametrize("pattern", PATTERNS)
def test_most_neighbours_need_no_search(pattern):
    table = answers(pattern)
    assert set(GLUED) == set(PATTERNS) and {END, INSIDE, UNKNOWN} == set(table[: len(KINDS) ** 2])
    text = "床前明月光，疑是地上霜。Moonlight before my bed, 3 times."
    kinds = kind_of()[[ord(character) for character in text]]
    pairs = kinds[:-1] * np.uint8(len(KINDS)) + kinds[1:]
    assert pairs.tobytes().translate(table).count(UNKNOWN) <= 1
    assert len(ALPHABETS) == 4
