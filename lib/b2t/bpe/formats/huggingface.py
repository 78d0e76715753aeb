"""Read Hugging Face's ``tokenizer.json``, as far as it is byte-level BPE."""

import json
from collections.abc import Mapping
from math import inf
from pathlib import Path

from b2t.bpe.core import N_BYTES
from b2t.bpe.formats.files import read_bytes, shown
from b2t.bpe.formats.gpt2 import gpt2_characters
from b2t.bpe.formats.huggingface_split import pattern_of
from b2t.bpe.formats.ranks import check_spellings, halves, numbered

Halves = tuple[bytes, bytes]
NOT_OURS = {  # what b2t has no counterpart for, and the values with which it does nothing
    "": {"normalizer": (None,), "truncation": (None,), "padding": (None,)},
    "model": {
        "type": ("BPE", None),
        "dropout": (None, 0, 0.0),
        "continuing_subword_prefix": (None, ""),
        "end_of_word_suffix": (None, ""),
        "byte_fallback": (None, False),
    },
    "added_tokens": {"single_word": (None, False), "lstrip": (None, False), "rstrip": (None, False)},
}


def read_huggingface(path_or_json: str | Path | Mapping) -> dict:
    """Read a ``tokenizer.json``.

    Parameters
    ----------
    path_or_json : str, Path or mapping
        The file, its text (which begins with a brace), or what the text stands for.

    Returns
    -------
    dict
        The arguments of `Tokenizer`. Added tokens of every kind are special tokens here.

    Raises
    ------
    ValueError
        When the file is damaged, or is no byte-level BPE, or does more than b2t can; names the place.
    """
    name = source_name(path_or_json)
    try:
        if isinstance(path_or_json, Mapping):
            return understand(path_or_json)
        text = path_or_json if is_text(path_or_json) else read_bytes(path_or_json).decode("utf-8")
        return understand(json.loads(text, object_pairs_hook=no_twins))
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"{name} is not a tokenizer.json of byte-level BPE ({error!r})") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} is not JSON, which a tokenizer.json is ({error})") from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def is_text(path_or_json: object) -> bool:
    """Whether it is JSON rather than the path of a file."""
    return isinstance(path_or_json, str) and path_or_json.lstrip().startswith("{")


def source_name(path_or_json: object) -> object:
    """Name the source in errors: the path where there is one."""
    return "tokenizer.json" if isinstance(path_or_json, Mapping) or is_text(path_or_json) else path_or_json


