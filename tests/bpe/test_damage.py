"""Damage of any kind to any file: an error that names the file, or a tokenizer that loses nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t.bpe import Tokenizer

TOK = Tokenizer.train("low lower lowest 明月光 明月 🙂🙂 " * 3, 275, "gpt2", ("<|end|>",))
OWN = Tokenizer(TOK.merges, "gpt2", {"<|end|>": 7}, ids=[*range(1000, 1200), *range(300, 375)])
GPT2 = "#version: 0.2\nĠ t\nĠ a\nh e\nĠt he\ni n\nr e\no n\nĠt Ġt\n"
TEXT = "lower 明月光 🙂 the in\n"
READERS = {
    "own": Tokenizer.load,
    "own ids": Tokenizer.load,
    "tiktoken": lambda path: Tokenizer.from_tiktoken(path, "gpt2"),
    "huggingface": Tokenizer.from_huggingface,
    "gpt2": Tokenizer.from_gpt2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damage")


@pytest.fixture(scope="module")
def files(folder):
    """The whole file of each format, as bytes."""
    TOK.save(folder / "own")
    OWN.save(folder / "own ids")
    TOK.to_tiktoken(folder / "tiktoken")
    TOK.to_huggingface(folder / "huggingface")
    (folder / "gpt2").write_text(GPT2, encoding="utf-8")
    return {name: (folder / name).read_bytes() for name in READERS}


def damaged(whole, draw):
    """A file with a part gone, doubled, moved, overwritten or put in."""
    start = draw(st.integers(0, len(whole)))
    stop = min(len(whole), start + draw(st.integers(0, 40)))
    rubbish = draw(st.sampled_from([b"\xff", b"\x00", b"9", b"-1", b"\n", b" ", b"[", b"}", b'"', b"9" * 30]))
    part = whole[start:stop]
    how = draw(st.sampled_from(["cut", "gone", "doubled", "moved", "over", "in", "lines"]))
    if how == "lines":
        lines = whole.split(b"\n")
        i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[i], lines[j] = lines[j], lines[i]
        return b"\n".join(lines)
    return {
        "cut": whole[:start],
        "gone": whole[:start] + whole[stop:],
        "doubled": whole[:stop] + part + whole[stop:],
        "moved": part + whole[:start] + whole[stop:],
        "over": whole[:start] + rubbish + whole[stop:],
        "in": whole[:start] + rubbish + whole[start:],
    }[how]


@settings(max_examples=300)
@given(data=st.data())
@pytest.mark.parametrize("name", READERS)
def test_any_damage(name, data, folder, files):
    path = folder / f"{name} damaged"
    path.write_bytes(damaged(files[name], data.draw))
    try:
        tok = READERS[name](path)
        ids = tok.encode(TEXT, disallowed_special=())
    except ValueError as error:
        assert path.name in str(error) or "leaves out part" in str(error)
    else:
        assert tok.decode(ids) == TEXT


@settings(max_examples=100)
@given(content=st.binary(max_size=60))
@pytest.mark.parametrize("name", READERS)
def test_any_bytes(name, content, folder):
    path = folder / f"{name} rubbish"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} rubbish"):
        READERS[name](path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merges": [[97, 98], [97, 300]]}, r"merge 1 is \(97, 300\)"),
        ({"merges": [[97, 98], [97, 98]]}, r"the pair \(97, 98\) is merged twice \(merges 0 and 1\)"),
        ({"merges": [[97, 98.5]]}, r"98.5 is not a whole number"),
        ({"merges": [[97, "98"]]}, "'98' is not a whole number"),
        ({"merges": [[97, 98, 99]]}, "too many values"),
        ({"merges": [[97, 97], *([256 + i, 256 + i] for i in range(60))]}, r"merge \d+ brings all tokens"),
        ({"special_tokens": ["", "x"]}, "special token ''"),
        ({"special_tokens": [7]}, "special token 7"),
        ({"special_tokens": None}, "not iterable"),
        ({"pattern": "(a"}, "pattern"),
        ({"format": "b2t-bpe-9"}, "has format 'b2t-bpe-9'"),
    ],
)
def test_our_own_file_says_what_is_wrong(tmp_path, change, message):
    TOK.save(tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text()) | change
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"a\.json.*{message}"):
        Tokenizer.load(tmp_path / "a.json")


@pytest.mark.parametrize("name", READERS)
def test_a_huge_file_is_refused(name, folder, files, monkeypatch):
    monkeypatch.setattr("b2t.bpe.formats.files.MAX_FILE", 100)
    (folder / name).write_bytes(files[name] * 2)
    with pytest.raises(ValueError, match=f"{name} holds more than 100 bytes"):
        READERS[name](folder / name)
    (folder / name).write_bytes(files[name])
