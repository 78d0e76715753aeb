"""Byte pair encoding, one merge at a time, on a text of the reader's."""

from html import escape

import traitlets

from b2t.bpe import fast
from b2t.bpe.core import N_BYTES, Pair, vocabulary
from b2t.bpe.split import to_bytes
from b2t.widgets.base import PageWidget, asset, check_between, check_one_of, check_text, number_table
from b2t.widgets.merge_stepper_learn import (
    RULES,
    SHOWN_BYTES,
    learn,
    pair_counts,
    pair_rows,
    parting,
    shown_tokens,
    spelled_merges,
    spelled_pair,
)

DEFAULT_TEXT = "人人生而自由，人人平等: all are born free 🙂 and all are equal"
MAX_MERGES = 512


class MergeStepper(PageWidget):
    """Watch the merges of a text being made: forwards, backwards, under three tie rules.

    Parameters
    ----------
    text : str
        What is trained on and shown; at most 200,000 characters.
    step : int
        How many merges are shown as made: 0 to the number that the text allows.
    tie : {"smallest", "first", "largest"}
        Which pair is merged when several are the most frequent: the smallest ``(left, right)``, as in
        `b2t.bpe`; the one seen first in the text; or the largest.
    steps : int
        How many merges to learn at most: 1 to 512.

    Attributes
    ----------
    merges : list of (int, int)
        All merges learned from the text, those after `step` included.
    tokens : list of int
        The text's ids after `step` merges. Setting them sets the text that they spell.

    Raises
    ------
    traitlets.TraitError
        When a value is out of bounds, and when `merges` or `tokens` are set to what no text gives.

    Examples
    --------
    >>> stepper = MergeStepper(text="low low lower", step=2)
    >>> stepper.merges[:2], stepper.tokens
    ([(108, 111), (256, 119)], [257, 32, 257, 32, 257, 101, 114])
    >>> stepper.tie = "largest"
    >>> stepper.merges[:2]
    [(111, 119), (108, 256)]
    """

    kind = "merge-stepper"
    page_state = ("text", "step", "tie", "steps")
    _esm = asset("merge_stepper.js")
    text = traitlets.Unicode(DEFAULT_TEXT).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    tie = traitlets.Unicode("smallest").tag(sync=True)
    steps = traitlets.Int(64).tag(sync=True)
    merges = traitlets.List()
    tokens = traitlets.List().tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self._relearn()

    # ---- what may be set ------------------------------------------------------------------------

    @traitlets.validate("text")
    def _check_text(self, proposal) -> str:
        return check_text(proposal.value)

    @traitlets.validate("tie")
    def _check_tie(self, proposal) -> str:
        return check_one_of("tie", proposal.value, RULES)

    @traitlets.validate("steps")
    def _check_steps(self, proposal) -> int:
        return check_between("steps", proposal.value, 1, MAX_MERGES)

    @traitlets.validate("step")
    def _check_step(self, proposal) -> int:
        most = len(self._learned())
        if 0 <= proposal.value <= most:
            return proposal.value
        remedy = "raise steps" if most == self.steps < MAX_MERGES else "choose one of them, or a longer text"
        raise traitlets.TraitError(
            f"step is {proposal.value}; this text allows 0 to {most} (steps={self.steps}): {remedy}"
        )

    @traitlets.validate("merges")
    def _check_merges(self, proposal) -> list[Pair]:
        if list(proposal.value) != list(self._learned()):
            raise traitlets.TraitError(
                f"merges are learned from the text, and {proposal.value!r:.60} is not what it gives; "
                "set text, tie or steps instead"
            )
        return proposal.value

    @traitlets.validate("tokens")
    def _check_tokens(self, proposal) -> list[int]:
        ids = list(proposal.value)
        if ids != self._encoded(self.text):
            try:
                same = self._encoded(check_text(self._spelled(ids))) == ids
            except (KeyError, TypeError, UnicodeDecodeError):
                same = False
            if not same:
                raise traitlets.TraitError(
                    f"tokens {ids!r:.60} are not what the text they spell gives at step {self.step}; "
                    "set text and step instead"
                )
        return ids

    def set_state(self, sync_data: dict) -> None:
        """Take a change from the front end, which may pair a new text with the step of the text before."""
        late = sync_data.get("step")
        if late is None or not {"text", "tie", "steps"} & set(sync_data):
            return super().set_state(sync_data)
        super().set_state({name: value for name, value in sync_data.items() if name != "step"})
        super().set_state({"step": min(late, len(self.merges))})

    # ---- what follows from it -------------------------------------------------------------------

    @traitlets.observe("text", "tie", "steps")
    def _relearn(self, change=None) -> None:
        self.merges = list(self._learned())
        self.step = min(self.step, len(self.merges))
        self._reencode()

    @traitlets.observe("step")
    def _reencode(self, change=None) -> None:
        self.tokens = self._encoded(self.text)

    @traitlets.observe("tokens")
    def _respell(self, change) -> None:
        self.text = self._spelled(change.new)

    def _learned(self, text: str | None = None) -> tuple[Pair, ...]:
        return learn(
            check_text(self.text if text is None else text),
            check_one_of("tie", self.tie, RULES),
            check_between("steps", self.steps, 1, MAX_MERGES),
        )

    def _encoded(self, text: str) -> list[int]:
        return fast.encode(text, self._learned(text)[: self.step])

    def _spelled(self, ids: list[int]) -> str:
        vocab = vocabulary(self._learned())
        return b"".join(vocab[i] for i in ids).decode("utf-8")

    # ---- the still picture ----------------------------------------------------------------------

    def still(self) -> str:
        """Draw the first view: the merge just made, the tokens, the frequent pairs, the merges so far."""
        made = self.merges[: self.step]
        vocab = vocabulary(made)
        counts = pair_counts(self.text, made)
        return "\n".join(
            [
                f"<p>Text: {escape(self.text[:SHOWN_BYTES])}</p>",
                f"<p><strong>{escape(self._last_merge(vocab))}</strong></p>",
                *shown_tokens(self.text, made, vocab),
                number_table(["Vocabulary", "Tokens", "Bytes per token"], [self._sizes()]),
                number_table(["Frequent pairs", "ids", "count", "note"], pair_rows(counts, self.tie, vocab)),
                f"<p>{escape('Merges so far: ' + spelled_merges(made, vocab))}</p>",
                *(f"<p>{escape(line)}</p>" for line in self._partings()),
            ]
        )

    def _last_merge(self, vocab: dict[int, bytes]) -> str:
        if self.step == 0:
            return "No merge yet: every byte is a token."
        made = self.merges[: self.step]
        count = pair_counts(self.text, made[:-1])[made[-1]]
        times = "1 time" if count == 1 else f"{count:,} times"
        return f"Merge {self.step}: {spelled_pair(made[-1], vocab)} → {N_BYTES + self.step - 1}, {times}"

    def _sizes(self) -> list[str]:
        n_bytes, n_tokens = len(to_bytes(self.text)), len(self.tokens)
        ratio = f"{n_bytes / n_tokens + 1e-9:.2f}" if n_tokens else "–"
        vocabulary_size = f"{N_BYTES + self.step} = {N_BYTES} + {self.step}"
        return [vocabulary_size, f"{n_tokens:,} for {n_bytes:,} bytes", ratio]

    def _partings(self) -> list[str]:
        return [
            f"{name} {parting(self.merges, learn(self.text, rule, self.steps))}"
            for rule, name in RULES.items()
            if rule != self.tie
        ]