def no_twins(pairs: list[tuple]) -> dict:
    """Make an object of JSON into a dictionary, and refuse one that has a key twice."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(
                f"{shown(key)} is there twice, first {shown(found[key])} and then {shown(value)}"
            )
        found[key] = value
    return found


def understand(content: Mapping) -> dict:
    """Turn the content of the file into the arguments of `Tokenizer`."""
    model, added = content["model"], content.get("added_tokens") or []
    check_ours("", content)
    check_ours("model", model)
    check_post_processor(content.get("post_processor"))
    for token in added:
        check_ours("added_tokens", token)
    special = {token["content"]: token["id"] for token in sorted(added, key=lambda token: token["id"])}
    ids = read_vocab(model["vocab"], special)
    ignores = bool(model.get("ignore_merges"))
    made = read_merges(model["merges"], ids, ignores)
    arguments = numbered(ids, made) | {"special_tokens": special, "whole_words": ignores}
    return arguments | {"pattern": pattern_of(content.get("pre_tokenizer"))}


def check_ours(where: str, settings: Mapping) -> None:
    """Refuse settings that change ids in ways that b2t does not know."""
    for key, harmless in NOT_OURS[where].items():
        if settings.get(key) not in harmless:
            name = f"{where}.{key}".lstrip(".")
            raise ValueError(f"{name} is {shown(settings[key])}, which b2t cannot do; it reads {harmless[0]}")


def check_post_processor(step: Mapping | None) -> None:
    """Refuse what puts special tokens around every text."""
    if step is not None and step["type"] != "ByteLevel":
        raise ValueError(
            f"post_processor is {step['type']}, which may add tokens to every text; b2t adds none. "
            "Set it to null to read the tokenizer without"
        )


def read_vocab(vocab: Mapping[str, int], special: Mapping[str, int]) -> dict[bytes, int]:
    """Read the ordinary tokens, as bytes."""
    byte_of, ids, texts = {character: byte for byte, character in gpt2_characters().items()}, {}, {}
    for text, token in [*special.items(), *vocab.items()]:
        if type(token) is not int:
            raise ValueError(f"{shown(text)} has the id {shown(token)}, which is no whole number")
        if special.get(text, token) != token:
            raise ValueError(
                f"{shown(text)} has the id {token} in model.vocab, but {special[text]} as added token"
            )
        if texts.setdefault(token, text) != text:
            raise ValueError(f"{shown(text)} and {shown(texts[token])} both have the id {token}")
        if text not in special:
            ids[spelled(text, byte_of, "model.vocab")] = token
    check_spellings(ids)
    return ids


def spelled(text: str, byte_of: Mapping[str, int], where: str) -> bytes:
    """Turn the printable characters back into the bytes that they stand for."""
    try:
        return bytes([byte_of[character] for character in text])
    except KeyError as error:
        raise ValueError(
            f"{where} has {shown(text)}, where {error.args[0]!r} stands for no byte: this is no byte-level "
            "BPE, or it is an added token that added_tokens does not name"
        ) from error


def read_merges(merges: list, ids: Mapping[bytes, int], all_tokens: bool) -> dict[bytes, Halves | None]:
    """Find the merge of each token of two bytes or more, in the order of the merges.

    A file may list several merges that make the same token. Only one of them is ever applied, as
    `b2t.bpe.formats.ranks` says; the others are left out. With `all_tokens`, every token is tried.
    """
    byte_of, ranks, pairs = {c: byte for byte, c in gpt2_characters().items()}, {}, {}
    for i, merge in enumerate(merges):
        where = f"model.merges[{i}]"
        pair = read_merge(merge, byte_of, where)
        token = pair[0] + pair[1]
        if missing := [part for part in (*pair, token) if part not in ids]:
            raise ValueError(f"{where}, {shown(merge)}, needs the token {shown(missing[0])}, which has no id")
        if ranks.setdefault(pair, i) != i:
            raise ValueError(f"{where}, {shown(merge)}, is there already as model.merges[{ranks[pair]}]")
        pairs.setdefault(token, []).append(pair)
    made = dict.fromkeys(token for token in ids if len(token) > 1)
    for token in made if all_tokens else pairs:
        one = len(pairs.get(token, ())) == 1 and not all_tokens
        made[token] = pairs[token][0] if one else halves(token, lambda *pair: ranks.get(pair, inf))
    ordered = sorted(made, key=lambda token: ranks.get(made[token], inf))
    made = {token: made[token] for token in ordered}
    check_order(made, ranks)
    return made


def read_merge(merge: object, byte_of: Mapping[str, int], where: str) -> Halves:
    """Read one merge: two tokens with a blank between, or a list of two."""
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(p, str) and p for p in parts):
        raise ValueError(f"{where} is {shown(merge)}, not two tokens")
    return spelled(parts[0], byte_of, where), spelled(parts[1], byte_of, where)


def check_order(made: Mapping[bytes, Halves | None], ranks: Mapping[Halves, int]) -> None:
    """Refuse a merge of tokens that are not made before it."""
    before = {bytes([byte]) for byte in range(N_BYTES)}
    for token, pair in made.items():
        if pair and not before.issuperset(pair):
            late = next(part for part in pair if part not in before)
            where = f"model.merges[{ranks[pair]}]"
            raise ValueError(f"{where} makes {shown(token)} of {shown(late)}, which no merge before it makes")
        before.add(token)
