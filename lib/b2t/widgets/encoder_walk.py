"""EncoderWalk: the encoder as a diagram, the numbers of the reader's text in every box, and its sizes."""

from dataclasses import asdict

import numpy as np
import traitlets

from b2t.widgets import encoder_boxes as boxes
from b2t.widgets import sizes as count
from b2t.widgets import trained
from b2t.widgets.base import PageWidget, asset, check_between, check_one_of, check_text
from b2t.widgets.encoder_still import still
from b2t.widgets.sizes import PRESETS, SIZE_NAMES, Sizes

CHAPTER = PRESETS["chapter"]
LIMITS = {
    "vocab_size": 300_000,
    "d_model": 8192,
    "n_heads": 8192,
    "n_layers": 96,
    "d_ff": 32_768,
    "seq_len": 32_768,
}


def _whole(default: int):
    return traitlets.Int(default).tag(sync=True)


def _decode(ids) -> str:
    vocab = trained.load()[0].vocab
    return b"".join(vocab.get(i, b"\xff") for i in ids).decode("utf-8", errors="replace")


def _fitting_heads(n_heads: int, d_model: int) -> int:
    """Give the largest divisor of `d_model` that is no more than `n_heads`."""
    return max(k for k in count.divisors(d_model) if k <= n_heads)


def _start(given: dict) -> dict:
    """Complete the sizes that a constructor was given: the preset's, and what follows from `d_model`."""
    preset = check_one_of("preset", given.get("preset", "chapter"), (*PRESETS, "own"))
    sizes = asdict(PRESETS.get(preset, CHAPTER)) | {name: given[name] for name in SIZE_NAMES if name in given}
    d_model = sizes["d_model"]
    if "d_model" in given and isinstance(d_model, int) and d_model > 0:
        sizes["d_ff"] = given.get("d_ff", 4 * d_model)
        sizes["n_heads"] = given.get("n_heads", _fitting_heads(sizes["n_heads"], d_model))
    known = preset in PRESETS and count.matches(Sizes(**sizes), preset)
    return {**sizes, "preset": preset if known else "own"}


