"""Hugging Face's tokenizer.json: the same ids there and back, and a clear refusal of what is not ours."""

import json

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers

from b2t import data
from b2t.bpe import PATTERNS, Tokenizer, formats

TEXT = "low lower lowest 明月光 明月 🙂🙂 it's IT'S 12345\n\n  x  " * 3
END = "<|endoftext|>"


def same(one, other):
    """Whether two tokenizers are the same in every respect."""
    names = ("merges", "pattern", "ids", "vocab", "special_tokens", "unmerged")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def theirs(tok):
    return tokenizers.Tokenizer.from_str(tok.to_huggingface())


@pytest.fixture(scope="module")
def gpt2():
    return Tokenizer.from_gpt2(data.path("gpt2_vocab"))


@pytest.fixture
def small():
    """The content of a small file, to be changed."""
    return json.loads(Tokenizer([(97, 98), (256, 99)], "o200k", (END,)).to_huggingface())


def test_gpt2_there_and_back(gpt2, tmp_path):
    path = tmp_path / "tokenizer.json"
    gpt2.to_huggingface(path)
    assert same(Tokenizer.from_huggingface(path), gpt2)
    twin = tokenizers.Tokenizer.from_file(str(path))
    assert same(Tokenizer.from_huggingface(twin.to_str()), gpt2)
    for article in data.udhr()[::37]:
        text = article.text + END
        assert twin.encode(text).ids == gpt2.encode(text, allowed_special="all")
        assert twin.decode(twin.encode(text).ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("pattern", [*PATTERNS, None, r"\S+|\s+"])
def test_our_own_there_and_back(pattern, tmp_path):
    ours = Tokenizer.train(TEXT, 290, pattern, (END,))
    assert same(Tokenizer.from_huggingface(ours.to_huggingface()), ours)
    assert theirs(ours).encode(TEXT + END).ids == ours.encode(TEXT + END, allowed_special="all")


def test_ids_of_its_own_there_and_back():
    ours = Tokenizer(
        [(97, 98), (256, 99)], special_tokens={"<s>": 0, "<t>": 70_000}, ids=[*range(1, 258), 9999]
    )
    assert same(Tokenizer.from_huggingface(ours.to_huggingface()), ours)
    assert theirs(ours).encode("abcab<t><s>").ids == [9999, 257, 70_000, 0]


@pytest.mark.parametrize("whole_words", [True, False])
def test_tokens_without_a_merge_there_and_back(whole_words):
    ours = Tokenizer([(97, 98)], r"\S+|\s+", unmerged={300: b"xyz"}, whole_words=whole_words)
    assert same(again := Tokenizer.from_huggingface(ours.to_huggingface()), ours)
    assert again.whole_words == whole_words
    for text in ("xyz", "xyz xyza ab", "axyz"):
        assert again.encode(text) == ours.encode(text) == theirs(ours).encode(text).ids


def test_merges_as_strings_and_as_pairs(small):
    ours = Tokenizer.from_huggingface(small)
    small["model"]["merges"] = [" ".join(pair) for pair in small["model"]["merges"]]
    assert small["model"]["merges"] == ["a b", "ab c"]
    assert same(Tokenizer.from_huggingface(json.dumps(small)), ours)


@pytest.mark.parametrize("last", [True, False], ids=["all splits", "splits the other way round"])
def test_several_merges_of_one_token(small, last):
    """Files made from tiktoken's list every way to cut a token in two; one of them is ever used."""
    splits = [["b", "c"], ["a", "b"], ["ab", "c"], ["a", "bc"]]
    small["model"]["merges"] = splits if last else [splits[i] for i in (0, 1, 3, 2)]
    small["model"]["vocab"]["bc"] = 300
    ours = Tokenizer.from_huggingface(small)
    assert len(ours.merges) == 3 and ours.unmerged == {}
    judge = tokenizers.Tokenizer.from_str(json.dumps(small))
    for text in ("abc", "bc ab abcabc", "ababc", "aabbcc"):
        assert ours.encode(text) == judge.encode(text).ids


@settings(max_examples=150)
@given(
    merges=st.lists(st.integers(0, 40), max_size=14),
    ignores=st.booleans(),
    texts=st.lists(st.text("abc", min_size=1, max_size=20), min_size=1, max_size=6),
)
def test_any_merges_are_encoded_as_tokenizers_does(merges, ignores, texts):
    """Also merges that are never used, several of one token, and tokens without a merge."""
    content = json.loads(Tokenizer([], None).to_huggingface())
    vocab, made, pairs = content["model"]["vocab"], ["a", "b", "c"], []
    for number in merges:
        pair = [made[number % len(made)], made[number // 6 % len(made)]]
        if pair not in pairs and len("".join(pair)) < 9:
            pairs.append(pair)
            made += [] if "".join(pair) in made else ["".join(pair)]
    vocab |= {text: 1000 + i for i, text in enumerate([*made[3:], "cabcab"]) if text not in vocab}
    content["model"] |= {"merges": pairs, "ignore_merges": ignores}
    judge = tokenizers.Tokenizer.from_str(json.dumps(content))
    try:
        ours = Tokenizer.from_huggingface(content)
    except ValueError as error:
        assert "which no merge before it makes" in str(error)
        return
    for text in [*texts, *made, "cabcab"]:
        assert ours.encode(text) == judge.encode(text).ids


def test_what_tokenizers_writes_is_read():
    judge = tokenizers.Tokenizer(models.BPE())
    judge.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    judge.train_from_iterator([TEXT], trainer)
    ours = Tokenizer.from_huggingface(judge.to_str())
    assert ours.special_tokens == {"<s>": 0, "</s>": 1} and ours.vocab_size == judge.get_vocab_size()
    assert ours.encode(TEXT + "</s>", allowed_special="all") == judge.encode(TEXT + "</s>").ids


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
SPLIT = {"type": "Split", "pattern": {"Regex": r"\S+|\s+"}, "behavior": "Isolated", "invert": False}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


@pytest.mark.parametrize(
    ("pre_tokenizer", "pattern"),
    [
        (BYTE_LEVEL, None),
        (BYTE_LEVEL | {"use_regex": True}, "gpt2"),
        ({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}, "gpt2"),
        (sequence(SPLIT, BYTE_LEVEL), r"\S+|\s+"),
        (sequence(sequence(SPLIT), BYTE_LEVEL), r"\S+|\s+"),
        (sequence(SPLIT | {"behavior": "Removed", "invert": True}, BYTE_LEVEL), r"\S+|\s+"),
    ],
)
def test_pre_tokenizers_that_are_read(small, pre_tokenizer, pattern):
    small["pre_tokenizer"] = pre_tokenizer
    ours = Tokenizer.from_huggingface(small)
    assert ours.pattern == pattern
    assert tokenizers.Tokenizer.from_str(json.dumps(small)).encode(TEXT).ids == ours.encode(TEXT)


@pytest.mark.parametrize(
    ("pre_tokenizer", "message"),
    [
        (None, "does not end in ByteLevel"),
        ({"type": "Whitespace"}, "does not end in ByteLevel"),
        (SPLIT, "does not end in ByteLevel"),
        ({"type": "ByteLevel"}, "add_prefix_space"),
        (sequence(SPLIT, SPLIT, BYTE_LEVEL), "more than once"),
        (sequence(SPLIT, BYTE_LEVEL | {"use_regex": True}), "more than once"),
        (sequence({"type": "Digits"}, BYTE_LEVEL), "is no Split"),
        (sequence(SPLIT | {"behavior": "Removed"}, BYTE_LEVEL), "is no Split"),
        (sequence(SPLIT | {"pattern": {"String": " "}}, BYTE_LEVEL), "at the text"),
        (sequence(SPLIT | {"pattern": {"Regex": r"\s+$|\S+"}}, BYTE_LEVEL), r"has '\$', which means"),
        (sequence(SPLIT | {"pattern": {"Regex": r"\d{1,3}+|\D"}}, BYTE_LEVEL), r"has '}\+', which means"),
    ],
)
def test_pre_tokenizers_that_are_refused(small, pre_tokenizer, message):
    small["pre_tokenizer"] = pre_tokenizer
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_huggingface(small)


@pytest.mark.parametrize(
    ("where", "what", "message"),
    [
        ("", {"normalizer": {"type": "NFC"}}, "normalizer is {'type': 'NFC'}"),
        ("", {"truncation": {"max_length": 5}}, "truncation"),
        ("", {"post_processor": {"type": "TemplateProcessing"}}, "post_processor is TemplateProcessing"),
        ("", {"added_tokens": [{"id": 258, "content": END, "lstrip": True}]}, "added_tokens.lstrip is True"),
        ("", {"added_tokens": [{"id": 700, "content": END}]}, "has the id 258 in model.vocab, but 700"),
        ("", {"model": None}, "is not a tokenizer.json"),
        ("model", {"type": "Unigram"}, "model.type is 'Unigram'"),
        ("model", {"dropout": 0.1}, "model.dropout is 0.1"),
        ("model", {"byte_fallback": True}, "model.byte_fallback"),
        ("model", {"continuing_subword_prefix": "##"}, "continuing_subword_prefix"),
        ("model", {"vocab": {}}, "no token for 256 of the 256 bytes"),
        ("model", {"merges": ["a b", "ab"]}, r"model.merges\[1\] is 'ab', not two tokens"),
        ("model", {"merges": ["a b", "a b c"]}, r"model.merges\[1\]"),
        ("model", {"merges": ["a b", 7]}, r"model.merges\[1\] is 7"),
        ("model", {"merges": ["a b", "a  b"]}, r"model.merges\[1\]"),
        (
            "model",
            {"merges": ["a b", "a b"]},
            r"model.merges\[1\], 'a b', is there already as model.merges\[0\]",
        ),
        ("model", {"merges": ["ab c", "a b"]}, r"model.merges\[0\] makes b'abc' of b'ab'"),
        ("model", {"merges": ["a b", "x y"]}, r"model.merges\[1\], 'x y', needs the token b'xy'"),
        ("model", {"merges": ["a b", "a 人"]}, r"model.merges\[1\] has '人'"),
        ("model", {"merges": None}, "is not a tokenizer.json"),
    ],
)
def test_what_is_not_ours_is_refused(small, where, what, message):
    (small[where] if where else small).update(what)
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_huggingface(small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:2000], r"line \d+ column \d+"),
        (lambda text: "", "line 1 column 1"),
        (
            lambda text: text.replace('"a": 97', '"a": 97, "a": 98'),
            "'a' is there twice, first 97 and then 98",
        ),
        (lambda text: text.replace('"a": 97', '"a": 98'), "'b' and 'a' both have the id 98"),
        (lambda text: text.replace('"a": 97', '"a": 97.0'), "'a' has the id 97.0"),
        (lambda text: text.replace('"a": 97', '"a": 1e99'), "'a' has the id 1e"),
        (lambda text: text.replace('"a": 97', '"a": ' + "9" * 5000), "digits"),
        (lambda text: "[" * 100_000, "tokenizer.json"),
        (lambda text: text.replace('"a": 97', '"a": 97\udcff'), "'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_damaged_file(small, tmp_path, change, message):
    path = tmp_path / "bad.json"
    path.write_bytes(
        change(json.dumps(small, ensure_ascii=False, indent=0)).encode("utf-8", "surrogateescape")
    )
    with pytest.raises(ValueError, match=rf"bad\.json.*{message}"):
        Tokenizer.from_huggingface(path)


@pytest.mark.parametrize(
    ("tok", "message"),
    [
        (Tokenizer([(97, 98), (98, 99), (97, 257), (256, 99)]), "tokens 258 and 259 are both written 'abc'"),
        (Tokenizer([(97, 98)], special_tokens=("ab",)), "are both written 'ab'"),
        (Tokenizer([(257, 99), (97, 98)], ids=range(258)), "'abc' ranks before 'ab'"),
        (Tokenizer([], r"\S+$|[\s\S]"), r"has '\$', which means something else"),
        (Tokenizer([(98, 99), (97, 98), (257, 99)], unmerged={999: b"xyz"}), "b'abc' is never made"),
        (Tokenizer([], special_tokens=("Ġx",), unmerged={999: b"xyz"}), "special token 'Ġx'"),
    ],
)
def test_what_the_file_cannot_say_is_not_written(tok, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        tok.to_huggingface(tmp_path / "no.json")
    assert not list(tmp_path.iterdir())


def test_gpt2_through_all_formats(gpt2, tmp_path):
    there = Tokenizer.from_huggingface(gpt2.to_huggingface())
    there.to_tiktoken(tmp_path / "a.tiktoken")
    there = Tokenizer.from_tiktoken(tmp_path / "a.tiktoken", "gpt2", gpt2.special_tokens)
    there.save(tmp_path / "a.json")
    assert same(Tokenizer.load(tmp_path / "a.json"), gpt2)
    assert formats.FORMAT == "b2t-bpe-1"


@pytest.mark.parametrize("content", [b"# a page", b"\xff\xfe"])
def test_a_file_of_another_kind_is_named(tmp_path, content):
    (tmp_path / "page.md").write_bytes(content)
    with pytest.raises(ValueError, match=r"page\.md is not JSON, which a tokenizer\.json is"):
        Tokenizer.from_huggingface(tmp_path / "page.md")
