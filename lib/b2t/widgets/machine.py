"""What the whole machine makes of a text, and the still picture of it: numbers first, then markup."""

import unicodedata
from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np

from b2t.widgets import trained
from b2t.widgets.base import visible

STAGES = {
    "bytes": ("Bytes", "01_text_to_bytes.html"),
    "tokens": ("Tokens", "02_byte_pair_encoding.html"),
    "vectors": ("Vectors with places", "08_positional_encoding.html"),
    "attention": ("Attention", "06_self_attention.html"),
    "answer": ("Answer", "09_encoder.html"),
}
MAX_READ = 8192  # characters that are read: the model reads 256 tokens, and none has over 31 bytes
MAX_TOKENS = 256  # that the model reads
N_CHARACTERS, N_ROWS, N_NUMBERED, N_ANSWERS = 120, 24, 8, 5  # drawn at most
FULL, N_LEVELS = 3.0, 4  # numbers of this size or more have the last of so many strengths of colour
PICTURE = "A row a token, a cell a number: tall and blue above zero, short and orange below"
UP, DOWN = '<span class="swatch up"></span>', '<span class="swatch down"></span>'
LEGEND = f'<p class="note">{UP}blue above zero, {DOWN}orange below</p>'
SHORT, SURE = 16, 0.7  # an answer to fewer bytes, or with less confidence, is called a guess


class Run(NamedTuple):
    """What the model makes of a text; the arrays have no rows where there is no token.

    Attributes
    ----------
    ids : list of int
        Token ids, at most 256.
    spelled : list of bytes
        The tokens' bytes.
    vectors : float32 array, (seq_len, d_model)
        Embedding plus position.
    weights : float32 array, (n_layers, n_heads, query_pos, key_pos)
        Attention weights.
    answer : list of [str, float]
        All languages with their probabilities, the likeliest first.
    lang : str
        BCP 47 tag of the first, or "" where its probability is below a half.
    """

    ids: list
    spelled: list
    vectors: np.ndarray
    weights: np.ndarray
    answer: list
    lang: str


def beginning(text: str) -> str:
    """Compose what of a text is read at all."""
    from b2t import language_id

    return language_id.compose(text[:MAX_READ])


def encode(text: str) -> list[int]:
    """Compose a text and encode what of it is read at all."""
    return trained.load()[0].encode(beginning(text), disallowed_special=())


@lru_cache(maxsize=16)
def run(text: str) -> Run:
    """Send a text through the model.

    Examples
    --------
    >>> run("Tous les êtres humains naissent libres").answer[0][0]
    'French'
    """
    tokenizer, model = trained.load()
    config = model.encoder.config
    ids = encode(text)[: config.max_len]
    spelled = [tokenizer.vocab[i] for i in ids]
    if not ids:
        empty = np.zeros((config.n_layers, config.n_heads, 0, 0), np.float32)
        return Run([], [], np.zeros((0, config.d_model), np.float32), empty, [], "")
    vectors, weights, likely = _forward(model, ids)
    answer, lang = _ranked(likely)
    return Run(ids, spelled, vectors, weights, answer, lang)


def _forward(model, ids: list) -> tuple[np.ndarray, np.ndarray, list]:
    import torch

    with torch.no_grad():
        batch = torch.tensor([ids])
        logits, weights = model(batch, need_weights=True)
        vectors = model.encoder.embed(batch)[0]
    return vectors.numpy(), torch.stack(weights)[:, 0].numpy(), logits[0].softmax(dim=-1).tolist()


def _ranked(likely: list) -> tuple[list, str]:
    from b2t import data

    order = sorted(range(len(likely)), key=lambda i: -likely[i])
    languages = data.languages()
    lang = languages[order[0]].tag if likely[order[0]] >= 0.5 else ""
    return [[languages[i].name, likely[i]] for i in order], lang


def levels(vector: np.ndarray) -> str:
    """Spell a vector as letters, one a number: E around zero, F to I above it, D to A below.

    Examples
    --------
    >>> levels(np.array([0.0, 0.8, 9.0, -0.8, -9.0]))
    'EFIDA'
    """
    steps = np.clip(np.rint(vector * (N_LEVELS / FULL)), -N_LEVELS, N_LEVELS).astype(int)
    return "".join(chr(ord("E") + step) for step in steps)


