"""How to use a MergeStepper on a page, and what Python says it must show."""

from b2t.bpe import fast
from b2t.bpe.core import vocabulary
from b2t.widgets import MergeStepper
from b2t.widgets.merge_stepper_learn import RULES, learn, pair_counts, pair_rows


def settle(page):
    """Wait for the frame after the next, by which everything is drawn, and for slow work to end."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function(
        """() => ![...document.querySelectorAll('[data-b2t="merge-stepper"]')]
             .some(root => /training|comparing/.test(root.textContent))"""
    )


def ids(root):
    """The ids of the tokens drawn, in order."""
    return root.locator("[data-id]").evaluate_all("tokens => tokens.map(token => Number(token.dataset.id))")


def shown(root):
    """What the page says, as texts."""
    return root.evaluate(
        """root => ({
             line: root.querySelector('[role=status]').textContent,
             sizes: [...root.querySelectorAll('dd')].map(e => e.textContent),
             pairs: [...root.querySelectorAll('tbody tr')].map(row => [...row.cells].map(e => e.textContent)),
             merges: [...root.querySelectorAll('ol li')].map(e => [...e.children].map(e => e.textContent)),
             parts: [...root.querySelectorAll('[data-rule]')].map(e => e.textContent).filter(Boolean),
             rule: root.querySelector('[aria-pressed=true]').dataset.value,
             step: Number(root.querySelector('input[type=range]').value),
             most: Number(root.querySelector('input[type=range]').max)})"""
    )


def jump(page, root, step):
    """Move the slider to a merge."""
    root.get_by_role("slider", name="Merge").fill(str(step))
    settle(page)


def choose(page, root, tie):
    """Press the button of a tie rule."""
    root.get_by_role("button", name=RULES[tie]).click()
    settle(page)


def check(root, text, step, tie, steps):
    """Hold what the page shows of a short text against the library."""
    merges = list(learn(text, tie, steps))
    seen = shown(root)
    assert (seen["step"], seen["most"], seen["rule"]) == (step, len(merges), tie)
    assert ids(root) == fast.encode(text, merges[:step])
    rows = pair_rows(pair_counts(text, merges[:step]), tie, vocabulary(merges[:step]))
    assert seen["pairs"] == rows
    assert len(seen["merges"]) == max(1, step)
    python = MergeStepper(text=text, step=step, tie=tie, steps=steps)
    assert python.tokens == ids(root)
    assert {"line": seen["line"], "sizes": seen["sizes"], "parts": seen["parts"]} == {
        "line": python._last_merge(vocabulary(merges[:step])),
        "sizes": python._sizes(),
        "parts": python._partings(),
    }


def drive(page, root, state, make_text):
    """Type texts, step, jump and change the rule, from the state that the page was written with."""
    settle(page)
    check(root, state["text"], state["step"], state["tie"], state["steps"])
    for tie in ("first", "largest", "smallest"):
        text = make_text()
        root.get_by_label("Text", exact=True).fill(text)
        choose(page, root, tie)
        most = len(learn(text, tie, state["steps"]))
        for step in sorted({0, min(3, most), most // 2, most}):
            jump(page, root, step)
            check(root, text, step, tie, state["steps"])
        root.get_by_role("button", name="First", exact=True).click(force=True)
        root.get_by_role("button", name="Next", exact=True).click(force=True)
        settle(page)
        check(root, text, min(1, most), tie, state["steps"])
