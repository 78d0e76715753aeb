"""Reference and fast implementation go through one suite; tiktoken and rustbpe are the outside judges."""

from collections import Counter
from functools import cache

import pytest
import rustbpe
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from b2t.bpe import PATTERNS, core, fast, incremental, reference, split

IMPLEMENTATIONS = [reference, incremental, fast]
TEXTS = {
    "english": "It is a truth universally acknowledged, that a single man's 1813 fortune... " * 3,
    "chinese": "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。" * 3,
    "emoji": "👩‍👩‍👧 family 👍🏽 thumbs 🇨🇳🇫🇷 flags é e\u0301 ",
    "code": "def f(x):\n\treturn x  # 注释\n\n\n   x = 1234567\r\n",
    "spaces": "  \n \t\t  \n\n  a   b \u00a0\u2003\u0085\ufeff c  ",
    "repeats": "aaaaaaa aaaa aa a " * 4,
    "empty": "",
    "one byte": "x",
}
mixed_text = st.text(st.sampled_from("ab 你好🙂é\n\r\t1'Ss\u0301\u200d"), max_size=60)


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda module: module.__name__.rpartition(".")[2])
def bpe(request):
    return request.param


def test_worked_example(bpe):
    merges = bpe.train("aaabdaaabac", 259, pattern=None)
    assert merges == [(97, 97), (97, 98), (256, 257)]
    assert bpe.encode("aaabdaaabac", merges, None) == [258, 100, 258, 97, 99]


def test_a_tie_goes_to_the_smallest_pair(bpe):
    assert bpe.train("zy ba", 257, pattern=None) == [(32, 98)]
    assert bpe.train("ba zy", 257, pattern=r"\S|\s") == []


def test_training_stops_when_no_pair_is_left(bpe):
    assert bpe.train("abab", 1000) == [(97, 98), (256, 256)]
    assert bpe.train("", 1000) == []
    assert bpe.train("x", 1000) == []
    assert bpe.train([], 1000) == []


def test_no_merge_crosses_a_text(bpe):
    assert bpe.train(["ab", "ab"], 300, pattern=None) == [(97, 98)]
    assert bpe.train(iter(["ab", "ab"]), 300, pattern=None) == [(97, 98)]


def test_a_small_vocabulary_is_refused(bpe):
    with pytest.raises(ValueError, match="vocab_size is 255"):
        bpe.train("abc", 255)


def test_lone_surrogates_are_refused(bpe):
    with pytest.raises(ValueError, match=r"U\+D800 at character 2"):
        bpe.train("ab\ud800", 300, pattern=None)
    with pytest.raises(ValueError, match=r"U\+D800 at character 3"):
        bpe.encode("ab \ud800", [])


def test_several_pairs_are_never_merged_in_one_round(bpe):
    """karpathy/minbpe, issues 69 and 95: the second merge must see what the first one did."""
    assert bpe.train("abcabc", 258, pattern=None) == [(97, 98), (256, 99)]


def test_merges_are_applied_by_rank_and_not_from_the_left(bpe):
    """ztxz16/fastllm, pull request 715."""
    assert bpe.encode("abc", [(98, 99), (97, 98)], None) == [97, 256]


@pytest.mark.parametrize("pattern", ["gpt2", "gpt4", "o200k", None])
@pytest.mark.parametrize("name", TEXTS)
def test_fast_equals_reference_on_texts(name, pattern):
    text = TEXTS[name]
    merges = reference.train(text, 330, pattern)
    assert fast.train(text, 330, pattern) == merges
    ids = reference.encode(text, merges, pattern)
    assert fast.encode(text, merges, pattern) == ids
    assert reference.decode(ids, merges) == text


