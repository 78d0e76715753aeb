"""The tokenizer: special tokens as in tiktoken, errors that say what to do, files."""

import json

import numpy as np
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from b2t.bpe import PATTERNS, Tokenizer, core, reference, split

END = "<|endoftext|>"
TEXT = "A man's 明月光 and 明月 🙂🙂, again a man's 明月光.\n"


@pytest.fixture(scope="module")
def tok():
    return Tokenizer.train(TEXT * 3, 300, special_tokens=(END,))


@pytest.fixture(scope="module")
def twin(tok):
    ranks = {token: i for i, token in core.vocabulary(tok.merges).items()}
    return tiktoken.Encoding(
        "twin", pat_str=PATTERNS["gpt4"], mergeable_ranks=ranks, special_tokens=tok.special_tokens
    )


def test_ids(tok):
    assert tok.vocab_size == len(tok.vocab) == 256 + len(tok.merges) + 1
    assert tok.special_tokens == {END: 256 + len(tok.merges)}
    assert tok.vocab[97] == b"a"
    assert tok.encode(TEXT) == reference.encode(TEXT, tok.merges)


@given(text=st.text())
def test_any_text_round_trips(tok, text):
    assert tok.decode(tok.encode(text, disallowed_special=())) == text


@given(data=st.binary())
def test_any_bytes_round_trip(tok, data):
    assert tok.decode_bytes(list(data)) == data
    assert tok.decode(list(data)) == data.decode("utf-8", "replace")


@pytest.mark.parametrize("text", [f"a{END}b", END, f"{END}{END} 明月", f"<|endof{END}text|>", "plain"])
@pytest.mark.parametrize(
    "how", [{"allowed_special": "all"}, {"allowed_special": {END}}, {"disallowed_special": ()}, {}], ids=str
)
def test_special_tokens_as_in_tiktoken(tok, twin, text, how):
    if how or END not in text:
        assert tok.encode(text, **how) == twin.encode(text, **how)
    else:
        for tokenizer in (tok, twin):
            with pytest.raises(ValueError, match="special token"):
                tokenizer.encode(text)


def test_one_name_alone_is_allowed(tok):
    assert tok.encode(END, allowed_special=END) == [tok.special_tokens[END]]


def test_an_explicit_disallowed_string_raises(tok, twin):
    for tokenizer in (tok, twin):
        with pytest.raises(ValueError):
            tokenizer.encode("secret", disallowed_special={"secret"})


def test_an_unknown_allowed_name_is_named(tok):
    with pytest.raises(ValueError, match="nope"):
        tok.encode("x", allowed_special={"nope"})


def test_the_longest_special_token_wins():
    tok = Tokenizer([], special_tokens=("<s>", "<s>>"))
    assert tok.encode("<s>><s>", allowed_special="all") == [257, 256]


def test_special_tokens_never_enter_a_merge():
    """huggingface/tokenizers, issue 985."""
    tok = Tokenizer.train(f"ab{END}" * 50, 400, pattern=None, special_tokens=(END,))
    assert tok.merges == [(97, 98)]


@pytest.mark.parametrize("bad", [-1, 10**6, "a", None, 2.5])
def test_an_unknown_id_is_named(tok, bad):
    with pytest.raises(ValueError, match="not in the vocabulary"):
        tok.decode([97, bad])


def test_arrays_are_decoded(tok):
    assert tok.decode(np.array([72, 105])) == "Hi"
    assert tok.decode(iter([72, 105])) == "Hi"


def test_invalid_utf8_is_decoded_as_asked(tok):
    cut = tok.encode("明")[:1] if len(tok.encode("明")) > 1 else [0xE6]
    assert tok.decode(cut) == "�"
    assert tok.decode(cut, errors="ignore") == ""
    with pytest.raises(UnicodeDecodeError):
        tok.decode(cut, errors="strict")


def test_lone_surrogates_are_refused(tok):
    with pytest.raises(ValueError, match=r"U\+DC00"):
        tok.encode("a\udc00")


