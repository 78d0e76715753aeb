"""The tokenizer that programs use: trained merges, special tokens, files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from b2t.bpe import fast
from b2t.bpe.arrays import ArrayEncoder
from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.exchange import Exchange
from b2t.bpe.files import Files
from b2t.bpe.ids import (
    check_ids,
    check_merges,
    check_pattern,
    check_special_tokens,
    no_such_id,
    number_special_tokens,
    number_tokens,
    spell,
)
from b2t.bpe.known import KnownWords
from b2t.bpe.offsets import Offsets, locate
from b2t.bpe.special import choose, cut, refuse
from b2t.bpe.split import check_text, split, to_bytes
from b2t.bpe.stream import Stream

SHORT_TEXT = 5000  # characters: below, one word after the other is faster than numpy's fixed cost


class Tokenizer(Exchange, Files):
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
        self._known_words = KnownWords(self.ranks, self.ids, self._whole)

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
            With fewer merges when the text has no more pairs to merge.

        Raises
        ------
        ValueError
            When `vocab_size` is below 256, a text holds a lone surrogate, or a special token or the pattern
            cannot be.
        TypeError
            When a text is no str or `vocab_size` no int.

        Examples
        --------
        >>> Tokenizer.train("low low lower", 258).encode("lowly")
        [257, 108, 121]
        """
        names = check_special_tokens(special_tokens)
        texts = [texts] if isinstance(texts, str) else texts
        pieces = (piece for text in texts for piece, special in cut(check_text(text), names) if not special)
        return cls(fast.train(pieces, vocab_size, pattern), pattern, names)

    def __reduce__(self) -> tuple:
        """Go to another process without what is remembered."""
        own = (self.special_tokens, self.ids, self.unmerged, self.whole_words)
        return type(self), (self.merges, self.pattern, *own)

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
            When the text holds a disallowed special token or a lone surrogate, or `allowed_special` names
            what is no special token.
        TypeError
            When the text is no str.

        Examples
        --------
        >>> tok = Tokenizer([], special_tokens=("<|end|>",))
        >>> tok.encode("a<|end|>", allowed_special="all")
        [97, 256]
        >>> len(tok.encode("a<|end|>", disallowed_special=()))
        8
        """
        ids = []
        for piece, special in self._parts(text, allowed_special, disallowed_special):
            ids += [self.special_tokens[special]] if special else self._encode_ordinary(piece)
        return ids

    def encode_array(
        self,
        text: str,
        allowed_special: Collection[str] | str = (),
        disallowed_special: Collection[str] | str = "all",
    ) -> np.ndarray:
        """Turn text into an array of token ids: 2 or 4 bytes an id, where a list takes 8 and more.

        Parameters
        ----------
        text, allowed_special, disallowed_special
            As for `encode`.

        Returns
        -------
        numpy.ndarray of `dtype`, shape (tokens,)
            The ids that `encode` gives.

        Raises
        ------
        ValueError
            As `encode` does.

        Examples
        --------
        >>> Tokenizer([(228, 189), (256, 160)]).encode_array("你好")
        array([257, 229, 165, 189], dtype=uint16)
        """
        parts = self._parts(text, allowed_special, disallowed_special)
        arrays = [
            np.array([self.special_tokens[special]], self.dtype) if special else self._array_of(piece)
            for piece, special in parts
        ]
        return arrays[0] if len(arrays) == 1 else np.concatenate([np.array([], self.dtype), *arrays])

    @cached_property
    def dtype(self) -> np.dtype:
        """What an array of ids is made of: uint16 where all ids fit, else uint32."""
        return np.dtype(np.uint16 if self.vocab_size <= 1 << 16 else np.uint32)

    def _parts(
        self, text: str, allowed_special: Collection[str] | str, disallowed_special: Collection[str] | str
    ) -> list[tuple[str, str]]:
        check_text(text)
        allowed = choose(allowed_special, self.special_tokens) if allowed_special else ()
        if disallowed_special == "all":
            refuse(text, [name for name in self.special_tokens if name not in allowed])
        elif disallowed_special:
            refuse(text, disallowed_special)
        return cut(text, [name for name in allowed if name in text])

    def _encode_ordinary(self, text: str) -> list[int]:
        if len(text) > SHORT_TEXT:
            return self._arrays.encode(text).tolist()
        return list(chain.from_iterable(map(self._known_words.__getitem__, split(text, self.pattern))))

    def _array_of(self, text: str) -> np.ndarray:
        if len(text) > SHORT_TEXT:
            return self._arrays.encode(text)
        return np.array(self._encode_ordinary(text), self.dtype)

    @cached_property
    def _arrays(self) -> ArrayEncoder:
        tokens = [self.vocab[token] for token in self.ids]
        return ArrayEncoder(self.ranks, self.ids, tokens, self.pattern, self._whole, self.dtype)

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
        if not isinstance(ids, Iterable):
            raise TypeError(f"ids is {ids!r}; pass a list of ids, such as [{ids!r}]")
        ids = list(ids)
        try:
            return b"".join([self.vocab[token] for token in ids])
        except (KeyError, TypeError):
            raise no_such_id(ids, self.vocab) from None

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

        Raises
        ------
        ValueError
            When an id is not in the vocabulary, or, with "strict", the bytes are not UTF-8.

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
