"""The still picture of an `EncoderWalk`: tokens, boxes with shapes, the open box, the parameters."""

from dataclasses import replace
from html import escape

from b2t.widgets import encoder_boxes as boxes
from b2t.widgets import trained
from b2t.widgets.base import number_table, token_list, visible
from b2t.widgets.sizes import PRESETS

NAMES = {
    "chapter": "this chapter's model",
    "paper": "2017 paper (base), its encoder",
    "bert": "BERT-base",
    "gpt2": "GPT-2 (small)",
    "own": "a model of your own",
}
PARTS = {
    "start": "into vectors",
    "attention": "layer {layer}: attention",
    "feed-forward": "layer {layer}: feed-forward",
    "end": "an answer",
}
FEATURES = 8


def still(walk) -> str:
    """Draw an `EncoderWalk`.

    Parameters
    ----------
    walk : EncoderWalk

    Returns
    -------
    str
        HTML without style or script.
    """
    return "\n".join([tokens_html(walk), boxes_html(walk), numbers_html(walk), parameters_html(walk)])


def tokens_html(walk) -> str:
    """Draw the tokens of the text."""
    vocab = trained.load()[0].vocab
    return token_list(walk.tokens, [vocab[i] for i in walk.tokens])


def boxes_html(walk) -> str:
    """List the boxes with what leaves them, part by part."""
    sizes = replace(PRESETS["chapter"], seq_len=len(walk.tokens))
    items = [f"<li>{escape(_title(box, walk))} → {boxes.shape_text(box, sizes)}</li>" for box in boxes.BOXES]
    return f"<ol>{''.join(items)}</ol>"


def _title(box: str, walk) -> str:
    part = PARTS[boxes.BOXES[box]["part"]].format(layer=walk.layer)
    return f"{part}: {boxes.BOXES[box]['label']}"


def numbers_html(walk) -> str:
    """Draw the open box: its formula, and its numbers for the chosen head and token."""
    if not walk.tokens:
        return "<p>There is no token yet: the text is empty.</p>"
    box, token = walk.box, visible(trained.load()[0].vocab[walk.tokens[walk.token]])
    formula = formula_text(box, norm_first=True)
    place = f"layer {walk.layer}, head {walk.head}, token {walk.token} ({token})"
    return f"<p><code>{escape(formula)}</code>: {escape(place)}</p>\n{number_table(*chosen(walk))}"


def formula_text(box: str, norm_first: bool) -> str:
    """Give the formula of a box, with the code's letters.

    Examples
    --------
    >>> formula_text("W_1", norm_first=True), formula_text("W_1", norm_first=False)
    ('hidden = relu(W_1(norm_2(x)))', 'hidden = relu(W_1(x))')
    """
    inputs = {"in_1": "norm_1(x)", "in_2": "norm_2(x)"} if norm_first else {"in_1": "x", "in_2": "x"}
    return boxes.BOXES[box]["formula"].format(**inputs)


def chosen(walk) -> tuple[list, list]:
    """Give header and rows of the open box: what belongs to the chosen token, and to the chosen head."""
    values, box = walk.numbers, walk.box
    vocab = trained.load()[0].vocab
    if box == "ids":
        return ["position", "token", "id"], [[i, visible(vocab[v]), v] for i, v in enumerate(values.tolist())]
    if box in ("scores", "weights"):
        keys = [visible(vocab[i]) for i in walk.tokens]
        row = values[walk.head, walk.token].tolist()
        return ["key", "token", box], [[i, key, v] for i, (key, v) in enumerate(zip(keys, row, strict=True))]
    if box in ("logits", "probabilities"):
        best = values.argsort()[::-1][:FEATURES]
        return ["language", box], [[language_names()[i], float(values[i])] for i in best]
    rows = {
        "QKV": lambda: zip("QKV", values[:, walk.head, walk.token], strict=True),
        "out": lambda: [("out", values[walk.head, walk.token])],
        "mean": lambda: [("mean", values)],
    }.get(box, lambda: [(box, values[walk.token])])()
    features = range(min(FEATURES, values.shape[-1]))
    return ["feature", *features, "…"], [[name, *row[: len(features)].tolist(), "…"] for name, row in rows]


def language_names() -> list[str]:
    """Name the languages, in the order of the model's answers."""
    from b2t import data

    return [language.name for language in data.languages()]


def parameters_html(walk) -> str:
    """Draw the table of parameters for the present sizes."""
    rows = [[part, f"{n:,}"] for part, n in walk.parameters.items()]
    return f"<p>Parameters of {escape(NAMES[walk.preset])}:</p>\n{number_table(['part', 'parameters'], rows)}"
