"""PositionExplorer: the table of sines and cosines, its clock hands, and a formula that breaks it."""

import math

import numpy as np
import traitlets

from b2t.widgets.base import PageWidget, asset, check_between, check_one_of, number_table

FORMULAS = ("paper", "article")
MOST = 512
FIRST_ROWS, FIRST_COLUMNS = 6, 8


def article_table(seq_len: int, d_model: int) -> np.ndarray:
    """Make the table with the article's frequencies, whose factor ``-ln(base) / d_model`` is missing.

    Parameters
    ----------
    seq_len, d_model : int
        Rows and columns. The article's own code refuses an odd `d_model`; here the last cosine is left out.

    Returns
    -------
    array of float32, (seq_len, d_model)
        NaN where the angle is too large for float32.

    Examples
    --------
    >>> np.isnan(article_table(2, 92))[:, 88:].tolist()
    [[False, False, True, True], [False, False, True, True]]
    """
    import torch

    frequency = torch.arange(0, d_model, 2, dtype=torch.float32).exp()
    angle = torch.arange(seq_len)[:, None] * frequency  # (seq_len, ceil(d_model / 2)), float32
    table = torch.empty(seq_len, d_model, dtype=torch.float32)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle.cos()[:, : d_model // 2]
    return table.numpy()


def _paper_table(seq_len, d_model, base):
    import torch

    from b2t.nn import positions

    return positions.sinusoidal(seq_len, d_model, base, dtype=torch.float64).numpy()


def _spell(value) -> str:
    return "NaN" if math.isnan(value) else f"{value:.2f}".replace("-0.00", "0.00")


def _computed(function) -> property:
    """Make a property that says, when it is set, what to set instead."""

    def refuse(self, value):
        raise traitlets.TraitError(
            f"{function.__name__} cannot be set to {value!r:.40}, for it is computed; "
            "set d_model, base, length, position or formula"
        )

    return property(function, refuse)


class PositionExplorer(PageWidget):
    """The table of positions as a picture, with one position's clock hands and its similarity to the others.

    Every argument is a trait that can be read and set later. The hand number `pair` belongs to the columns
    ``2 * pair`` and ``2 * pair + 1``. When the table shrinks, `position` and `pair` stay inside it.

    Parameters
    ----------
    d_model : int
        Columns, 2 to 512; may be odd.
    base : float
        10 to 100,000. The slowest hand is nearly this much slower than the first.
    length : int
        Rows, 2 to 512.
    position : int
        The row whose hands are shown, below `length`.
    pair : int
        The hand whose numbers are shown, below ``d_model / 2``.
    formula : {"paper", "article"}
        The frequencies of the 2017 paper, or the article's, which overflow float32; these do not use `base`.

    Examples
    --------
    >>> explorer = PositionExplorer(d_model=4, length=3, position=1, pair=1)
    >>> explorer.table[1].round(2).tolist()
    [0.84, 0.54, 0.01, 1.0]
    >>> explorer.nan_share
    0.0
    >>> PositionExplorer(d_model=128, length=512, formula="article").nan_share.__round__(2)
    0.34
    """

    kind = "position-explorer"
    page_state = ("d_model", "base", "length", "position", "pair", "formula")
    _esm = asset("position_explorer.js")
    d_model = traitlets.Int(64).tag(sync=True)
    base = traitlets.Float(10_000.0).tag(sync=True)
    length = traitlets.Int(64).tag(sync=True)
    position = traitlets.Int(20).tag(sync=True)
    pair = traitlets.Int(8).tag(sync=True)
    formula = traitlets.Unicode("paper").tag(sync=True)

    @traitlets.validate("d_model")
    def _check_d_model(self, proposal):
        return check_between("d_model", proposal.value, 2, MOST)

    @traitlets.validate("base")
    def _check_base(self, proposal):
        return check_between("base", proposal.value, 10, 100_000)

    @traitlets.validate("length")
    def _check_length(self, proposal):
        return check_between("length", proposal.value, 2, MOST)

    @traitlets.validate("position")
    def _check_position(self, proposal):
        return check_between("position", proposal.value, 0, self.length - 1)

    @traitlets.validate("pair")
    def _check_pair(self, proposal):
        return check_between("pair", proposal.value, 0, (self.d_model - 1) // 2)

    @traitlets.validate("formula")
    def _check_formula(self, proposal):
        return check_one_of("formula", proposal.value, FORMULAS)

    @traitlets.observe("length", "d_model")
    def _stay_inside(self, change):
        self.position = min(self.position, self.length - 1)
        self.pair = min(self.pair, (self.d_model - 1) // 2)

    @_computed
    def table(self) -> np.ndarray:
        """The numbers shown, (length, d_model): float64, or float32 where the article's formula makes it."""
        if self.formula == "article":
            return article_table(self.length, self.d_model)
        return _paper_table(self.length, self.d_model, self.base)

    @_computed
    def nan_share(self) -> float:
        """Which part of `table` is NaN, 0 to 1."""
        return float(np.isnan(self.table).mean())

    @_computed
    def similarity(self) -> np.ndarray:
        """The cosine of row `position` with each row, (length,); 1 for itself, NaN where a row holds NaN."""
        table = self.table.astype(np.float64)
        norm = np.sqrt((table**2).sum(axis=1))
        return table @ table[self.position] / (norm * norm[self.position])

    def still(self) -> str:
        """Draw the first rows and columns, and the chosen row, as a table of numbers."""
        table = self.table[:, :FIRST_COLUMNS]
        rows = sorted({*range(min(FIRST_ROWS, self.length)), self.position})
        numbers = [[f"position {row}", *map(_spell, table[row])] for row in rows]
        header = ["", *(f"feature {column}" for column in range(table.shape[1]))]
        return f"<p>{self._sentence()}</p>{number_table(header, numbers)}"

    def _sentence(self) -> str:
        made = f"base {self.base:,g}" if self.formula == "paper" else "the article's formula"
        share = f"NaN in {100 * self.nan_share:.0f} % of it" if self.nan_share else "every number finite"
        hand = self.table[self.position, 2 * self.pair : 2 * self.pair + 2]
        tips = [f"{name} {_spell(v)}" for name, v in zip(("sine", "cosine"), hand, strict=False)]
        other = self.position + 1 if self.position + 1 < self.length else self.position - 1
        return (
            f"A table of {self.length} positions and {self.d_model} features, {made}; {share}. "
            f"At position {self.position} the hand of pair {self.pair} has the {' and the '.join(tips)}. "
            f"Its similarity to position {other} is {_spell(self.similarity[other])}. The first numbers:"
        )
