"""Encoding, ours and others', on one core: `python -m tests.benchmarks.encoding --help`.

GPT-2's vocabulary in all of them, equal ids. To lists and to arrays; cold (a tokenizer just made, nothing in
its caches) and warm (the same text once before); one long text, and many short ones, a call each. rustbpe
cannot read a vocabulary, so it has a task of its own, on merges that both learned from the text.
"""

import argparse
from collections.abc import Callable

import numpy as np

from b2t import data
from b2t.bpe import Tokenizer, fast
from tests.benchmarks import corpora, measure, peers

LONG = {"english": 5, "mixed": 5, "chinese": 4}  # megabytes
N_SHORT = 10_000
FORMS = {"lists": "to_list", "arrays": "to_array"}


def gpt2() -> Tokenizer:
    """Make a tokenizer whose caches are empty."""
    return Tokenizer.from_gpt2(data.path("gpt2_vocab"))


def short_texts(text: str) -> list[str]:
    """Take the first lines that hold anything."""
    return [line for line in text.split("\n") if line.strip()][:N_SHORT]


def encode_all(call: Callable, texts: list[str]) -> list:
    """Encode one text after the other."""
    return [call(text) for text in texts]


def prepare(name: str, form: str, texts: list[str], warm: bool) -> Callable[[], Callable]:
    """Give the function that prepares a run: it makes the tokenizer, unless it shall be warm."""
    make = peers.ENCODERS[name]

    def run_of(encoder):
        return lambda: encode_all(getattr(encoder, FORMS[form]), texts)

    if not warm:
        return lambda: run_of(make(gpt2))
    encoder = make(gpt2)
    encode_all(getattr(encoder, FORMS[form]), texts)
    return lambda: run_of(encoder)


def check_equal(encoded: dict[str, list], expected: list[list[int]]) -> None:
    """Hold all ids equal.

    Raises
    ------
    AssertionError
        When a contestant gives other ids for some text.
    """
    for name, results in encoded.items():
        assert len(results) == len(expected), f"{name} encoded {len(results)} texts of {len(expected)}"
        for number, (ids, wanted) in enumerate(zip(results, expected)):
            assert np.array_equal(ids, wanted), f"{name} gives other ids for text {number}"


def task(title: str, form: str, texts: list[str], warm: bool, rounds: int) -> list[dict]:
    """Encode with all that have the form, in turns."""
    names = [name for name in peers.ENCODERS if form == "lists" or name not in peers.WITHOUT_ARRAYS]
    turns, encoded = measure.take_turns({n: prepare(n, form, texts, warm) for n in names}, rounds)
    check_equal(encoded, encoded["b2t"])
    rows = measure.rows(title, turns, dict.fromkeys(names, "b2t"))
    n_bytes = sum(len(text.encode()) for text in texts)
    return [row | {"MB/s": round(n_bytes / 1e6 / row["seconds"], 2), "note": "ids equal"} for row in rows]


def task_rustbpe(text: str, title: str, vocab_size: int, rounds: int) -> list[dict]:
    """Encode with rustbpe and with ours, which learned the same merges."""
    peer = peers.train_rustbpe(text, vocab_size)()
    merges = fast.train(text, vocab_size)

    def ours():
        tok = Tokenizer(merges)
        return lambda: tok.encode(text)

    turns, encoded = measure.take_turns({"b2t": ours, "rustbpe": lambda: lambda: peer.encode(text)}, rounds)
    assert encoded["b2t"] == encoded["rustbpe"], "rustbpe gives other ids"
    rows = measure.rows(title, turns, dict.fromkeys(turns, "b2t"))
    return [
        row | {"MB/s": round(len(text.encode()) / 1e6 / row["seconds"], 2), "note": "ids equal"}
        for row in rows
    ]


def chosen(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("tests.benchmarks.encoding", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--corpus", nargs="+", choices=LONG, default=list(LONG))
    parser.add_argument("--form", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--quick", action="store_true", help="1 MB of English, three rounds")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.corpus = 3, ["english"]
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the tasks that were asked for, print them, keep them."""
    options = chosen(arguments)
    measure.one_core()
    measure.head("BPE encoding, GPT-2's vocabulary, one thread on one core, processor time")
    rows = []
    for name in options.corpus:
        megabytes = 1 if options.quick else LONG[name]
        text = corpora.corpus(name, megabytes * corpora.MB)
        short = short_texts(text)
        for title, texts in ((f"{megabytes} MB", [text]), (f"{len(short):,} short texts", short)):
            for form in options.form:
                for state in ("cold", "warm"):
                    full = f"{name}, {title}, {form}, {state}"
                    rows += task(full, form, texts, state == "warm", options.rounds)
                    measure.show([row for row in rows if row["task"] == full])
    if "lists" in options.form:
        rows += task_rustbpe(
            text, f"{name}, {megabytes} MB, 8,192 learned, lists, cold", 8192, options.rounds
        )
        measure.show(rows[-2:])
    print("\n" + measure.table(rows))
    measure.save("encoding", rows)


if __name__ == "__main__":
    main()
