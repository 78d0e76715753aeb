"""Ids of a vocabulary's own: bytes in any order, gaps, special tokens anywhere, and what cannot be."""

import json
import os
import stat

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer, formats

TEXT = "low lower lowest 明月光 明月 🙂🙂"
PERMUTED = [*range(1000, 744, -1), 7, 3, 99_999]
MERGES = [(108, 111), (256, 119), (32, 257)]


@pytest.fixture(scope="module")
def gpt2():
    return Tokenizer.from_gpt2(data.path("gpt2_vocab"))


@pytest.fixture
def own():
    """A tokenizer with ids of its own."""
    return Tokenizer(MERGES, special_tokens={"<a>": 0, "<b>": 50_000}, ids=PERMUTED)


def same(one, other):
    """Whether two tokenizers are the same in every respect."""
    names = ("merges", "pattern", "ids", "vocab", "special_tokens", "unmerged", "whole_words", "ranks")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def test_gpt2_has_its_own_ids(gpt2):
    assert gpt2.vocab_size == len(gpt2.vocab) == 50257
    assert gpt2.vocab[0] == b"!" and gpt2.vocab[220] == b" " and gpt2.vocab[50256] == b"<|endoftext|>"
    assert gpt2.encode("a<|endoftext|>", allowed_special="all") == [64, 50256]
    assert gpt2.decode([15496, 995]) == "Hello world"


def test_gpt2_encodes_as_tiktoken_does(gpt2):
    ranks = {spelling: token for token, spelling in gpt2.vocab.items() if token < 50256}
    twin = tiktoken.Encoding("t", pat_str=PATTERNS["gpt2"], mergeable_ranks=ranks, special_tokens={})
    for article in data.udhr()[::29]:
        assert gpt2.encode(article.text) == twin.encode(article.text)


def test_the_ids_are_those_given(own):
    assert own.encode("low lo") == [3, 1000 - 32, 7]
    assert own.encode("low<a><b>", allowed_special="all") == [3, 0, 50_000]
    assert own.decode(own.encode(TEXT)) == TEXT
    assert own.vocab_size == 100_000
    assert len(own.vocab) == 256 + 3 + 2
    with pytest.raises(ValueError, match="id 8 is not in the vocabulary"):
        own.decode([8])


@given(text=st.text())
def test_ids_of_its_own_say_the_same(text):
    plain, own = Tokenizer(MERGES), Tokenizer(MERGES, ids=PERMUTED)
    assert own.encode(text) == [PERMUTED[token] for token in plain.encode(text)]
    assert own.decode(own.encode(text)) == text


def test_a_token_without_a_merge_is_a_whole_word_or_nothing():
    unmerged = {500: b"xyz"}
    tok = Tokenizer([], unmerged=unmerged)
    assert tok.encode("xyz") == [500] and tok.encode("xyzz") == list(b"xyzz")
    assert Tokenizer([], unmerged=unmerged, whole_words=False).encode("xyz") == list(b"xyz")


def test_a_merge_may_come_before_its_halves_where_ids_are_given():
    tok = Tokenizer([(256 + 1, 99), (97, 98)], ids=range(258), pattern=None)
    assert tok.vocab[256] == b"abc" and tok.encode("ababc") == [257, 256]
    with pytest.raises(ValueError, match=r"merge 0 is \(257, 99\)"):
        Tokenizer([(256 + 1, 99), (97, 98)])
    with pytest.raises(ValueError, match="needs itself"):
        Tokenizer([(257, 99), (256, 98)], ids=range(258))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ids": range(255)}, "255 ids; 256 bytes and 0 merges need 256"),
        ({"ids": [*range(255), 0]}, "id 0 of .* is already that of"),
        ({"ids": [*range(255), -1]}, "id -1 of"),
        ({"ids": [*range(255), 2**31]}, "is not between 0 and"),
        ({"special_tokens": {"<s>": 97}}, "id 97 of b'<s>' is already that of b'a'"),
        ({"special_tokens": {"<s>": 300, "<t>": 300}}, "id 300"),
        ({"unmerged": {97: b"xy"}}, "id 97"),
        ({"unmerged": {300: b"a"}}, "300 without a merge, b'a', is empty or there already"),
        ({"unmerged": {300: b"xy", 301: b"xy"}}, "301 without a merge"),
        ({"unmerged": {300: b""}}, "empty"),
    ],
)
def test_ids_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Tokenizer([], **arguments)


def test_merges_that_would_fill_the_memory_are_refused():
    doubling = [(97, 97), *((256 + i, 256 + i) for i in range(60))]
    with pytest.raises(ValueError, match=r"merge 2\d brings all tokens together to \d+ bytes"):
        Tokenizer(doubling)


@pytest.mark.parametrize(
    "tok",
    [
        Tokenizer(MERGES, special_tokens={"<a>": 0, "<b>": 50_000}, ids=PERMUTED),
        Tokenizer(MERGES, special_tokens={"<a>": 1000}),
        Tokenizer(MERGES, None, unmerged={300: b"x\xffz"}, whole_words=False),
        Tokenizer(MERGES, "o200k", ("<a>", "<b>")),
    ],
    ids=["own ids", "special token elsewhere", "unmerged", "plain"],
)
def test_save_and_load(tok, tmp_path):
    tok.save(tmp_path / "tok.json")
    assert same(Tokenizer.load(tmp_path / "tok.json"), tok)


def test_what_the_first_format_can_say_is_written_in_it(tmp_path):
    Tokenizer(MERGES, "gpt2", ("<a>",)).save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "format": formats.FORMAT,
        "pattern": "gpt2",
        "special_tokens": ["<a>"],
        "merges": [list(pair) for pair in MERGES],
    }


def test_gpt2_is_saved_with_its_ids(gpt2, tmp_path):
    gpt2.save(tmp_path / "gpt2.json")
    assert same(Tokenizer.load(tmp_path / "gpt2.json"), gpt2)


def test_saving_is_all_or_nothing(own, tmp_path, monkeypatch):
    path = tmp_path / "tok.json"
    own.save(path)
    os.chmod(path, 0o640)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        Tokenizer(MERGES).save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    Tokenizer(MERGES).save(path)
    assert path.read_bytes() != before and list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
