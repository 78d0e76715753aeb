"""What `rotary` calls a wrong layout, seen from either side."""

import pytest
import torch

from b2t import checks
from b2t.nn.positions import rotate
from tests.checks.right import turn_halves

NOT_PUT_BACK = "pairs are turned well, and not put back where they were"


def left_in_halves(x):
    """Turn neighbours, and lay them down in halves."""
    turned = rotate(x)
    return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)


def left_side_by_side(x):
    """Turn halves, and lay them down side by side."""
    return torch.stack(turn_halves(x).chunk(2, dim=-1), dim=-1).flatten(-2)


@pytest.mark.parametrize(
    ("turn", "layout", "hint"),
    [
        (turn_halves, "interleaved", "features paired in halves"),
        (rotate, "halves", "neighbours are paired"),
        (left_in_halves, "interleaved", f"{NOT_PUT_BACK}: stack"),
        (left_side_by_side, "halves", f"{NOT_PUT_BACK}: join"),
    ],
)
def test_a_wrong_layout_is_named(turn, layout, hint):
    with pytest.raises(checks.CheckFailed) as caught:
        checks.rotary(turn, layout=layout)
    assert caught.value.hint.startswith(hint)
