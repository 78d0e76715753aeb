"""Files and lists of texts: the answers of one text, in any number of processes, after any interruption."""

import itertools
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2t import data
from b2t.bpe import Tokenizer, blocks, files
from tests.bpe.test_arrays import ANY_PATTERN, MIXED
from tests.bpe.test_words import nasty_text

END = "<|endoftext|>"
NAMES = (END, "<|end|>", "<|end|>>")
QUIET = {"progress": False}


@pytest.fixture(scope="module")
def tok():
    return Tokenizer.train(MIXED, 600, special_tokens=NAMES)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 1500)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(END.join([MIXED, "a", "", MIXED[:500]]).encode())
    return path


def encoded(tok, path, **how):
    out = path.with_suffix(".bin")
    n = tok.encode_file(path, out, **{**QUIET, **how})
    ids = np.fromfile(out, tok.dtype)
    assert len(ids) == n and sorted(out.parent.iterdir()) == sorted([path, out])
    return ids


# ---- many texts --------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_is_its_texts(tok, workers, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 300)
    texts = [MIXED, "", "好", *MIXED.split("\n"), END] * 2
    found = tok.encode_batch(iter(texts), workers, allowed_special="all")
    assert len(found) == len(texts)
    for text, ids in zip(texts, found):
        assert ids.dtype == tok.dtype and ids.tolist() == tok.encode(text, "all")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller(tok, workers):
    with pytest.raises(ValueError, match=r"holds the special token '<\|end\|>'"):
        tok.encode_batch(["good", "bad <|end|>", "good"], workers)


def test_a_worker_that_dies_is_reported():
    with pytest.raises(RuntimeError, match="a worker process ended early"):
        list(files.ordered_map(die, 3, [1], 2))


def die(code, item):
    os._exit(code)


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_a_number_of_workers_that_cannot_be(tok, workers):
    with pytest.raises(ValueError, match=rf"workers is {workers}"):
        tok.encode_batch(["a"], workers)


def test_no_more_than_a_few_items_are_taken_ahead():
    taken = itertools.count()
    results = files.ordered_map(pow, 2, (next(taken) for _ in range(50)), 2)
    assert next(results) == 1 and next(taken) <= 6
    results.close()


def test_a_tokenizer_is_pickled_without_what_it_remembers(tok):

    tok.encode_array(MIXED * 2), tok.encode("remember")
    again = pickle.loads(pickle.dumps(tok))
    assert not again._known_words and "_arrays" not in vars(again)
    assert again.encode(MIXED) == tok.encode(MIXED) and again.special_tokens == tok.special_tokens


# ---- a file into ids ---------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ANY_PATTERN)
def test_a_file_has_the_ids_of_its_text(source, small_blocks, pattern):
    tok, text = Tokenizer.train(MIXED, 600, pattern, NAMES), source.read_bytes().decode()
    expected = tok.encode_array(text, allowed_special={END})
    assert np.array_equal(encoded(tok, source, separator=END), expected)
    assert np.array_equal(encoded(tok, source, allowed_special={END}), expected)
    plain = tok.encode_array(text, disallowed_special=())
    assert np.array_equal(encoded(tok, source, disallowed_special=()), plain)


def test_documents_are_encoded_each_alone(source, small_blocks):
    tok = Tokenizer.train(MIXED, 600, r"[\s\S]+")
    text = source.read_bytes().decode()
    for separator in ("\n", ", ", "th"):
        documents = [part + separator for part in text.split(separator)]
        documents[-1] = documents[-1].removesuffix(separator)
        expected = np.concatenate([tok.encode_array(document) for document in documents])
        assert np.array_equal(encoded(tok, source, separator=separator), expected)
    assert not np.array_equal(expected, tok.encode_array(text))


words_and_names = st.lists(nasty_text | st.sampled_from([*NAMES, "<|end", "|>"]), max_size=8).map("".join)


@settings(max_examples=400)
@given(
    words_and_names, st.sampled_from(ANY_PATTERN), st.sampled_from([1, 7, 40]), st.sampled_from(["all", ()])
)
def test_any_text_in_blocks_of_any_size(tmp_path_factory, text, pattern, size, disallowed):
    tok = Tokenizer([(32, 97), (97, 97), (10, 10), (39, 115)], pattern, NAMES)
    path = tmp_path_factory.mktemp("any") / "a.txt"
    path.write_bytes(text.encode())
    how = {"allowed_special": {"<|end|>", END}, "disallowed_special": disallowed}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        try:
            expected = tok.encode(text, **how)
        except ValueError as error:
            with pytest.raises(ValueError, match="special token") as caught:
                tok.encode_file(path, path.with_suffix(".bin"), **how, **QUIET)
            assert str(caught.value) == str(error)
        else:
            assert encoded(tok, path, **how).tolist() == expected


