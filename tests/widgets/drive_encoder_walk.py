"""How to use an EncoderWalk on a page, and what PyTorch says must be in its boxes."""

import math
import random

import torch

from b2t import data, language_id
from b2t.widgets import EncoderWalk
from b2t.widgets.encoder_boxes import BOXES
from b2t.widgets.trained import encode, load

PER_HEAD = ("QKV", "scores", "weights", "out")


def hooked(ids, layer):
    """Run the trained model and listen at its modules: box to tensor, for one layer, heads first."""
    model = load()[1]
    heard, hooks = {}, []

    def listen(name, module, which):
        def hook(_, inputs, output):
            heard.setdefault(name, (inputs[0] if which == "in" else output)[0].detach())

        hooks.append(module.register_forward_hook(hook))

    encoder, one = model.encoder, model.encoder.layers[layer]
    listen("embedding", encoder.embedding, "out")
    listen("positions", encoder.layers[0], "in")
    for name in ("W_Q", "W_K", "W_V", "W_O"):
        listen(name, getattr(one.attention, name), "out")
    listen("merged", one.attention.W_O, "in")
    for name, module in (("norm_1", one.norm_1), ("norm_2", one.norm_2), ("norm", encoder.norm)):
        listen(name, module, "out")
    listen("add_1", one.norm_2, "in")
    listen("before", one.feed_forward.W_1, "out")
    listen("W_2", one.feed_forward, "out")
    listen("mean", model.output, "in")
    listen("logits", model.output, "out")
    with torch.no_grad():
        _, weights = model(torch.tensor([ids]), need_weights=True)
    for hook in hooks:
        hook.remove()
    return finished(heard, weights[layer][0], model.encoder.config) | {"ids": torch.tensor(ids)}


def finished(heard, weights, config):
    """Cut into heads, and compute what no module gives by itself."""
    size = (-1, config.n_heads, config.d_head)
    Q, K, V, out = (heard[name].view(size).transpose(0, 1) for name in ("W_Q", "W_K", "W_V", "merged"))
    return heard | {
        "embedding": heard["embedding"] * math.sqrt(config.d_model),
        "QKV": torch.stack([Q, K, V]),
        "scores": torch.einsum("hqd,hkd->hqk", Q, K) / math.sqrt(config.d_head),
        "weights": weights,
        "out": out,
        "W_1": heard["before"].clamp(min=0),
        "add_2": heard["add_1"] + heard["W_2"],
        "probabilities": heard["logits"].exp() / heard["logits"].exp().sum(),
    }


def shown_part(box, tensor, head, token):
    """What the panel shows of a tensor, as rows."""
    if box in ("ids", "mean", "logits", "probabilities"):
        return tensor[None]
    if box == "QKV":
        return tensor[:, head, token]
    return tensor[head, token][None] if box in PER_HEAD else tensor[token][None]


def numbers(root):
    """Read the tables of the open box: a list of numbers each; those of classes in the classes' order."""
    tables = root.get_by_role("group", name="Numbers").evaluate(
        """region => [...region.querySelectorAll("table")].map(table =>
             table.matches(".b2t-walk-features")
               ? [...table.querySelectorAll("td")].map(cell => cell.textContent)
               : [...table.querySelectorAll("tbody tr")].sort((a, b) => a.dataset.row - b.dataset.row)
                   .map(row => row.lastElementChild.textContent))"""
    )
    return [[float(number) for number in table] for table in tables]


def arrows(root):
    """Read the shapes on the arrows, by box."""
    return root.evaluate(
        """root => Object.fromEntries([...root.querySelectorAll("li")].map(li =>
             [li.querySelector("button").dataset.box, li.querySelector(".b2t-walk-shape").textContent]))"""
    )


def extents(text):
    """The numbers of a shape: "(heads 4, query 7, key 7)" -> (4, 7, 7)."""
    return tuple(int(axis.split()[-1]) for axis in text.strip("()").split(","))


def wait_for_numbers(page, root, ids):
    """Wait until tokens and numbers are those of the ids."""
    page.wait_for_function(
        """([root, ids]) => root.querySelector(".b2t-walk-numbers").ariaBusy === "false"
             && [...root.querySelectorAll("[data-id]")].map(e => e.dataset.id).join() === ids""",
        arg=[root.element_handle(), ",".join(map(str, ids))],
    )


