"""What every widget is: an anywidget in JupyterLab and Colab, an element with a state in the rendered page.

A widget's output carries two forms. Where there is a kernel, the first wins: the live widget. The second is
a small ``text/html`` without code: the state in a ``data-`` attribute, and inside it a still picture that
reads well where no script runs (GitHub, print). The rendered book has one script for all widgets, which finds
such elements and brings them to life. Nothing here is random: two runs of a notebook give the same bytes.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"
MAX_CHARACTERS = 200_000


@cache
def asset(name: str) -> str:
    """Read a bundled file; as text, since a path would have anywidget watch it for changes."""
    try:
        return (STATIC / name).read_text("utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{STATIC / name} is not there: bundle the sources with make widgets"
        ) from None


class PageWidget(anywidget.AnyWidget):
    """The base of all widgets.

    A subclass names itself (`kind`), its module (`_esm`) and the traits that make up its page (`page_state`),
    and draws its still picture. Traits tagged ``sync=True`` travel both ways. `data` holds large tables as
    bytes: a notebook gets them with the widget, a page loads them from a script of its own.
    """

    kind = ""
    page_state: tuple[str, ...] = ()
    _css = asset("widgets.css")
    data = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits):
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {unknown}; it takes {', '.join(self.page_state)}")
        super().__init__(**traits)

    def still(self) -> str:
        """Draw the widget as HTML without script or style; see `token_list` and `number_table`."""
        raise NotImplementedError

    def page_html(self) -> str:
        """Give the widget's second form: its state, and inside it the still picture."""
        state = {name: self.get_state(key=name)[name] for name in self.page_state}
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
        return (
            f'<div class="b2t-widget" data-b2t="{self.kind}" data-state="{escape(text)}">\n'
            f"{self.still()}\n</div>"
        )

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r:.60}" for name in self.page_state)
        return f"{type(self).__name__}({values})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        live, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**live, "text/plain": repr(self), "text/html": self.page_html()}, metadata


def visible(token: bytes) -> str:
    """Spell a token: text where it is text, with signs for blanks, else its bytes in hexadecimal.

    Examples
    --------
    >>> visible(b" the\\n"), visible("自".encode()[:2])
    ('␣the⏎', '<e8 87>')
    """
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return f"<{token.hex(' ')}>"
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace("\r", "␍")


def token_list(ids: Sequence[int], spelled: Sequence[bytes]) -> str:
    """Draw tokens as a line of code boxes, each with its id."""
    boxes = [
        f'<code data-id="{i}">{escape(visible(token))}</code>' for i, token in zip(ids, spelled, strict=True)
    ]
    return f"<p>{' '.join(boxes)}</p>"


def number_table(header: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Draw a table; floats get two digits."""

    def cell(value) -> str:
        return escape(f"{value:.2f}" if isinstance(value, float) else str(value))

    head = "".join(f'<th scope="col">{cell(title)}</th>' for title in header)
    body = ""
    for first, *rest in rows:
        body += (
            f'<tr><th scope="row">{cell(first)}</th>' + "".join(f"<td>{cell(v)}</td>" for v in rest) + "</tr>"
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def check_text(text: str, most: int = MAX_CHARACTERS) -> str:
    """Return a text that a widget can show, or say why not."""
    if len(text) > most:
        raise traitlets.TraitError(
            f"text has {len(text):,} characters; a widget shows at most {most:,}: pass a part of it"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise traitlets.TraitError(
            f"text has a lone surrogate at character {error.start}, which has no bytes; "
            'decode it with errors="replace" first'
        ) from None
    return text


def check_one_of(name: str, value, options: Iterable):
    """Return a value that is one of a few, or name those."""
    options = list(options)
    if value not in options:
        raise traitlets.TraitError(f"{name} is {value!r}; choose from {', '.join(map(repr, options))}")
    return value


def check_between(name: str, value, least, most):
    """Return a number that lies within bounds, or name the bounds."""
    if not least <= value <= most:
        raise traitlets.TraitError(f"{name} is {value}; it runs from {least} to {most}")
    return value