def test_the_file_is_the_same_for_any_number_of_workers(tok, source, small_blocks):
    one = encoded(tok, source, separator=END)
    assert np.array_equal(encoded(tok, source, separator=END, workers=2), one)


def test_an_empty_file(tok, tmp_path):
    path = tmp_path / "empty.txt"
    path.touch()
    assert len(encoded(tok, path)) == 0


def test_large_ids_take_four_bytes(source, small_blocks):
    tok = Tokenizer([(97, 98)], special_tokens={END: 1 << 20})
    ids = encoded(tok, source, separator=END)
    assert ids.dtype == np.uint32 and ids.tolist() == tok.encode(source.read_bytes().decode(), "all")


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_that_are_not_utf8_are_named(tok, source, small_blocks, workers):
    content = source.read_bytes()
    at = content.index(END.encode()) + len(END)
    source.write_bytes(content[:at] + b"\xff" + content[at:])
    with pytest.raises(ValueError, match=rf"text\.txt: byte {at} \(0xff\) is not UTF-8"):
        tok.encode_file(source, source.with_suffix(".bin"), workers, END, **QUIET)
    assert not source.with_suffix(".bin").exists()
    with pytest.raises(ValueError, match=rf"text\.txt: byte {at} \(0xff\) is not UTF-8"):
        Tokenizer.train_from_files(source, 300, workers=workers, **QUIET)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"separator": ""}, "separator is empty"),
        ({"workers": 0}, "workers is 0"),
        ({"allowed_special": {"<|nope|>"}}, "nope"),
        ({}, "special token"),
    ],
)
def test_what_cannot_be_asked_for(tok, source, how, message):
    with pytest.raises(ValueError, match=message):
        tok.encode_file(source, source.with_suffix(".bin"), **how, **QUIET)


def test_a_file_is_not_written_over_itself(tok, source):
    before = source.read_bytes()
    with pytest.raises(ValueError, match="another name"):
        tok.encode_file(source, source, **QUIET)
    assert source.read_bytes() == before


# ---- interruption ------------------------------------------------------------------------------


class Interrupted(Exception):
    """What stops a run in these tests."""


def break_off(tok, path, after, **how):
    """Stop a run when some blocks are written; say how many are read."""
    counter = itertools.count()

    def encode_some(*block):
        if next(counter) == after:
            raise Interrupted
        return decode_block(*block)

    decode_block = blocks.decode_block
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "decode_block", encode_some)
        try:
            tok.encode_file(path, path.with_suffix(".bin"), **how, **QUIET)
        except Interrupted:
            pass
    return next(counter) - 1


def test_a_run_goes_on_where_it_was_broken_off(tok, source, small_blocks):
    whole = encoded(tok, source, separator=END)
    out = source.with_suffix(".bin")
    n_blocks = break_off(tok, source, 10**9, separator=END)
    assert n_blocks > 10
    for after in range(n_blocks):
        out.unlink(missing_ok=True)
        break_off(tok, source, after, separator=END)
        assert not out.exists()
        assert break_off(tok, source, 10**9, separator=END) == n_blocks - after
        assert np.array_equal(np.fromfile(out, tok.dtype), whole)


def test_what_was_half_written_is_written_again(tok, source, small_blocks):
    whole = encoded(tok, source, separator=END)
    break_off(tok, source, 4, separator=END)
    with open(source.with_suffix(".bin.part"), "ab") as file:
        file.write(b"half a block" * 10_000)
    assert np.array_equal(encoded(tok, source, separator=END), whole)


