"""tiktoken's files and encodings: the same ids there and back, damaged files named with their line."""

import base64
import random

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken.load import load_tiktoken_bpe

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer

SINGLE = {bytes([byte]): byte for byte in range(256)}
TEXT = "low lower lowest 明月光 明月 🙂🙂 " * 3
END = "<|endoftext|>"


def encoding(ranks, pattern=r"[\s\S]+", special_tokens=None):
    return tiktoken.Encoding("t", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special_tokens or {})


def same(one, other):
    """Whether two tokenizers are the same in every respect."""
    names = ("merges", "pattern", "ids", "vocab", "special_tokens", "unmerged", "whole_words")
    return all(getattr(one, name) == getattr(other, name) for name in names)


@pytest.fixture(scope="module")
def gpt2():
    return Tokenizer.from_gpt2(data.path("gpt2_vocab"))


def test_gpt2_there_and_back(gpt2, tmp_path):
    path = tmp_path / "gpt2.tiktoken"
    assert gpt2.to_tiktoken(path) == path.read_text()
    ranks = load_tiktoken_bpe(str(path))
    assert ranks == {spelling: token for token, spelling in gpt2.vocab.items() if token != 50256}
    again = Tokenizer.from_tiktoken(path, "gpt2", {END: 50256})
    assert same(again, gpt2) and again.to_tiktoken() == path.read_text()
    theirs = encoding(ranks, PATTERNS["gpt2"], {END: 50256})
    assert same(Tokenizer.from_tiktoken(theirs), gpt2)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_our_own_there_and_back(pattern, tmp_path):
    ours = Tokenizer.train(TEXT, 290, pattern, (END,))
    path = tmp_path / "ours.tiktoken"
    ours.to_tiktoken(path)
    theirs = encoding(load_tiktoken_bpe(str(path)), PATTERNS[pattern], ours.special_tokens)
    assert theirs.encode(TEXT + END, allowed_special="all") == ours.encode(TEXT + END, allowed_special="all")
    assert same(Tokenizer.from_tiktoken(theirs), ours)
    assert same(Tokenizer.from_tiktoken(path, pattern, (END,)), ours)


def test_gaps_and_special_tokens_keep_their_ids():
    ranks = {token: 2 * rank for token, rank in SINGLE.items()} | {b"ab": 1001, b"abc": 5000}
    tok = Tokenizer.from_tiktoken(encoding(ranks, special_tokens={"<s>": 1, "<t>": 9000}))
    assert tok.encode("abcab<t><s>", allowed_special="all") == [5000, 1001, 9000, 1]
    assert tok.special_tokens == {"<s>": 1, "<t>": 9000}


def test_a_token_that_is_no_merge_of_two_is_listed_and_encoded_as_tiktoken_does():
    ranks = SINGLE | {b"xyz": 256, b"bc": 257, b"abcd": 258, b"cd": 259}
    theirs = encoding(ranks, r"\S+|\s+")
    tok = Tokenizer.from_tiktoken(theirs)
    assert tok.unmerged == {256: b"xyz", 258: b"abcd"}
    for text in ("xyz", "xyzz", "abcd", "abcde", "bcd", "cd xyz abcd xyza"):
        assert tok.encode(text) == theirs.encode(text)
    assert tok.to_tiktoken() == Tokenizer.from_tiktoken(theirs).to_tiktoken()


def test_a_token_that_ranks_before_its_halves_is_encoded_as_tiktoken_does():
    ranks = SINGLE | {b"abcd": 256, b"ab": 257, b"cd": 258}
    theirs = encoding(ranks)
    tok = Tokenizer.from_tiktoken(theirs)
    assert tok.merges == [(257, 258), (97, 98), (99, 100)]
    for text in ("abcd", "abcdabcd", "ababcdcd"):
        assert tok.encode(text) == theirs.encode(text)


@settings(max_examples=300)
@given(
    tokens=st.lists(st.text("abc", min_size=2, max_size=6), unique=True, max_size=25),
    texts=st.lists(st.text("abc", min_size=1, max_size=30), min_size=1, max_size=8),
)
def test_any_ranks_are_encoded_as_tiktoken_does(tokens, texts):
    ranks = SINGLE | {token.encode(): 256 + i for i, token in enumerate(tokens)}
    theirs = encoding(ranks)
    tok = Tokenizer.from_tiktoken(theirs)
    for text in [*texts, *tokens]:
        assert tok.encode(text) == theirs.encode(text)
    ordered = sorted(tok.to_tiktoken().splitlines())
    assert ordered == sorted(f"{base64.b64encode(t).decode()} {rank}" for t, rank in ranks.items())