@given(st.lists(mixed_text, max_size=4), st.sampled_from(["gpt2", "gpt4", "o200k", None]))
def test_fast_equals_reference(texts, pattern):
    merges = reference.train(texts, 280, pattern)
    assert fast.train(texts, 280, pattern) == merges
    for text in texts:
        assert fast.encode(text, merges, pattern) == reference.encode(text, merges, pattern)


@given(st.text(), st.sampled_from([None, *PATTERNS]))
def test_any_text_survives_splitting_and_the_round_trip(text, pattern):
    assert "".join(split(text, pattern)) == text
    merges = fast.train(text, 270, pattern)
    assert fast.decode(fast.encode(text, merges, pattern), merges) == text


@given(st.lists(st.integers(0, 3), max_size=40))
def test_fast_word_equals_reference_word(ids):
    ranks = {(0, 0): 0, (1, 0): 1, (256, 256): 2, (0, 1): 3, (257, 258): 4, (2, 258): 5, (3, 3): 6}
    assert fast.encode_word(ids, ranks) == reference.encode_word(ids, ranks)


def tiktoken_patterns(monkeypatch):
    """tiktoken's own strings, without the vocabularies that it would download."""
    for loader in ("load_tiktoken_bpe", "data_gym_to_mergeable_bpe_ranks"):
        monkeypatch.setattr(openai_public, loader, lambda *args, **kwargs: {})
    return {
        "gpt2": openai_public.gpt2()["pat_str"],
        "gpt4": openai_public.cl100k_base()["pat_str"],
        "o200k": openai_public.o200k_base()["pat_str"],
    }


def test_patterns_are_tiktokens_own(monkeypatch):
    assert tiktoken_patterns(monkeypatch) == PATTERNS


def tiktoken_twin(merges, pattern):
    ranks = {token: i for i, token in core.vocabulary(merges).items()}
    return tiktoken.Encoding("twin", pat_str=PATTERNS[pattern], mergeable_ranks=ranks, special_tokens={})


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", TEXTS)
def test_encoding_equals_tiktoken(bpe, name, pattern):
    merges = fast.train(TEXTS.values(), 400, pattern)
    assert bpe.encode(TEXTS[name], merges, pattern) == tiktoken_twin(merges, pattern).encode(TEXTS[name])


@cache
def trained_twin(pattern):
    merges = fast.train(TEXTS.values(), 320, pattern)
    return merges, tiktoken_twin(merges, pattern)


@settings(max_examples=200)
@given(text=mixed_text, pattern=st.sampled_from(list(PATTERNS)))
def test_any_mixed_text_is_encoded_as_by_tiktoken(text, pattern):
    merges, twin = trained_twin(pattern)
    assert fast.encode(text, merges, pattern) == twin.encode(text)


@pytest.mark.parametrize("name", ["english", "chinese", "code", "repeats"])
def test_training_equals_rustbpe(bpe, name):
    judge = rustbpe.Tokenizer()
    judge.train_from_iterator([TEXTS[name]], vocab_size=300, pattern=PATTERNS["gpt4"])
    tokens = [bytes(token) for token, _ in sorted(judge.get_mergeable_ranks(), key=lambda item: item[1])]
    assert list(core.vocabulary(bpe.train(TEXTS[name], 300)).values()) == tokens


def test_a_long_word_is_not_quadratic():
    """openai/tiktoken, issues 15 and 245. Counted, not timed: how often the ranks are looked up."""

    class Counting(dict):
        lookups = 0

        def __contains__(self, key):
            self.lookups += 1
            return super().__contains__(key)

    def lookups(n):
        ranks = Counting({pair: i for i, pair in enumerate(merges)})
        fast.encode_word(list(b"ab" * n), ranks)
        return ranks.lookups

    merges = fast.train("ab" * 512, 300, pattern=None)
    assert lookups(2000) < 2.2 * lookups(1000)


def test_best_pair_prefers_the_smallest_among_equals():
    assert core.best_pair(Counter({(9, 1): 2, (1, 9): 2, (0, 0): 1})) == (1, 9)
