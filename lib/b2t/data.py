"""The book's small corpora: find them, check them, split them, cut them, batch them.

Every file of `data/` has an entry in `data/manifest.json` and a row in `data/README.md`, its datasheet.
A file's SHA-256 is checked the first time a process reads it. Nothing is ever downloaded.
"""

import hashlib
import json
import lzma
from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import regex

ROOTS = (Path(__file__).parent / "_data", Path(__file__).parents[2] / "data")  # in a wheel; in a clone
TABLE = ("<!-- table: written by b2t.data.register -->", "<!-- end of table -->")
SPLITS = ("train", "validation", "test")
"""The splits that `udhr` knows; the manifest says which article is in which."""


class Poem(NamedTuple):
    """One Tang poem; `lines` keep their punctuation."""

    title: str
    author: str
    lines: tuple[str, ...]


class Language(NamedTuple):
    """One text of the Declaration: source's code, English name, script, "ltr" or "rtl", BCP 47 tag."""

    code: str
    name: str
    script: str
    dir: str
    tag: str


class Article(NamedTuple):
    """One article of the Declaration in one language; article 0 is the preamble."""

    code: str
    language: str
    script: str
    dir: str
    article: int
    text: str


def root():
    """Folder that holds the data: the installed package's own, else the clone's.

    Raises
    ------
    FileNotFoundError
        When neither has a manifest.
    """
    for folder in ROOTS:
        if (folder / "manifest.json").is_file():
            return folder
    looked = " or ".join(str(folder) for folder in ROOTS)
    raise FileNotFoundError(f"no manifest.json in {looked}: reinstall b2t, or run from a clone of the book")


