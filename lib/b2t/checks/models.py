"""`embedding` and `encoder`: whole models seen from outside, with no need to know their weights."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from b2t.checks.core import Report, Seen, attempt, detector, judge
from b2t.checks.tensors import as_tensor, difference, expect_finite, expect_shape, own_randomness


@dataclass(frozen=True)
class ModelCase:
    """Texts as token ids below 256, with padding, and how far two runs may differ."""

    seq_len: int = 8
    lengths: tuple[int, ...] = (5, 8, 3)
    seed: int = 0
    near: float = 1e-4

    @property
    def ids(self) -> Tensor:
        """Token ids, (batch, seq_len); no token occurs twice in a text."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.stack([torch.randperm(256, generator=generator)[: self.seq_len] for _ in self.lengths])

    @property
    def mask(self) -> Tensor:
        """True at real keys, (batch, 1, 1, seq_len)."""
        return (torch.arange(self.seq_len) < torch.tensor(self.lengths)[:, None])[:, None, None]


def embedding(fn: Callable, *, case: ModelCase | None = None) -> Report:
    """Check what a model's first layer receives: embedded tokens with positions, before any training.

    Parameters
    ----------
    fn : function of ids
        `ids` is an int tensor (batch, seq_len) of numbers below 256. Returns vectors (batch, seq_len,
        d_model); in eval mode. Sinusoidal positions are assumed where sizes are compared: a learned table
        that starts small is out of balance on purpose.
    case : ModelCase, optional
        Other texts.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> from b2t.nn import Config, Encoder
    >>> embedding(Encoder(Config(256, d_model=64, n_heads=4, n_layers=1)).eval().embed).check
    'embedding'
    """
    with own_randomness(0), torch.no_grad():
        return judge("embedding", lambda ids: embedded(fn, ids), EMBEDDING, case or ModelCase())


def encoder(fn: Callable, *, case: ModelCase | None = None) -> Report:
    """Check a whole encoder on texts of different lengths.

    Parameters
    ----------
    fn : function of (ids, mask)
        `ids` is an int tensor (batch, seq_len) of numbers below 256, `mask` boolean (batch, 1, 1, seq_len),
        True at real positions. Returns vectors (batch, seq_len, d_model), or the pair (vectors, maps) with a
        list of weights, each (batch, n_heads, seq_len, seq_len); in eval mode.
    case : ModelCase, optional
        Other texts.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed

    Examples
    --------
    >>> from b2t.nn import Config, Encoder
    >>> model = Encoder(Config(256, d_model=16, n_heads=4, n_layers=2, d_ff=24)).eval()
    >>> encoder(lambda ids, mask: model(ids, mask, need_weights=True)).check
    'encoder'
    """
    with own_randomness(0), torch.no_grad():
        return judge("encoder", lambda ids, mask: encoded(fn, ids, mask), ENCODER, case or ModelCase())


def embedded(fn: Callable, ids: Tensor) -> Tensor:
    """Call a candidate and insist on one vector a token."""
    at = f"ids {tuple(ids.shape)}"
    x = as_tensor(attempt(at, fn, ids.clone()), at)
    expect_shape(x[..., 0], ids.shape, at, "one vector a token: (batch, seq_len, d_model)")
    return x


