"""How tokenizers come from files and go into them: ours, GPT-2's, tiktoken's, Hugging Face's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from b2t.bpe import formats
from b2t.bpe.core import N_BYTES
from b2t.bpe.formats.huggingface import source_name
from b2t.bpe.split import named

UNSAID = "as the encoding says"


class Exchange:
    """The part of `b2t.bpe.Tokenizer` that reads and writes files; every id stays what it was."""

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a JSON file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            An older file there is replaced.

        Raises
        ------
        FileNotFoundError
            When the folder is not there.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Tokenizer([(104, 105)]).save(Path(folder, "small.json"))
        ...     Tokenizer.load(Path(folder, "small.json"))
        Tokenizer(1 merges, pattern='gpt4', special_tokens=[])
        """
        names, first = list(self.special_tokens), len(self.ids)
        numbers = list(self.special_tokens.values())
        if self._renumbered or self.unmerged or numbers != list(range(first, first + len(names))):
            own = (self.special_tokens, self.ids, self.unmerged, self.whole_words)
            formats.save(path, self.merges, self.pattern, *own)
        else:
            formats.save(path, self.merges, self.pattern, names)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a tokenizer that `save` wrote.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Tokenizer

        Raises
        ------
        ValueError
            When the file is damaged, or is none that `save` wrote.
        """
        return cls._made(path, formats.load(path))

    @classmethod
    def _made(cls, source: object, arguments: Mapping) -> Self:
        try:
            return cls(**arguments)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{source}: {error}") from error

    @classmethod
    def from_gpt2(
        cls, vocab_bpe: str | Path, special_tokens: Sequence[str] | Mapping[str, int] = ("<|endoftext|>",)
    ) -> Self:
        """Read GPT-2's tokenizer from its ``vocab.bpe`` alone, with GPT-2's ids.

        Parameters
        ----------
        vocab_bpe : str or Path
            The file, as text or compressed (``.xz``).
        special_tokens : sequence of str, or mapping of str to int
            GPT-2 has one, whose id comes after all others.

        Returns
        -------
        Tokenizer

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> from b2t import data
        >>> tok = Tokenizer.from_gpt2(data.path("gpt2_vocab"))
        >>> tok.encode("Hello world"), tok.special_tokens
        ([15496, 995], {'<|endoftext|>': 50256})
        """
        merges, byte_ids = formats.read_gpt2(vocab_bpe)
        ids = [*byte_ids, *range(N_BYTES, N_BYTES + len(merges))]
        return cls(merges, "gpt2", special_tokens, ids=ids)

    @classmethod
    def from_tiktoken(
        cls,
        path_or_encoding: object,
        pattern: str | None = UNSAID,
        special_tokens: Sequence[str] | Mapping[str, int] | None = None,
    ) -> Self:
        """Take over a vocabulary of tiktoken, with its ids.

        Parameters
        ----------
        path_or_encoding : str, Path or tiktoken.Encoding
            A ``.tiktoken`` file, as text or compressed (``.xz``), or an encoding.
        pattern : str or None
            As for the class. A file does not say it, so it must be given; an encoding has its own.
        special_tokens : sequence of str, or mapping of str to int, optional
            None by default in a file; an encoding has its own.

        Returns
        -------
        Tokenizer
            `unmerged` lists the tokens that are not the merge of two others: they encode whole words only.

        Raises
        ------
        ValueError
            When the file is damaged, with the line; or no pattern is given with a file.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "small.tiktoken")
        ...     _ = Tokenizer([(104, 105)]).to_tiktoken(path)
        ...     Tokenizer.from_tiktoken(path, "gpt4", {"<|end|>": 999}).encode("hi!")
        [256, 33]
        """
        if hasattr(path_or_encoding, "_mergeable_ranks"):
            content = formats.recover(path_or_encoding._mergeable_ranks)
            said, names = named(path_or_encoding._pat_str), path_or_encoding._special_tokens
        else:
            if pattern == UNSAID:
                raise ValueError(
                    f"{path_or_encoding} does not say how text is split; pass pattern='gpt4' for "
                    "cl100k_base, 'o200k' for o200k_base, 'gpt2' for r50k_base, or the regular expression"
                )
            content, said, names = formats.read_tiktoken(path_or_encoding), None, ()
        names = names if special_tokens is None else special_tokens
        return cls(pattern=said if pattern == UNSAID else pattern, special_tokens=names, **content)

    def to_tiktoken(self, path: str | Path | None = None) -> str:
        """Give the lines of a ``.tiktoken`` file: tokens and ids, but no special tokens and no pattern.

        Parameters
        ----------
        path : str or Path, optional
            Where to write them as well, whole or not at all.

        Returns
        -------
        str
            What `from_tiktoken` and ``tiktoken.load.load_tiktoken_bpe`` read.

        Raises
        ------
        ValueError
            When tiktoken, which merges by rank alone, would give other ids.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> Tokenizer([(104, 105)]).to_tiktoken().splitlines()[-1]
        'aGk= 256'
        """
        text = formats.tiktoken_text(ranked := self._ordinary_tokens())
        formats.check_tiktoken(ranked, self._numbering())
        if path is not None:
            formats.write(path, text)
        return text

    @classmethod
    def from_huggingface(cls, path_or_json: str | Path | Mapping) -> Self:
        """Take over a byte-level BPE from Hugging Face's ``tokenizer.json``, with its ids.

        Parameters
        ----------
        path_or_json : str, Path or mapping
            The file, its text (which begins with a brace), or what the text stands for. Of a
            ``tokenizers.Tokenizer``, ``to_str()`` gives the text.

        Returns
        -------
        Tokenizer
            Every added token is a special token here.

        Raises
        ------
        ValueError
            When the file is damaged, or does more than b2t can: normalise, add tokens to every text.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> tok = Tokenizer([(104, 105)], special_tokens={"<|end|>": 999})
        >>> Tokenizer.from_huggingface(tok.to_huggingface()).encode("hi<|end|>", allowed_special="all")
        [256, 999]
        """
        return cls._made(source_name(path_or_json), formats.read_huggingface(path_or_json))

    def to_huggingface(self, path: str | Path | None = None) -> str:
        """Give the text of a ``tokenizer.json``.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it as well, whole or not at all.

        Returns
        -------
        str
            What `from_huggingface` and ``tokenizers.Tokenizer.from_str`` read.

        Raises
        ------
        ValueError
            When the file cannot say it: two tokens that are spelled alike, or a pattern that means
            something else in Hugging Face's regular expressions.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> Tokenizer([(104, 105)]).to_huggingface()[:20]
        '{\\n "version": "1.0",'
        """
        ordinary = self._ordinary_tokens()
        text = formats.huggingface_text(ordinary, self.special_tokens, self.pattern, self._numbering())
        if path is not None:
            formats.write(path, text)
        return text

    def _ordinary_tokens(self) -> dict[int, bytes]:
        special = set(self.special_tokens.values())
        return {token: spelling for token, spelling in self.vocab.items() if token not in special}

    def _numbering(self) -> dict:
        return {name: getattr(self, name) for name in ("merges", "ids", "unmerged", "whole_words")}