@pytest.mark.parametrize("change", ["source", "tokenizer", "option", "part lost", "record damaged"])
def test_what_has_changed_makes_it_begin_again(tok, source, small_blocks, change):
    break_off(tok, source, 4, separator=END)
    part = source.with_suffix(".bin.part")
    how = {"separator": END}
    if change == "source":
        source.write_bytes(b"new " + source.read_bytes())
    elif change == "tokenizer":
        tok = Tokenizer(tok.merges[:-1], special_tokens=NAMES)
    elif change == "option":
        how["allowed_special"] = {"<|end|>"}
    elif change == "part lost":
        part.write_bytes(part.read_bytes()[:-2])
    else:
        record = part.with_suffix(".part.json")
        record.write_text(json.dumps({**json.loads(record.read_text()), "read": 7})[:-5])
    expected = tok.encode_array(source.read_bytes().decode(), allowed_special={END})
    assert np.array_equal(encoded(tok, source, **how), expected)


def test_a_source_that_changes_meanwhile_is_noticed(tok, source, small_blocks, monkeypatch):
    def touched(*block):
        os.utime(source, ns=(1, 1))
        return blocks.decode_block(*block)

    monkeypatch.setattr(files, "decode_block", touched)
    with pytest.raises(ValueError, match="changed while it was read"):
        tok.encode_file(source, source.with_suffix(".bin"), separator=END, **QUIET)
    assert not source.with_suffix(".bin").exists()


# ---- files into a tokenizer --------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ANY_PATTERN)
def test_training_from_files_is_training_from_their_texts(tmp_path, small_blocks, pattern):
    texts = [MIXED, END.join(["ab" * 90, "cd" * 90]), "", data.text("tang_poems")[:3000]]
    paths = [tmp_path / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts):
        path.write_bytes(text.encode())
    expected = Tokenizer.train(texts, 500, pattern, NAMES)
    for workers in (1, 2) if pattern == "gpt4" else (1,):
        found = Tokenizer.train_from_files(iter(paths), 500, pattern, NAMES, workers, **QUIET)
        assert found.merges == expected.merges and found.special_tokens == expected.special_tokens
        assert found.pattern == pattern
    one = Tokenizer.train_from_files(str(paths[0]), 300, pattern, **QUIET)
    assert one.merges == Tokenizer.train(MIXED, 300, pattern).merges


def test_what_cannot_be_trained(source):
    for arguments, message in [
        ((200,), "vocab_size is 200"),
        ((300, "("), "pattern"),
        ((300, "gpt4", "x"), "special"),
    ]:
        with pytest.raises(ValueError, match=message):
            Tokenizer.train_from_files(source, *arguments, **QUIET)


# ---- progress and memory -----------------------------------------------------------------------


def test_progress_is_shown_when_asked_for(tok, source, small_blocks, capsys):
    tok.encode_file(source, source.with_suffix(".bin"), separator=END, **QUIET)
    assert capsys.readouterr().err == ""
    tok.encode_file(source, source.with_suffix(".bin"), separator=END)
    shown = capsys.readouterr().err
    assert "text.txt: 100%" in shown and shown.endswith("\n")


PEAK = """
import resource, sys
from pathlib import Path
from b2t.bpe import Tokenizer
path, what = sys.argv[1:]
if what == "encode":
    Tokenizer([(101, 32), (116, 104)]).encode_file(path, path + ".bin", progress=False)
elif what == "train":
    Tokenizer.train_from_files([path], 300, progress=False)
else:
    text = Path(path).read_text()
try:  # what the parent held at the fork would count in the other number
    (peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    print(int(peak.split()[1]) * 1024)
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def two_sizes(tmp_path_factory):
    """Files of 8 MB and of 64 MB."""
    folder, text = tmp_path_factory.mktemp("sizes"), data.text("austen_pride_and_prejudice") + MIXED
    block = text.encode()[:800_000].rsplit(b" ", 1)[0]
    for times in (10, 80):
        with open(folder / f"{times}.txt", "wb") as file:
            file.writelines(block for _ in range(times))
    return [folder / "10.txt", folder / "80.txt"]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "grows"), [("encode", False), ("train", False), ("read whole", True)])
def test_the_memory_does_not_grow_with_the_text(two_sizes, what, grows):
    """Peak memory of a process of its own; the third case shows that the test would see it grow."""
    peaks = []
    for path in two_sizes:
        run = [sys.executable, "-c", PEAK, path, what]
        lib = str(Path(files.__file__).parents[2])
        done = subprocess.run(run, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": lib})
        assert not done.stderr
        peaks.append(int(done.stdout))
    assert (peaks[1] - peaks[0] > 40e6) == grows, peaks
    assert grows or peaks[1] - peaks[0] < 20e6, peaks