def manifest(folder=None):
    """Entries of `manifest.json` by name: file, kind, bytes, sha256, licence, source, splits and so on.

    Examples
    --------
    >>> manifest()["udhr"]["splits"]["validation"]
    [4, 12, 20, 28]
    """
    document = json.loads(((folder or root()) / "manifest.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in document["files"]}


def path(name):
    """Path of a data file whose size and SHA-256 are those of the manifest.

    Parameters
    ----------
    name : str
        An entry's name, such as "tang_poems"; `sorted(manifest())` lists them.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    KeyError
        When the manifest has no such name.
    FileNotFoundError, ValueError
        When the file is missing, or is not the one that the manifest describes.

    Examples
    --------
    >>> path("tang_poems").name
    'tang_poems.txt.xz'
    """
    folder = root()
    entries = manifest(folder)
    if name not in entries:
        raise KeyError(f"no data called {name!r}; there are: {', '.join(sorted(entries))}")
    return _checked(folder / entries[name]["file"], entries[name]["sha256"])


@cache
def _checked(file, sha256):
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: restore it with 'git checkout data', or reinstall b2t")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{file} has SHA-256 {found[:12]}..., the manifest says {sha256[:12]}...: "
            "restore it with 'git checkout data', or reinstall b2t"
        )
    return file


def text(name):
    """A text file's whole content, decompressed and decoded from UTF-8.

    Examples
    --------
    >>> text("austen_pride_and_prejudice")[:19]
    'PRIDE AND PREJUDICE'
    """
    file = path(name)
    content = file.read_bytes()
    return (lzma.decompress(content) if file.suffix == ".xz" else content).decode("utf-8")


def tang_poems():
    """The Tang poems as records; `text("tang_poems")` is the same as one string.

    Returns
    -------
    list of Poem

    Examples
    --------
    >>> next(poem for poem in tang_poems() if poem.title == "靜夜思").lines
    ('牀前看月光，疑是地上霜。', '舉頭望山月，低頭思故鄉。')
    """
    blocks = text("tang_poems").rstrip("\n").split("\n\n")
    return [Poem(title, author, tuple(lines)) for title, author, *lines in (b.split("\n") for b in blocks)]


def languages():
    """The 35 texts of the Declaration, in the order of their labels 0 to 34.

    Returns
    -------
    list of Language

    Examples
    --------
    >>> languages()[1]
    Language(code='cmn_hans', name='Chinese (simplified)', script='Han', dir='ltr', tag='zh-Hans')
    >>> len(languages()), len({language.script for language in languages()})
    (35, 17)
    """
    return _languages("udhr_languages")


def udhr(split=None):
    """Articles of the Universal Declaration of Human Rights in 35 languages.

    Splits go by article number, the same for every language, so that no article is in two of them.

    Parameters
    ----------
    split : {"train", "validation", "test"}, optional
        Default: all articles.

    Returns
    -------
    list of Article

    Raises
    ------
    ValueError
        For another split.

    Examples
    --------
    >>> article = udhr("test")[0]
    >>> article.language, article.article, article.text[:44]
    ('English', 1, 'All human beings are born free and equal in ')
    >>> [len(udhr(split)) for split in ("train", "validation", "test")]
    [664, 140, 280]
    """
    return _articles("udhr", languages(), split)


def all_languages():
    """The 521 texts of `udhr_all`, in the order of their codes.

    Returns
    -------
    list of Language

    Examples
    --------
    >>> next(language for language in all_languages() if language.name == "Maori")
    Language(code='mri', name='Maori', script='Latin', dir='ltr', tag='mi')
    >>> len(all_languages()), len({language.script for language in all_languages()})
    (521, 37)
    """
    return _languages("udhr_all_languages")


def udhr_all(split=None):
    """Articles of the Declaration in every translation that has all thirty: 521 texts, in the form of `udhr`.

    Splits go by article number, as for `udhr`. A few texts have holes, which the datasheet names.

    Parameters
    ----------
    split : {"train", "validation", "test"}, optional
        Default: all articles.

    Returns
    -------
    list of Article

    Raises
    ------
    ValueError
        For another split.

    Examples
    --------
    >>> len(udhr_all()), len(udhr_all("test"))
    (16129, 4168)
    >>> next(article for article in udhr_all("test") if article.code == "mri").text[:48]
    'Ko te katoa o nga tangata i te whanaungatanga ma'
    """
    return _articles("udhr_all", all_languages(), split)


def _languages(name):
    return [Language(*line.split("\t")) for line in text(name).splitlines()[1:]]


def _articles(name, known, split):
    if split is not None and split not in SPLITS:
        raise ValueError(f"split is {split!r}; choose from {', '.join(SPLITS)} or None for all")
    by_code = {language.code: language[1:4] for language in known}
    wanted = range(31) if split is None else manifest()[name]["splits"][split]
    rows = (line.split("\t") for line in text(name).splitlines()[1:])
    return [Article(code, *by_code[code], int(n), words) for code, n, words in rows if int(n) in wanted]


@lru_cache(maxsize=4096)
def boundaries(text):
    r"""Where a text may be cut: code point offsets of its grapheme cluster boundaries, both ends included.

    Examples
    --------
    >>> boundaries("e\u0301👍🏽!")
    (0, 2, 4, 5)
    """
    return (0, *(match.end() for match in regex.finditer(r"\X", text)))


def _cut(whole, start, n_chars):
    """From the boundary at or before start: the clusters that fit in n_chars, or one longer than that."""
    cuts = boundaries(whole)
    first = bisect_right(cuts, start) - 1
    last = max(bisect_right(cuts, cuts[first] + n_chars) - 1, first + 1)
    return whole[cuts[first] : cuts[last]]


def _check_cut(texts, labels, shortest):
    if len(texts) != len(labels):
        raise ValueError(f"{len(texts)} texts but {len(labels)} labels: give one label for each text")
    if shortest < 1:
        raise ValueError(f"n_chars is {shortest}; a piece needs at least 1 character")


def crops(texts, labels, n_chars=40, min_chars=None):
    """Cut texts into successive pieces of at most n_chars code points: the same ones each time.

    No grapheme cluster is cut. A last piece shorter than min_chars is dropped.

    Parameters
    ----------
    texts : sequence of str
    labels : sequence
        One label a text; each of its pieces carries it.
    n_chars : int
        Longest piece, in code points; one grapheme cluster may exceed it.
    min_chars : int, optional
        Shortest last piece, half of n_chars by default.

    Returns
    -------
    pieces : list of str
    piece_labels : list

    Raises
    ------
    ValueError
        When the lengths differ or n_chars is less than 1.

    Examples
    --------
    >>> crops(["人人生而自由", "born free"], ["zh", "en"], n_chars=4)
    (['人人生而', '自由', 'born', ' fre'], ['zh', 'zh', 'en', 'en'])
    """
    _check_cut(texts, labels, n_chars)
    shortest = n_chars // 2 if min_chars is None else min_chars
    pieces, piece_labels = [], []
    for whole, label in zip(texts, labels, strict=True):
        start = 0
        while start < len(whole):
            piece = _cut(whole, start, n_chars)
            start += len(piece)
            if start < len(whole) or len(piece) >= shortest:
                pieces.append(piece)
                piece_labels.append(label)
    return pieces, piece_labels


def random_crops(texts, labels, n_crops, rng, n_chars=40):
    """Draw pieces for training: each label equally likely, then a place in its texts.

    Parameters
    ----------
    texts : sequence of str
    labels : sequence
        One hashable label a text.
    n_crops : int
    rng : numpy.random.Generator
    n_chars : int or (int, int)
        Longest piece in code points, or the range from which that is drawn evenly, ends included. A text
        shorter than this is taken whole.

    Returns
    -------
    pieces : list of str
    piece_labels : list

    Raises
    ------
    ValueError
        When the lengths differ, `n_chars` is no range, or there is no text to cut.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> random_crops(["人人生而自由", "born free"], ["zh", "en"], 3, rng, n_chars=4)
    (['born', '生而自由', '人人生而'], ['en', 'zh', 'zh'])
    """
    low, high = (n_chars, n_chars) if np.ndim(n_chars) == 0 else n_chars
    if low > high:
        raise ValueError(f"n_chars is {n_chars}; the first of the two is the shorter")
    _check_cut(texts, labels, low)
    by_label = {}
    for whole, label in zip(texts, labels, strict=True):
        if whole:
            by_label.setdefault(label, []).append(whole)
    if not by_label:
        raise ValueError("no text to cut: texts is empty, or holds only empty strings")
    names = list(by_label)
    drawn = [names[i] for i in rng.integers(len(names), size=n_crops)]
    lengths = rng.integers(low, high, size=n_crops, endpoint=True)
    shares = {label: np.cumsum([len(whole) for whole in by_label[label]]) for label in names}
    pieces = []
    for label, length, (which, where) in zip(drawn, lengths, rng.random((n_crops, 2)), strict=True):
        share = shares[label]  # a longer text is drawn more often
        whole = by_label[label][np.searchsorted(share, which * share[-1], side="right")]
        pieces.append(_cut(whole, int(where * (max(len(whole) - length, 0) + 1)), int(length)))
    return pieces, drawn


def batches(ids_list, labels, batch_size, rng=None, pad_id=0):
    """Batches of sequences padded on the right to the longest of each batch; the last may be smaller.

    Parameters
    ----------
    ids_list : sequence of sequence of int
    labels : sequence of int
        One a sequence.
    batch_size : int
    rng : numpy.random.Generator, optional
        Shuffles; without it the order is kept.
    pad_id : int
        Fills the padding. `lengths` tells it from a real id of that value.

    Yields
    ------
    ids : ndarray of int64, (batch, seq_len)
    lengths : ndarray of int64, (batch,)
    labels : ndarray of int64, (batch,)

    Raises
    ------
    ValueError
        When the numbers of sequences and labels differ, or batch_size is less than 1.

    Examples
    --------
    >>> for ids, lengths, labels in batches([[7, 8, 9], [5], [6, 6]], [0, 1, 1], batch_size=2):
    ...     print(ids.tolist(), lengths.tolist(), labels.tolist())
    [[7, 8, 9], [5, 0, 0]] [3, 1] [0, 1]
    [[6, 6]] [2] [1]
    """
    if len(ids_list) != len(labels):
        raise ValueError(
            f"{len(ids_list)} sequences but {len(labels)} labels: give one label for each sequence"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; a batch needs at least 1 sequence")
    return _batches(ids_list, np.asarray(labels, dtype=np.int64), batch_size, rng, pad_id)


def _batches(ids_list, labels, batch_size, rng, pad_id):
    order = np.arange(len(labels)) if rng is None else rng.permutation(len(labels))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        lengths = np.array([len(ids_list[i]) for i in chosen], dtype=np.int64)
        ids = np.full((len(chosen), lengths.max()), pad_id, dtype=np.int64)
        for row, i in enumerate(chosen):
            ids[row, : lengths[row]] = ids_list[i]
        yield ids, lengths, labels[chosen]


def register(name, file=None, folder=None, **fields):
    """Enter a file in the manifest with its size and SHA-256, and bring the datasheet's table up to date.

    A script that trains calls this for each artefact it wrote under `data/`.

    Parameters
    ----------
    name : str
    file : str, optional
        Path inside the data folder; an entry that exists keeps its own.
    folder : pathlib.Path, optional
        Data folder, `root()` by default.
    **fields
        Other fields to set: kind ("artefact" by default, "text" or "table"), licence, licence_file,
        source, cut, splits, used_by. An entry that exists keeps what is not named.

    Returns
    -------
    dict
        The entry as written.

    Raises
    ------
    ValueError
        When a new entry lacks file, licence, source, cut or used_by.
    """
    folder = folder or root()
    entries = manifest(folder)
    entry = {"name": name, "file": file, "kind": "artefact", "splits": None} | entries.get(name, {}) | fields
    entry["file"] = file or entry["file"]
    lacking = [key for key in ("file", "licence", "source", "cut", "used_by") if not entry.get(key)]
    if lacking:
        raise ValueError(f"the entry {name!r} lacks {', '.join(lacking)}: pass them as keyword arguments")
    content = (folder / entry["file"]).read_bytes()
    entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    entries[name] = entry
    document = json.dumps({"files": list(entries.values())}, ensure_ascii=False, indent=2) + "\n"
    (folder / "manifest.json").write_text(document, encoding="utf-8", newline="\n")
    before, _, rest = (folder / "README.md").read_text(encoding="utf-8").partition(TABLE[0])
    page = before + TABLE[0] + datasheet_table(entries) + TABLE[1] + rest.partition(TABLE[1])[2]
    (folder / "README.md").write_text(page, encoding="utf-8", newline="\n")
    _checked.cache_clear()
    return entry


def datasheet_table(entries):
    """Write the table of `data/README.md` from the manifest, one row a file.

    Parameters
    ----------
    entries : dict
        Name to entry, as `manifest` gives them.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> "`udhr_35.tsv`" in datasheet_table(manifest())
    True
    """
    lines = [
        "",
        "| name | file | kind | bytes | licence | used by | SHA-256 |",
        "|---|---|---|--:|---|---|---|",
    ]
    for e in entries.values():
        cells = (e["name"], f"`{e['file']}`", e["kind"], f"{e['bytes']:,}", e["licence"], e["used_by"])
        lines.append(f"| {' | '.join(cells)} | `{e['sha256']}` |")
    return "\n".join([*lines, ""])
