"""The places of tokens, also inside a cut character."""

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers

from b2t import data
from b2t.bpe import Tokenizer, formats

END = "<|end|>"
TOK = Tokenizer.train("low lower 明月光 明月 🙂🙂 ababab" * 3, 290, special_tokens=(END,))


@given(text=st.one_of(st.text(), st.text("ab 明月光🙂é\u0301\n<|end|>", max_size=80)))
def test_any_text(text):
    found = TOK.encode_with_offsets(text, allowed_special="all")
    raw = text.encode()
    assert found.ids == TOK.encode(text, allowed_special="all")
    assert [raw[start:end] for start, end in found.byte_spans] == [TOK.vocab[token] for token in found.ids]
    edges = [0]
    for character in text:
        edges.append(edges[-1] + len(character.encode()))
    for (start, end), (first, last) in zip(found.byte_spans, found.character_spans):
        assert edges[first] <= start < edges[first + 1] and edges[last - 1] < end <= edges[last]


def test_a_cut_character_and_a_special_token():
    tok = Tokenizer([(0xE4, 0xBD), (0xA0, 0x61)], None, (END,))
    found = tok.encode_with_offsets(f"x你a{END}🙂", allowed_special="all")
    assert found.byte_spans[:5] == [(0, 1), (1, 3), (3, 5), (5, 12), (12, 13)]
    assert found.character_spans == [(0, 1), (1, 2), (1, 3), (3, 10), *[(10, 11)] * 4]
    with pytest.raises(ValueError, match="special token"):
        tok.encode_with_offsets(END)
    assert tok.encode_with_offsets("") == ([], [], [])


def test_offsets_are_those_of_tokenizers():
    ours = Tokenizer.from_gpt2(data.path("gpt2_vocab"))
    characters = formats.gpt2_characters()
    spelled = {t: "".join(characters[byte] for byte in spelling) for t, spelling in ours.vocab.items()}
    internal = {token: spelled[ours.ids[token]] for token in range(len(ours.ids))}
    merges = [(internal[left], internal[right]) for left, right in ours.merges]
    vocab = {text: token for token, text in spelled.items() if token != 50256}
    theirs = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)
    theirs.decoder = decoders.ByteLevel()
    texts = ["Hello, 你好! 🙂👩‍👩‍👧 e\u0301 naïve", *(article.text[:400] for article in data.udhr()[::41])]
    for text in texts:
        found, encoded = ours.encode_with_offsets(text), theirs.encode(text)
        assert (found.ids, found.character_spans) == (encoded.ids, encoded.offsets)