@pytest.mark.parametrize(
    ("tok", "message"),
    [
        (Tokenizer([(97, 98), (98, 99), (97, 257), (256, 99)]), "tokens 258 and 259 are both b'abc'"),
        (Tokenizer([(98, 99), (97, 98), (257, 99)]), "token 258, b'abc', does not follow"),
        (Tokenizer([(97, 98), (98, 99)], ids=[*range(256), 301, 300]), "token 301, b'ab', does not follow"),
        (Tokenizer([], unmerged={256: b"xyz"}, whole_words=False), "token 256, b'xyz', is never made here"),
        (Tokenizer([(97, 97), *((256 + i, 256 + i) for i in range(13))]), "has 16384 bytes"),
    ],
)
def test_what_tiktoken_would_encode_otherwise_is_not_written(tok, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        tok.to_tiktoken(tmp_path / "no.tiktoken")
    assert not list(tmp_path.iterdir())


def test_a_file_needs_a_pattern(tmp_path):
    Tokenizer([]).to_tiktoken(tmp_path / "x.tiktoken")
    with pytest.raises(ValueError, match="does not say how text is split"):
        Tokenizer.from_tiktoken(tmp_path / "x.tiktoken")
    assert Tokenizer.from_tiktoken(tmp_path / "x.tiktoken", None).pattern is None


LINES = Tokenizer([(97, 98), (256, 99)]).to_tiktoken().splitlines()


def changed(number, line):
    return "\n".join([*LINES[: number - 1], line, *LINES[number:]]).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: '' is not a token in base64"),
        (changed(258, "YWJj"), "line 258: 'YWJj' is not"),
        (changed(258, "YWJj 25"), "line 258: the rank 25 does not follow 256"),
        (changed(258, "YWI= 257"), "line 258: b'ab' is already the token 256"),
        (changed(258, "YWJj 256"), "line 258: the rank 256 does not follow 256"),
        (changed(258, "YWJ 257"), "line 258: 'YWJ 257' is not"),
        (changed(258, "Y!Jj 257"), "line 258: 'Y!Jj 257' is not"),
        (changed(258, "YWJj -257"), "line 258"),
        (changed(258, "YWJj  257"), "line 258"),
        (changed(258, "YWJj ٢٥٧"), "line 258"),
        (changed(258, "YWJj 2570000000000000"), "line 258"),
        (changed(258, "YWJj 2147483648"), "line 258: the rank 2147483648"),
        (changed(258, "A" * 10**6), "line 258: 'A{70,80}… is not"),
        (changed(4, ""), "line 4: '' is not"),
        (changed(98, "eHh4 97"), "no token for 1 of the 256 bytes, the first 0x61"),
        (changed(258, base64.b64encode(b"a" * 8193).decode() + " 257"), "token 257 has 8193 bytes"),
        ("\n".join(LINES).encode().replace(b"\n", b"\r\n"), "line 1: "),
        ("\n".join(LINES).encode("utf-16"), "line 1: "),
        (b"\xff\xfe\x00" * 40, "line 1: "),
        ("\n".join(reversed(LINES)).encode(), "line 2: the rank 256 does not follow 257"),
        ("\n".join(LINES).encode()[:1000], r"(no token for|line \d+)"),
    ],
)
def test_damaged_file(tmp_path, content, message):
    path = tmp_path / "bad.tiktoken"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad\.tiktoken.*{message}"):
        Tokenizer.from_tiktoken(path, "gpt4")


def test_a_cut_file_is_never_a_wrong_tokenizer(tmp_path):
    """Every cut that is not at the end of a line is seen; at the end of one, all tokens are right."""
    whole, path = "\n".join(LINES) + "\n", tmp_path / "cut.tiktoken"
    generator = random.Random(4)
    for end in [*generator.sample(range(len(whole)), 60), *range(len(whole) - 30, len(whole) + 1)]:
        path.write_text(whole[:end])
        try:
            tok = Tokenizer.from_tiktoken(path, "gpt4")
        except ValueError as error:
            assert "cut.tiktoken" in str(error)
        else:
            assert whole.startswith(tok.to_tiktoken())
