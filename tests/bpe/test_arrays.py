"""Arrays of ids: those of the reference, on every path, with caches that stay small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer, arrays, equal, fast, known, reference, together, tokenizer, words
from tests.bpe.test_words import nasty_text

MIXED = "".join(article.text for article in data.udhr()[::13]) + " It's 2026, IT'S!\n\n  \t好，好。🙂 "
END = "<|endoftext|>"
ANY_PATTERN = [*PATTERNS, None, r"\w+|\W"]


def learned(pattern):
    return Tokenizer.train(MIXED, 700, pattern, (END,))


@pytest.fixture(scope="module")
def toks():
    return {pattern: learned(pattern) for pattern in ANY_PATTERN}


def arrays_only(tok, text, chunk=words.CHUNK, long=equal.LONG):
    """What the path for long texts gives, however short the text."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (arrays, equal):
            patch.setattr(module, "LONG", long)
        patch.setattr(tokenizer, "SHORT_TEXT", 0)
        patch.setattr(words, "CHUNK", chunk)
        patch.setattr(together, "FEW", 2)
        ids = tok.encode_array(text, disallowed_special=())
        assert tok.encode(text, disallowed_special=()) == ids.tolist()
    return ids


@settings(max_examples=500)
@given(
    nasty_text | st.text(max_size=40),
    st.sampled_from(ANY_PATTERN),
    st.sampled_from([1, 4, 99]),
    st.sampled_from([0, 9, equal.LONG]),
)
def test_any_text_has_the_ids_of_the_reference(toks, text, pattern, chunk, long):
    tok = toks[pattern]
    ids = arrays_only(tok, text, chunk, long)
    assert ids.dtype == np.uint16 and ids.tolist() == reference.encode(text, tok.merges, pattern)


@pytest.mark.parametrize("pattern", ANY_PATTERN)
def test_long_text_has_the_ids_of_the_reference(pattern):
    tok, text = learned(pattern), MIXED * 2
    assert len(text) > tokenizer.SHORT_TEXT
    expected = fast.encode(text, tok.merges, pattern)
    for _ in ("cold", "warm"):
        assert tok.encode_array(text).tolist() == tok.encode(text) == expected
    assert arrays_only(tok, text, 1000).tolist() == expected
    short = text[: tokenizer.SHORT_TEXT]
    assert tok.encode_array(short).tolist() == fast.encode(short, tok.merges, pattern)


def test_special_tokens(toks):
    tok, text = toks["gpt4"], f"{MIXED}{END}a{END}{MIXED}"
    assert tok.encode_array(text, allowed_special="all").tolist() == tok.encode(text, allowed_special={END})
    assert tok.encode_array(END, END).tolist() == [tok.special_tokens[END]]
    with pytest.raises(ValueError, match="holds the special token"):
        tok.encode_array(text)
    plain = tok.encode_array(text, disallowed_special=())
    assert tok.special_tokens[END] not in plain and tok.decode(plain) == text


@pytest.mark.parametrize("pattern", ANY_PATTERN)
@pytest.mark.parametrize("how", [{}, {"allowed_special": "all"}])
def test_no_text_has_no_ids(toks, pattern, how):
    for ids in (toks[pattern].encode_array("", **how), arrays_only(toks[pattern], "")):
        assert ids.dtype == np.uint16 and ids.shape == (0,)


def test_a_lone_surrogate_is_named(toks):
    for pattern in ANY_PATTERN:
        with pytest.raises(ValueError, match=r"U\+D800 at character 6000"):
            toks[pattern].encode_array("a" * 6000 + "\ud800")


def test_ids_of_its_own_and_as_many_bytes_as_they_need(toks):
    merges = toks["gpt2"].merges
    n = 256 + len(merges)
    plain = Tokenizer(merges, "gpt2").encode_array(MIXED)
    for top, dtype in ((65_535, np.uint16), (65_536, np.uint32), (2**31 - 1, np.uint32)):
        own = Tokenizer(merges, "gpt2", ids=[*range(n - 1, 0, -1), top]).encode_array(MIXED)
        assert own.dtype == dtype
        assert own.tolist() == [top if token == n - 1 else n - 1 - token for token in plain.tolist()]


def test_whole_words_are_looked_up_as_before():
    unmerged = {900: b"xyz", 901: " 好好".encode(), 902: b" dddddddddd"}
    text = "xyz xyzz 好好 好好好 dddddddddd\n" * 3
    for whole in (True, False):
        tok = Tokenizer([(120, 121), (100, 100)], unmerged=unmerged, whole_words=whole)
        ids = arrays_only(tok, text)
        assert ids.tolist() == Tokenizer(tok.merges, unmerged=unmerged, whole_words=whole).encode(text)
        assert (900 in ids, 901 in ids, 902 in ids) == (whole,) * 3


