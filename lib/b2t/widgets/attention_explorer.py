"""AttentionExplorer: attention by hand, inside the trained encoder, or inside a reader's own model."""

from html import escape

import numpy as np
import traitlets
from traitlets import TraitError

from b2t.widgets import attention_inputs as inputs
from b2t.widgets import trained
from b2t.widgets.base import (
    PageWidget,
    asset,
    check_between,
    check_one_of,
    check_text,
    number_table,
    token_list,
    visible,
)

TEXT = "人人生而自由 born free 🙂"
STILL_TOKENS = 12
STATE = {
    "by hand": ("Q", "K", "V", "labels", "mask", "stage", "query"),
    "trained": ("text", "mask", "layer", "head", "query"),
    "given": ("tokens", "given", "layer", "head", "query"),
}
TITLES = {
    "scores": "Scores: each query times each key.",
    "scaled": "Scores divided by √d_head.",
    "mask": "Scores after the mask.",
    "softmax": "Weights: each row adds up to 1.",
    "sum": "Output: the values, weighted and added up.",
}


class AttentionExplorer(PageWidget):
    """Look at attention weights: computed by hand, of the trained encoder, or of a model of your own.

    What you pass decides which: ``Q, K, V`` (and `labels`), or `text`, or `tokens` and `weights`.

    Parameters
    ----------
    text : str
        Run this text through the trained encoder of chapter 09, 2 layers of 4 heads; its first 256 tokens.
    Q, K, V : array-like, (n, d_head), (n, d_head), (n, d_value)
        Compute with these stage by stage; at most 6 x 6 numbers each, which a reader can edit.
    labels : list of str
        A name for each row of `Q`, `K` and `V`.
    tokens : list of str or bytes
        With `weights`: what stands at each position, at most 64. With `text` it is a result, the ids.
    weights : array-like, (n_layers, n_heads, seq, seq) or (n_heads, seq, seq) or (seq, seq)
        After the softmax and before dropout; at most 100,000 numbers, kept to 4 digits.
    mask : {"none", "causal"}
        Whether a query sees only itself and what came before.
    stage : {"scores", "scaled", "mask", "softmax", "sum"}
        Where the computation by hand stands.
    layer, head, query : int
        Which map is chosen, and which row of it; they count from 0.

    Raises
    ------
    TraitError
        When a value does not fit; it says which, and what would.

    Examples
    --------
    >>> widget = AttentionExplorer(Q=[[0, 2], [1, 0]], K=[[0, 1], [1, 0]], V=[[3], [5]], labels=["a", "b"])
    >>> widget.weights[0, 0].round(2).tolist()
    [[0.8, 0.2], [0.33, 0.67]]
    >>> AttentionExplorer(tokens=["a", "b"], weights=[[0.5, 0.6], [0, 1]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    traitlets.traitlets.TraitError: the row of query 0 in layer 0, head 0 sums to 1.1; ...
    """

    kind = "attention-explorer"
    _esm = asset("attention_explorer.js")
    text = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List().tag(sync=True)
    given = traitlets.Any(None).tag(sync=True)
    Q = traitlets.Any(None).tag(sync=True)
    K = traitlets.Any(None).tag(sync=True)
    V = traitlets.Any(None).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    mask = traitlets.Unicode("none").tag(sync=True)
    stage = traitlets.Unicode("scores").tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    query = traitlets.Int(0).tag(sync=True)

    def __init__(self, **traits):
        if "weights" in traits:
            traits["given"] = traits.pop("weights")
        self._mode = mode_of(traits)
        if self._mode == "trained":
            from b2t.widgets import export

            traits = {"text": TEXT, "data": {"language_id": export.model_bytes()}, **traits}
        if self._mode == "by hand":
            traits = {"labels": [str(i) for i in range(len(traits["Q"]))], **traits}
        super().__init__(**traits)

    @property
    def mode(self) -> str:
        """What is shown, "by hand", "trained" or "given": the arguments decide it once."""
        return self._mode

    @property
    def page_state(self) -> tuple[str, ...]:
        """Names of the traits that make up a page of this mode."""
        return STATE[self._mode]

    @property
    def weights(self) -> np.ndarray:
        """All weights, (n_layers, n_heads, query_pos, key_pos). Those that you passed can be set anew."""
        if self._mode == "by hand":
            return inputs.stages(self.Q, self.K, self.V, self.mask)["softmax"][None, None]
        return np.array(self.given) if self._mode == "given" else trained.weights_of(self.tokens, self.mask)

    @weights.setter
    def weights(self, value) -> None:
        """Show other weights for the same tokens."""
        self.given = value

    # ---- what may be set -----------------------------------------------------------------------

    @traitlets.validate("text")
    def _check_text(self, proposal):
        self._only("trained", "text")
        return check_text(proposal.value)

    @traitlets.validate("tokens")
    def _check_tokens(self, proposal):
        ids = proposal.value
        if self._mode == "trained":
            return ids if tuple(ids) == trained.encode(self.text) else trained.check_ids(ids)
        self._only("given", "tokens")
        inputs.check_size(inputs.as_array("weights", self.given).shape, len(ids))
        return inputs.spell(ids)

    @traitlets.validate("given")
    def _check_given(self, proposal):
        self._only("given", "weights of its own")
        return inputs.table(proposal.value, len(self.tokens))

    @traitlets.validate("Q", "K", "V")
    def _check_matrix(self, proposal):
        name = proposal.trait.name
        self._only("by hand", name)
        matrices = {"Q": self.Q, "K": self.K, "V": self.V, name: proposal.value}
        matrices = {other: inputs.matrix(other, value) for other, value in matrices.items()}
        inputs.check_fit(*matrices.values(), self.labels)
        return matrices[name]

    @traitlets.validate("labels")
    def _check_labels(self, proposal):
        self._only("by hand", "labels")
        inputs.check_fit(*(inputs.matrix(name, getattr(self, name)) for name in "QKV"), proposal.value)
        return inputs.spell(proposal.value, "labels")

    @traitlets.validate("mask")
    def _check_mask(self, proposal):
        if self._mode == "given" and proposal.value != "none":
            raise TraitError(
                f"mask is {proposal.value!r}, but given weights stay as they are: mask them yourself"
            )
        return check_one_of("mask", proposal.value, ("none", "causal"))

    @traitlets.validate("stage")
    def _check_stage(self, proposal):
        return check_one_of("stage", proposal.value, inputs.STAGES)

    @traitlets.validate("layer", "head", "query")
    def _check_place(self, proposal):
        name = proposal.trait.name
        return check_between(name, proposal.value, 0, max(0, self._sizes()[name] - 1))

    def _only(self, mode: str, name: str) -> None:
        if self._mode != mode:
            raise TraitError(
                f"this AttentionExplorer is of the kind {self._mode!r} and has no {name}: make a new one"
            )

    def _sizes(self) -> dict[str, int]:
        """How many layers, heads and queries there are."""
        if self._mode == "by hand":
            sizes = 1, 1, len(self.Q)
        elif self._mode == "given":
            sizes = inputs.padded(np.shape(self.given))[:3]
        else:
            sizes = *trained.n_layers_and_heads(), len(trained.encode(self.text))
        return dict(zip(("layer", "head", "query"), sizes, strict=True))

    # ---- what follows from it ------------------------------------------------------------------

    @traitlets.observe("text")
    def _follow_text(self, change):
        self.tokens = list(trained.encode(self.text))

    @traitlets.observe("tokens")
    def _follow_tokens(self, change):
        if self._mode == "trained" and tuple(self.tokens) != trained.encode(self.text):
            self.text = trained.decode(self.tokens)

    @traitlets.observe("text", "given", "Q")
    def _keep_inside(self, change):
        for name, size in self._sizes().items():
            setattr(self, name, min(getattr(self, name), max(0, size - 1)))

    # ---- the still picture ---------------------------------------------------------------------

    def still(self) -> str:
        """Draw the tokens and the chosen head's map, or the matrices by hand, as tables."""
        return self._still_by_hand() if self._mode == "by hand" else self._still_map()

    def _still_by_hand(self) -> str:
        all_stages = inputs.stages(self.Q, self.K, self.V, self.mask)
        parts = [f"<p>Attention by hand, mask: {self.mask}.</p>"]
        for name in dict.fromkeys([self.stage, "softmax", "sum"]):
            columns = self.labels if name != "sum" else [f"feature {i}" for i in range(len(self.V[0]))]
            rows = [[label, *row] for label, row in zip(self.labels, all_stages[name].tolist(), strict=True)]
            parts += [f"<p>{TITLES[name]}</p>", number_table(["", *columns], rows)]
        return "\n".join(parts)

    def _still_map(self) -> str:
        spelled = (
            trained.spelled(self.tokens) if self._mode == "trained" else [t.encode() for t in self.tokens]
        )
        labels = [visible(token) for token in spelled]
        where = f"Layer {self.layer}, head {self.head}" + (", causal mask" if self.mask == "causal" else "")
        if not labels:
            return f"<p>{where}: no tokens.</p>"
        rows = self.weights[self.layer, self.head]
        query, key = (_named(labels, i) for i in (self.query, rows[self.query].argmax()))
        shown = labels[:STILL_TOKENS]
        body = [[label, *row[: len(shown)].tolist()] for label, row in zip(shown, rows, strict=False)]
        more = f"<p>The first {len(shown)} of {len(labels)} tokens.</p>" if len(labels) > len(shown) else ""
        ids = self.tokens if self._mode == "trained" else range(len(labels))
        return "\n".join(
            [
                token_list(ids, spelled),
                f"<p>{where}: {query} attends most to {key} ({rows[self.query].max():.2f}). "
                "Rows are queries, columns are keys.</p>",
                number_table(["", *shown], body),
                more,
            ]
        )


def _named(labels: list[str], i: int) -> str:
    """Spell token i within a sentence, whichever way it runs; with its place where another looks the same."""
    return f"<bdi>{escape(labels[i])}</bdi>" + (f" (token {i})" if labels.count(labels[i]) > 1 else "")


def mode_of(traits: dict) -> str:
    """Tell from the arguments what is to be shown, or say what is missing."""
    groups = {"by hand": {"Q", "K", "V"}, "given": {"tokens", "given"}, "trained": {"text"}}
    modes = [mode for mode, names in groups.items() if names & traits.keys()] or ["trained"]
    if len(modes) > 1 or not (modes == ["trained"] or groups[modes[0]] <= traits.keys()):
        passed = ", ".join(name.replace("given", "weights") for name in traits) or "nothing"
        raise TraitError(f"it got {passed}; give text, or Q and K and V, or tokens and weights")
    return modes[0]
