"""TokenizerPlayground: one text under several vocabularies, and how each token came to be."""

from collections.abc import Mapping, Sequence
from html import escape

import traitlets

from b2t.bpe import Tokenizer
from b2t.widgets import export
from b2t.widgets.base import PageWidget, asset, check_one_of, check_text, visible
from b2t.widgets.vocabularies import Vocabulary, is_gpt2, pack, vocabulary

SHOW = ("text", "ids", "bytes")
MOST_VOCABULARIES = 8
DRAWN = 300  # tokens that a row shows at first
MOST_WORD = 5_000  # bytes of a word that is cut by longest match, too; both as in the script


def unpack(value: dict, widget) -> dict:
    """Take vocabularies from a front end: only those that the widget has."""
    if value != pack(widget.vocabularies):
        raise traitlets.TraitError(
            "vocabularies come from Python: set them there, to b2t.bpe.Tokenizer objects"
        )
    return widget.vocabularies


class TokenizerPlayground(PageWidget):
    """One text under several vocabularies, side by side.

    Parameters
    ----------
    text : str
        What is encoded; at most 200,000 characters. Special tokens in it are ordinary text.
    vocabularies : dict of str to (Tokenizer or "gpt2")
        At most eight, by the name that each shall bear. GPT-2 and the raw bytes by default.
    show : {"text", "ids", "bytes"}
        What stands on a token.
    selected : [str, int] or None
        Name of a vocabulary and index of a token, whose merges are shown.

    Attributes
    ----------
    tokens : dict of str to list of int
        The ids under each vocabulary, in its own numbering. When it is set, the text becomes their decoding.

    Examples
    --------
    >>> widget = TokenizerPlayground(text="abc", vocabularies={"one merge": Tokenizer([(97, 98)])})
    >>> widget.tokens
    {'one merge': [256, 99]}
    """

    kind = "tokenizer-playground"
    page_state = ("text", "vocabularies", "show", "selected")
    _esm = asset("tokenizer_playground.js")
    text = traitlets.Unicode("人人生而自由 born free 🙂").tag(sync=True)
    vocabularies = traitlets.Dict().tag(sync=True, to_json=pack, from_json=unpack)
    show = traitlets.Unicode("text").tag(sync=True)
    selected = traitlets.List(default_value=None, allow_none=True).tag(sync=True)
    tokens = traitlets.Dict().tag(sync=True)

    @traitlets.default("vocabularies")
    def _default_vocabularies(self):
        return {"GPT-2": "gpt2", "Raw bytes": Tokenizer([], "gpt2")}

    @traitlets.default("data")
    def _default_data(self):
        return {"gpt2": export.gpt2_bytes()} if any(map(is_gpt2, self.vocabularies.values())) else {}

    @traitlets.default("tokens")
    def _default_tokens(self):
        return self._encoded()

    @traitlets.validate("text")
    def _check_text(self, proposal):
        return check_text(proposal.value)

    @traitlets.validate("show")
    def _check_show(self, proposal):
        return check_one_of("show", proposal.value, SHOW)

    @traitlets.validate("vocabularies")
    def _check_vocabularies(self, proposal):
        if not 1 <= len(proposal.value) <= MOST_VOCABULARIES:
            raise traitlets.TraitError(
                f"there are {len(proposal.value)} vocabularies; give 1 to {MOST_VOCABULARIES}, "
                "such as {'GPT-2': 'gpt2'}"
            )
        for name, value in proposal.value.items():
            vocabulary(name, value)
        return proposal.value

    @traitlets.validate("selected")
    def _check_selected(self, proposal):
        if proposal.value is None:
            return None
        match proposal.value:
            case [str(name), int(index)] if not isinstance(index, bool):
                check_one_of("the vocabulary in selected", name, self.vocabularies)
            case other:
                raise traitlets.TraitError(
                    f"selected is {other!r}; give [vocabulary, index of a token] or None"
                )
        n = len(self._encoded()[name])
        if not 0 <= index < n:
            raise traitlets.TraitError(
                f"selected is {[name, index]}, but {name!r} has tokens 0 to {n - 1} here"
            )
        return [name, index]

    @traitlets.validate("tokens")
    def _check_tokens(self, proposal):
        if proposal.value != self._encoded():
            self.text = self._spelt(proposal.value)
        return self._encoded()

    @traitlets.observe("vocabularies")
    def _bring_data(self, change):
        self.data = self._default_data()

    @traitlets.observe("text", "vocabularies")
    def _encode(self, change):
        self.tokens = encoded = self._encoded()
        if self.selected and self.selected[1] >= len(encoded.get(self.selected[0], ())):
            self.selected = None

    def _encoded(self) -> dict[str, list[int]]:
        """Give the ids of the text under each vocabulary; computed once for a text and its vocabularies."""
        known = getattr(self, "_known", (None, None, {}))
        if known[0] != self.text or known[1] is not self.vocabularies:
            text = check_text(self.text)
            ids = {name: vocabulary(name, v).encode(text) for name, v in self.vocabularies.items()}
            self._known = known = (self.text, self.vocabularies, ids)
        return known[2]

    def _spelt(self, tokens: Mapping[str, Sequence[int]]) -> str:
        """Give the text that encodes to these ids, or say that there is none."""
        texts = set()
        for name, ids in tokens.items():
            check_one_of("the vocabulary in tokens", name, self.vocabularies)
            entry = vocabulary(name, self.vocabularies[name])
            try:
                text = b"".join(map(entry.spell, ids)).decode("utf-8")
            except (KeyError, ValueError, TypeError):
                raise traitlets.TraitError(f"tokens of {name!r} spell no text; set `text` instead") from None
            if entry.encode(text) != list(ids):
                raise traitlets.TraitError(
                    f"tokens of {name!r} spell {text!r:.60}, which encodes to other ids; set `text` instead"
                )
            texts.add(text)
        if len(texts) != 1:
            raise traitlets.TraitError(f"tokens spell {len(texts)} texts; give one, or set `text` instead")
        return texts.pop()

    def still(self) -> str:
        """Draw the first view: a table with a row a vocabulary, and the merges of the selected token."""
        n_bytes, encoded = len(self.text.encode()), self._encoded()
        header = ("vocabulary", "ids", "tokens", "bytes per token", "the text in tokens")
        rows = ""
        for name, ids in encoded.items():
            entry = vocabulary(name, self.vocabularies[name])
            numbers = (f"{entry.n_ids:,}", f"{len(ids):,}", ratio(n_bytes, len(ids)))
            cells = "".join(f"<td>{number}</td>" for number in numbers)
            codes = self._codes(entry, ids[:DRAWN]) + more(len(ids) - DRAWN)
            rows += f'<tr><th scope="row">{escape(name)}</th>{cells}<td>{codes}</td></tr>\n'
        titles = "".join(f'<th scope="col">{title}</th>' for title in header)
        counts = {name: len(ids) for name, ids in encoded.items()}
        return (
            f"<p>Text: <code>{escape(self.text[:2000])}</code></p>\n"
            f"<p>{escape(summary(counts, n_bytes))}</p>\n"
            f"<table><thead><tr>{titles}</tr></thead><tbody>\n{rows}</tbody></table>{self._still_token()}"
        )

    def _still_token(self) -> str:
        """Tell how the selected token came to be, and how its word is cut."""
        if self.selected is None:
            return ""
        name, index = self.selected
        entry, token = vocabulary(name, self.vocabularies[name]), self._encoded()[name][index]
        word, ids = entry.word_at(self.text, index)
        steps = [
            f"<li>rank {rank}: {codes(entry, [left, right], ' + ')} gives {codes(entry, [made])}, "
            f"id {made}</li>"
            for rank, left, right, made in entry.merges_of(token)
        ]
        greedy = entry.longest_match(word) if len(word) <= MOST_WORD else None
        cut = "" if greedy is None else f" Longest match first: {codes(entry, greedy[:DRAWN])}."
        return (
            f"\n<p>Token {codes(entry, [token])}, id {token}, in {escape(name)}:</p>\n"
            f"<ol>{''.join(steps)}</ol>\n"
            f"<p>Its word by rank: {codes(entry, ids[:DRAWN])}.{cut} {verdict(ids, greedy)}</p>"
        )

    def _codes(self, entry: Vocabulary, ids: Sequence[int]) -> str:
        return codes(entry, ids, show=self.show)


