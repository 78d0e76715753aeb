"""`bpe_encode`, `bpe_decode`, `utf8_stream`: from text to ids by the order of the merges, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random

from b2t.bpe.core import decode, vocabulary
from b2t.bpe.fast import train
from b2t.bpe.reference import encode
from b2t.checks.core import Report, Seen, attempt, detector, judge, short
from b2t.checks.training import MIXED, whole

TEXTS = ("", "plain", "café", "cafe\u0301", "你好", "🙂", "na\u00efve \t\n  x ", "a\r\nb", "\ufeffa\0b")
WORDS = (
    "unhappiness happily happiest unhelpful helpful hopeless lowest newer 花非花 霧非霧 夜半來天明去 aaaaaaa"
)


@dataclass(frozen=True)
class CodeCase:
    """What a coder is asked: the seed of the random words, and how text is split."""

    seed: int = 0
    pattern: str | None = "gpt4"

    @cached_property
    def random_words(self) -> list[str]:
        """Forty words over few letters, in which merges compete."""
        random = Random(self.seed)
        return ["".join(random.choices("abehilnopsuwy花非", k=random.randint(2, 12))) for _ in range(40)]

    @cached_property
    def trained(self) -> list[tuple[int, int]]:
        """Merges learned from a small mixed text and the random words."""
        return train([MIXED, WORDS, " ".join(self.random_words)], 420, self.pattern)

    @property
    def texts(self) -> list[str]:
        """Awkward texts and random words, alone and reversed."""
        reversed_words = [word[::-1] for word in self.random_words]
        return [*TEXTS, MIXED, *WORDS.split(), *self.random_words, *reversed_words]


def bpe_encode(fn: Callable, *, pattern: str | None = "gpt4", case: CodeCase | None = None) -> Report:
    """Check a function that turns text into token ids.

    Parameters
    ----------
    fn : function of (text, merges)
        `merges` is a list of pairs, in the order in which they were learned. Returns a list of ids.
    pattern : str or None
        How `fn` splits words, as in `b2t.bpe.split.split`; it is not passed to `fn`.
    case : CodeCase, optional
        Another seed.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> from b2t.bpe import fast
    >>> bpe_encode(fast.encode).check
    'bpe_encode'
    """
    case = CodeCase(case.seed if case else 0, pattern)
    return judge("bpe_encode", partial(ids_of, fn), ENCODE, case)


def bpe_decode(fn: Callable, *, case: CodeCase | None = None) -> Report:
    """Check a function that turns token ids into text.

    Parameters
    ----------
    fn : function of (ids, merges)
        Returns a str, with U+FFFD where the bytes are not UTF-8.
    case : CodeCase, optional
        Another seed.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> from b2t.bpe import fast
    >>> bpe_decode(fast.decode).check
    'bpe_decode'
    """
    return judge("bpe_decode", partial(text_of, fn), DECODE, case or CodeCase())


def utf8_stream(fn: Callable, *, case: CodeCase | None = None) -> Report:
    """Check a function that decodes UTF-8 which arrives in pieces.

    Parameters
    ----------
    fn : function of pieces
        `pieces` is a list of bytes. Returns a str, or the texts to show one after the other.
    case : CodeCase, optional
        Another seed.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> utf8_stream(lambda pieces: b"".join(pieces).decode(errors="replace")).check
    'utf8_stream'
    """
    return judge("utf8_stream", partial(streamed, fn), STREAM, case or CodeCase())


def ids_of(fn: Callable, text: str, merges: list) -> list[int]:
    """Call an encoder and insist on ids."""
    at = f"text {short(text)}, {len(merges)} merges"
    given = list(merges)
    found = attempt(at, fn, text, given)
    if given != merges:
        raise Seen(
            f"the list of merges became {short(given)}", at, "work on a copy; the caller owns the list"
        )
    try:
        return [whole(token) for token in found]
    except TypeError:
        seen = f"{type(found).__name__} {short(found)}"
        raise Seen(seen, at, "return a flat list of ids, not words, pairs or bytes") from None


def text_of(fn: Callable, ids: list[int], merges: list) -> str:
    """Call a decoder and insist on a str."""
    at = f"ids {short(ids)}, {len(merges)} merges"
    found = attempt(at, fn, list(ids), list(merges))
    if not isinstance(found, str):
        seen = f"{type(found).__name__} {short(found)}"
        raise Seen(seen, at, "join the bytes of all tokens and .decode() them once")
    return found


def streamed(fn: Callable, pieces: list[bytes]) -> str:
    """Call a streaming decoder and join what it gives."""
    at = f"pieces {short(pieces)}"
    found = attempt(at, fn, list(pieces))
    if isinstance(found, str):
        return found
    return attempt(at, join, found)


def join(texts) -> str:
    """Put texts together, as they come."""
    return "".join(texts)


def same_ids(encoder, text, merges, pattern, hint):
    """Compare an encoder with the definition on one text."""
    found, wanted = encoder(text, merges), encode(text, merges, pattern)
    if found != wanted:
        raise Seen(f"{short(found)}, not {short(wanted)}", f"text {text!r}, merges {short(merges)}", hint)


@detector(blind="which ids they are", first=True)
def returns_ids(encoder, case):
    """A list of ids comes back, and the list of merges is as it was."""
    encoder("low", [(108, 111)])


@detector(blind="everything about merges")
def bytes_without_merges(encoder, case):
    """Without merges the ids are the bytes of UTF-8."""
    for text in TEXTS:
        hint = "characters (ord) in place of bytes, or text that was changed first (normalised, lower-cased)"
        same_ids(encoder, text, [], case.pattern, hint)


@detector(blind="a wrong way of cutting that still spells the text")
def round_trip(encoder, case):
    """The bytes of the ids, joined, are the text."""
    vocab = vocabulary(case.trained)
    for text in case.texts:
        found = encoder(text, case.trained)
        unknown = [token for token in found if token not in vocab]
        spelled = b"".join(vocab.get(token, b"") for token in found)
        if unknown or spelled != text.encode():
            seen = f"unknown ids {short(unknown)}" if unknown else f"they spell {short(spelled)}"
            raise Seen(
                seen, f"text {short(text)}", "a byte or a character is lost, doubled, or has another id"
            )


@detector(blind="texts that hold no special token's name")
def no_special_tokens(encoder, case):
    """A special token's name in the text is text like any other."""
    for text in ("a<|endoftext|>b", "<s>ab</s>"):
        hint = "user text can inject control tokens: special tokens are for the caller to add"
        same_ids(encoder, text, [(97, 98)], case.pattern, hint)


