"""How to use a WholeMachine on a page, and what PyTorch says must be in its stages."""

import random

import torch

from b2t import data, language_id
from b2t.widgets import trained

N_NUMBERED = 8


def computed(text):
    """Ids, bytes of the tokens, attention weights and probabilities of a text, by the library."""
    tokenizer, model = trained.load()
    ids = tokenizer.encode(language_id.compose(text), disallowed_special=())[: model.encoder.config.max_len]
    if not ids:
        return ids, [], None, None
    with torch.no_grad():
        logits, weights = model(torch.tensor([ids]), need_weights=True)
    spelled = [tokenizer.vocab[i] for i in ids]
    return ids, spelled, torch.stack(weights)[:, 0], logits[0].softmax(dim=-1)


def wait(page, root):
    """Wait until the stages show the text that stands in the field."""
    page.wait_for_function(
        "root => root.querySelector('.machine').ariaBusy !== 'true'", arg=root.element_handle()
    )


def type_text(page, root, text):
    """Type a text and wait for the answer."""
    field = root.get_by_label("Text", exact=True)
    # Emptied first: where several lines replace a flag, the browser's typing leaves half of it behind.
    field.evaluate("e => { e.value = ''; e.dispatchEvent(new Event('input', {bubbles: true})); }")
    field.fill(text)
    wait(page, root)


def shown_ids(root):
    """Read the ids of the tokens."""
    return [int(i) for i in root.locator("[data-id]").evaluate_all("list => list.map(e => e.dataset.id)")]


def shown_bytes(root):
    """Read the bytes under the characters."""
    return bytes.fromhex("".join(root.locator(".character code").all_text_contents()))


def spelled_by(root):
    """Read the bytes that the token elements spell, each."""
    found = root.locator("[data-id]").evaluate_all(
        "list => list.map(e => [e.textContent, e.classList.contains('part')])"
    )
    signs = str.maketrans("␣⏎⇥␍", " \n\t\r")
    return [bytes.fromhex(text) if part else text.translate(signs).encode() for text, part in found]


def check_answer(root, probabilities):
    """Compare the five languages, and the one named large, with PyTorch's."""
    names = [language.name for language in data.languages()]
    likeliest = probabilities.topk(5)
    languages = root.locator(".answer li .language").all_text_contents()
    shares = root.locator(".answer li .share").all_text_contents()
    assert len(shares) == 5
    for language, share, value in zip(languages, shares, likeliest.values.tolist(), strict=True):
        assert (
            abs(probabilities[names.index(language)].item() - value) < 1e-4
        )  # the order of near ties is free
        low, high = between(share)
        assert low - 1e-4 <= value <= high + 1e-4, (language, share, value)
    assert root.locator(".winner .language").inner_text() == languages[0]
    assert root.locator(".winner .share").inner_text() == shares[0]


def between(share):
    """The probabilities that a share stands for: "87 %", "1.2 %", "<0.1 %"."""
    number = share.removesuffix(" %")
    if number[0] == "<":
        return 0, float(number[1:]) / 100
    if number[0] == ">":
        return float(number[1:]) / 100, 1
    half = 0.005 if "." not in number else 0.0005
    return float(number) / 100 - half, float(number) / 100 + half


def check_map(page, root, weights, rng):
    """Choose a layer and a head; compare the numbers shown, and one that the keyboard reaches."""
    layer, head = rng.randrange(2), rng.randrange(4)
    root.get_by_role("group", name="Layer").get_by_role("button", name=str(layer)).click()
    root.get_by_role("group", name="Head").get_by_role("button", name=str(head)).click()
    wait(page, root)
    expected, n = weights[layer, head], weights.shape[-1]
    if n <= N_NUMBERED:
        cells = torch.tensor([float(t) for t in root.locator(".map td[data-at]").all_text_contents()])
        assert (cells.view(n, n) - expected).abs().max() <= 0.0051
    query, key = rng.randrange(min(n, 6)), rng.randrange(min(n, 6))
    root.get_by_role("application").focus()
    for press in ["ArrowDown"] * (query + 1) + ["ArrowRight"] * key:
        page.keyboard.press(press)
    told = root.locator(".attention [role=status]").inner_text()
    assert abs(float(told.split(" takes ")[-1].split()[0]) - expected[query, key].item()) <= 0.0051, told


def drive(page, root, state, make_text):
    """Type texts, choose heads, and compare every stage."""
    rng = random.Random(state["text"])
    for _ in range(2):
        text = make_text()
        ids, spelled, weights, probabilities = computed(text)
        type_text(page, root, text)
        assert shown_bytes(root) == language_id.compose(text)[:120].encode()
        assert shown_ids(root) == ids and spelled_by(root) == spelled
        assert f"{len(ids)} × 128" in root.locator(".vectors").inner_text()
        check_answer(root, probabilities)
        check_map(page, root, weights, rng)
