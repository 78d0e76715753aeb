"""Peak memory, ours and others', each in a process of its own: `python -m tests.benchmarks.memory`.

What a run needs above what the process holds just before it: the interpreter, the library, the text and, for
encoding, the tokenizer.
"""

import argparse

from tests.benchmarks import corpora, isolated, measure, peers

SECONDS = 300


def chosen(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("tests.benchmarks.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--corpus", nargs="+", choices=corpora.SIZES, default=["english", "mixed"])
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure training to 8,192 tokens and encoding to a list."""
    options = chosen(arguments)
    measure.one_core()
    measure.head(f"Peak memory above the start, {options.megabytes} MB of text, a process each")
    rows = []
    for name in options.corpus:
        corpora.path(name)  # built here, not in the measured process
        for what, contestants in (("train", peers.TRAINERS), ("encode", peers.ENCODERS)):
            print(f"\n{what}, {name}")
            for who in contestants:
                job = {"what": what, "who": who, "text": name, "vocab_size": 8192}
                n_bytes = options.megabytes * corpora.MB
                got = isolated.run(SECONDS, 16 * isolated.GB, n_bytes=n_bytes, **job)
                shown = got.ended or f"{got.peak / 1e6:9.1f} MB   {got.process:7.2f} s"
                print(f"  {who:28} {shown}", flush=True)
                rows.append({"corpus": name, "what": what, "contestant": who, **got._asdict()})
    measure.save("memory", rows)


if __name__ == "__main__":
    main()
