"""What the checks of tensors share: seeded inputs, calls of candidates, comparisons."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from b2t.checks.core import Seen, attempt

SILENT = "look at each step's result on this input: where do the numbers first differ from yours by hand?"


def normal(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw standard normal numbers from a generator of their own.

    Examples
    --------
    >>> normal(2, 3, seed=0).shape
    torch.Size([2, 3])
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def tolerance(dtype: torch.dtype) -> float:
    """How far right code may be from another right code: far more than rounding, far less than a bug.

    In float64, a softmax or a norm that is computed in float32 inside still passes.

    Examples
    --------
    >>> tolerance(torch.float64)
    1e-06
    """
    return {torch.float64: 1e-6, torch.float32: 2e-4}[dtype]


def difference(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference; infinite where shapes differ or a number is not finite."""
    if a.shape != b.shape or not (torch.isfinite(a).all() and torch.isfinite(b).all()):
        return float("inf")
    return (a.double() - b.double()).abs().max().item() if a.numel() else 0.0


def near(a: Tensor, b: Tensor) -> bool:
    """Whether two results are equal within the tolerance of their dtype."""
    return difference(a, b) < tolerance(a.dtype)


def sizes(**tensors: Tensor) -> str:
    """Name shapes for a message.

    Examples
    --------
    >>> sizes(x=torch.zeros(2, 3), y=torch.zeros(1))
    'x (2, 3), y (1,), float32'
    """
    dtypes = {str(x.dtype).removeprefix("torch.") for x in tensors.values() if x.is_floating_point()}
    return ", ".join([*(f"{name} {tuple(x.shape)}" for name, x in tensors.items()), *sorted(dtypes)])


def takes(fn: Callable, name: str) -> bool:
    """Whether a function has a parameter of this name.

    Examples
    --------
    >>> takes(lambda x, mask=None: x, "mask"), takes(print, "mask")
    (True, False)
    """
    try:
        return name in inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return False


def call(at: str, fn: Callable, *args, mask: Tensor | None = None, like: Callable | None = None, **kwargs):
    """Call a candidate with its mask, by name if it (or `like`) has one called so; notice changed inputs."""
    given = [x for x in (*args, mask) if isinstance(x, Tensor)]
    before = [x.clone() for x in given]
    if mask is not None and takes(like or fn, "mask"):
        kwargs["mask"], mask = mask, None
    found = attempt(at, fn, *args, *([] if mask is None else [mask]), **kwargs)
    for x, old in zip(given, before):
        if not torch.equal(x, old):
            hint = "an operation in place (+=, masked_fill_, mul_) on an argument; the caller still needs it"
            raise Seen(f"an input of shape {tuple(x.shape)} was changed", at, hint)
    return found


def out_and_weights(found, at: str) -> tuple[Tensor, Tensor | None]:
    """Take a result apart: an output, or an output and attention weights."""
    pair = found if isinstance(found, (tuple, list)) and len(found) == 2 else (found, None)
    out, weights = pair
    if not isinstance(out, Tensor) or not isinstance(weights, Tensor | None):
        kinds = [type(x).__name__ for x in (found if isinstance(found, (tuple, list)) else [found])]
        hint = "return the output, or the pair (output, weights); a missing return gives None"
        raise Seen(f"returned {' and '.join(kinds) or 'nothing'}", at, hint)
    return out, weights


def as_tensor(found, at: str) -> Tensor:
    """Accept a tensor or a NumPy array."""
    found = torch.from_numpy(found) if isinstance(found, np.ndarray) else found
    if not isinstance(found, Tensor):
        raise Seen(f"returned {type(found).__name__}", at, "return one tensor; a missing return gives None")
    return found


def expect_shape(x: Tensor, wanted: tuple[int, ...], at: str, hint: str) -> None:
    """Compare a shape."""
    if tuple(x.shape) != tuple(wanted):
        raise Seen(f"shape {tuple(x.shape)}, not {tuple(wanted)}", at, hint)


def expect_dtype(x: Tensor, wanted: torch.dtype, at: str) -> None:
    """Compare a dtype."""
    if x.dtype != wanted:
        hint = (
            "a tensor made without dtype= and device=: use torch.zeros_like(x), x.new_zeros, or dtype=x.dtype"
        )
        raise Seen(f"{x.dtype} from {wanted}", at, hint)


def expect_finite(x: Tensor, at: str, hint: str) -> None:
    """Look for NaN and infinity."""
    broken = ~torch.isfinite(x)
    if broken.any():
        kind = "NaN" if torch.isnan(x).any() else "infinity"
        where = broken.nonzero()[0].tolist()
        seen = f"{kind} in {broken.double().mean().item():.0%} of the numbers, first at {where}"
        raise Seen(seen, at, hint)


def expect_near(
    found: Tensor, wanted: Tensor, at: str, hint: str | Callable[[], str], what: str = "output"
) -> None:
    """Compare numbers; a hint that takes long to find is a function."""
    if not difference(found, wanted) < tolerance(wanted.dtype):
        hint = hint() if callable(hint) else hint
        raise Seen(f"{what} differs by up to {difference(found, wanted):.3g}", at, hint)


def explain(found: Tensor, known: dict[str, Tensor], default: str = SILENT) -> str:
    """Name the known mistake that gives exactly this result.

    Examples
    --------
    >>> known = {"halved": torch.tensor([1.0]), "doubled": torch.tensor([4.0])}
    >>> explain(torch.tensor([4.0]), known)
    'doubled'
    """
    for name, wrong in known.items():
        if near(found, wrong):
            return name
    return default


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Let a candidate draw from PyTorch's CPU generator, and leave it as it was.

    Examples
    --------
    >>> before = torch.get_rng_state()
    >>> with own_randomness(0):
    ...     _ = torch.randn(3)
    >>> torch.equal(torch.get_rng_state(), before)
    True
    """
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