def percent(share: float) -> str:
    """Spell a probability, with a decimal where it is near 0 or 1, and never as 0 or 1.

    Examples
    --------
    >>> percent(0.8664), percent(0.0123), percent(0.9961), percent(0.00001), percent(0.99999)
    ('87 %', '1.2 %', '99.6 %', '<0.1 %', '>99.9 %')
    """
    if not 0.0005 <= share < 0.9995:
        return "<0.1 %" if share < 0.5 else ">99.9 %"
    return f"{100 * share:.{0 if 0.0995 <= share < 0.9895 else 1}f} %"


def is_guess(text: str, confidence: float) -> bool:
    """Say whether an answer is better called a guess: the text is very short, or no language stands out."""
    return len(text.encode()) < SHORT or confidence < SURE


# ---- markup -------------------------------------------------------------------------------------


def draw(text: str, layer: int, head: int, links: dict) -> str:
    """Draw the five stages as a list; its classes are those of the live widget.

    Parameters
    ----------
    text : str
        What the machine reads.
    layer, head : int
        Whose attention is shown.
    links : dict of str to str
        Where a stage's title leads.

    Returns
    -------
    str
        HTML without script or style.
    """
    result = run(text)
    parts = {
        "bytes": _bytes(text),
        "tokens": _tokens(result),
        "vectors": _vectors(result),
        "attention": _attention(result, layer, head),
        "answer": _answer(beginning(text), result),
    }
    stages = [_stage(name, links.get(name), *parts[name]) for name in STAGES]
    lang = f' lang="{result.lang}"' if result.lang else ""
    return (
        f'<p class="reads"{lang} dir="auto">{escape(text[:N_CHARACTERS])}</p>\n'
        '<ol class="machine" aria-label="The whole machine, from text to answer">\n'
        + "\n".join(stages)
        + "\n</ol>"
    )


def _stage(name: str, href: str | None, note: str, body: str) -> str:
    title = (
        f'<a href="{escape(href)}">{STAGES[name][0]}</a>' if href else f"<strong>{STAGES[name][0]}</strong>"
    )
    return (
        f'<li class="stage {name}"><p class="title">{title} <span class="note">{note}</span></p>\n{body}</li>'
    )


def shown(character: str) -> str:
    """Make a character visible: a blank as a sign, a mark on a circle, what has no shape as its number.

    Examples
    --------
    >>> shown("a"), shown(" "), shown("\u0301"), shown("\u200d")
    ('a', '␣', '◌\u0301', '200D')
    """
    kind = unicodedata.category(character)
    if kind in ("Cf", "Cc", "Zs", "Zl", "Zp") and character not in " \n\t\r":
        return f"{ord(character):04X}"
    return "◌" + character if kind[0] == "M" else visible(character.encode())


def _plural(n: int, word: str) -> str:
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def composing(text: str) -> str:
    """Say that a text is composed, and the first character made of several; "" where nothing changes.

    Examples
    --------
    >>> composing("caf\u00e9"), composing("cafe\u0301"), composing("5 \u212a")
    ('', 'composed (NFC): é as one character', 'composed (NFC)')
    """
    raw, read = text[:MAX_READ], beginning(text)
    if raw == read:
        return ""
    start = next((i for i, (old, new) in enumerate(zip(raw, read, strict=False)) if old != new), 0)
    made = next((c for c in read[start:] if len(unicodedata.normalize("NFD", c)) > 1), "")
    return "composed (NFC)" + (f": {made} as one character" if made else "")


def _bytes(text: str) -> tuple[str, str]:
    told = f'<p class="note">{composed}</p>\n' if (composed := composing(text)) else ""
    text = beginning(text) + text[MAX_READ:]
    drawn = []
    for character in text[:N_CHARACTERS]:
        codes = " ".join(f"<code>{byte:02x}</code>" for byte in character.encode())
        drawn.append(
            f'<span class="character"><span class="glyph">{escape(shown(character))}</span> {codes}</span>'
        )
    more = len(text) - N_CHARACTERS
    rest = f'\n<span class="note">… and {more:,} more</span>' if more > 0 else ""
    note = f"{_plural(len(text), 'character')}, {_plural(len(text.encode()), 'byte')}"
    return note, f'{told}<p class="characters box" dir="auto">{" ".join(drawn)}{rest}</p>'


