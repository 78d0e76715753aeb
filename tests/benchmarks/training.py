"""Training a vocabulary of 8,192 tokens on 5 MB of novels and poems: ours, rustbpe, tokenizers."""

import rustbpe
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from b2t import data
from b2t.bpe import PATTERNS, core, fast
from tests.benchmarks.measure import report, take_turns

VOCAB_SIZE, N_BYTES = 8192, 5_000_000


def corpus() -> str:
    """Austen's novels, then Tang poems, cut to 5 MB."""
    return (data.text("austen_all") + data.text("tang_poems")).encode()[:N_BYTES].decode(errors="ignore")


def train_rustbpe(text: str) -> list[bytes]:
    """Give rustbpe's tokens in their order."""
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator([text], vocab_size=VOCAB_SIZE, pattern=PATTERNS["gpt4"])
    return [bytes(token) for token, _ in sorted(peer.get_mergeable_ranks(), key=lambda item: item[1])]


def train_tokenizers(text: str) -> set[bytes]:
    """Give the tokens of Hugging Face's trainer, whose ties fall differently."""
    peer = tokenizers.Tokenizer(models.BPE())
    splitter = pre_tokenizers.Split(tokenizers.Regex(RUST_PATTERN), behavior="isolated")
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [splitter, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, initial_alphabet=alphabet, show_progress=False)
    peer.train_from_iterator([text], trainer)
    byte_of = byte_alphabet()
    return {bytes(byte_of[c] for c in token) for token in peer.get_vocab()}


# the same words, in the syntax of Oniguruma, which `tokenizers` uses
RUST_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet() -> dict[str, int]:
    """Map the printable characters that stand for bytes in GPT-2's files back to the bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in shown]
    return {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}


def main(rounds: int) -> None:
    """Time the three and compare what they learned."""
    text = corpus()
    learned = {}

    def run(name, train):
        learned[name] = train(text)

    ours = "b2t.bpe.fast (Python)"
    seconds = take_turns(
        {
            ours: lambda: run(
                "ours", lambda text: list(core.vocabulary(fast.train(text, VOCAB_SIZE)).values())
            ),
            "rustbpe (Rust)": lambda: run("rustbpe", train_rustbpe),
            "tokenizers (Rust)": lambda: run("tokenizers", train_tokenizers),
        },
        rounds,
    )
    report(f"BPE training, {len(text.encode()):,} bytes to {VOCAB_SIZE:,} tokens", seconds, ours)
    assert learned["ours"] == learned["rustbpe"], "rustbpe learned other merges"
    shared = len(set(learned["ours"]) & learned["tokenizers"])
    print(f"  merges equal rustbpe's: {learned['ours'] == learned['rustbpe']}")
    print(f"  tokens shared with tokenizers, whose tie rule differs: {shared:,} of {VOCAB_SIZE:,}")
