"""Texts by the list and by the file, in several processes, with no more than a few blocks in memory."""

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
import regex
from tqdm.auto import tqdm

from b2t.bpe.blocks import decode_block, read_blocks
from b2t.bpe.core import check_vocab_size
from b2t.bpe.fast import train_from_counts
from b2t.bpe.ids import check_pattern, check_special_tokens
from b2t.bpe.resume import Growing
from b2t.bpe.special import choose, cut
from b2t.bpe.words import count_words
from b2t.bpe.workers import ordered_map

BATCH = 1 << 19  # characters sent to a worker at a time


class Files:
    """The part of `b2t.bpe.Tokenizer` that works on many texts and on files."""

    def encode_batch(
        self,
        texts: Iterable[str],
        workers: int = 1,
        allowed_special: Collection[str] | str = (),
        disallowed_special: Collection[str] | str = "all",
    ) -> list[np.ndarray]:
        """Turn each of many texts into an array of ids.

        Arrays and not lists, because they go from process to process at a tenth of the cost.

        Parameters
        ----------
        texts : iterable of str
            Any number of texts, in a list or as they come.
        workers : int
            How many processes; the answer is the same for any number. Starting them takes about a second, so
            they pay from some 10 MB of text on. In a script, the call stands behind
            ``if __name__ == "__main__":``.
        allowed_special, disallowed_special
            As for `encode`.

        Returns
        -------
        list of numpy.ndarray of `dtype`
            In the order of the texts.

        Raises
        ------
        ValueError
            As `encode` does, or when `workers` is below 1 or `texts` is a single str.

        Examples
        --------
        >>> from b2t.bpe import Tokenizer
        >>> Tokenizer([(104, 105)]).encode_batch(["hi", "oh"])
        [array([256], dtype=uint16), array([111, 104], dtype=uint16)]
        """
        if isinstance(texts, str):
            raise ValueError(f"texts is one text, {texts!r:.60}; pass a list of texts, or call encode_array")
        shared = (self, allowed_special, disallowed_special)
        return [*chain.from_iterable(ordered_map(encode_texts, shared, batches(texts), workers))]

    def encode_file(
        self,
        path: str | Path,
        out: str | Path,
        workers: int = 1,
        separator: str | None = None,
        allowed_special: Collection[str] | str = (),
        disallowed_special: Collection[str] | str = "all",
        progress: bool = True,
    ) -> int:
        """Turn a text file of any size into a file of ids, for ``np.memmap(out, tok.dtype)``.

        The text is read in blocks, each cut at the end of a document or, within one, where it makes no
        difference. So the memory does not grow with the text, unless a document is long and the pattern has
        no safe boundaries (`b2t.bpe.words`): such a document is read whole. When a run is broken off, the
        same call goes on behind the last block; what is done lies in ``OUT.part``, with a record beside it. A
        source, tokenizer or option that has changed since makes it begin again.

        Parameters
        ----------
        path : str or Path
            UTF-8. Nothing is translated: not the ends of lines, nor a byte order mark.
        out : str or Path
            Little-endian ids of the type `dtype`. It appears when it is complete, and replaces an older one.
        workers : int
            How many processes, as for `encode_batch`; the file is the same for any number.
        separator : str, optional
            What stands at the end of each document. A special token, such as "<|endoftext|>", becomes its id;
            any other string, such as a line end, is the last part of the document's text. None by default:
            the file is one document.
        allowed_special, disallowed_special
            As for `encode`; a special token that is the separator is allowed.
        progress : bool
            Whether to show how far it is.

        Returns
        -------
        int
            How many ids the file has.

        Raises
        ------
        ValueError
            As `encode` does, or when the text is not UTF-8 (with the byte), the source changes meanwhile, or
            `path` and `out` are the same file.

        Examples
        --------
        >>> import tempfile
        >>> from b2t.bpe import Tokenizer
        >>> tok = Tokenizer([(104, 105)], special_tokens=("<|end|>",))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, out = Path(folder, "a.txt"), Path(folder, "a.bin")
        ...     _ = path.write_text("hi<|end|>oh")
        ...     print(tok.encode_file(path, out, separator="<|end|>", progress=False))
        ...     print(np.fromfile(out, tok.dtype))
        4
        [256 257 111 104]
        """
        path, out = Path(path), Path(out)
        allowed, disallowed = self._special_in_files(separator, allowed_special, disallowed_special)
        how = (sorted(allowed), sorted(disallowed), separator)
        asked = {"source": state_of(path, out), "tokenizer": fingerprint(self), "how": list(how)}
        with Growing(out, asked) as growing:
            names = {*allowed, *disallowed, *([separator] if separator else [])}
            blocks = blocks_of([path], names, self.pattern, growing.read)
            results = ordered_map(encode_block, (self, *how), blocks, workers)
            for ids, size in shown(results, [path], growing.read, progress):
                growing.add(ids, growing.read + size)
            if state_of(path, out) != asked["source"]:
                raise ValueError(f"{path} changed while it was read; encode it again")
            growing.finish()
        return growing.written // self.dtype.itemsize

    def _special_in_files(
        self, separator: str | None, allowed: Collection[str] | str, disallowed: Collection[str] | str
    ) -> tuple[set[str], set[str]]:
        if separator == "":
            raise ValueError("separator is empty; leave it out if the file is one document")
        allowed = choose(allowed, self.special_tokens) | ({separator} & set(self.special_tokens))
        if disallowed == "all":
            return allowed, set(self.special_tokens) - allowed
        return allowed, ({disallowed} if isinstance(disallowed, str) else set(disallowed)) - {""}

    @classmethod
    def train_from_files(
        cls,
        paths: str | Path | Iterable[str | Path],
        vocab_size: int,
        pattern: str | None = "gpt4",
        special_tokens: Sequence[str] = (),
        workers: int = 1,
        progress: bool = True,
    ) -> Self:
        """Learn a tokenizer from text files of any size: the one that `train` learns from their texts.

        The files are read in blocks, as by `encode_file`. What stays is the count of each distinct word, some
        150 bytes a word. Their number grows ever more slowly than the text, but it grows: natural text of a
        gigabyte has a few million of them. All are kept, since leaving out rare ones changes the answer.

        Parameters
        ----------
        paths : str, Path, or iterable of them
            UTF-8; each file is a text.
        vocab_size, pattern, special_tokens
            As for `train`.
        workers : int
            How many processes count words, as for `encode_batch`; the answer is the same for any number.
        progress : bool
            Whether to show how far the counting is.

        Returns
        -------
        Tokenizer

        Raises
        ------
        ValueError
            As `train` does, or when a file is not UTF-8 (with the byte).

        Examples
        --------
        >>> import tempfile
        >>> from b2t.bpe import Tokenizer
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.txt")
        ...     _ = path.write_text("low low lower")
        ...     Tokenizer.train_from_files([path], 258, progress=False).encode("lowly")
        [257, 108, 121]
        """
        names, counts = check_special_tokens(special_tokens), Counter()
        check_vocab_size(vocab_size)
        paths = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
        blocks = blocks_of(paths, names, pattern)
        results = ordered_map(count_block, (names, check_pattern(pattern)), blocks, workers)
        for block_counts, _ in shown(results, paths, 0, progress):
            counts.update(block_counts)
        return cls(train_from_counts(counts, vocab_size), pattern, names)


