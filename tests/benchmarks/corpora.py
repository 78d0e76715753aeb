"""The texts of the benchmarks, from `data/` and from what the pinned environment brings along.

Distinct text throughout, no copies. Three corpora, each cut into blocks and shuffled by a fixed seed, so that
its first megabyte is a mixture like the whole of it:

- english: novels, the Bible, descriptions of packages, half of the pairs; then documentation: Python's own
  help topics and the docstrings of a few large packages.
- chinese: Tang poems, two handbooks, the other half of the pairs, the Declaration.
- mixed: some of both, the Declaration in all its languages, emoji; then the sources of the standard library.

What is installed differs a little between machines and versions of Python. So each text is printed with its
SHA-256.
"""

import ast
import hashlib
import importlib.util
import random
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from b2t import data
from b2t.bpe.words import count_words
from tests.benchmarks.measure import RESULTS, version

MB = 1_000_000
SIZES = {"english": (MB, 5 * MB, 20 * MB), "mixed": (MB, 5 * MB, 20 * MB), "chinese": (MB, 4 * MB)}
DOCUMENTED = ("numpy", "matplotlib", "networkx", "sympy", "torch")
BLOCK = {"english": 65_536, "mixed": 32_768, "chinese": 16_384}  # characters


def column(name: str, *which: int) -> list[str]:
    """Some columns of a table of `data/`, the same row never twice."""
    cells = (line.split("\t") for line in data.text(name).splitlines() if line)
    return list(dict.fromkeys("\n".join(row[i] for i in which) for row in cells))


def declaration() -> dict[str, str]:
    """The Declaration by language code, in as many languages as `data/` has."""
    texts = {}
    for line in data.text("udhr_all" if "udhr_all" in data.manifest() else "udhr").splitlines()[1:]:
        code, _, text = line.split("\t")
        texts[code] = texts.get(code, "") + text + "\n"
    return texts


def docstrings(package: str) -> Iterator[str]:
    """The documentation in the sources of a package, in the order of their names."""
    folder = Path(importlib.util.find_spec(package).origin).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                if text := ast.get_docstring(node):
                    yield text


def documentation() -> Iterator[str]:
    """English that the environment brings: the topics of Python's help, then docstrings; none twice."""
    from pydoc_data.topics import topics

    seen = set()
    for text in chain((topics[name] for name in sorted(topics)), *map(docstrings, DOCUMENTED)):
        if text not in seen:
            seen.add(text)
            yield text


def sources() -> Iterator[str]:
    """The sources of Python's standard library, tests and installed packages aside."""
    folder = Path(sysconfig.get_path("stdlib"))
    for path in sorted(folder.rglob("*.py")):
        if not {"site-packages", "test", "tests", "lib2to3"} & set(path.relative_to(folder).parts):
            yield path.read_text(encoding="utf-8", errors="ignore")


def english() -> Iterator[str]:
    """All English there is, the documentation last."""
    yield from (data.text("austen_all"), data.text("bible_web"))
    yield from column("debian_descriptions", 1, 2)
    yield from column("en_zh_libreoffice", 0)
    yield from documentation()


def chinese() -> Iterator[str]:
    """All Chinese there is, poems and the Declaration in traditional script, the rest in simplified."""
    yield from (data.text("tang_poems"), data.text("debian_handbook_zh"), data.text("debian_reference_zh"))
    yield from column("en_zh_libreoffice", 1)
    yield from (text for code, text in declaration().items() if code.startswith("cmn"))


def mixed() -> Iterator[str]:
    """English and Chinese, other languages, emoji, then code."""
    for text, n_bytes in ((english(), 8 * MB), (chinese(), 4 * MB)):
        yield "\n".join(take(text, n_bytes))
    yield from (*declaration().values(), data.text("emoji_names"))
    yield from sources()


def take(texts: Iterable[str], n_bytes: int) -> Iterator[str]:
    """The first texts, until their bytes suffice."""
    for text in texts:
        yield text
        n_bytes -= len(text.encode()) + 1
        if n_bytes <= 0:
            return


def build(name: str) -> str:
    """Put a corpus together: blocks in a random but fixed order, cut to the largest size."""
    whole = "\n".join(
        take({"english": english, "mixed": mixed, "chinese": chinese}[name](), 1.02 * SIZES[name][-1])
    )
    blocks = [whole[i : i + BLOCK[name]] for i in range(0, len(whole), BLOCK[name])]
    random.Random(0).shuffle(blocks)
    return cut("\n".join(blocks), SIZES[name][-1])


def cut(text: str, n_bytes: int) -> str:
    """The first bytes of a text, but for a character that the cut would break."""
    return text.encode()[:n_bytes].decode(errors="ignore")


def path(name: str) -> Path:
    """File of a corpus under `_build/bench/`, built when something that it is made of is new."""
    made_of = [Path(__file__).read_text(encoding="utf-8"), sys.version, *map(version, DOCUMENTED)]
    made_of += [entry["sha256"] for entry in data.manifest().values()]
    file = RESULTS / f"{name}-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]}.txt"
    if not file.is_file():
        text = build(name).encode()
        if len(text) < 0.99 * SIZES[name][-1]:
            raise SystemExit(
                f"{name} has only {len(text):,} bytes: is something in {DOCUMENTED} not installed?"
            )
        RESULTS.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    return file


def corpus(name: str, n_bytes: int) -> str:
    """The first bytes of a corpus."""
    return cut(path(name).read_bytes()[:n_bytes].decode(errors="ignore"), n_bytes)


def describe(name: str, n_bytes: int) -> dict:
    """Size, distinct words (of the pattern gpt4) and SHA-256 of a corpus."""
    text = corpus(name, n_bytes)
    return {
        "corpus": name,
        "bytes": len(text.encode()),
        "characters": len(text),
        "distinct_words": len(count_words(text)),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def main() -> None:
    """Print all corpora."""
    for name, sizes in SIZES.items():
        for n_bytes in sizes:
            about = describe(name, n_bytes)
            print(
                f"  {name:8} {about['bytes']:>11,} bytes {about['characters']:>11,} characters "
                f"{about['distinct_words']:>8,} distinct words  SHA-256 {about['sha256'][:16]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
