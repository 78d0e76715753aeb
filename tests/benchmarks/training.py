"""Training, ours and others', on one core: `python -m tests.benchmarks.training --help`.

Same text, same pattern, same vocabulary size, in turns in one process. Times are processor time. The tokens
of those that break ties as we do must equal ours; of others, a note says how many of our tokens they lack.
"""

import argparse

from tests.benchmarks import corpora, measure
from tests.benchmarks.peers import TRAINERS

VOCABULARIES = (1024, 8192, 32768)


def compare(trained: dict[str, object]) -> dict[str, str]:
    """Check what was learned: equal where the tie rule is the same, else count what differs.

    When no pair is left, ours ends, and so does rustbpe; a rival that goes on is held equal up to there.

    Raises
    ------
    AssertionError
        When a trainer with our tie rule learned other tokens.
    """
    tokens = {name: TRAINERS[name].tokens(result) for name, result in trained.items()}
    notes = {}
    for name, learned in tokens.items():
        trainer, ours = TRAINERS[name], tokens[TRAINERS[name].ours]
        if name == trainer.ours:
            notes[name] = f"{len(ours):,} tokens"
        elif trainer.same_ties:
            assert learned[: len(ours)] == ours, f"{name} learned other tokens than {trainer.ours}"
            more = f", then {len(learned) - len(ours):,} more" if len(learned) > len(ours) else ""
            notes[name] = f"equal to ours{more}"
        else:
            notes[name] = f"{len(set(ours) - set(learned)):,} of ours missing"
    return notes


def task(text: str, title: str, vocab_size: int, rounds: int) -> list[dict]:
    """Train all on one text, in turns."""
    contestants = {
        name: lambda prepare=trainer.prepare: prepare(text, vocab_size) for name, trainer in TRAINERS.items()
    }
    turns, trained = measure.take_turns(contestants, rounds)
    rows = measure.rows(title, turns, {name: trainer.ours for name, trainer in TRAINERS.items()})
    notes = compare(trained)
    return [row | {"note": notes[row["contestant"]]} for row in rows]


def chosen(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("tests.benchmarks.training", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--corpus", nargs="+", choices=corpora.SIZES, default=list(corpora.SIZES))
    parser.add_argument("--megabytes", nargs="+", type=int, help="which sizes; all when not given")
    parser.add_argument("--vocab", nargs="+", type=int, default=VOCABULARIES)
    parser.add_argument("--quick", action="store_true", help="1 MB to 8,192 tokens, three rounds")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.megabytes, options.vocab = 3, [1], [8192]
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the rows that were asked for, print them, keep them."""
    options = chosen(arguments)
    measure.one_core()
    measure.head("BPE training, one thread on one core, processor time")
    texts, rows = [], []
    for name in options.corpus:
        for n_bytes in corpora.SIZES[name]:
            if options.megabytes is None or n_bytes // corpora.MB in options.megabytes:
                texts.append(corpora.describe(name, n_bytes))
                for vocab_size in options.vocab:
                    title = f"{name}, {n_bytes // corpora.MB} MB to {vocab_size:,}"
                    rows += task(corpora.corpus(name, n_bytes), title, vocab_size, options.rounds)
                    measure.show(rows[-len(TRAINERS) :])
    print("\n" + measure.table(rows) + "\n")
    print(
        "In brackets: ours / this. The last two columns are on GPT-2's pattern, the only one of gigatoken's."
    )
    for text in texts:
        print(f"  {text}")
    measure.save("corpora", texts)
    measure.save("training", rows)


if __name__ == "__main__":
    main()