def settle(page):
    """Wait for the next drawing."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def compare(page, root, text, layer, head, token, opened):
    """Open boxes for a typed text and compare what they show with what PyTorch computes."""
    root.get_by_label("Text", exact=True).fill(text)
    ids = list(encode(text))
    wait_for_numbers(page, root, ids)
    root.get_by_role("group", name="Layer").get_by_role("button", name=str(layer)).click()
    root.get_by_role("group", name="Head").get_by_role("button", name=str(head)).click()
    root.locator("[data-id]").nth(token).click()
    expected = hooked(ids, layer)
    settle(page)
    assert {box: extents(shape) for box, shape in arrows(root).items()} == {
        box: tuple(expected[box].shape) for box in BOXES
    }
    for box in opened:
        root.locator(f"[data-box={box}]").click()
        settle(page)
        digits = {"ids": 0, "weights": 3, "probabilities": 4}.get(box, 2)
        rows = shown_part(box, expected[box], head, token)
        found = torch.tensor(numbers(root), dtype=torch.float64)
        assert found.shape == rows.shape, box
        assert (found - rows.double()).abs().max() <= 0.5 * 10**-digits + 1e-4, box
    best = int(expected["logits"].argmax())
    assert data.languages()[best].name in root.locator(".b2t-walk-answer").inner_text()


def marks(root):
    """Read which boxes are marked, and as what."""
    return root.evaluate(
        """root => Object.fromEntries([...root.querySelectorAll("[data-change]")].map(button =>
             [button.dataset.box, button.lastElementChild.textContent.replace(", ", "")]))"""
    )


def expected_marks(old_ids, ids, layer, head, token):
    """Say which boxes PyTorch fills otherwise: "changed", or "longer" where the old numbers stay."""
    old, new = hooked(old_ids, layer), hooked(ids, layer)
    found = {}
    for box in BOXES:
        if box == "ids":
            continue
        before, after = (shown_part(box, run[box], head, token) for run in (old, new))
        n = before.shape[-1]
        if n > after.shape[-1] or not torch.allclose(before, after[..., :n], rtol=0, atol=2e-5):
            found[box] = "changed"
        elif n < after.shape[-1]:
            found[box] = "longer"
    return found


def drive(page, root, state, make_text):
    """Type texts, open boxes, move to the sizes and choose the presets."""
    rng = random.Random(0)
    if state["view"] == "sizes":
        root.get_by_role("button", name="Walk through").click()
    root.scroll_into_view_if_needed()
    for _ in range(2):
        text = make_text()
        ids = encode(text)
        assert ids == tuple(load()[0].encode(language_id.compose(text), disallowed_special=()))[:256]
        opened = rng.sample(sorted(BOXES), 5)
        compare(page, root, text, rng.randrange(2), rng.randrange(4), rng.randrange(len(ids)), opened)
    root.get_by_role("button", name="Count sizes").click()
    for name, preset in (("BERT-base", "bert"), ("GPT-2 (small)", "gpt2"), ("2017 paper (base)", "paper")):
        root.get_by_role("button", name=name).click()
        settle(page)
        assert costs(root) == counted(EncoderWalk(preset=preset, data={}))


def costs(root):
    """Read the counts of the sizes: parameters, multiply-adds, memory, each None where a line stands."""
    return root.get_by_role("group", name="Costs").evaluate(
        """region => ({
             parts: [...region.querySelectorAll("tbody tr")].map(row => [...row.querySelectorAll("td")]
               .map(cell => cell.dataset.n ? Number(cell.dataset.n) : null)),
             memory: [...region.querySelectorAll("dd")].map(e => Number(e.dataset.n)),
             shown: [...region.querySelectorAll("tbody tr td:nth-child(2)")].map(e => e.textContent)})"""
    )


def counted(walk):
    """What Python counts, in the order of the page's table."""
    has, costs_ = walk.parameters, walk.multiply_adds
    rows = [
        [has["embedding"], None],
        [has["attention"], costs_["projections"]],
        [None, costs_["maps"]],
        [has["feed-forward"], costs_["feed-forward"]],
        [has["norms"], None],
        [has["total"] - has["encoder"], None],
        [has["total"], costs_["total"]],
    ]
    written = [f"{n:,}" if n is not None else "–" for n, _ in rows]
    return {"parts": rows, "memory": list(walk.memory.values()), "shown": written}