@detector(blind="the order of merges inside a word")
def inside_words(encoder, case):
    """No merge is applied across two words."""
    for text, pair in (
        ("a b", b"a "),
        ("hi!hi", b"i!"),
        ("花 花", b"\xb1 "),
        ("2026", b"26"),
        ("iPhone", b"iP"),
    ):
        hint = "split the text into words first, with the pattern that the merges were learned with"
        same_ids(encoder, text, [tuple(pair)], case.pattern, hint)


@detector(blind="words of which all merges come in order from the left")
def lowest_rank(encoder, case):
    """Where two merges compete, the earlier learned one is applied."""
    for text, merges in (("abc", [(98, 99), (97, 98)]), ("xabcx", [(99, 120), (98, 99), (97, 98)])):
        hint = "merges applied from left to right as they fit; look for the lowest rank in the whole word"
        same_ids(encoder, text, merges, case.pattern, hint)


@detector(blind="vocabularies in which the longest token is always reachable")
def no_longest_match(encoder, case):
    """A token that the merges cannot reach is not used."""
    for text, merges in (("abc", [(97, 98), (98, 99), (97, 257)]), ("aaaa", [(97, 97), (256, 97)])):
        hint = "greedy longest match: that is another tokenizer (WordPiece cuts so), not byte pair encoding"
        same_ids(encoder, text, merges, case.pattern, hint)


