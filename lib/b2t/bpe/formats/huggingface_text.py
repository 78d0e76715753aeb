"""Write Hugging Face's ``tokenizer.json``."""

import json
from collections.abc import Mapping, Sequence
from math import inf

from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.formats.files import shown
from b2t.bpe.formats.gpt2 import gpt2_characters
from b2t.bpe.formats.huggingface_split import BYTE_LEVEL, pre_tokenizer_of
from b2t.bpe.formats.ranks import check_spellings, halves


def huggingface_text(
    vocab: Mapping[int, bytes], special: Mapping[str, int], pattern: str | None, numbering: Mapping
) -> str:
    """Write a tokenizer as a ``tokenizer.json``.

    Parameters
    ----------
    vocab : mapping of int to bytes
        The tokens without the special ones.
    special : mapping of str to int
        The special ones.
    pattern : str or None
        As in `b2t.bpe.split.split`.
    numbering : mapping
        The tokenizer's `merges`, `ids`, `unmerged` and `whole_words`.

    Raises
    ------
    ValueError
        When the file cannot say it.
    """
    characters = gpt2_characters()
    texts = {token: "".join(characters[byte] for byte in spelling) for token, spelling in vocab.items()}
    ids = one_id_each([*sorted(texts.items()), *((token, name) for name, token in special.items())])
    names = [texts[token] for token in numbering["ids"]]
    check_merges_in_order(numbering["merges"], names)
    ignores = bool(numbering["unmerged"]) and numbering["whole_words"]
    merges = [[names[left], names[right]] for left, right in numbering["merges"]]
    if ignores:
        check_whole_words(vocab, special, numbering)
    model = {"type": "BPE", "ignore_merges": ignores, "vocab": ids, "merges": merges}
    content = {
        "version": "1.0",
        "added_tokens": [added_token(name, token) for name, token in special.items()],
        "pre_tokenizer": pre_tokenizer_of(pattern),
        "decoder": BYTE_LEVEL,
        "model": model,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def added_token(name: str, token: int) -> dict:
    """Describe a special token, found wherever a text has it."""
    found = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token, "content": name, **found, "special": True}


def one_id_each(texts: Sequence[tuple[int, str]]) -> dict[str, int]:
    """Turn ids with texts around, and refuse a text that has two ids."""
    ids = {}
    for token, text in texts:
        if ids.setdefault(text, token) != token:
            raise ValueError(
                f"tokens {ids[text]} and {token} are both written {shown(text)}; the file holds each once"
            )
    return ids


def check_merges_in_order(merges: Sequence[Pair], names: Sequence[str]) -> None:
    """Refuse a merge that comes before those that make its halves."""
    for i, pair in enumerate(merges):
        if max(pair) >= N_BYTES + i:
            raise ValueError(
                f"the token {shown(names[N_BYTES + i])} ranks before {shown(names[max(pair)])}, which it "
                "is made of; a tokenizer.json cannot say this, a .tiktoken file can"
            )


def check_whole_words(vocab: Mapping[int, bytes], special: Mapping[str, int], numbering: Mapping) -> None:
    """Refuse tokens that Hugging Face would find as whole words, while here merges never lead to them."""
    check_spellings({spelling: token for token, spelling in vocab.items()})
    tokens = [vocab[token] for token in numbering["ids"]]
    ranks = {(tokens[left], tokens[right]): i for i, (left, right) in enumerate(numbering["merges"])}
    for pair in ranks:
        if halves(pair[0] + pair[1], lambda *other: ranks.get(other, inf)) != pair:
            raise ValueError(
                f"the token {shown(pair[0] + pair[1])} is never made of its bytes here, but would be of a "
                "word in Hugging Face's tokenizer, which takes either all whole words that are tokens or none"
            )
    if odd := [name for name in special if not name.isascii()]:
        raise ValueError(f"the special token {odd[0]!r} could be taken for bytes there; use ASCII")
