"""Right code passes, however it is written, at other sizes, dtypes and seeds, and leaves no trace."""

import dataclasses
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import b2t.nn
from b2t import checks
from b2t.bpe import reference
from b2t.checks import zoo
from b2t.checks.attending import AttentionCase
from b2t.checks.heads import HeadsCase
from tests.checks.right import RIGHT, by_einsum, of_matrices, table_in_halves, turn_halves
from tests.checks.test_zoo import OTHER_CASES, one_thread  # noqa: F401

ALL = [(check, number) for check, candidates in RIGHT.items() for number in range(len(candidates))]


def run(check, number, **options):
    return getattr(checks, check)(RIGHT[check][number], **options)


def test_there_are_three_of_each():
    assert set(RIGHT) == set(checks.ENTRY_POINTS)
    assert all(len(candidates) >= 3 for candidates in RIGHT.values())


@pytest.mark.parametrize(("check", "number"), ALL)
def test_right_code_passes(check, number):
    report = run(check, number)
    assert report.check == check and str(report).startswith(
        f"{check}: nothing found by {report.detectors[0]}"
    )


@pytest.mark.parametrize(("check", "number"), ALL)
def test_right_code_passes_at_other_sizes_and_seeds(check, number):
    assert run(check, number, case=OTHER_CASES[check])


@pytest.mark.parametrize(("check", "number"), [(c, n) for c, n in ALL if hasattr(OTHER_CASES[c], "dtype")])
def test_right_code_passes_in_float32(check, number):
    assert run(check, number, case=dataclasses.replace(OTHER_CASES[check], dtype=torch.float32))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.permutations([2, 3, 4, 5, 6, 7]))
def test_any_seed_and_sizes(seed, sizes):
    batch, n_heads, query_len, key_len, d_head, d_value = sizes
    key_len += 3
    case = AttentionCase(batch, n_heads, query_len, key_len, d_head, d_value, seed)
    assert checks.attention(by_einsum, case=case)
    assert checks.multi_head_attention(
        b2t.nn.MultiHeadAttention, case=HeadsCase(batch, query_len, n_heads, d_head, seed=seed)
    )


def test_other_forms():
    assert checks.attention(of_matrices, batched=False)
    assert checks.attention(lambda q, k, v: b2t.nn.attention(q, k, v)[0], masked=False)
    for layout in ("halves", "either"):
        assert checks.sinusoidal(table_in_halves, layout=layout)
        assert checks.rotary(turn_halves, layout=layout)
    assert checks.sinusoidal(b2t.nn.sinusoidal, layout="either")
    assert checks.bpe_train(lambda texts, size: reference.train(texts, size, None), pattern=None)
    assert checks.bpe_encode(lambda text, merges: reference.encode(text, merges, None), pattern=None)
    names = {"W_Q": "parts.two", "W_K": "parts.one", "W_V": "parts.three", "W_O": "parts.four"}
    assert checks.multi_head_attention(RIGHT["multi_head_attention"][4], names=names)
    with pytest.raises(ValueError, match="layout is 'both'"):
        checks.rotary(turn_halves, layout="both")
    with pytest.raises(ValueError, match="tie is 'last'"):
        checks.bpe_train(reference.train, tie="last")


def test_wrong_names_are_seen():
    names = {"W_Q": "parts.one", "W_K": "parts.two", "W_V": "parts.three", "W_O": "parts.four"}
    with pytest.raises(checks.CheckFailed, match="detector parity"):
        checks.multi_head_attention(RIGHT["multi_head_attention"][4], names=names)


@pytest.mark.parametrize("check", checks.ENTRY_POINTS)
def test_global_randomness_and_modes_are_left_alone(check):
    torch_state, grad, python_state = torch.get_rng_state(), torch.is_grad_enabled(), random.getstate()
    run(check, 0)
    assert torch.equal(torch.get_rng_state(), torch_state) and torch.is_grad_enabled() == grad
    assert random.getstate() == python_state


@pytest.mark.parametrize("check", checks.ENTRY_POINTS)
def test_an_unwritten_stub_is_told_so(check):
    def stub(*args, **kwargs):
        raise NotImplementedError("yours")

    with pytest.raises(checks.CheckFailed, match="the stub still stands there: write the") as caught:
        getattr(checks, check)(stub)
    assert "NotImplementedError: yours" in str(caught.value)


@pytest.mark.parametrize("check", checks.ENTRY_POINTS)
@pytest.mark.parametrize("answer", [None, 3, "text", [[1], [2, 3]], {}])
def test_answers_of_the_wrong_kind_are_a_failure_and_no_crash(check, answer):
    with pytest.raises(checks.CheckFailed):
        getattr(checks, check)(lambda *args, **kwargs: answer)


@pytest.mark.parametrize("check", checks.ENTRY_POINTS)
def test_an_error_is_shown_with_its_line(check):
    def wrong(*args):
        return args[0][{}]  # no type that can be indexed

    with pytest.raises(checks.CheckFailed) as caught:
        getattr(checks, check)(wrong)
    assert re.search(r"Error: .*, in wrong, line \d+$", caught.value.seen)


def test_the_failure_is_an_assertion_that_shows_its_message():
    with pytest.raises(AssertionError) as caught:
        checks.causal_mask(lambda n: ~b2t.nn.causal_mask(n))
    failure = caught.value
    assert str(failure).splitlines() == [
        "causal_mask: detector sees_itself",
        "  wanted:  each position may attend to itself",
        "  seen:    position 0 may not",
        "  at:      seq_len 4",
        "  usually: < where <= belongs, tril(-1), or a mask of what is blocked, True",
        "           for the future",
        "  also:    no_future, whole_past",
    ]
    assert failure._render_traceback_() == [f"CheckFailed: {failure}"]


def test_what_needs_another_is_not_run():
    with pytest.raises(checks.CheckFailed) as caught:
        checks.causal_mask(lambda n: b2t.nn.causal_mask(n).float())
    others = len(zoo.DETECTORS["causal_mask"]) - 1
    assert str(caught.value).endswith(f"\n  not run: {others} detectors that need this one")


def test_the_checks_of_tokens_need_no_torch():
    code = "import sys; from b2t.checks import bpe_encode, bpe_train; assert 'torch' not in sys.modules"
    library = Path(checks.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=library)
    with pytest.raises(AttributeError, match="has no 'attentoin'"):
        checks.attentoin  # noqa: B018
    assert {"attention", "rotary"} <= set(dir(checks))
