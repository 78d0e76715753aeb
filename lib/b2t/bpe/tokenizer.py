"""The tokenizer that programs use: trained merges, special tokens, files."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import regex

from b2t.bpe import fast, formats
from b2t.bpe.core import N_BYTES, Pair, vocabulary
from b2t.bpe.split import compile_pattern, split, to_bytes

MAX_CACHED_WORDS = 100_000


class Tokenizer:
    """Text to token ids and back, with nothing lost.

    Ids 0 to 255 are the bytes, ``256 + i`` is ``merges[i]``, and special tokens come after.

    Parameters
    ----------
    merges : sequence of (int, int)
        In the order in which they were learned.
    pattern : str or None
        How text is split into words: "gpt2", "gpt4", "o200k", a regular expression, or None.
    special_tokens : sequence of str
        Names such as "<|endoftext|>", each one token that no text can spell by accident.

    Raises
    ------
    ValueError
        When a merge uses a token that does not exist yet or occurs twice, a special token is empty
        or occurs twice, or the pattern is not a regular expression.

    Examples
    --------
    >>> tok = Tokenizer([(228, 189), (256, 160)], special_tokens=("<|endoftext|>",))
    >>> tok.encode("你好")
    [257, 229, 165, 189]
    >>> tok.decode([257, 229, 165, 189])
    '你好'
    >>> tok.vocab[258]
    b'<|endoftext|>'
    """

    def __init__(
        self,
        merges: Sequence[Pair],
        pattern: str | None = "gpt4",
        special_tokens: Sequence[str] = (),
    ):
        self.merges = check_merges(merges)
        self.pattern = check_pattern(pattern)
        names = check_special_tokens(special_tokens)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        first = N_BYTES + len(self.merges)
        self.special_tokens = {name: first + i for i, name in enumerate(names)}
        self.vocab = vocabulary(self.merges)
        self.vocab |= {token: to_bytes(name) for name, token in self.special_tokens.items()}
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
        """How many ids there are, special tokens included."""
        return len(self.vocab)

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
                known[word] = fast.encode_word(list(to_bytes(word)), self.ranks)
            ids.extend(known[word])
        return ids

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

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a JSON file."""
        formats.save(path, self.merges, self.pattern, list(self.special_tokens))

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """Read a tokenizer that `save` wrote."""
        return cls(**formats.load(path))


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


def check_merges(merges: Sequence[Pair]) -> list[Pair]:
    """Return the merges as a list of pairs of int, or say which of them cannot be."""
    checked = [(int(left), int(right)) for left, right in merges]
    for i, pair in enumerate(checked):
        if not all(0 <= token < N_BYTES + i for token in pair):
            raise ValueError(f"merge {i} is {pair}, but only the tokens 0 to {N_BYTES + i - 1} exist by then")
    if len(set(checked)) < len(checked):
        twice = next(pair for i, pair in enumerate(checked) if pair in checked[:i])
        raise ValueError(f"the pair {twice} is merged twice; each pair can be merged once")
    return checked


def check_pattern(pattern: str | None) -> str | None:
    """Return the pattern if it can be compiled."""
    if pattern is not None:
        compile_pattern(pattern)
    return pattern


def check_special_tokens(special_tokens: Sequence[str]) -> list[str]:
    """Return the names as a list, or say which of them cannot be."""
    if isinstance(special_tokens, str):
        raise ValueError(
            f"special_tokens is the string {special_tokens!r}; pass a tuple such as ({special_tokens!r},)"
        )
    names = list(special_tokens)
    for name in names:
        if not name or names.count(name) > 1:
            raise ValueError(f"special token {name!r} is empty or given twice")
    return names
