"""The tokenizer that programs use: trained merges, special tokens, files."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import regex

from b2t.bpe import fast
from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.exchange import Exchange
from b2t.bpe.ids import (
    check_ids,
    check_merges,
    check_pattern,
    check_special_tokens,
    number_special_tokens,
    number_tokens,
    spell,
)
from b2t.bpe.offsets import Offsets, locate
from b2t.bpe.split import split, to_bytes
from b2t.bpe.stream import Stream

MAX_CACHED_WORDS = 100_000


class Tokenizer(Exchange):
    """Text to token ids and back, with nothing lost.

    Ids 0 to 255 are the bytes, ``256 + i`` is ``merges[i]``, and special tokens come after. A vocabulary
    that numbers its tokens otherwise keeps its ids: `ids` lists them. Merges are always written in our
    numbering; what `encode` returns, what `decode` takes and what `vocab` lists are the vocabulary's ids.

    Parameters
    ----------
    merges : sequence of (int, int)
        In the order in which they were learned.
    pattern : str or None
        How text is split into words: "gpt2", "gpt4", "o200k", a regular expression, or None.
    special_tokens : sequence of str, or mapping of str to int
        Names such as "<|endoftext|>", each one token that no text can spell by accident; a mapping says
        their ids.
    ids : sequence of int, optional
        The id of each byte, then of each merge. Where they are given, a merge may come before those that
        make its halves, as it can in tiktoken.
    unmerged : mapping of int to bytes, optional
        Tokens that no merge makes, by id.
    whole_words : bool
        Whether a word that is such a token gets its id, as in tiktoken. Otherwise nothing does.

    Raises
    ------
    ValueError
        When a merge uses a token that does not exist yet or occurs twice, a special token is empty
        or occurs twice, two tokens have one id, or the pattern is not a regular expression.

    Examples
    --------
    >>> tok = Tokenizer([(228, 189), (256, 160)], special_tokens=("<|endoftext|>",))
    >>> tok.encode("你好")
    [257, 229, 165, 189]
    >>> tok.decode([257, 229, 165, 189])
    '你好'
    >>> tok.vocab[258]
    b'<|endoftext|>'
    >>> Tokenizer([(97, 98)], special_tokens={"<s>": 0}, ids=[*range(1, 257), 999]).encode("abc")
    [999, 100]
    """

    def __init__(
        self,
        merges: Sequence[Pair],
        pattern: str | None = "gpt4",
        special_tokens: Sequence[str] | Mapping[str, int] = (),
        ids: Sequence[int] | None = None,
        unmerged: Mapping[int, bytes] | None = None,
        whole_words: bool = True,
    ):
        self.merges = check_merges(merges, early=ids is not None)
        self.pattern = check_pattern(pattern)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.ids = check_ids(ids, N_BYTES + len(self.merges))
        self.unmerged = {int(token): bytes(spelling) for token, spelling in (unmerged or {}).items()}
        self.whole_words = whole_words
        self.vocab = number_tokens(spell(self.merges), self.ids, self.unmerged)
        self.special_tokens = number_special_tokens(special_tokens, self.vocab)
        self.vocab |= {token: to_bytes(name) for name, token in self.special_tokens.items()}
        self._whole = {spelling: [token] for token, spelling in self.unmerged.items() if whole_words}
        self._renumbered = self.ids != list(range(len(self.ids)))
        self._known_words: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        vocab_size: int,
        pattern: str | None = "gpt4",
        special_tokens: Sequence[str] = (),
    ) -> "Tokenizer":
        """Learn a tokenizer from text.

        Special tokens that occur in the text are boundaries there: they never end up inside a merge.

        Parameters
        ----------
        texts : str or iterable of str
            What to learn from.
        vocab_size : int
            Bytes and merges together, special tokens not counted; at least 256.
        pattern, special_tokens
            As for the class.

        Returns
        -------
        Tokenizer

        Examples
        --------
        >>> Tokenizer.train("low low lower", 258).encode("lowly")
        [257, 108, 121]
        """
        names = check_special_tokens(special_tokens)
        texts = [texts] if isinstance(texts, str) else texts
        pieces = (piece for text in texts for piece, special in cut(text, names) if not special)
        return cls(fast.train(pieces, vocab_size, pattern), pattern, names)

    @property
    def vocab_size(self) -> int:
        """One more than the largest id: how many there are, special tokens and gaps included."""
        return max(self.vocab) + 1

    def __repr__(self) -> str:
        n, names = len(self.merges), list(self.special_tokens)
        return f"Tokenizer({n} merges, pattern={self.pattern!r}, special_tokens={names})"

    def encode(
        self,
        text: str,
        allowed_special: Collection[str] | str = (),
        disallowed_special: Collection[str] | str = "all",
    ) -> list[int]:
        """Turn text into token ids.

        Parameters
        ----------
        text : str
            Any text without lone surrogates.
        allowed_special : collection of str, or "all"
            Special tokens that become their one id where the text spells them.
        disallowed_special : collection of str, or "all"
            Strings that raise when the text holds them; "all" means every special token not allowed.
            With ``()`` a special token that is not allowed is ordinary text.

        Returns
        -------
        list of int

        Raises
        ------
        ValueError
            When the text holds a disallowed special token or a lone surrogate.

        Examples
        --------
        >>> tok = Tokenizer([], special_tokens=("<|end|>",))
        >>> tok.encode("a<|end|>", allowed_special="all")
        [97, 256]
        >>> len(tok.encode("a<|end|>", disallowed_special=()))
        8
        """
        allowed = self._chosen(allowed_special)
        if disallowed_special == "all":
            disallowed = set(self.special_tokens) - allowed
        else:
            disallowed = (
                {disallowed_special} if isinstance(disallowed_special, str) else set(disallowed_special)
            )
        for _, found in cut(text, disallowed):
            if found:
                raise ValueError(
                    f"the text holds the special token {found!r}; pass allowed_special={{{found!r}}} to "
                    "encode it as one token, or disallowed_special=() to encode it as ordinary text"
                )
        ids = []
        for piece, special in cut(text, allowed):
            ids.extend([self.special_tokens[special]] if special else self._encode_ordinary(piece))
        return ids

    def _chosen(self, allowed_special: Collection[str] | str) -> set[str]:
        if allowed_special == "all":
            return set(self.special_tokens)
        chosen = {allowed_special} if isinstance(allowed_special, str) else set(allowed_special)
        if unknown := chosen - set(self.special_tokens):
            raise ValueError(
                f"allowed_special names {sorted(unknown)}, but the special tokens are "
                f"{list(self.special_tokens)}"
            )
        return chosen

    def _encode_ordinary(self, text: str) -> list[int]:
        ids, known = [], self._known_words
        for word in split(text, self.pattern):
            if word not in known:
                if len(known) >= MAX_CACHED_WORDS:
                    known.clear()
                known[word] = self._encode_word(to_bytes(word))
            ids.extend(known[word])
        return ids

    def _encode_word(self, word: bytes) -> list[int]:
        if word in self._whole:
            return self._whole[word]
        tokens = fast.encode_word(list(word), self.ranks)
        return [self.ids[token] for token in tokens] if self._renumbered else tokens

    def encode_with_offsets(
        self,
        text: str,
        allowed_special: Collection[str] | str = (),
        disallowed_special: Collection[str] | str = "all",
    ) -> Offsets:
        """Turn text into token ids, and say where each comes from.

        Parameters
        ----------
        text, allowed_special, disallowed_special
            As for `encode`.

        Returns
        -------
        Offsets
            `ids`, `byte_spans` and `character_spans`, each a list with an entry a token. A token that holds
            part of a character has that whole character in its span.

        Raises
        ------
        ValueError
            As `encode` does.

        Examples
        --------
        >>> Tokenizer([(228, 189)]).encode_with_offsets("a你")
        Offsets(ids=[97, 256, 160], byte_spans=[(0, 1), (1, 3), (3, 4)],
                character_spans=[(0, 1), (1, 2), (1, 2)])
        """
        ids = self.encode(text, allowed_special, disallowed_special)
        return Offsets(ids, *locate(text, (len(self.vocab[token]) for token in ids)))

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Join the bytes of the tokens.

        Parameters
        ----------
        ids : iterable of int
            Token ids; a NumPy array or a tensor will do.

        Returns
        -------
        bytes

        Raises
        ------
        ValueError
            When an id is not in the vocabulary.

        Examples
        --------
        >>> Tokenizer([(228, 189)]).decode_bytes([256, 160])
        b'\\xe4\\xbd\\xa0'
        """
        ids = ids.tolist() if hasattr(ids, "tolist") else ids
        try:
            return b"".join([self.vocab[token] for token in ids])
        except KeyError as error:
            raise ValueError(
                f"id {error.args[0]!r} is not in the vocabulary, whose ids run from 0 to "
                f"{self.vocab_size - 1}"
            ) from None

    def decode(self, ids: Iterable[int], errors: str = "replace") -> str:
        """Turn token ids back into text.

        Parameters
        ----------
        ids : iterable of int
            Token ids.
        errors : {"replace", "strict", "ignore"}
            What to do where the bytes are not UTF-8, as in `bytes.decode`.

        Returns
        -------
        str

        Examples
        --------
        >>> Tokenizer([]).decode([228, 189])
        '�'
        """
        return self.decode_bytes(ids).decode("utf-8", errors)

    def stream(self, errors: str = "replace") -> Stream:
        """Decode while tokens arrive: feed ids, get complete characters, and at the end the rest.

        Parameters
        ----------
        errors : {"replace", "strict", "ignore"}
            As for `decode`.

        Returns
        -------
        Stream

        Examples
        --------
        >>> stream = Tokenizer([]).stream()
        >>> [stream.feed(token) for token in (228, 189, 160, 33)], stream.end()
        (['', '', '你', '!'], '')
        """
        return Stream(self.decode_bytes, errors)


def cut(text: str, specials: Collection[str]) -> list[tuple[str, str]]:
    """Cut a text at special tokens, the longest first where several fit.

    Returns
    -------
    list of (str, str)
        Pieces ``(text, "")`` and ``("", special)`` in turn.

    Examples
    --------
    >>> cut("a<s>b", {"<s>"})
    [('a', ''), ('', '<s>'), ('b', '')]
    """
    if not specials:
        return [(text, "")]
    by_length = sorted(specials, key=len, reverse=True)
    parts = regex.split("(" + "|".join(map(regex.escape, by_length)) + ")", text)
    return [("", part) if i % 2 else (part, "") for i, part in enumerate(parts) if part]
