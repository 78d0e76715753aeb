"""The same ids as tiktoken and tokenizers, on GPT-2's vocabulary and on ours, wherever their Unicode is ours.

How a text is split depends on which characters are letters, numbers, marks and spaces. Python's `regex`
follows a newer Unicode than the other two, so some 17,000 characters, letters of ours, are none of theirs.
`agreed` gives those that all three put into the same classes.
"""

from functools import cache

import pytest
import regex
import tiktoken
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer

END = "<|endoftext|>"
EVERY = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
CLASSES = [r"\p{L}", r"\p{N}", r"\s", r"\p{Lu}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{Ll}", r"\p{M}"]
SINGLE = {bytes([byte]): byte for byte in range(256)}


def members_tiktoken(kind):
    """The characters of a class, according to tiktoken, which leaves out what a pattern does not match."""
    found = tiktoken.Encoding("class", pat_str=kind, mergeable_ranks=SINGLE, special_tokens={})
    return set(bytes(found.encode_ordinary(EVERY)).decode())


def members_tokenizers(kind, among=EVERY):
    """The characters of a class, according to tokenizers."""
    others = tokenizers.Regex(rf"(?:(?!{kind})[\s\S])+")
    return set("".join(piece for piece, _ in pre_tokenizers.Split(others, "removed").pre_tokenize_str(among)))


@cache
def agreed():
    """The characters that all three engines put into the same classes."""
    any_kind = "|".join(CLASSES)
    in_one = set(regex.findall(any_kind, EVERY)) | members_tiktoken(any_kind) | members_tokenizers(any_kind)
    apart, among = set(), "".join(in_one)
    for kind in CLASSES:
        ours = set(regex.findall(kind, EVERY))
        apart |= (ours ^ members_tiktoken(kind)) | (ours ^ members_tokenizers(kind, among))
    return "".join(sorted(set(EVERY) - apart))


def judges(tok):
    """The same tokenizer in tiktoken and in tokenizers."""
    special = set(tok.special_tokens.values())
    ranks = {spelling: token for token, spelling in tok.vocab.items() if token not in special}
    theirs = tiktoken.Encoding(
        "twin",
        pat_str=PATTERNS.get(tok.pattern, tok.pattern),
        mergeable_ranks=ranks,
        special_tokens=tok.special_tokens,
    )
    return theirs, tokenizers.Tokenizer.from_str(tok.to_huggingface())


@cache
def trio(name):
    if name == "gpt2 vocabulary":
        tok = Tokenizer.from_gpt2(data.path("gpt2_vocab"))
    else:
        texts = [data.text("tang_poems")[:40_000], *(article.text for article in data.udhr()[::9])]
        tok = Tokenizer.train(texts, 2048, name, (END,))
    return tok, *judges(tok)


NAMES = ["gpt2 vocabulary", *PATTERNS]
NASTY = [
    "",
    " ",
    "\n",
    "a \n",
    "a\n  ",
    "x\r\n\r\n  y \r",
    "  \n\t \u3000\u00a0\u2028\u0085 \n  ",
    "\x1c\x1d\x1e\x1f\x0b\x0c \x00\x7f",
    "\ufeffa\u200b\u200d\u2060 \u00ad",
    "it's IT'S we'LL they'Re it’s it'ſ 'S's's ''ll'd",
    "1234567 ١٢٣٤ Ⅷ² ½ 1,000.50",
    "e\u0301\u0301\u0301 \u0301a ǅ ﬁ ß İı ſ K",
    "HTTPServer camelCaseWord ÉcoleÉCOLE ΑΒγδ",
    "👩‍👩‍👧‍👦🏳️‍🌈🇫🇷🇫 ❤️‍🔥",
    "नमस्ते สวัสดี مرحبا בְּרֵאשִׁית 한국어 ㄱ",
    "床前明月光，疑是地上霜。",
    "a" * 300 + " " * 300 + "b" + "\n" * 300 + "!" * 300,
    "https://x.org/a//b/?c=d&e#f /* // */ \\n",
    "\U0010ffff\U000e0001\ue000\ufffd\uffff",
    f"{END}<|endof{END}text|>{END}",
    "".join(map(chr, range(1, 0x250))),
]


def assert_same(name, text):
    ours, theirs, others = trio(name)
    ids = ours.encode(text, allowed_special="all")
    assert ids == theirs.encode(text, allowed_special="all")
    assert ids == others.encode(text).ids
    assert ours.decode(ids) == text
    return len(ids)


def test_the_engines_agree_on_almost_all_characters():
    apart = len(EVERY) - len(agreed())
    assert 0 < apart < 20_000
    assert set(map(chr, range(0x250))) <= set(agreed())


@pytest.mark.parametrize("name", NAMES)
def test_nasty_texts(name):
    for text in NASTY:
        assert_same(name, text)


@pytest.mark.parametrize("name", NAMES)
def test_the_texts_of_the_book(name):
    """Every fourth declaration, and 12 places of each long text."""
    known = set(agreed())
    long = [data.text("tang_poems"), data.text("austen_pride_and_prejudice")]
    texts = [article.text for article in data.udhr()[::4]]
    texts += [text[start : start + 2000] for text in long for start in range(0, len(text), len(text) // 12)]
    texts = ["".join(character for character in text if character in known) for text in texts]
    counts = [assert_same(name, text) for text in texts]
    assert len(counts) > 100 and sum(counts) > 20_000


@settings(max_examples=250)
@given(pieces=st.data(), name=st.sampled_from(NAMES))
def test_any_text_of_agreed_characters(pieces, name):
    any_character = st.integers(0, len(agreed()) - 1).map(agreed().__getitem__)
    common = st.sampled_from("ab Z'sSll\n\r\t  19½é你🙂\u0301\u200d/!ǅʰ")
    assert_same(name, pieces.draw(st.text(st.one_of(common, any_character), max_size=60)))


def test_characters_on_which_the_engines_differ_are_why():
    """A letter to us that is none to them: the split differs, and so do the ids."""
    letters = set(regex.findall(r"\p{L}", EVERY)) - members_tiktoken(r"\p{L}")
    assert 10_000 < len(letters) < 20_000
    assert not letters & set(agreed())