def encoded(fn: Callable, ids: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Call a candidate and insist on vectors, and maps if any."""
    at = f"ids {tuple(ids.shape)}, mask {tuple(mask.shape)}"
    found = attempt(at, fn, ids.clone(), mask.clone())
    x, maps = found if isinstance(found, tuple) and len(found) == 2 else (found, [])
    x = as_tensor(x, at)
    expect_shape(x[..., 0], ids.shape, at, "one vector a token: (batch, seq_len, d_model)")
    return x, list(maps)


def far(a: Tensor, b: Tensor, case) -> bool:
    """Whether two results differ."""
    return not difference(a, b) < case.near


@detector(blind="all numbers", first=True)
def vectors(embed, case):
    """There is one vector a token."""
    expect_finite(embed(case.ids), f"ids {tuple(case.ids.shape)}", "NaN in the table of positions?")


@detector(blind="the positions of a single text")
def same_in_every_text(embed, case):
    """A text gets the same vectors in every place of the batch."""
    ids = case.ids[:1].expand(len(case.lengths), -1)
    x = embed(ids)
    if far(x, x[:1].expand_as(x), case):
        hint = "positions along the batch axis: the table is indexed by x.size(0), or batch_first is missing"
        seen = f"copies of one text differ by up to {difference(x, x[:1].expand_as(x)):.3g}"
        raise Seen(seen, f"ids {tuple(ids.shape)}, all rows equal", hint)


@detector(blind="which positions they are")
def positions_differ(embed, case):
    """One token gets another vector at each position."""
    ids = torch.full((2, case.seq_len), 7)
    x = embed(ids)[0]
    closest = min(difference(x[i], x[j]) for i in range(len(x)) for j in range(i))
    if closest < case.near:
        hint = "positions are not added, or the table has the same row everywhere"
        raise Seen("two positions get the same vector", f"the token 7, {case.seq_len} times", hint)


@detector(blind="learned positions; what training makes of it")
def balance(embed, case):
    """Tokens and positions are of like size at the start: neither is five times the other."""
    x = embed(torch.arange(256)[:, None].expand(-1, case.seq_len))  # (token, position, d_model)
    position = x.mean(dim=0)  # tokens cancel
    token = (x - position).square().mean().sqrt()
    ratio = (token / position.square().mean().sqrt()).item()
    if not 0.2 < ratio < 5:
        hint = (
            "√d_model times an embedding that starts at size 1, or an embedding that starts small without it"
        )
        raise Seen(f"token : position = {ratio:.2g} : 1", f"256 tokens, {case.seq_len} positions", hint)


@detector(blind="all numbers", first=True)
def runs(run, case):
    """There is one vector a token."""
    run(case.ids, case.mask)


@detector(blind="a result that is wrong every time")
def repeatable(run, case):
    """Two calls agree."""
    found = difference(run(case.ids, case.mask)[0], run(case.ids, case.mask)[0])
    if not found < case.near:
        hint = "dropout is on: call .eval(), and keep layers in nn.ModuleList so that it reaches them"
        raise Seen(f"outputs differ by up to {found:.3g}", f"ids {tuple(case.ids.shape)}, twice", hint)


@detector(blind="texts of equal length")
def batch_mates(run, case):
    """A text in a batch gives what it gives alone."""
    together = run(case.ids, case.mask)[0]
    for b, n in enumerate(case.lengths):
        alone = run(case.ids[b : b + 1, :n], torch.ones(1, 1, 1, n, dtype=torch.bool))[0][0]
        if far(together[b, :n], alone, case):
            seen = f"text {b} differs by up to {difference(together[b, :n], alone):.3g}"
            hint = "padding is attended to, or another axis is taken for the positions (batch_first=True)"
            raise Seen(seen, f"{len(case.lengths)} texts of {list(case.lengths)} tokens", hint)


@detector(blind="models that return no maps, if only their maps are wrong")
def blind_to_padding(run, case):
    """Ids under the mask change no output and no map."""
    other = case.ids.clone()
    other[0, case.lengths[0] :] = (other[0, case.lengths[0] :] + 1) % 256
    n = case.lengths[0]
    (x, maps), (y, other_maps) = run(case.ids, case.mask), run(other, case.mask)
    if far(x[0, :n], y[0, :n], case):
        seen = f"outputs move by {difference(x[0, :n], y[0, :n]):.3g}"
        raise Seen(
            seen, f"text 0, padding from position {n}", "the mask is ignored or inverted in some layer"
        )
    for number, (a, b) in enumerate(zip(maps, other_maps)):
        if far(a[0, :, :n], b[0, :, :n], case):
            seen = f"layer {number}'s map moves by {difference(a[0, :, :n], b[0, :, :n]):.3g}, outputs do not"
            hint = "maps of another computation: one that passes vectors on without the mask"
            raise Seen(seen, f"text 0, padding from position {n}", hint)


@detector(blind="which positions they are")
def order(run, case):
    """The order of the tokens matters."""
    ids, swapped = case.ids[1:2], [1, 0, *range(2, case.seq_len)]
    mask = torch.ones(1, 1, 1, ids.size(1), dtype=torch.bool)
    if not far(run(ids[:, swapped], mask)[0], run(ids, mask)[0][:, swapped], case):
        hint = "positions are not added, so the model sees a bag of tokens"
        raise Seen("exchanging two tokens exchanges two outputs, no more", f"ids {tuple(ids.shape)}", hint)


@detector(blind="what the answer should be instead")
def empty_text(run, case):
    """A text of padding alone gives no NaN."""
    mask = case.mask.clone()
    mask[0] = False
    at = f"ids {tuple(case.ids.shape)}, text 0 is all padding"
    expect_finite(run(case.ids, mask)[0], at, "softmax of a row of −∞ is 0/0: give such a row zeros")


EMBEDDING = [vectors, same_in_every_text, positions_differ, balance]
ENCODER = [runs, repeatable, batch_mates, blind_to_padding, order, empty_text]
