"""The contestants: ours and other people's, behind one interface.

Training: a function takes a text and a vocabulary size, loads the library and returns a run, whose result
another function turns into tokens, in the order in which they were learned where the library keeps it.
Encoding: a function takes one that makes a tokenizer of ours, and returns its twin in the library.
"""

import contextlib
import importlib
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from b2t.bpe import PATTERNS, Tokenizer, core, fast
from b2t.bpe.formats.gpt2 import gpt2_characters

PATTERN = "gpt4"
# The same words in the syntax of Oniguruma, which `tokenizers` uses.
ONIGURUMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def library(name: str):
    """Import a rival; one that is missing is an error with the remedy."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SystemExit(
            f"{name} is missing ({error}), and a benchmark without it would be none. Install what the tests "
            f"need: make check, or .venv/bin/python -m pip install -c constraints.txt {name}"
        ) from error


@contextlib.contextmanager
def silence():
    """Send what compiled code prints to nowhere."""
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        yield
    finally:
        for number, descriptor in zip((1, 2), kept):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)


# ---- training ----------------------------------------------------------------------------------


def train_b2t(text: str, vocab_size: int, pattern: str = PATTERN) -> Callable:
    """Ours."""
    return lambda: fast.train(text, vocab_size, pattern)


def train_b2t_gpt2(text: str, vocab_size: int) -> Callable:
    """Ours with the pattern of GPT-2, the only one that gigatoken's trainer has."""
    return train_b2t(text, vocab_size, "gpt2")


def train_rustbpe(text: str, vocab_size: int) -> Callable:
    """Karpathy's trainer, in Rust."""
    peer = library("rustbpe").Tokenizer()

    def run():
        peer.train_from_iterator([text], vocab_size=vocab_size, pattern=PATTERNS[PATTERN])
        return peer

    return run


def train_tokenizers(text: str, vocab_size: int) -> Callable:
    """Hugging Face's trainer, in Rust."""
    tokenizers = library("tokenizers")
    pre = library("tokenizers.pre_tokenizers")
    peer = tokenizers.Tokenizer(library("tokenizers.models").BPE())
    split = pre.Split(tokenizers.Regex(ONIGURUMA), behavior="isolated")
    peer.pre_tokenizer = pre.Sequence([split, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = library("tokenizers.trainers").BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False
    )

    def run():
        peer.train_from_iterator([text], trainer)
        return peer

    return run


def train_bpeasy(text: str, vocab_size: int) -> Callable:
    """Dagan's trainer, in Rust; its longest token is set out of reach."""
    train = library("bpeasy").train_bpe
    return lambda: train(iter([text]), PATTERNS[PATTERN], 1 << 30, vocab_size, 1000)


def train_gigatoken(text: str, vocab_size: int) -> Callable:
    """Rød's trainer, in Rust with vector instructions: the limit. Its ties are told to fall as ours do."""
    train = library("gigatoken").train_bpe

    def run():
        with silence():
            return train(text.encode(), vocab_size, [], "raw_token_ids")[0]

    return run


def tokens_of_tokenizers(peer) -> set[bytes]:
    """Spell the tokens in bytes."""
    byte_of = {character: byte for byte, character in gpt2_characters().items()}
    return {bytes(byte_of[c] for c in token) for token in peer.get_vocab()}


class Trainer(NamedTuple):
    """How to train, how to get the tokens out, which entry of ours it is compared with, and how strictly."""

    prepare: Callable[[str, int], Callable]
    tokens: Callable[[object], list[bytes] | set[bytes]]
    ours: str = "b2t"
    same_ties: bool = False


def by_rank(ranks) -> list[bytes]:
    """Tokens in the order of their ranks, from pairs of token and rank."""
    return [bytes(token) for token, _ in sorted(ranks, key=lambda item: item[1])]


def by_merges(merges) -> list[bytes]:
    """Tokens of our merges."""
    return list(core.vocabulary(merges).values())


TRAINERS = {
    "b2t": Trainer(train_b2t, by_merges),
    "rustbpe": Trainer(train_rustbpe, lambda peer: by_rank(peer.get_mergeable_ranks()), same_ties=True),
    "tokenizers": Trainer(train_tokenizers, tokens_of_tokenizers),
    "bpeasy": Trainer(train_bpeasy, lambda vocab: by_rank(vocab.items())),
    "b2t, GPT-2's pattern": Trainer(train_b2t_gpt2, by_merges, "b2t, GPT-2's pattern"),
    "gigatoken, GPT-2's pattern": Trainer(
        train_gigatoken,
        lambda vocab: [vocab[i] for i in sorted(vocab)],
        "b2t, GPT-2's pattern",
        same_ties=True,
    ),
}


# ---- encoding ----------------------------------------------------------------------------------


class Encoder(NamedTuple):
    """Text to a list of ids, and text to an array; None where the library has no such call."""

    to_list: Callable[[str], list[int]]
    to_array: Callable[[str], np.ndarray] | None = None


def encode_b2t(make: Callable[[], Tokenizer]) -> Encoder:
    """Ours."""
    tok = make()
    return Encoder(
        lambda text: tok.encode(text, disallowed_special=()),
        lambda text: tok.encode_array(text, disallowed_special=()),
    )


def encode_tiktoken(make: Callable[[], Tokenizer]) -> Encoder:
    """OpenAI's, in Rust."""
    tok = make()
    special = set(tok.special_tokens.values())
    ranks = {spelling: token for token, spelling in tok.vocab.items() if token not in special}
    peer = library("tiktoken").Encoding(
        "twin", pat_str=PATTERNS[tok.pattern], mergeable_ranks=ranks, special_tokens=tok.special_tokens
    )
    return Encoder(peer.encode_ordinary, lambda text: peer.encode_to_numpy(text, disallowed_special=()))


def encode_tokenizers(make: Callable[[], Tokenizer]) -> Encoder:
    """Hugging Face's, in Rust; it has no call that gives an array."""
    peer = library("tokenizers").Tokenizer.from_str(make().to_huggingface())
    return Encoder(lambda text: peer.encode(text).ids)


def encode_gigatoken(make: Callable[[], Tokenizer]) -> Encoder:
    """Rød's, in Rust with vector instructions: the limit."""
    peer = library("gigatoken").Tokenizer.from_json(make().to_huggingface())
    return Encoder(lambda text: peer.encode_batch_list([text], parallel=False)[0], peer.encode)


WITHOUT_ARRAYS = ("tokenizers",)
ENCODERS = {
    "b2t": encode_b2t,
    "tiktoken": encode_tiktoken,
    "tokenizers": encode_tokenizers,
    "gigatoken": encode_gigatoken,
}
