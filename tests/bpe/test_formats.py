"""Tokenizers in files: GPT-2's vocabulary gives GPT-2's ids, and a damaged file is named with its line."""

import lzma

import pytest
import tiktoken

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer, formats

SMALL = "#version: 0.2\nĠ t\nĠ a\nh e\nĠt he\n"
TEXTS = [
    "Hello, world! It's 2026.",
    "人人生而自由,在尊严和权利上一律平等。",
    "👩‍👩‍👧‍👦 🇫🇷 ❤️‍🔥 👍🏽",
    "for i in range(10):\n\tprint(i)  # tabs, blanks\n\n\n",
    "e\u0301 नमस्ते مرحبا สวัสดี",
    "\x00\x7f\x80\xa0\xad\xff",
    "   \r\n \u3000 ",
    "",
]


@pytest.fixture(scope="module")
def gpt2():
    """GPT-2's merges and byte ids."""
    return formats.read_gpt2(data.path("gpt2_vocab"))


@pytest.fixture
def written(tmp_path):
    """A file with some text: a function of the text or bytes and the name."""

    def write(content, name="vocab.bpe"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_every_byte_has_a_printable_character_of_its_own():
    characters = formats.gpt2_characters()
    assert sorted(characters) == list(range(256))
    assert len(set(characters.values())) == 256
    assert all(character.isprintable() and not character.isspace() for character in characters.values())


def test_gpt2_ids_are_those_of_tiktoken(gpt2):
    merges, byte_ids = gpt2
    ours = Tokenizer(merges, "gpt2")
    ranks = {ours.vocab[token]: byte_ids[token] if token < 256 else token for token in ours.vocab}
    assert sorted(ranks.values()) == list(range(50256))
    theirs = tiktoken.Encoding(
        "from the file", pat_str=PATTERNS["gpt2"], mergeable_ranks=ranks, special_tokens={}
    )
    texts = [*TEXTS, *(article.text for article in data.udhr()[::31]), data.text("tang_poems")[:3000]]
    for text in texts:
        ids = [byte_ids[token] if token < 256 else token for token in ours.encode(text)]
        assert ids == theirs.encode(text), text[:40]


def test_known_ids_of_gpt2(gpt2):
    """Ids that are widely quoted."""
    merges, byte_ids = gpt2
    ours = Tokenizer(merges, "gpt2")
    assert ours.encode("Hello world") == [15496, 995]
    assert [byte_ids[byte] for byte in b'!"#'] == [0, 1, 2]
    assert byte_ids[ord(" ")] == 220
    assert sorted(byte_ids) == list(range(256))


def test_text_and_compressed_file_are_read_alike(written):
    plain = formats.read_gpt2(written(SMALL))
    assert plain == formats.read_gpt2(written(lzma.compress(SMALL.encode()), "vocab.bpe.xz"))
    assert plain[0] == [(32, 116), (32, 97), (104, 101), (256, 258)]
    assert formats.read_gpt2(written(SMALL.rstrip("\n")))[0] == plain[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"vocab\.bpe, line 1: '' does not name a version"),
        ("Ġ t\nĠ a\n", r"line 1: 'Ġ t' does not name a version"),
        (SMALL.replace("h e", "he"), r"line 4: 'he' is not two tokens"),
        (SMALL.replace("h e", "h e e"), r"line 4: 'h e e' is not two tokens"),
        (SMALL.replace("h e", ""), r"line 4: '' is not two tokens"),
        (SMALL.replace("h e", "h  e"), r"line 4: 'h  e' is not two tokens"),
        (SMALL.replace("h e", "Ġx e"), r"line 4: 'Ġx e' is not two tokens, each made before"),
        (SMALL.replace("h e", "Ġ t"), r"line 4: 'Ġ t' is not two tokens, .* that make a new one"),
        (SMALL.replace("h e", "h 人"), r"line 4: 'h 人'"),
        (SMALL.replace("\n", "\r\n"), r"line 2: 'Ġ t\\r'"),
        (SMALL.encode().replace(b"h e", b"h \xff"), r"line 4: 'h \\udcff'"),
        (SMALL.encode()[:17], r"line 2: "),
        (SMALL + "x" * 10**6, r"line 6: 'x{70,80}… is not two tokens"),
    ],
)
def test_damaged_file(written, content, message):
    with pytest.raises(ValueError, match=message):
        formats.read_gpt2(written(content))


def test_damaged_compression(written):
    whole = lzma.compress(SMALL.encode())
    for content in (whole[:-9], b"plain text"):
        with pytest.raises(ValueError, match=r"vocab\.bpe\.xz cannot be decompressed"):
            formats.read_gpt2(written(content, "vocab.bpe.xz"))
