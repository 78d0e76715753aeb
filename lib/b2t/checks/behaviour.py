"""What holds for every layer that lets positions look at each other: asked of heads and of encoder layers.

Each function takes ``run(x, mask)``, which answers with the pair (output, weights or None), and a case.
"""

import torch

import b2t.nn
from b2t.checks.core import Seen
from b2t.checks.tensors import expect_finite, expect_near, normal, sizes, tolerance


def expect_repeatable(run, case) -> None:
    """Call twice."""
    hint = "dropout that is always on: F.dropout needs training=self.training"
    expect_near(run(case.x)[0], run(case.x)[0], sizes(x=case.x), hint, "the second output")


def expect_batch_order(run, case) -> None:
    """Exchange one text for another, and look at the rest."""
    x, out = case.x, run(case.x)[0]
    changed = x.clone()
    changed[-1] += normal(case.seq_len, case.d_model, seed=5, dtype=case.dtype)
    moved = (run(changed)[0] - out)[:-1].abs().max().item()
    if not moved < tolerance(case.dtype):
        hint = "attention over the batch axis: batch_first=True is missing, or axes are exchanged"
        raise Seen(f"text 0 moves by {moved:.3g} when text {case.batch - 1} changes", sizes(x=x), hint)


def expect_permutation(run, case) -> None:
    """Shuffle the positions."""
    x, order = case.x, torch.arange(case.seq_len).flip(0).roll(1)
    hint = "heads split or merged by view without transpose(1, 2): the pieces of a position end up in others"
    expect_near(run(x[:, order])[0], run(x)[0][:, order], sizes(x=x), hint, "shuffled output")


def expect_gradient(run, case) -> None:
    """Take the gradient of the output."""
    hint = "a .detach(), .data or no_grad on the way; or a parameter that is not used"
    with torch.enable_grad():
        out = run(case.x)[0]
        if not out.requires_grad:
            raise Seen("the output has no gradient", sizes(x=case.x), hint)
        parameters = dict(run.module.named_parameters())
        found = torch.autograd.grad(out.square().sum(), list(parameters.values()), allow_unused=True)
    missing = [name for name, grad in zip(parameters, found) if grad is None]
    if missing:
        raise Seen(f"no gradient for {', '.join(missing)}", sizes(x=case.x), hint)


def expect_locality(run, case) -> None:
    """Change one position under a diagonal mask."""
    x, mask = case.x, torch.eye(case.seq_len, dtype=torch.bool)
    changed, middle = x.clone(), case.seq_len // 2
    changed[:, middle] += normal(case.d_model, seed=5, dtype=case.dtype)  # a norm forgets a constant
    moved = (run(changed, mask)[0] - run(x, mask)[0]).abs().amax(dim=(0, 2)) > tolerance(case.dtype)
    found = moved.nonzero().flatten().tolist()
    if found != [middle]:
        hint = "the mask is ignored or inverted, or heads are split or merged by view without transpose(1, 2)"
        raise Seen(f"positions {found} move when {middle} changes", sizes(x=x, mask=mask), hint)


def expect_no_future(run, case) -> None:
    """Change the last position under a causal mask."""
    x, n = case.x, case.seq_len
    mask, changed = b2t.nn.causal_mask(n), x.clone()
    changed[:, -1] += normal(case.d_model, seed=5, dtype=case.dtype)
    moved = (run(changed, mask)[0] - run(x, mask)[0])[:, :-1].abs().amax(dim=(0, 2))
    if not moved.max() < tolerance(case.dtype):
        hint = "the mask is inverted (True means may attend) or ignored, or positions are torn apart by view"
        seen = f"position {int(moved.argmax())} moves by {moved.max().item():.3g} when {n - 1} changes"
        raise Seen(seen, sizes(x=x, mask=mask), hint)


def expect_batch_mates(run, case) -> None:
    """Run each text by itself."""
    x, mask = case.x, b2t.nn.padding_mask(case.lengths, case.seq_len)
    together = run(x, mask)[0]
    for b, n in enumerate(case.lengths.tolist()):
        alone = run(x[b : b + 1, :n], torch.ones(1, 1, 1, n, dtype=torch.bool))[0]
        hint = "padding is attended to, or a text gets another's mask: repeat where repeat_interleave belongs"
        at = sizes(x=x, mask=mask) + f", text {b} has {n} positions"
        expect_near(together[b : b + 1, :n], alone, at, hint, f"text {b} in the batch")


def expect_no_nan(run, case) -> None:
    """Hide a whole text."""
    x = case.x
    mask = b2t.nn.padding_mask([0, *[case.seq_len] * (case.batch - 1)], case.seq_len)
    hint = "softmax of a row of −∞ is 0/0: give such a row zeros, or fill with a finite number"
    at = sizes(x=x, mask=mask) + ", text 0 is all padding"
    expect_finite(run(x, mask)[0], at, hint)
