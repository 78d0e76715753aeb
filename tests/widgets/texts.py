"""Texts that Python makes for the engine's tests: real ones, and what breaks tokenizers. Each time the same.

They keep to the characters that this Python's `unicodedata` knows. The newest letters are letters to one of
the browser and the `regex` library and nothing yet to the other, so there the two split apart.
"""

import random
import unicodedata
from functools import cache
from itertools import product

from b2t import data
from tests.conftest import ROOT

BLANKS = [*map(chr, (9, 10, 11, 12, 13, 32, 32, 32, 0x85, 0xA0, 0x1680, 0x2003, 0x2028, 0x202F, 0x3000))]
NOT_QUITE_BLANKS = [*map(chr, (0x1C, 0x1D, 0x1E, 0x1F, 0x180E, 0x200B, 0x200D, 0x2060, 0xFEFF))]
SKIN = [chr(0x1F3FB + i) for i in range(5)]
PEOPLE = ["👩", "👨", "🧑", "👧", "👦", "🤚", "👍", "❤️", "💻", "🚀", "♂️", "♀️"]
MARKS = [
    chr(c) for c in (0x300, 0x301, 0x303, 0x308, 0x327, 0x5B4, 0x64B, 0x93F, 0x94D, 0xE31, 0x20D7, 0xFE0F)
]
SHORT = ["s", "d", "m", "t", "ll", "ve", "re", "ſ", "S", "K", "ß", "st", "ﬆ", "x", "l", "r", ""]


@cache
def texts() -> tuple[str, ...]:
    """At least 2,000 distinct texts of every kind named in this file."""
    rng = random.Random(3)
    made = ["", *hand_made()]
    for kind, number in KINDS.items():
        made += [kind(rng) for _ in range(number)]
    made += [article.text[: rng.randrange(20, 200)] for article in data.udhr() if article.article % 3 == 1]
    return tuple(dict.fromkeys(map(settled, made)))


def settled(text: str) -> str:
    """Replace what has no meaning in Unicode yet."""
    return "".join(c if unicodedata.category(c) != "Cn" else "\ufffd" for c in text)


poems = cache(data.tang_poems)


@cache
def sources() -> list[str]:
    """The library's own code, Python and JavaScript."""
    files = [*(ROOT / "lib/b2t/bpe").glob("*.py"), *(ROOT / "lib/b2t/widgets/src/engine").glob("*.js")]
    return [file.read_text("utf-8") for file in sorted(files) if file.stat().st_size]


def hand_made() -> list[str]:
    """Short texts over signs that the patterns treat apart."""
    return ["".join(signs) for signs in product("aſ' \n1!\ufeff", repeat=3)]


def poem(rng: random.Random) -> str:
    """A Tang poem, or a few of its lines."""
    lines = rng.choice(poems()).lines
    return "\n".join(lines[: rng.randrange(1, 9)])


def emoji(rng: random.Random) -> str:
    """Sequences with joiners, skin tones, flags, keycaps, between words."""
    joined = ["\u200d".join(person(rng) for _ in range(rng.randrange(1, 5))) for _ in range(3)]
    flags = ["".join(chr(0x1F1E6 + rng.randrange(26)) for _ in range(rng.randrange(1, 4))) for _ in range(2)]
    parts = [*joined, *flags, f"{rng.randrange(10)}\ufe0f\u20e3", "go", "你好", " ", "!"]
    return "".join(rng.choices(parts, k=rng.randrange(1, 12)))


def person(rng: random.Random) -> str:
    """One sign, half of the time with a skin tone."""
    return rng.choice(PEOPLE) + rng.choice(["", rng.choice(SKIN)])


def marks(rng: random.Random) -> str:
    """Letters, digits and blanks with combining marks on them, some in piles."""
    return "".join(
        rng.choice("aeiouZñक ก7'\n") + "".join(rng.choices(MARKS, k=rng.randrange(4)))
        for _ in range(rng.randrange(1, 20))
    )


def code(rng: random.Random) -> str:
    """A piece of this library."""
    source = rng.choice(sources())
    start = rng.randrange(len(source))
    return source[start : start + rng.randrange(1, 300)]


def noise(rng: random.Random) -> str:
    """Random bytes, decoded with replacement; half of them lean towards UTF-8."""
    return noisy_bytes(rng).decode("utf-8", "replace")


def noisy_bytes(rng: random.Random) -> bytes:
    """Random bytes; half of the time those that begin and continue characters."""
    likely = [*range(0x80, 0xC4, 7), 0xE0, 0xE4, 0xED, 0xEF, 0xBB, 0xBF, 0xF0, 0x9F, 0xF4, 0x8F, 0x20, 0x41]
    return bytes(rng.choices(rng.choice([range(256), likely]), k=rng.randrange(1, 40)))


def blanks(rng: random.Random) -> str:
    """Runs of white space of every kind, with few signs between them, or none."""
    signs = rng.choice([BLANKS, [" ", "\n"], [" ", "\r", "\n", "\t"], BLANKS + NOT_QUITE_BLANKS])
    between = rng.choice([[""], ["a"], ["a", "1", "!", "中", "'s"]])
    runs = ["".join(rng.choices(signs, k=rng.randrange(6))) for _ in range(rng.randrange(1, 8))]
    return "".join(run + rng.choice(between) for run in runs)


def contraction(rng: random.Random) -> str:
    """Apostrophes, straight and curly, before endings in all cases."""
    endings = ["".join(rng.choice([c, c.upper()]) for c in rng.choice(SHORT)) for _ in range(4)]
    return "".join(rng.choice(["I", "they", " ", "2", "'"]) + rng.choice("''’") + end for end in endings)


def long_word(rng: random.Random) -> str:
    """One word of some thousand letters or signs."""
    return "".join(rng.choices(rng.choice(["ab", "的是", "0123456789", "=-", " ", "e\u0301"]), k=3000))


def mixed(rng: random.Random) -> str:
    """A bit of everything."""
    kinds = [poem, emoji, marks, code, noise, blanks, contraction]
    return "".join(rng.choice(kinds)(rng)[:30] for _ in range(rng.randrange(2, 8)))


KINDS = {
    poem: 250,
    emoji: 250,
    marks: 200,
    code: 200,
    noise: 300,
    blanks: 350,
    contraction: 250,
    long_word: 12,
    mixed: 200,
}