def test_a_merge_before_its_halves():
    tok = Tokenizer([(256 + 1, 99), (97, 98), (98, 99)], ids=range(259), pattern=None)
    for text in ("abc", "ababcabcbcc" * 3):
        assert arrays_only(tok, text).tolist() == tok.encode(text)


@settings(max_examples=300)
@given(
    st.lists(st.text("abc", min_size=1, max_size=40), min_size=1, max_size=30),
    st.integers(0, 60),
    st.sampled_from([1, 3, 1000]),
)
def test_words_merged_together_are_words_merged_one_by_one(texts, n_merges, few):
    merges = fast.train("abcaabcabbcaccba" * 9, 256 + n_merges, None)
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    spelled = [text.encode() for text in texts]
    lengths = np.array([*map(len, spelled)])
    ends = np.cumsum(lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "FEW", few)
        tokens, sizes = together.encode_words(b"".join(spelled), ends - lengths, ends, together.Ranks(ranks))
    expected = [fast.encode_word(list(word), ranks) for word in spelled]
    assert [fast.encode_short_word(list(word), ranks) for word in spelled] == expected
    assert sizes.tolist() == [len(ids) for ids in expected]
    assert tokens.tolist() == [token for ids in expected for token in ids]


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=60), st.sampled_from([0, 1, 3, 17]))
def test_equal_numbers(numbers, bits):
    numbers = np.array(numbers, np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equal, "SLOT_BITS", bits)
        found = equal.equal_numbers(numbers)
    places = {number: found[i] for i, number in enumerate(numbers.tolist())}
    assert found.tolist() == [places[number] for number in numbers.tolist()]
    assert np.array_equal(numbers[found], numbers)


# So that many are equal, and many begin or end alike, on either side of 8, 16, 24 and 32 bytes.
words_of_all_sizes = st.lists(st.text("ab", min_size=1, max_size=45), min_size=1, max_size=30)


@settings(max_examples=300)
@given(
    st.lists(st.text("ab", min_size=1, max_size=3).map(lambda text: text * 12), min_size=1)
    | words_of_all_sizes
)
def test_equal_pieces(texts):
    pieces = [text.encode() for text in texts]
    ends = np.cumsum([*map(len, pieces)])
    starts, stops, which = equal.distinct_pieces(b"".join(pieces), ends[:-1])
    once = [b"".join(pieces)[i:j] for i, j in zip(starts, stops)]
    assert len({*once}) == len(once)
    assert [once[i] for i in which] == pieces


def test_ranks_by_the_array_are_those_of_the_mapping():
    """GPT-2's 50,000 pairs share thousands of slots; every other pair here is none."""
    ranks = Tokenizer.from_gpt2(data.path("gpt2_vocab")).ranks
    table, pairs = together.Ranks(ranks), np.array([*ranks])
    assert table.shared.sum() > 5000
    swapped = [ranks.get((right, left), together.NEVER) for left, right in pairs.tolist()]
    assert table.of(*pairs.T).tolist() == [*ranks.values()]
    assert table.of(*pairs.T[::-1]).tolist() == swapped
    assert table.of_bytes.tolist() == [ranks.get(divmod(n, 256), together.NEVER) for n in range(1 << 16)]
    assert (table.of(np.full(256, table.nothing), np.arange(256)) == together.NEVER).all()


def test_no_token_lies_across_a_seam(toks):
    tok = toks["gpt4"]
    seam = tok._arrays.seam
    for token in tok.vocab.values():
        if token.decode(errors="ignore") != END:
            assert not any(seam[left, right] for left, right in zip(token, token[1:]))
    assert seam[0xA0, 0xE5] and not seam[ord("t"), ord("h")]


def test_the_caches_are_bounded(toks, monkeypatch):
    monkeypatch.setattr(known, "MAX_WORDS", 3)
    monkeypatch.setattr(arrays, "MAX_KNOWN", 3)
    tok = learned("gpt4")
    for text in ("one two three four five six", "one two", "seven eight nine ten"):
        assert tok.encode(text) == arrays_only(tok, text).tolist() == reference.encode(text, tok.merges)
        assert len(tok._known_words) <= 3 and len(tok._arrays.known) <= 3
    assert tok._known_words and tok.encode_array("seven").tolist() == reference.encode("seven", tok.merges)


def test_a_long_word_is_not_kept():
    tok = learned("gpt4")
    for text in ("a" * 4000, "好" * 4000, "b" * 9000):
        tok.encode_array(text)
    assert not tok._known_words and not tok._arrays.known
    fits, too_long = " " + "b" * (equal.LONG - 1), " " + "c" * equal.LONG
    tok.encode_array("one" + " two three" * 800 + fits + too_long)
    kept = {*tok._arrays.known}
    assert {b" two", fits.encode()} <= kept and too_long.encode() not in kept
