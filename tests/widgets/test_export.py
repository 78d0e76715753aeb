"""What pages compute with is what the library has, and the committed files are what the library writes."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch

from b2t import data, language_id
from b2t.bpe import Tokenizer, formats
from b2t.nn import Classifier, Config, Encoder, EncoderLayer
from b2t.nn.positions import SCHEMES
from b2t.widgets import export
from tests.conftest import ROOT

TINY = {"vocab_size": 300, "d_model": 6, "n_heads": 3, "n_layers": 2, "d_ff": 5, "max_len": 9}
LABELS = [{"name": "Français", "tag": "fr", "dir": "ltr"}, {"name": "العربية", "tag": "ar", "dir": "rtl"}]
TOKENIZER = Tokenizer([(228, 189), (256, 160)], "gpt2", ["<|end|>"])


def unpack(packed):
    """Read the format by its description: header, merges, tensors by name."""
    size = int.from_bytes(packed[:4], "little")
    header = json.loads(packed[4 : 4 + size].decode())
    start = -(-(4 + size) // 8) * 8
    assert not any(packed[4 + size : start])
    n_merges = header["tokenizer"]["merges"] if header["tokenizer"] else 0
    merges = np.frombuffer(packed, "<u2", 2 * n_merges, start).reshape(-1, 2)
    floats, end, tensors = start + 4 * n_merges, start + 4 * n_merges, {}
    for entry in header["tensors"]:
        assert floats + entry["offset"] == end
        count = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = np.frombuffer(packed, "<f2", count, end).reshape(entry["shape"])
        end += 2 * count
    assert end == len(packed)
    return header, [tuple(pair) for pair in merges.tolist()], tensors


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("head", [False, True])
def test_a_packed_model_holds_every_weight(scheme, head):
    config = Config(**TINY, positions=scheme, norm_first=head)
    model = Classifier(config, n_classes=2) if head else Encoder(config)
    header, merges, tensors = unpack(export.pack(model, TOKENIZER, LABELS if head else None))
    assert header["config"] == asdict(config)
    assert header["labels"] == (LABELS if head else None)
    assert header["tokenizer"] == {"pattern": "gpt2", "merges": 2}
    assert merges == TOKENIZER.merges
    assert list(tensors) == list(model.state_dict())
    for name, value in model.state_dict().items():
        assert np.array_equal(tensors[name], value.numpy().astype(np.float16))


def test_packing_twice_gives_the_same_bytes_and_leaves_the_model_alone():
    model = Encoder(Config(**TINY))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert export.pack(model) == export.pack(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert unpack(export.pack(model))[1] == []


def test_packing_says_what_is_wrong():
    model, headless = Classifier(Config(**TINY), n_classes=3), Encoder(Config(**TINY))
    with pytest.raises(TypeError, match=r"model is EncoderLayer; a page runs b2t\.nn\.Encoder"):
        export.pack(EncoderLayer(6, 2, 5))
    with pytest.raises(ValueError, match="2 labels for 3 classes"):
        export.pack(model, labels=LABELS)
    with pytest.raises(ValueError, match="2 labels for 0 classes"):
        export.pack(headless, labels=LABELS)
    with pytest.raises(ValueError, match="pattern is 'o200k'; a page splits text by one of"):
        export.pack(model, Tokenizer([], "o200k"))
    with pytest.raises(ValueError, match="tokenizer has ids of its own"):
        export.pack(model, Tokenizer([], ids=range(1, 257)))
    with pytest.raises(ValueError, match="65,281 merges make ids above 65,535"):
        export.pack_pairs([(0, 0)] * 65281)
    for wrong in (1e5, float("nan"), float("-inf")):
        with torch.no_grad():
            model.output.bias[1] = wrong
        with pytest.raises(ValueError, match=r"output\.bias holds .*float16 ends at 65504"):
            export.pack(model)


def test_the_largest_vocabulary_fits():
    assert len(export.pack_pairs([(65534, 65534)] * 65280)) == 4 * 65280


def test_the_trained_model():
    tokenizer, model = language_id.load()
    header, merges, tensors = unpack(export.model_bytes())
    assert header["config"] == asdict(language_id.CONFIG)
    assert [label["name"] for label in header["labels"]] == [each.name for each in data.languages()]
    assert [label["tag"] for label in header["labels"]] == [each.tag for each in data.languages()]
    assert [label["dir"] for label in header["labels"]] == [each.dir for each in data.languages()]
    assert merges == tokenizer.merges
    assert header["tokenizer"]["pattern"] == tokenizer.pattern
    for name, value in model.state_dict().items():
        assert np.array_equal(tensors[name].astype(np.float32), value.numpy())  # they were float16 already
    assert export.model_bytes() is export.model_bytes()


def test_the_vocabulary_of_gpt2():
    numbers = np.frombuffer(export.gpt2_bytes(), "<u2").tolist()
    merges, byte_ids = formats.read_gpt2(data.path("gpt2_vocab"))
    assert numbers[:256] == byte_ids
    assert list(zip(numbers[256::2], numbers[257::2], strict=True)) == merges


# --- the committed files --------------------------------------------------------------------------------


def test_the_committed_files_are_what_the_library_writes(tmp_path):
    export.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gpt2.js", "language_id.js"]
    for fresh in tmp_path.iterdir():
        committed = export.STATIC / fresh.name
        assert committed.exists(), f"{committed.name} is missing: make widgets"
        # not compared by ==, whose explanation would take minutes
        same = committed.read_bytes() == fresh.read_bytes()
        assert same, f"{committed.name} is not what the library writes now: make widgets"


def test_the_model_stays_small():
    assert (export.STATIC / "language_id.js").stat().st_size <= 2_000_000
    assert (export.STATIC / "gpt2.js").stat().st_size <= 300_000


def test_a_script_is_one_line_that_sets_one_variable():
    for name in ("language_id", "gpt2"):
        text = (export.STATIC / f"{name}.js").read_text("ascii")
        assert text.startswith(f'(globalThis.b2tData ??= {{}}).{name} = "')
        assert text.endswith('";\n')
        assert text.count("\n") == 1


def test_importing_the_export_does_not_import_torch():
    check = "import sys, b2t.widgets.export; assert 'torch' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