def blocks_of(
    paths: Sequence[Path], names: Collection[str], pattern: str | None, start: int = 0
) -> Iterator[tuple[str, int, bytes]]:
    """Read files in blocks: name of the file, offset, bytes. `start` is where to begin in the first file."""
    for path in paths:
        with open(path, "rb") as file:
            for offset, block in read_blocks(file, names, pattern, start):
                yield str(path), offset, block
        start = 0


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Put texts together until they have `BATCH` characters.

    Examples
    --------
    >>> [*batches(["a", "b"])]
    [['a', 'b']]
    """
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def encode_texts(shared: tuple, texts: list[str]) -> list[np.ndarray]:
    """Encode some of the texts of `encode_batch`; `shared`: a tokenizer, its allowed and disallowed names."""
    tok, allowed, disallowed = shared
    return [tok.encode_array(text, allowed, disallowed) for text in texts]


def encode_block(shared: tuple, block: tuple[str, int, bytes]) -> tuple[np.ndarray, int]:
    """Encode a block of `encode_file`; say how many bytes it has."""
    tok, allowed, disallowed, separator = shared
    text = decode_block(*block)
    if separator is None or separator in tok.special_tokens:
        documents = [text]
    else:
        documents = [document + separator for document in text.split(separator)]
        documents[-1] = documents[-1].removesuffix(separator)
    return np.concatenate(encode_texts((tok, allowed, disallowed), documents)), len(block[2])


def count_block(shared: tuple, block: tuple[str, int, bytes]) -> tuple[Counter, int]:
    """Count the words of a block of `train_from_files`; say how many bytes it has."""
    names, pattern = shared
    pieces = (piece for piece, special in cut(decode_block(*block), names) if not special)
    return count_words(pieces, pattern), len(block[2])


def shown(results: Iterable[tuple], paths: Sequence[Path], done: int, progress: bool) -> Iterator[tuple]:
    """Hand results on, and show how far in the files they are, by the bytes that each of them stands for."""
    total, name = sum(path.stat().st_size for path in paths), ", ".join(path.name for path in paths[:2])
    look = {"unit": "B", "unit_scale": True, "desc": name, "disable": not progress}
    with tqdm(total=total, initial=done, **look) as bar:
        for result in results:
            yield result
            bar.update(result[-1])


def state_of(path: Path, out: Path) -> list:
    """Say by what a source is known again: where it is, its size and its time."""
    if out.exists() and os.path.samefile(path, out):
        raise ValueError(f"{path} is to be read and to be written; give out another name")
    state = path.stat()
    return [str(path.resolve()), state.st_size, state.st_mtime_ns]


def fingerprint(tok: Files) -> str:
    """Give 64 characters that differ when the ids of a text may."""
    own = (tok.merges, tok.pattern, tok.special_tokens, tok.ids, tok.unmerged, tok.whole_words)
    return hashlib.sha256(repr((regex.__version__, own)).encode()).hexdigest()
