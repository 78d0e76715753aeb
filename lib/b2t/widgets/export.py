"""Weights and vocabularies as bytes that the widgets compute with.

A model, all numbers little-endian::

    uint32      length of the header in bytes
    header      JSON in UTF-8: {"config": the fields of b2t.nn.Config,
                                "labels": [{"name", "tag", "dir"}, ...] or null,
                                "tokenizer": {"pattern", "merges": how many} or null,
                                "tensors": [{"name", "shape", "offset"}, ...]}
    padding     zeros up to a multiple of 8
    merges      two uint16 a merge: left, right
    tensors     float16, in the order of the header; an offset counts bytes from the first tensor

Tensors have the names of PyTorch's ``state_dict``. A vocabulary of GPT-2's kind is 256 uint16, the id of each
byte, then two uint16 a merge.

``python -m b2t.widgets.export`` writes the model of chapter 09 and GPT-2's vocabulary in ``static/``, each
as a script that sets one variable to the bytes in base64: such a file loads in a page without a server, too.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from b2t import data
from b2t.bpe import Tokenizer, formats
from b2t.widgets.base import STATIC

if TYPE_CHECKING:
    from b2t.nn import Classifier, Encoder

PATTERNS = ("gpt2", "gpt4", None)
MAX_ID = np.iinfo(np.uint16).max
MAX_HALF = np.finfo(np.float16).max


def pack(
    model: "Encoder | Classifier",
    tokenizer: Tokenizer | None = None,
    labels: Sequence[dict[str, str]] | None = None,
) -> bytes:
    """Write a model, rounded to float16, in the format that the page's `loadModel` reads.

    Parameters
    ----------
    model : Encoder or Classifier
        Any sizes and choices.
    tokenizer : Tokenizer, optional
        What turns text into its ids; special tokens are left behind.
    labels : sequence of dict, optional
        Name, tag (BCP 47) and dir ("ltr" or "rtl") of each class of a classifier.

    Returns
    -------
    bytes
        The same for the same arguments.

    Raises
    ------
    TypeError
        When the model is neither of the two.
    ValueError
        When a weight does not fit into float16, or labels or tokenizer do not fit the model or the page.

    Examples
    --------
    >>> from b2t.nn import Config, Encoder
    >>> packed = pack(Encoder(Config(vocab_size=300, d_model=8, n_heads=2, n_layers=1, d_ff=16)))
    >>> json.loads(packed[4 : 4 + int.from_bytes(packed[:4], "little")])["config"]["d_model"]
    8
    """
    tensors, floats = half_precision(check_model(model))
    header = {
        "config": asdict(getattr(model, "encoder", model).config),
        "labels": check_labels(model, labels),
        "tokenizer": check_tokenizer(tokenizer),
        "tensors": tensors,
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    start = len(text).to_bytes(4, "little") + text
    merges = pack_pairs(tokenizer.merges) if tokenizer else b""
    return start + bytes(-len(start) % 8) + merges + floats


def half_precision(model: "Encoder | Classifier") -> tuple[list[dict], bytes]:
    """Round all weights; list each one's name, shape and offset."""
    tensors, floats = [], b""
    for name, value in model.state_dict().items():
        numbers = value.detach().cpu().float().numpy()
        if not np.abs(numbers).max() <= MAX_HALF:
            raise ValueError(
                f"{name} holds {np.abs(numbers).max()}; float16 ends at {MAX_HALF:.0f}: scale it down"
            )
        tensors.append({"name": name, "shape": list(numbers.shape), "offset": len(floats)})
        floats += numbers.astype("<f2").tobytes()
    return tensors, floats


def pack_pairs(merges: Sequence[tuple[int, int]]) -> bytes:
    """Write merges as two uint16 each.

    Examples
    --------
    >>> pack_pairs([(228, 189), (256, 160)]).hex(" ")
    'e4 00 bd 00 00 01 a0 00'
    """
    if len(merges) > MAX_ID - 255:
        raise ValueError(f"{len(merges):,} merges make ids above {MAX_ID:,}, which do not fit into 16 bits")
    return np.asarray(merges, "<u2").tobytes()


def check_model(model):
    """Return the model, if it is one that a page can run."""
    from b2t.nn import Classifier, Encoder

    if not isinstance(model, (Encoder, Classifier)):
        raise TypeError(f"model is {type(model).__name__}; a page runs b2t.nn.Encoder and b2t.nn.Classifier")
    return model


def check_labels(model, labels: Sequence[dict[str, str]] | None) -> list[dict[str, str]] | None:
    """Return the labels, if there is one a class."""
    if labels is None:
        return None
    n_classes = model.output.out_features if hasattr(model, "output") else 0
    if len(labels) != n_classes:
        raise ValueError(f"{len(labels)} labels for {n_classes} classes; pass one a class, or labels=None")
    return [{"name": label["name"], "tag": label["tag"], "dir": label["dir"]} for label in labels]


def check_tokenizer(tokenizer: Tokenizer | None) -> dict | None:
    """Say how the tokenizer is stored, if a page can split text as it does."""
    if tokenizer is None:
        return None
    if tokenizer.pattern not in PATTERNS:
        raise ValueError(f"pattern is {tokenizer.pattern!r}; a page splits text by one of {PATTERNS}")
    if tokenizer.ids != list(range(len(tokenizer.ids))):
        raise ValueError(
            "tokenizer has ids of its own; a page gives its model those of b2t.bpe, as "
            "Tokenizer(tok.merges, tok.pattern) does: train the model on these"
        )
    return {"pattern": tokenizer.pattern, "merges": len(tokenizer.merges)}


@cache
def model_bytes() -> bytes:
    """Give the trained model of chapter 09, with its tokenizer and the names of its languages.

    Returns
    -------
    bytes
        What `pack` makes; for the trait `data`: ``{"language_id": model_bytes()}``.
    """
    from b2t import language_id

    tokenizer, model = language_id.load()
    labels = [{"name": each.name, "tag": each.tag, "dir": each.dir} for each in data.languages()]
    return pack(model, tokenizer, labels)


@cache
def gpt2_bytes() -> bytes:
    """Give GPT-2's vocabulary: the id of each byte, then the 50,000 merges.

    Returns
    -------
    bytes
        200,512 of them; for the trait `data`: ``{"gpt2": gpt2_bytes()}``.

    Examples
    --------
    >>> len(gpt2_bytes())
    200512
    """
    merges, byte_ids = formats.read_gpt2(data.path("gpt2_vocab"))
    return np.asarray(byte_ids, "<u2").tobytes() + pack_pairs(merges)


def script(name: str, content: bytes) -> str:
    """Put bytes into a line of JavaScript that loads anywhere.

    Examples
    --------
    >>> script("gpt2", b"abc")
    '(globalThis.b2tData ??= {}).gpt2 = "YWJj";\\n'
    """
    return f'(globalThis.b2tData ??= {{}}).{name} = "{base64.b64encode(content).decode()}";\n'


def write(folder: Path = STATIC) -> None:
    """Write the scripts that pages load: `language_id.js` and `gpt2.js`."""
    for name, content in (("language_id", model_bytes()), ("gpt2", gpt2_bytes())):
        (folder / f"{name}.js").write_text(script(name, content), "utf-8", newline="\n")


if __name__ == "__main__":
    write()