@detector(blind="texts longer than it tries; how long encoding takes")
def definition(encoder, case):
    """All ids equal those of the definition."""
    for text in case.texts:
        hint = "the merges are not applied in the order of their ranks, each as often as it fits"
        same_ids(encoder, text, case.trained, case.pattern, hint)


@detector(blind="what the text is", first=True)
def returns_text(decoder, case):
    """A str comes back."""
    decoder([104, 105], [])


@detector(blind="bytes that are no text")
def spells_text(decoder, case):
    """Decoding what was encoded gives the text."""
    vocab = vocabulary(case.trained)
    for text in case.texts:
        ids = encode(text, case.trained)
        found = decoder(ids, case.trained)
        if found != text:
            hint = misread(found, [vocab[token] for token in ids])
            raise Seen(f"{short(found)}", f"the ids of {short(text)}, {len(case.trained)} merges", hint)


def misread(found, tokens):
    """Name the mistake that makes this text of the bytes of tokens."""
    if found in ["".join(t.decode(errors=errors) for t in tokens) for errors in ("replace", "ignore")]:
        return "each token decoded by itself: a character may be spread over several tokens"
    if found == b"".join(tokens).decode("latin-1"):
        return "each byte taken for a character (chr, Latin-1): join the bytes and decode them as UTF-8"
    return "a token is the bytes of its left half, then those of its right half"


@detector(blind="tokens that are whole characters")
def whole_characters(decoder, case):
    """Tokens that end inside a character are joined before decoding."""
    for text in ("你", "é🙂"):
        for merges in ([], [(228, 189)], [(195, 169), (169, 240), (240, 159)]):
            found = decoder(encode(text, merges), merges)
            if found != text:
                hint = "each token decoded by itself: a character may be spread over several tokens"
                raise Seen(repr(found), f"the ids {encode(text, merges)} of {text!r}", hint)


@detector(blind="whole text")
def damaged_bytes(decoder, case):
    """Bytes that are no UTF-8 become U+FFFD."""
    for ids in ([228], [65, 189, 66], [255, 228, 189, 160]):
        found, wanted = decoder(ids, []), decode(ids, [])
        if found != wanted:
            raise Seen(
                f"{found!r}, not {wanted!r}", f"ids {ids}", 'decode with errors="replace", and in UTF-8'
            )


@detector(blind="text that comes in whole characters")
def like_batch(stream, case):
    """Wherever the bytes are cut, the text is the same."""
    for text in TEXTS[1:]:
        encoded = text.encode()
        for cut in range(len(encoded) + 1):
            pieces = [encoded[:cut], encoded[cut:]]
            if stream(pieces) != text:
                hint = (
                    "each piece decoded by itself; hold back an unfinished character until the rest arrives"
                )
                raise Seen(repr(stream(pieces)), f"pieces {pieces} of {text!r}", hint)
        if stream([bytes([byte]) for byte in encoded]) != text:
            hint = "an unfinished character must wait for more than one piece"
            raise Seen(repr(stream([bytes([b]) for b in encoded])), f"{text!r}, byte by byte", hint)


@detector(blind="text that ends with a character")
def unfinished_end(stream, case):
    """A character that never ends becomes U+FFFD."""
    for pieces in ([b"a\xe4", b"\xbd"], [b"\xf0\x9f"]):
        wanted = b"".join(pieces).decode(errors="replace")
        if stream(pieces) != wanted:
            hint = "tell the decoder that the text has ended (final=True), or its memory is lost"
            raise Seen(f"{stream(pieces)!r}, not {wanted!r}", f"pieces {pieces}", hint)


ENCODE = [returns_ids, bytes_without_merges, round_trip, no_special_tokens, inside_words]
ENCODE += [lowest_rank, no_longest_match, definition]
DECODE = [returns_text, spells_text, whole_characters, damaged_bytes]
STREAM = [like_batch, unfinished_end]
