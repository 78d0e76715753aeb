"""One training loop, its learning-rate schedule, and seeds that stay where they are used."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make PyTorch's random numbers repeatable inside a block, and leave them as they were outside.

    Parameters
    ----------
    seed : int
        The same seed gives the same weights and the same dropout, on the same kind of device.

    Examples
    --------
    >>> with seeded(0):
    ...     a = torch.rand(2)
    >>> with seeded(0):
    ...     b = torch.rand(2)
    >>> torch.equal(a, b)
    True
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def warmup_cosine(step: int, n_steps: int, warmup: int) -> float:
    """Tell what share of the peak learning rate a step uses: up a line, then down half a cosine.

    Parameters
    ----------
    step : int
        From 0.
    n_steps : int
        How many there will be.
    warmup : int
        How many of them the rise takes.

    Returns
    -------
    float
        Between 0 and 1; 0 from step `n_steps` on.

    References
    ----------
    Loshchilov and Hutter 2017 (SGDR), equation 5, without restarts; the warm-up is of Goyal et al. 2017.

    Examples
    --------
    >>> [round(warmup_cosine(step, 8, 2), 2) for step in range(8)]
    [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, n_steps - warmup))
    return 0.5 * (1 + math.cos(math.pi * done))


def train(
    model: nn.Module,
    batches: Iterable[Any],
    loss_of: Callable[[nn.Module, Any], Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    schedule: Callable[[int], float] | None = None,
    clip_norm: float = 1.0,
) -> Iterator[float]:
    """Take one step a batch, and yield the loss of each before the step.

    A generator, so the caller decides when to stop, measure or draw.

    Parameters
    ----------
    model : nn.Module
        Put into training mode at each step; changed in place.
    batches : iterable
        Whatever `loss_of` takes.
    loss_of : callable
        ``loss_of(model, batch)`` returns the mean loss, a scalar tensor in nats.
    optimizer : Optimizer
        Its learning rates when the training begins are the peaks that `schedule` scales.
    schedule : callable, optional
        Step number to share of the peak learning rate, such as `warmup_cosine`.
    clip_norm : float
        Longest gradient allowed, as one vector over all parameters.

    Yields
    ------
    float
        The loss, in nats.

    Examples
    --------
    >>> with seeded(0):
    ...     line = nn.Linear(1, 1)
    >>> x = torch.tensor([[0.0], [1.0], [2.0]])
    >>> losses = list(train(line, [x] * 200, lambda m, x: (m(x) - 3 * x).square().mean(),
    ...                     torch.optim.SGD(line.parameters(), lr=0.1)))
    >>> losses[-1] < 0.01 < losses[0]
    True
    """
    peaks = [group["lr"] for group in optimizer.param_groups]
    for step, batch in enumerate(batches):
        model.train()
        if schedule is not None:
            for group, peak in zip(optimizer.param_groups, peaks):
                group["lr"] = peak * schedule(step)
        loss = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        yield loss.item()
