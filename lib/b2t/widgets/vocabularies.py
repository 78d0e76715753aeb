"""Vocabularies that a page computes with: a tokenizer, what it makes of a text, its form as JSON."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import traitlets

from b2t import data
from b2t.bpe import Tokenizer, fast, split
from b2t.bpe.core import N_BYTES
from b2t.bpe.split import to_bytes
from b2t.widgets.export import PATTERNS, pack_pairs

MOST_IDS = 65_536


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer, asked in the vocabulary's own ids: GPT-2 orders the bytes in its own way.

    Attributes
    ----------
    tokenizer : b2t.bpe.Tokenizer
    """

    tokenizer: Tokenizer

    @property
    def n_ids(self) -> int:
        """How many ids there are, special tokens and gaps included."""
        return self.tokenizer.vocab_size

    @cached_property
    def number(self) -> dict[int, int]:
        """Each id to its number in `b2t.bpe`, in which merges are written."""
        return {token: i for i, token in enumerate(self.tokenizer.ids)}

    def encode(self, text: str) -> list[int]:
        """Turn text into the vocabulary's own ids; special tokens are ordinary text."""
        return self.tokenizer.encode(text, disallowed_special=())

    def spell(self, token: int) -> bytes:
        """Give the bytes of one of the vocabulary's ids."""
        return self.tokenizer.vocab[token]

    def word_at(self, text: str, index: int) -> tuple[bytes, list[int]]:
        """Find the word that holds a token, by its index in the text; give the word's ids, too."""
        ranks, n_tokens = self.tokenizer.ranks, 0
        for word in map(to_bytes, split(text, self.tokenizer.pattern)):
            ids = [self.tokenizer.ids[i] for i in fast.encode_word(list(word), ranks)]
            n_tokens += len(ids)
            if index < n_tokens:
                return word, ids
        raise IndexError(f"there is no token {index}: the text has {n_tokens}")

    def longest_match(self, word: bytes) -> list[int]:
        """Cut a word into the longest tokens that fit, from left to right; of equal ones the first."""
        id_of: dict[bytes, int] = {}
        for token in self.tokenizer.ids:
            id_of.setdefault(self.spell(token), token)
        most, ids, start = max(map(len, id_of)), [], 0
        while start < len(word):
            ends = range(min(len(word), start + most), start, -1)
            end = next(end for end in ends if word[start:end] in id_of)
            ids.append(id_of[word[start:end]])
            start = end
        return ids

    def merges_of(self, token: int) -> list[tuple[int, int, int, int]]:
        """List the merges that made a token, first to last, as ``(rank, left, right, made)``."""
        merges, ids = self.tokenizer.merges, self.tokenizer.ids
        todo, ranks = [self.number[token]], set()
        while todo:
            rank = todo.pop() - N_BYTES
            if rank >= 0 and rank not in ranks:
                ranks.add(rank)
                todo += merges[rank]
        return [(rank, *(ids[i] for i in (*merges[rank], N_BYTES + rank))) for rank in sorted(ranks)]


@cache
def gpt2() -> Vocabulary:
    """Give GPT-2's vocabulary: 256 bytes, 50,000 merges and one special token."""
    return Vocabulary(Tokenizer.from_gpt2(data.path("gpt2_vocab")))


def is_gpt2(value: Tokenizer | str) -> bool:
    """Whether this is GPT-2's vocabulary, for which a page has a file, by its name or as a tokenizer."""
    if isinstance(value, str) or len(value.merges) != 50_000:
        return value == "gpt2"
    known = gpt2().tokenizer
    return all(getattr(value, name) == getattr(known, name) for name in ("merges", "ids", "pattern"))


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
    check_made_in_order(name, value)
    return Vocabulary(value)


def check_made_in_order(name: str, tokenizer: Tokenizer) -> None:
    """Refuse what the engine of the pages cannot spell: only bytes, and merges of what is there before."""
    if tokenizer.unmerged and tokenizer.whole_words:
        raise traitlets.TraitError(
            f"vocabulary {name!r} has {len(tokenizer.unmerged)} tokens that no merge makes, which a page "
            "cannot encode; compare it with Tokenizer.encode instead"
        )
    for i, pair in enumerate(tokenizer.merges):
        if max(pair) >= N_BYTES + i:
            raise traitlets.TraitError(
                f"vocabulary {name!r} has merge {i}, {pair}, before the merges of its halves; a page needs "
                "them in order"
            )


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
        ``rows``, in order: name, pattern, source, n_merges, n_ids; ``sources``: name to the merges, as
        little-endian uint16 in base64. The source "gpt2" is not among them: it has a file of its own. A row
        of a vocabulary with ids of its own has these, too: ``ids``, of the bytes and the merges, written
        likewise, up to the last that is not its own index.

    Examples
    --------
    >>> small, large = Tokenizer([(97, 98)]), Tokenizer([(97, 98), (256, 99)])
    >>> packed = pack({"small": small, "large": large})
    >>> [(row["name"], row["source"], row["n_merges"]) for row in packed["rows"]], packed["sources"]
    ([('small', '1', 1), ('large', '1', 2)], {'1': 'YQBiAAABYwA='})
    """
    own = [value.merges for value in vocabularies.values() if not is_gpt2(value)]
    stored: list[list] = []
    for merges in sorted(own, key=len, reverse=True):
        if not any(longer[: len(merges)] == merges for longer in stored):
            stored.append(merges)

    def row(name: str, value: Tokenizer | str) -> dict:
        tokenizer = vocabulary(name, value).tokenizer
        own_ids = "" if is_gpt2(value) else pack_ids(tokenizer.ids)
        n = len(tokenizer.merges)
        found = (str(i) for i, longer in enumerate(stored, 1) if longer[:n] == tokenizer.merges)
        return {
            "name": name,
            "pattern": tokenizer.pattern,
            "source": "gpt2" if is_gpt2(value) else next(found),
            "n_merges": n,
            "n_ids": tokenizer.vocab_size,
        } | ({"ids": own_ids} if own_ids else {})

    codes = [base64.b64encode(pack_pairs(merges)).decode() for merges in stored]
    return {
        "rows": [row(*entry) for entry in vocabularies.items()],
        "sources": {str(i): code for i, code in enumerate(codes, 1)},
    }


def pack_ids(ids: Sequence[int]) -> str:
    """Write ids as uint16 in base64, up to the last that is not its own index.

    Examples
    --------
    >>> pack_ids([0, 1, 2]), base64.b64decode(pack_ids([0, 2, 1, 3])).hex(" ")
    ('', '00 00 02 00 01 00')
    """
    n = max((i + 1 for i, token in enumerate(ids) if token != i), default=0)
    return base64.b64encode(np.asarray(ids[:n], "<u2").tobytes()).decode()