def test_save_and_load(tok, tmp_path):
    tok.save(tmp_path / "tok.json")
    again = Tokenizer.load(tmp_path / "tok.json")
    assert (again.merges, again.pattern, again.special_tokens) == (
        tok.merges,
        tok.pattern,
        tok.special_tokens,
    )
    assert again.encode(TEXT) == tok.encode(TEXT)


@pytest.mark.parametrize("content", ["{}", "[]", "not json", json.dumps({"format": "other", "merges": []})])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=r"x\.json"):
        Tokenizer.load(tmp_path / "x.json")


@pytest.mark.parametrize("merges", [[(97, 256)], [(97, 98), (97, 98)], [(-1, 3)]])
def test_impossible_merges_are_refused(merges):
    with pytest.raises(ValueError, match=r"merge"):
        Tokenizer(merges)


@pytest.mark.parametrize("pattern", ["(unclosed", "(a)|[\\s\\S]", 7])
def test_impossible_patterns_are_refused(pattern):
    with pytest.raises(ValueError, match="pattern"):
        Tokenizer([], pattern=pattern)


def test_a_pattern_that_loses_text_is_refused():
    with pytest.raises(ValueError, match="leaves out"):
        split("a b", r"\w+")


@pytest.mark.parametrize("names", [("",), ("<a>", "<a>"), "<a>"])
def test_impossible_special_tokens_are_refused(names):
    with pytest.raises(ValueError, match="special"):
        Tokenizer([], special_tokens=names)


@pytest.mark.parametrize("call", ["encode", "encode_array", "encode_with_offsets"])
@pytest.mark.parametrize("text", [b"ab", ["ab"], 97, None])
@pytest.mark.parametrize("names", [(), (END,)])
def test_what_is_no_text_is_named(call, text, names):
    with pytest.raises(TypeError, match=f"a text is a str, and this is {type(text).__name__}"):
        getattr(Tokenizer([], special_tokens=names), call)(text)


@pytest.mark.parametrize("texts", [b"ab", [b"ab"], ["ab", None]])
@pytest.mark.parametrize("names", [(), (END,)])
@pytest.mark.parametrize("pattern", ["gpt4", None])
def test_what_is_no_text_to_learn_from_is_named(texts, names, pattern):
    with pytest.raises(TypeError, match="a text is a str"):
        Tokenizer.train(texts, 260, pattern, names)


@pytest.mark.parametrize("size", ["300", 300.0, None])
def test_a_size_that_is_no_number_of_tokens_is_named(size):
    with pytest.raises(TypeError, match=f"vocab_size is {size!r}"):
        Tokenizer.train("ab", size)


@pytest.mark.parametrize("merges", [[(97,)], [97], [("a", "b")], [(1, 2, 3)]])
def test_what_is_no_merge_is_named(merges):
    with pytest.raises(ValueError, match=r"merge 0 is .*; a merge is a pair"):
        Tokenizer(merges)


def test_a_misspelt_name_of_a_pattern_is_told_the_names():
    with pytest.raises(ValueError, match=r"'gpt5' is no name \('gpt2', 'gpt4', 'o200k'\)"):
        Tokenizer([], pattern="gpt5").encode("a b")


def test_ids_of_several_texts_are_told_to_go_one_by_one(tok):
    for ids in ([[97], [98]], np.array([[97, 98]])):
        with pytest.raises(ValueError, match="decode one text at a time"):
            tok.decode(ids)
    with pytest.raises(TypeError, match="pass a list of ids"):
        tok.decode(97)


def test_an_id_that_is_a_tensor_is_told_what_to_do(tok):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="pass whole tensors or plain ints"):
        tok.decode([torch.tensor(97)])


def test_one_text_is_no_batch(tok):
    with pytest.raises(ValueError, match="pass a list of texts"):
        tok.encode_batch("a man")


def test_a_folder_that_is_not_there_is_named(tok, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere for a\.json; make it first"):
        tok.save(tmp_path / "nowhere" / "a.json")
