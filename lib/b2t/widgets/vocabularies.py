"""Vocabularies that a page computes with: a tokenizer, the ids it gives the bytes, its form as JSON."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import traitlets

from b2t import data
from b2t.bpe import Tokenizer, fast, formats, split
from b2t.bpe.core import N_BYTES
from b2t.bpe.split import to_bytes
from b2t.widgets.export import PATTERNS, pack_pairs

MOST_IDS = 65_536


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer, and the id that its vocabulary gives each byte: GPT-2 orders the bytes in its own way.

    Attributes
    ----------
    tokenizer : b2t.bpe.Tokenizer
    byte_ids : tuple of int
        The id of each of the 256 bytes.
    n_ids : int
        How many ids there are, special tokens included.
    """

    tokenizer: Tokenizer
    byte_ids: tuple[int, ...]
    n_ids: int

    def encode(self, text: str) -> list[int]:
        """Turn text into the vocabulary's own ids; special tokens are ordinary text."""
        return [self.own_id(i) for i in self.tokenizer.encode(text, disallowed_special=())]

    def own_id(self, token: int) -> int:
        """Translate an id of `b2t.bpe`."""
        return self.byte_ids[token] if token < N_BYTES else token

    def spell(self, token: int) -> bytes:
        """Give the bytes of one of the vocabulary's ids."""
        return bytes([self.byte_ids.index(token)]) if token < N_BYTES else self.tokenizer.vocab[token]

    def word_at(self, text: str, index: int) -> tuple[bytes, list[int]]:
        """Find the word that holds a token, by its index in the text; give the word's ids, too."""
        ranks, n_tokens = self.tokenizer.ranks, 0
        for word in map(to_bytes, split(text, self.tokenizer.pattern)):
            ids = [self.own_id(i) for i in fast.encode_word(list(word), ranks)]
            n_tokens += len(ids)
            if index < n_tokens:
                return word, ids
        raise IndexError(f"there is no token {index}: the text has {n_tokens}")

    def longest_match(self, word: bytes) -> list[int]:
        """Cut a word into the longest tokens that fit, from left to right; of equal ones the lowest id."""
        id_of: dict[bytes, int] = {}
        for i in range(N_BYTES + len(self.tokenizer.merges)):
            id_of.setdefault(self.tokenizer.vocab[i], self.own_id(i))
        most, ids, start = max(map(len, id_of)), [], 0
        while start < len(word):
            ends = range(min(len(word), start + most), start, -1)
            end = next(end for end in ends if word[start:end] in id_of)
            ids.append(id_of[word[start:end]])
            start = end
        return ids

    def merges_of(self, token: int) -> list[tuple[int, int, int]]:
        """List the merges that made a token, first to last, as ``(left, right, made)``."""
        todo, made = [token], set()
        while todo:
            if (part := todo.pop()) >= N_BYTES and part not in made:
                made.add(part)
                todo += self.tokenizer.merges[part - N_BYTES]
        halves = ((*self.tokenizer.merges[part - N_BYTES], part) for part in sorted(made))
        return [tuple(map(self.own_id, merge)) for merge in halves]


@cache
def gpt2() -> Vocabulary:
    """Give GPT-2's vocabulary: 256 bytes, 50,000 merges and one special token."""
    merges, byte_ids = formats.read_gpt2(data.path("gpt2_vocab"))
    tokenizer = Tokenizer(merges, "gpt2", ("<|endoftext|>",))
    return Vocabulary(tokenizer, tuple(byte_ids), tokenizer.vocab_size)


def vocabulary(name: str, value: Tokenizer | str) -> Vocabulary:
    """Turn one entry of `TokenizerPlayground.vocabularies` into a vocabulary, or say why it cannot be one.

    Examples
    --------
    >>> vocabulary("two merges", Tokenizer([(228, 189), (256, 160)])).encode("你!")
    [257, 33]
    """
    if not isinstance(name, str) or not name.strip():
        raise traitlets.TraitError(f"a vocabulary is named {name!r}; name it by a word, such as 'Austen'")
    if isinstance(value, str) and value == "gpt2":
        return gpt2()
    if not isinstance(value, Tokenizer):
        raise traitlets.TraitError(
            f"vocabulary {name!r} is {value!r:.80}; give a b2t.bpe.Tokenizer, or the word 'gpt2'"
        )
    if value.pattern not in PATTERNS:
        raise traitlets.TraitError(
            f"vocabulary {name!r} splits by {value.pattern!r:.80}, which pages cannot; "
            "choose a tokenizer with pattern 'gpt2', 'gpt4' or None"
        )
    if value.vocab_size > MOST_IDS:
        raise traitlets.TraitError(
            f"vocabulary {name!r} has {value.vocab_size:,} ids; a widget holds at most {MOST_IDS:,}: "
            f"pass Tokenizer(tok.merges[:n], tok.pattern) with n up to {MOST_IDS - N_BYTES:,}"
        )
    return Vocabulary(value, tuple(range(N_BYTES)), value.vocab_size)


def pack(vocabularies: Mapping[str, Tokenizer | str], widget=None) -> dict:
    """Write vocabularies as JSON; merges that are the first ones of another are stored once.

    Parameters
    ----------
    vocabularies : mapping of str to Tokenizer or "gpt2"
    widget : PageWidget, optional
        Whose trait it is; not used.

    Returns
    -------
    dict
        ``rows``, in order: name, pattern, source, n_merges, n_ids; and ``sources``: name to the merges, as
        little-endian uint16 in base64. The source "gpt2" is not among them: it has a file of its own.

    Examples
    --------
    >>> small, large = Tokenizer([(97, 98)]), Tokenizer([(97, 98), (256, 99)])
    >>> packed = pack({"small": small, "large": large})
    >>> [(row["name"], row["source"], row["n_merges"]) for row in packed["rows"]], packed["sources"]
    ([('small', '1', 1), ('large', '1', 2)], {'1': 'YQBiAAABYwA='})
    """
    own = [value.merges for value in vocabularies.values() if isinstance(value, Tokenizer)]
    stored: list[list] = []
    for merges in sorted(own, key=len, reverse=True):
        if not any(longer[: len(merges)] == merges for longer in stored):
            stored.append(merges)

    def row(name: str, value: Tokenizer | str) -> dict:
        tokenizer = vocabulary(name, value).tokenizer
        n = len(tokenizer.merges)
        found = (str(i) for i, longer in enumerate(stored, 1) if longer[:n] == tokenizer.merges)
        return {
            "name": name,
            "pattern": tokenizer.pattern,
            "source": "gpt2" if value == "gpt2" else next(found),
            "n_merges": n,
            "n_ids": tokenizer.vocab_size,
        }

    codes = [base64.b64encode(pack_pairs(merges)).decode() for merges in stored]
    return {
        "rows": [row(*entry) for entry in vocabularies.items()],
        "sources": {str(i): code for i, code in enumerate(codes, 1)},
    }
