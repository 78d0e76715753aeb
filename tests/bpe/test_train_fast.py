"""The engine under `fast.train`: its two ways to merge, its queue, its counts."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t.bpe import fast, reference, train_fast
from b2t.bpe.split import count_words

few_letters = st.sampled_from(["a", "ab", "abc", "ab ", "aé中"]).flatmap(
    lambda letters: st.text(st.sampled_from(letters), max_size=80)
)


@pytest.fixture(params=[0, 3, 10**9], ids=["many", "both", "few"])
def few(request, monkeypatch):
    """Merge by numpy always, by turns, and never."""
    monkeypatch.setattr(train_fast, "FEW", request.param)
    return request.param


@pytest.mark.parametrize("heap_size", [1, 7, 2000])
def test_both_ways_to_merge_equal_the_reference(few, heap_size, monkeypatch):
    monkeypatch.setattr(train_fast, "HEAP_SIZE", heap_size)

    @settings(max_examples=150)
    @given(few_letters, st.sampled_from([None, "gpt4"]))
    def check(text, pattern):
        assert fast.train(text, 290, pattern) == reference.train(text, 290, pattern)

    check()


@pytest.mark.parametrize("n", range(12))
def test_runs_of_one_letter(few, n):
    text = "a" * n
    assert fast.train([text, text, text + "b"], 300, None) == reference.train(
        [text, text, text + "b"], 300, None
    )


def test_counts_add_up():
    texts = ["low lower lowest", "new newer newest", "wide wider widest low"]
    counts = sum((count_words(text) for text in texts), Counter())
    assert fast.train_from_counts(counts, 300) == reference.train(texts, 300)


@given(st.dictionaries(st.binary(max_size=6), st.integers(1, 2**40), max_size=8))
def test_any_bytes_with_any_count(counts):
    words = {tuple(word): count for word, count in counts.items()}
    merges = fast.train_from_counts(counts, 270)
    for new_id, pair in enumerate(merges, 256):
        pairs = Counter()
        for ids, count in words.items():
            reference.count_pairs(ids, pairs, count)
        assert reference.best_pair(pairs) == pair
        words = {tuple(reference.merge(ids, pair, new_id)): count for ids, count in words.items()}


def test_a_word_that_does_not_occur_is_refused():
    with pytest.raises(ValueError, match="count of b'x' is 0"):
        fast.train_from_counts({b"x": 0}, 300)
    assert fast.train_from_counts({}, 300) == []


@pytest.mark.parametrize("text", ["a" * 30_000, "ab" * 15_000, "\u0301" * 15_000, "abcdefghij" * 3_000])
def test_work_is_bounded_by_the_size_of_the_words(text, monkeypatch):
    """Counted, not timed: a place is written down once when its pair comes to be, and looked at once."""
    looked_at = []
    places_of = train_fast.Layout.places_of

    def counting(layout, pair):
        places = places_of(layout, pair)
        looked_at.append(len(places))
        return places

    monkeypatch.setattr(train_fast.Layout, "places_of", counting)
    fast.train(text, 1000)
    assert sum(looked_at) < 3 * len(text.encode())