def spell(token: bytes) -> tuple[str, bool]:
    """Spell a token, and say whether it is a part: bytes that are not whole characters.

    Examples
    --------
    >>> spell(b" the"), spell(bytes([0xE4, 0xBA]))
    (('␣the', False), ('e4 ba', True))
    """
    text = visible(token)
    part = text == f"<{token.hex(' ')}>"
    return (token.hex(" "), True) if part else (text, False)


def _tokens(result: Run) -> tuple[str, str]:
    chips, bare = [], 0
    for i, token in zip(result.ids, result.spelled, strict=True):
        text, part = spell(token)
        kind, way = ("token part", "ltr") if part else ("token", "auto")
        token = f'<code class="{kind}" data-id="{i}" dir="{way}">{escape(text)}</code>'
        chips.append(f'<span class="chip">{token} {i}</span>')
        bare += part
    note = _plural(len(result.ids), "token") + (f", {bare} bare bytes" if bare else "")
    if len(result.ids) == MAX_TOKENS:
        note = f"{MAX_TOKENS} tokens, the most it reads"
    return note, f'<p class="tokens box" dir="auto">{" ".join(chips)}</p>'


def _vectors(result: Run) -> tuple[str, str]:
    rows = [levels(vector) for vector in result.vectors[:N_ROWS]]
    note = f"{len(result.ids)} × {result.vectors.shape[1]}"
    return note, f'<p class="strips box">{strips(rows)}</p>\n{LEGEND}'


def strips(rows: list[str]) -> str:
    """Draw vectors, spelled by `levels`, as rows of cells: tall, blue above zero, short, orange below."""
    paths = {step: "" for step in range(-N_LEVELS, N_LEVELS + 1) if step}
    for row, letters in enumerate(rows):
        for column, letter in enumerate(letters):
            step = ord(letter) - ord("E")
            if step:
                paths[step] += f"M{column} {10 * row + (0 if step > 0 else 3)}v{9 if step > 0 else 4}"
    drawn = "".join(
        f'<path class="{"up" if step > 0 else "down"}" stroke-opacity="{abs(step) / N_LEVELS:g}" d="{path}"/>'
        for step, path in paths.items()
        if path
    )
    return (
        f'<svg viewBox="-0.5 0 128 {10 * max(len(rows), 1)}" data-rows="{len(rows)}" '
        f'preserveAspectRatio="none" role="img" aria-label="{PICTURE}">{drawn}</svg>'
    )


def _attention(result: Run, layer: int, head: int) -> tuple[str, str]:
    n = min(len(result.ids), N_NUMBERED)
    names = [escape(spell(token)[0]) for token in result.spelled[:n]]
    weights = result.weights[layer, head, :n, :n]
    rows = "".join(_row(name, row, weights.max()) for name, row in zip(names, weights, strict=True))
    head_row = "".join(f'<th scope="col"><span dir="auto">{name}</span></th>' for name in names)
    cut = "" if n == len(result.ids) else f", the first {n} tokens"
    return (
        f"layer {layer}, head {head}{cut}",
        f'<div class="box map"><table data-head="{layer} {head}"><tr><td></td>{head_row}</tr>{rows}'
        "</table></div>\n"
        '<p class="note">A row asks, a column is asked. A row adds up to 1 (numbers rounded).</p>',
    )


def _row(name: str, weights: np.ndarray, most: float) -> str:
    cells = "".join(f'<td data-w="{10 * (w / most) ** 0.5:.0f}">{w:.2f}</td>' for w in weights)
    return f'<tr><th scope="row"><span dir="auto">{name}</span></th>{cells}</tr>'


def _answer(text: str, result: Run) -> tuple[str, str]:
    if not result.ids:
        return "", '<p class="winner"><span class="language">No text, no answer</span></p>'
    rows = "".join(
        f'<li data-w="{10 * share:.0f}"><span class="language">{escape(name)}</span> '
        f'<span class="share">{percent(share)}</span></li>'
        for name, share in result.answer[:N_ANSWERS]
    )
    name, share = result.answer[0]
    return "", (
        f'<p class="winner"><span class="language">{escape(name)}</span> '
        f'<span class="share">{percent(share)}</span></p>\n'
        f'<p class="note">{verdict(text, share)}</p>\n<ul>{rows}</ul>'
    )


def verdict(text: str, share: float) -> str:
    """Say how far to trust an answer."""
    if is_guess(text, share):
        return "A guess: " + (
            "the text is very short." if len(text.encode()) < SHORT else "no language stands out."
        )
    return "It knows 35 languages and always names one."