class EncoderWalk(PageWidget):
    """Chapter 09's encoder as a diagram: shapes on its arrows, a text in its boxes; and what sizes cost.

    Every argument is a trait that can be read and set later. Two views: "walk" opens a box of the trained
    model for one text, "sizes" counts a model of any size.

    Parameters
    ----------
    text : str
        Any text; the model sees its first 256 tokens.
    box : str
        The box that is open, a key of `b2t.widgets.encoder_boxes.BOXES`: "weights", "QKV", "norm_1", …
    layer, head, token : int
        What is shown of the box, from 0. When the text shrinks, `token` stays inside it.
    view : {"walk", "sizes"}
        The model and its numbers, or the sizes and their costs.
    preset : {"chapter", "paper", "bert", "gpt2", "own"}
        Sets the sizes. Sizes that are not the preset's make it "own"; any length is.
    d_model, n_heads, n_layers, d_ff, vocab_size, seq_len : int
        The sizes. `d_ff` is 4 d_model unless given, and follows `d_model` as long as it is. `n_heads` divides
        `d_model`; when a new `d_model` does not allow it, it falls to the next divisor.
    norm_first : bool
        Pre-norm instead of post-norm, in the view of sizes.

    Attributes
    ----------
    tokens : list of int
        What the model sees of the text. Setting them sets the text, if they are what it encodes to.
    numbers : array
        What leaves the open box; see `values`.
    parameters, memory, multiply_adds : dict of str to int
        The counts of `b2t.widgets.sizes` for the present sizes.

    Examples
    --------
    >>> walk = EncoderWalk(text="人人生而自由", box="weights", layer=1)
    >>> walk.numbers.shape  # (heads, query, key)
    (4, 4, 4)
    >>> EncoderWalk(preset="bert").parameters["total"]
    109482240
    """

    kind = "encoder-walk"
    page_state = ("text", "box", "layer", "head", "token", "view", "preset", *SIZE_NAMES)
    _esm = asset("encoder_walk.js")
    text = traitlets.Unicode("人人生而自由 born free 🙂").tag(sync=True)
    box = traitlets.Unicode("weights").tag(sync=True)
    layer, head, token = _whole(0), _whole(0), _whole(0)
    view = traitlets.Unicode("walk").tag(sync=True)
    preset = traitlets.Unicode("chapter").tag(sync=True)
    vocab_size, d_model = _whole(CHAPTER.vocab_size), _whole(CHAPTER.d_model)
    n_heads, n_layers = _whole(CHAPTER.n_heads), _whole(CHAPTER.n_layers)
    d_ff, seq_len = _whole(CHAPTER.d_ff), _whole(CHAPTER.seq_len)
    norm_first = traitlets.Bool(CHAPTER.norm_first).tag(sync=True)
    tokens = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, **traits):
        if "data" not in traits:
            from b2t.widgets.export import model_bytes

            traits["data"] = {"language_id": model_bytes()}
        tokens = traits.pop("tokens", None)
        super().__init__(**{**traits, **_start(traits)})
        self._encode()
        if tokens is not None:
            self.tokens = tokens

    # ---- what may be set ------------------------------------------------------------------------------

    @traitlets.validate("text")
    def _check_text(self, proposal):
        return check_text(proposal.value)

    @traitlets.validate("box", "view", "preset")
    def _check_choice(self, proposal):
        options = {"box": boxes.BOXES, "view": ("walk", "sizes"), "preset": (*PRESETS, "own")}
        return check_one_of(proposal.trait.name, proposal.value, options[proposal.trait.name])

    @traitlets.validate("layer", "head")
    def _check_place(self, proposal):
        most = {"layer": CHAPTER.n_layers, "head": CHAPTER.n_heads}[proposal.trait.name] - 1
        return check_between(proposal.trait.name, proposal.value, 0, most)

    @traitlets.validate("token")
    def _check_token(self, proposal):
        return check_between("token", proposal.value, 0, max(len(trained.encode(self.text)), 1) - 1)

    @traitlets.validate(*LIMITS)
    def _check_size(self, proposal):
        name, value = proposal.trait.name, proposal.value
        check_between(name, value, 1, LIMITS[name])
        if name == "n_heads" and self.d_model % value:
            heads = ", ".join(map(str, count.divisors(self.d_model)))
            raise traitlets.TraitError(
                f"n_heads is {value}, which does not divide d_model {self.d_model}; choose from {heads}"
            )
        return value

    @traitlets.validate("tokens")
    def _check_tokens(self, proposal):
        ids = proposal.value
        if list(trained.encode(self.text)) != ids and list(trained.encode(_decode(ids))) != ids:
            raise traitlets.TraitError(
                f"tokens {ids!r:.60} are not what their own text encodes to; set text, and read tokens"
            )
        return ids

    # ---- what follows from what -----------------------------------------------------------------------

    @traitlets.observe("text")
    def _encode(self, change=None):
        ids = list(trained.encode(self.text))
        self.token = min(self.token, max(len(ids), 1) - 1)
        self.tokens = ids

    @traitlets.observe("tokens")
    def _spell(self, change):
        if list(trained.encode(self.text)) != change.new:
            self.text = _decode(change.new)

    @traitlets.observe("preset")
    def _take_preset(self, change):
        if change.new in PRESETS and not count.matches(self.sizes, change.new):
            with self.hold_trait_notifications():
                for name, value in asdict(PRESETS[change.new]).items():
                    self.set_trait(name, value)

    @traitlets.observe("d_model")
    def _follow_width(self, change):
        if not isinstance(change.old, int):
            return  # while it is made: `_start` has seen to the rest
        if self.d_ff == 4 * change.old:
            self.d_ff = min(4 * change.new, LIMITS["d_ff"])
        self.n_heads = _fitting_heads(self.n_heads, change.new)

    @traitlets.observe(*SIZE_NAMES)
    def _leave_preset(self, change):
        if self.preset in PRESETS and not count.matches(self.sizes, self.preset):
            self.preset = "own"

    # ---- what can be read -----------------------------------------------------------------------------

    @property
    def sizes(self) -> Sizes:
        """The sizes that are counted."""
        return Sizes(**{name: getattr(self, name) for name in SIZE_NAMES})

    @property
    def parameters(self) -> dict[str, int]:
        """How many parameters each part has; see `b2t.widgets.sizes.parameters`."""
        return count.parameters(self.sizes, self.preset)

    @property
    def memory(self) -> dict[str, int]:
        """What the model takes, in bytes; see `b2t.widgets.sizes.memory`."""
        return count.memory(self.sizes, self.parameters["total"])

    @property
    def multiply_adds(self) -> dict[str, int]:
        """What one text of `seq_len` tokens costs; see `b2t.widgets.sizes.multiply_adds`."""
        return count.multiply_adds(self.sizes)

    @property
    def numbers(self) -> np.ndarray:
        """What leaves the open box, for the text."""
        return self.values(self.box)

    def values(self, box: str) -> np.ndarray:
        """Compute what leaves a box of the trained model, for the text and, inside a layer, for `layer`.

        Parameters
        ----------
        box : str
            A key of `b2t.widgets.encoder_boxes.BOXES`.

        Returns
        -------
        array of float32 (ids: of int64)
            In the shape that the diagram shows: all heads, all tokens.

        Raises
        ------
        ValueError
            When there is no such box, or no token.
        """
        import torch

        if box not in boxes.BOXES:
            raise ValueError(f"box is {box!r}; choose from {', '.join(boxes.BOXES)}")
        if not self.tokens:
            raise ValueError("the text is empty, so no box holds a number; set text first")
        with torch.no_grad():
            return boxes.trace(trained.load()[1], torch.tensor(self.tokens), self.layer)[box].numpy()

    def still(self) -> str:
        """Draw the tokens, the boxes with their shapes, and the parameters."""
        return still(self)
