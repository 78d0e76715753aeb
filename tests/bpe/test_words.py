"""Words counted by safe boundaries are the words of the definition; the boundaries are safe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t.bpe import PATTERNS, words
from b2t.bpe.split import compile_ascii, compile_pattern, count_words, find_words, split
from tests.bpe.test_train_encode import TEXTS

# Each alphabet mixes what the patterns tell apart. Beyond ASCII: white space, a letter that folds to s in a
# contraction, a combining mark, digits and punctuation of other scripts.
ALPHABETS = [
    "aZs'/ 1.\n\r\t",
    "'sStT laeré ",
    " \n\r\tx'.",
    "é中，。\u00a0\u0085\u2003\u3000\u2028 \na1'/\u0301\u017f٣",
]
nasty_text = st.sampled_from(ALPHABETS).flatmap(
    lambda letters: st.text(st.sampled_from(letters), max_size=14)
)


def pieces(text, pattern):
    data = text.encode()
    cuts = [0, *words.find_cuts(data, pattern), len(data)]
    return [data[i:j].decode() for i, j in zip(cuts, cuts[1:])]


@settings(max_examples=3000)
@given(nasty_text | st.text(max_size=20), st.sampled_from(list(words.SAFE)))
def test_the_words_of_the_pieces_are_the_words_of_the_text(text, pattern):
    found = [word for piece in pieces(text, pattern) for word in split(piece, pattern)]
    assert found == split(text, pattern)


@pytest.mark.parametrize("pattern", words.SAFE)
def test_any_two_ascii_characters_in_any_company(pattern):
    """All neighbours u and v between which there is a cut, with one of each kind around them."""
    kinds = "azAZst09'/ \r\n\t\v\f.~\0\x1c\x7f"
    company = ["", "a", "1", " ", "\n", "'", "/", "."]
    for u in kinds:
        for v in kinds:
            if len(pieces(u + v, pattern)) == 1:
                continue
            for before in company:
                left = before + u
                for after in company:
                    found = [*split(left, pattern), *split(v + after, pattern)]
                    assert found == split(left + v + after, pattern), (before, u, v, after)


def test_every_named_pattern_has_safe_boundaries():
    assert set(words.SAFE) == set(PATTERNS)
    for pattern in words.SAFE:
        assert len(pieces(TEXTS["english"], pattern)) > 30


@settings(max_examples=300)
@given(
    st.lists(nasty_text, max_size=3),
    st.sampled_from([*PATTERNS, None, r"\w+|\W"]),
    st.sampled_from([1, 4, 99]),
)
def test_counts_are_those_of_the_definition(texts, pattern, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "CHUNK", chunk)
        assert words.count_words(texts, pattern) == count_words(texts, pattern)


def test_a_pattern_that_leaves_text_out_is_refused():
    with pytest.raises(ValueError, match="leaves out"):
        words.count_words("a b", r"\w+")


def test_a_text_without_boundaries_is_looked_at_twice_at_most(monkeypatch):
    looked_at = []
    find_cuts = words.find_cuts
    monkeypatch.setattr(words, "find_cuts", lambda data, p: looked_at.append(len(data)) or find_cuts(data, p))
    words.count_words("a" * 1_000_000, "gpt4")
    assert sum(looked_at) < 3_000_000


ascii_text = st.text(st.characters(max_codepoint=127), max_size=30)


@settings(max_examples=2000)
@given(ascii_text | nasty_text, st.sampled_from(list(PATTERNS)))
def test_ascii_has_the_same_words_without_the_classes_of_unicode(text, pattern):
    assert find_words(text, pattern) == compile_pattern(pattern).findall(text)
    if text.isascii():
        assert compile_ascii(pattern).findall(text) == compile_pattern(pattern).findall(text)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_three_ascii_characters(pattern):
    """All 128 characters in pairs between some others; contractions in any case."""
    every = [chr(code) for code in range(128)]
    texts = [a + b + c for a in ("", "a", " ", "'", "\n") for b in every for c in every]
    texts += [quote + end for quote in ("'", "x'") for end in ("s", "S", "ll", "Ll", "VE", "re", "rE", "d")]
    for text in texts:
        assert compile_ascii(pattern).findall(text) == compile_pattern(pattern).findall(text), text
