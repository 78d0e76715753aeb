"""Wrong decoders."""

from functools import partial

from b2t.bpe.core import N_BYTES, vocabulary
from b2t.checks.zoo.bug import Bug


def decode(ids, merges, encoding="utf-8", errors="replace", vocab_of=vocabulary):
    """Decode as the library does, with parts that can be exchanged."""
    vocab = vocab_of(merges)
    return b"".join(vocab[token] for token in ids).decode(encoding, errors)


def decode_each(ids, merges):
    """Decode every token by itself."""
    vocab = vocabulary(merges)
    return "".join(vocab[token].decode(errors="replace") for token in ids)


def swapped_vocabulary(merges):
    """Join the halves of a token in the wrong order."""
    vocab = {i: bytes([i]) for i in range(N_BYTES)}
    for left, right in merges:
        vocab[len(vocab)] = vocab[right] + vocab[left]
    return vocab


def stream_unflushed(pieces):
    """Hold back an unfinished character, and forget it at the end."""
    held, text = b"", ""
    for piece in pieces:
        held += piece
        try:
            text, held = text + held.decode(), b""
        except UnicodeDecodeError as error:
            if len(held) - error.start > 3:
                raise
            text, held = text + held[: error.start].decode(), held[error.start :]
    return text


BUGS = [
    Bug(
        "decoding token by token",
        "bpe_decode",
        decode_each,
        "whole_characters",
        "soniqo/speech-swift!41 (merged)",
    ),
    Bug(
        "halves joined in the wrong order",
        "bpe_decode",
        partial(decode, vocab_of=swapped_vocabulary),
        "spells_text",
    ),
    Bug("Latin-1 in place of UTF-8", "bpe_decode", partial(decode, encoding="latin-1"), "spells_text"),
    Bug("damaged bytes raise", "bpe_decode", partial(decode, errors="strict"), "damaged_bytes"),
    Bug(
        "decoding piece by piece",
        "utf8_stream",
        lambda pieces: "".join(piece.decode(errors="replace") for piece in pieces),
        "like_batch",
        "ggml-org/llama.cpp!4446 (merged: holds the rest back)",
    ),
    Bug("the end forgotten", "utf8_stream", stream_unflushed, "unfinished_end"),
]
