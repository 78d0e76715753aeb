"""The whole machine in one strip: a text, its bytes, tokens, vectors, attention, and the answer."""

import re

import traitlets

from b2t.widgets import machine, trained
from b2t.widgets.base import PageWidget, asset, check_between, check_text

LINKS = {name: href for name, (_, href) in machine.STAGES.items()}
HREF = re.compile(r"(https?://|(?!\w+:))[^\s\"'<>]+")
MAX_FIRST = 32  # tokens up to which a page brings what the first view shows


class WholeMachine(PageWidget):
    """Type, and see every stage from the text to the language that the model of chapter 09 names.

    Parameters
    ----------
    text : str
        What the machine reads; of a long text the first 256 tokens.
    layer, head : int
        Whose attention is shown, counted from 0.
    links : dict of str to str
        Where the title of a stage leads: "bytes", "tokens", "vectors", "attention", "answer". A notebook
        with a kernel shows no links, since it stands beside no pages.

    Attributes
    ----------
    tokens : list of int
        Ids of the text's tokens. Set it, and `text` becomes what they spell.
    answer : list of [str, float]
        The five likeliest languages and their probabilities.

    Examples
    --------
    >>> machine = WholeMachine(text="Tous les êtres humains naissent libres")
    >>> machine.answer[0][0], len(machine.tokens)
    ('French', 17)
    """

    kind = "whole-machine"
    page_state = ("text", "layer", "head", "links", "first")
    _esm = asset("whole_machine.js")
    text = traitlets.Unicode("人人生而自由").tag(sync=True)
    layer = traitlets.Int(1).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    links = traitlets.Dict().tag(sync=True)
    first = traitlets.Dict().tag(sync=True)
    tokens = traitlets.List(traitlets.Int()).tag(sync=True)
    answer = traitlets.List(traitlets.List()).tag(sync=True)

    def __init__(self, **traits):
        if "tokens" in traits:
            traits["text"] = _spelled_by(traits.pop("tokens"))
        super().__init__(**traits)
        self._compute()

    @traitlets.default("links")
    def _default_links(self):
        return dict(LINKS)

    @traitlets.default("data")
    def _default_data(self):
        from b2t.widgets import export

        return {"language_id": export.model_bytes()}

    @traitlets.validate("text")
    def _check_text(self, proposal):
        return check_text(proposal.value)

    @traitlets.validate("layer", "head")
    def _check_head(self, proposal):
        name, config = proposal.trait.name, trained.load()[1].encoder.config
        n = config.n_layers if name == "layer" else config.n_heads
        return check_between(name, proposal.value, 0, n - 1)

    @traitlets.validate("links")
    def _check_links(self, proposal):
        for stage, href in proposal.value.items():
            if stage not in machine.STAGES or not isinstance(href, str) or not HREF.fullmatch(href):
                raise traitlets.TraitError(
                    f"links has {stage!r}: {href!r}; a stage is one of {', '.join(machine.STAGES)}, "
                    "and a link is relative or starts with http:// or https://"
                )
        return proposal.value

    @traitlets.validate("tokens")
    def _check_tokens(self, proposal):
        if proposal.value != machine.run(self.text).ids:
            self.text = _spelled_by(proposal.value)
        return proposal.value

    @traitlets.validate("answer")
    def _check_answer(self, proposal):
        if proposal.value != machine.run(self.text).answer[: machine.N_ANSWERS]:
            raise traitlets.TraitError(
                f"answer is {proposal.value!s:.60}; it follows from the text: set text"
            )
        return proposal.value

    @traitlets.observe("text")
    def _compute(self, change=None) -> None:
        result = machine.run(self.text)
        self.tokens, self.answer = result.ids, result.answer[: machine.N_ANSWERS]

    def __repr__(self) -> str:
        return f"WholeMachine(text={self.text!r:.60}, layer={self.layer}, head={self.head})"

    def page_html(self) -> str:
        """Give the widget's second form, with all that its first view shows."""
        self.first = self._first_view()
        return super().page_html()

    def _first_view(self) -> dict:
        result = machine.run(self.text)
        if len(result.ids) > MAX_FIRST:
            return {}
        weights = result.weights[self.layer, self.head]
        return {
            "text": self.text,
            "layer": self.layer,
            "head": self.head,
            "tokens": [[i, token.hex()] for i, token in zip(result.ids, result.spelled, strict=True)],
            "levels": [machine.levels(vector) for vector in result.vectors],
            "weights": [round(float(weight), 2) for weight in weights.flat],
            "answer": [[name, round(share, 4)] for name, share in result.answer[: machine.N_ANSWERS]],
            "lang": result.lang,
        }

    def still(self) -> str:
        """Draw the five stages."""
        return machine.draw(self.text, self.layer, self.head, self.links)


def _spelled_by(ids: list) -> str:
    tokenizer = trained.load()[0]
    unknown = [i for i in ids if i not in tokenizer.vocab]
    if unknown:
        raise traitlets.TraitError(
            f"tokens has {unknown[0]}; ids run from 0 to {tokenizer.vocab_size - 1}: take them from `tokens`"
        )
    text = tokenizer.decode(ids)
    if machine.run(text).ids != ids:
        raise traitlets.TraitError(
            f"tokens is {ids!s:.60}, which no text is encoded to: its text {text!r:.40} is encoded as "
            f"{machine.encode(text)!s:.60}; set text instead"
        )
    return text
