"""Decoding token by token is decoding at once, for any bytes and any split."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t import data
from b2t.bpe import Tokenizer

RAW = Tokenizer([], special_tokens=("<|end|>",))
# Bytes that begin, continue and break characters, more often than chance would have them.
tricky = st.lists(
    st.sampled_from(
        [0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xA0, 0xED, 0xE4, 0xBD, 0xF0, 0x9F, 0x90, 0xF4, 0xFF]
    )
)


def streamed(tok, parts, errors="replace"):
    stream = tok.stream(errors)
    return "".join([*map(stream.feed, parts), stream.end()])


@settings(max_examples=400)
@given(
    ids=st.one_of(tricky, st.binary().map(list), st.text().map(lambda t: list(t.encode()))), cuts=st.data()
)
@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_any_bytes_and_any_split(ids, cuts, errors):
    places = sorted(cuts.draw(st.sets(st.integers(0, len(ids)), max_size=6)))
    parts = [ids[start:stop] for start, stop in zip([0, *places], [*places, len(ids)])]
    assert streamed(RAW, parts, errors) == RAW.decode(ids, errors) == bytes(ids).decode("utf-8", errors)
    assert streamed(RAW, ids, errors) == RAW.decode(ids, errors)


@pytest.mark.parametrize("text", ["🙂é\u0301你", "\ud7ff\ue000\U0010ffff"])
def test_every_split_of_a_cut_text(text):
    whole = list(text.encode())
    for ids in (whole[:stop] for stop in range(len(whole) + 1)):
        for cut in range(len(ids) + 1):
            assert streamed(RAW, [ids[:cut], ids[cut:]]) == RAW.decode(ids)


def test_only_complete_characters():
    stream = RAW.stream()
    assert [stream.feed(token) for token in "é!你".encode()] == ["", "é", "!", "", "", "你"]
    assert stream.feed([0xF0, 0x9F]) == "" and stream.end() == "�"
    assert stream.feed([97]) == "a" and stream.end() == ""


def test_gpt2_streams_whole_articles():
    tok = Tokenizer.from_gpt2(data.path("gpt2_vocab"))
    for article in data.udhr()[::97]:
        assert streamed(tok, tok.encode(article.text)) == article.text


def test_special_tokens_arrays_and_unknown_ids():
    stream = RAW.stream()
    assert stream.feed(256) == "<|end|>"
    assert stream.feed(np.array([72, 105])) == "Hi" and stream.feed(np.int64(33)) == "!"
    assert stream.feed(0xC3) == ""
    with pytest.raises(ValueError, match="id 999 is not in the vocabulary"):
        stream.feed([0xA9, 999])
    assert stream.feed(0xA9) == "é"


def test_strict_errors_are_raised():
    with pytest.raises(UnicodeDecodeError):
        RAW.stream("strict").feed(0xFF)
