"""The training loop: seeds stay inside, the schedule is the formula, a loss goes down."""

import math

import pytest
import torch
from torch import nn

from b2t.train import seeded, train, warmup_cosine


def test_a_seed_leaves_the_outside_alone():
    before = torch.random.get_rng_state()
    with seeded(3):
        first = torch.rand(4)
    assert torch.equal(torch.random.get_rng_state(), before)
    with seeded(3):
        assert torch.equal(torch.rand(4), first)
    with seeded(4):
        assert not torch.equal(torch.rand(4), first)


def test_the_schedule_rises_and_falls():
    shares = [warmup_cosine(step, 100, 10) for step in range(100)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert shares[10] == 1.0
    assert shares[55] == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))
    assert shares == sorted(shares[:10]) + sorted(shares[10:], reverse=True)
    assert warmup_cosine(0, 3, 0) == 1.0
    assert [warmup_cosine(step, 100, 10) for step in (100, 101, 190)] == [0, 0, 0]


def quadratic(model, x):
    return (model(x) - 3 * x).square().mean()


def test_each_step_scales_the_peak_rate():
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    seen = []
    for _ in train(model, [torch.ones(2, 1)] * 3, quadratic, optimizer, schedule=lambda step: 1 / (step + 1)):
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == pytest.approx([0.5, 0.25, 0.5 / 3])


def test_a_long_gradient_is_clipped():
    model = nn.Linear(1, 1)
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    list(
        train(
            model,
            [torch.full((1, 1), 1e4)],
            quadratic,
            torch.optim.SGD(model.parameters(), lr=1.0),
            clip_norm=0.1,
        )
    )
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.1, rel=1e-3)


def test_the_model_is_in_training_mode_at_each_step():
    model, modes = nn.Linear(1, 1), []
    for _ in train(
        model,
        [torch.ones(1, 1)] * 2,
        lambda m, x: (modes.append(m.training), quadratic(m, x))[1],
        torch.optim.SGD(model.parameters(), lr=0.1),
    ):
        model.eval()
    assert modes == [True, True]