def codes(entry: Vocabulary, ids: Sequence[int], gap: str = " ", show: str = "text") -> str:
    """Write tokens as ``<code>``."""
    spelt = {
        "text": lambda i: visible(entry.spell(i)),
        "ids": str,
        "bytes": lambda i: entry.spell(i).hex(" "),
    }
    return gap.join(f"<code>{escape(spelt[show](i))}</code>" for i in ids)


def more(n: int) -> str:
    """Say how many tokens are not drawn."""
    return f" … and {n:,} more" if n > 0 else ""


def ratio(n_bytes: int, n_tokens: int) -> str:
    """Write bytes per token with two digits; halves go up, as in the script.

    Examples
    --------
    >>> ratio(17, 8), ratio(0, 0)
    ('2.13', '–')
    """
    if not n_tokens:
        return "–"
    hundredths = (200 * n_bytes + n_tokens) // (2 * n_tokens)
    return f"{hundredths // 100:,}.{hundredths % 100:02}"


def summary(counts: Mapping[str, int], n_bytes: int) -> str:
    """Say which vocabulary needs fewest tokens, in the words of the script.

    Examples
    --------
    >>> summary({"A": 3, "B": 5, "C": 5}, 5)
    '“A” needs fewest tokens: 3 for 5 bytes. Most: “B” and “C”, 5.'
    """
    low, high = min(counts.values()), max(counts.values())
    if not n_bytes:
        return "No text, no tokens: type something."

    def names(n: int) -> str:
        found = [f"“{name}”" for name, count in counts.items() if count == n]
        return " and ".join(found) if len(found) < 3 else f"{found[0]} and {len(found) - 1} others"

    if low == high:
        which = "All vocabularies need" if len(counts) > 1 else f"{names(low)} needs"
        return f"{which} {tokens(low)} for {n_bytes:,} bytes."
    verb = "needs" if list(counts.values()).count(low) == 1 else "need"
    return f"{names(low)} {verb} fewest tokens: {low:,} for {n_bytes:,} bytes. Most: {names(high)}, {high:,}."


def tokens(n: int) -> str:
    """Count tokens in words."""
    return f"{n:,} token" if n == 1 else f"{n:,} tokens"


def verdict(by_rank: Sequence[int], greedy: Sequence[int] | None) -> str:
    """Say whether the two ways to cut a word agree, in the words of the script."""
    if greedy is None:
        return f"The word is longer than {MOST_WORD:,} bytes: longest match is not tried."
    if list(by_rank) != list(greedy):
        return f"They differ: {tokens(len(by_rank))} by rank, {tokens(len(greedy))} by longest match."
    return (
        "The word is one token either way."
        if len(greedy) == 1
        else f"Both give the same {len(greedy)} tokens."
    )
