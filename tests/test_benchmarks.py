"""The benchmarks run: every contestant on a little text, equal results, limits that hold; no timings."""

import json

import numpy as np
import pytest
import regex

from b2t import data
from b2t.bpe import Tokenizer, fast
from tests.benchmarks import corpora, encoding, hostile, isolated, measure, memory, peers, training

VOCAB_SIZE = 400


@pytest.fixture(scope="module")
def text():
    """20 kB of three scripts."""
    parts = data.text("austen_pride_and_prejudice")[:9_000], data.text("tang_poems")[:3_000]
    return corpora.cut("\n".join([*parts, "👩‍👩‍👧 naïve café\n" * 50]), 20_000)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Results go to a folder of the test."""
    monkeypatch.setattr(measure, "ROOT", tmp_path)
    monkeypatch.setattr(measure, "RESULTS", tmp_path / "bench")
    return tmp_path / "bench"


# ---- corpora -----------------------------------------------------------------------------------


def test_a_cut_keeps_characters_whole():
    assert corpora.cut("ab你", 4) == "ab"
    assert corpora.cut("ab你", 5) == "ab你"


def test_columns_hold_no_row_twice():
    rows = corpora.column("debian_descriptions", 1, 2)
    assert len(rows) == len(set(rows)) > 18_000
    assert all("\t" not in row for row in rows[:100])


def test_chinese_suffices_is_the_same_each_time_and_no_copies():
    text = corpora.build("chinese")
    assert 3_999_990 < len(text.encode()) <= 4_000_000
    assert text == corpora.build("chinese")
    lines = [line for line in text.split("\n") if len(regex.findall(r"\p{Han}", line)) > 10]
    assert len(lines) > 20_000
    assert len(set(lines)) > 0.95 * len(lines)


def test_documentation_goes_on_after_the_topics_of_help():
    texts = list(corpora.take(corpora.documentation(), 800_000))
    assert sum(len(text.encode()) for text in texts) > 790_000
    assert len(texts) == len(set(texts)) > 100


# ---- training ----------------------------------------------------------------------------------


def test_each_trainer_learns_and_is_compared(text):
    rows = training.task(text, "a little", VOCAB_SIZE, rounds=2)
    notes = {row["contestant"]: row["note"] for row in rows}
    assert list(notes) == list(peers.TRAINERS)
    assert notes["rustbpe"] == notes["gigatoken, GPT-2's pattern"] == "equal to ours"
    missing = [int(notes[name].split()[0]) for name in ("tokenizers", "bpeasy")]
    assert max(missing) < 0.1 * VOCAB_SIZE
    assert {row["runs"] for row in rows} == {2}


def test_another_result_than_ours_is_seen(text):
    trained = {name: trainer.prepare(text, VOCAB_SIZE)() for name, trainer in peers.TRAINERS.items()}
    training.compare(trained)
    with pytest.raises(AssertionError, match="rustbpe learned other tokens than b2t"):
        training.compare(trained | {"rustbpe": peers.train_rustbpe(text[:5_000], VOCAB_SIZE)()})
    notes = training.compare(trained | {"bpeasy": peers.train_bpeasy(text[:5_000], VOCAB_SIZE)()})
    assert int(notes["bpeasy"].split()[0]) > 30


def test_a_missing_rival_is_an_error_with_the_remedy():
    with pytest.raises(SystemExit, match=r"no_such_rival is missing .*pip install -c constraints.txt"):
        peers.library("no_such_rival")


# ---- encoding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", peers.ENCODERS)
def test_each_encoder_gives_the_ids_of_ours(name, text):
    encoder = peers.ENCODERS[name](encoding.gpt2)
    expected = encoding.gpt2().encode(text)
    assert encoder.to_list(text) == expected
    assert (encoder.to_array is None) == (name in peers.WITHOUT_ARRAYS)
    if encoder.to_array:
        assert np.array_equal(encoder.to_array(text), expected)


def test_encoding_tasks(text, monkeypatch):
    merges = fast.train(text, VOCAB_SIZE, "gpt2")
    monkeypatch.setattr(encoding, "gpt2", lambda: Tokenizer(merges, "gpt2"))  # smaller, so made sooner
    lines = encoding.short_texts(text)
    assert 100 < len(lines) <= encoding.N_SHORT
    for form, names in (("lists", 4), ("arrays", 3)):
        rows = encoding.task("a little", form, lines, warm=True, rounds=1)
        assert len(rows) == names
    assert len(encoding.task_rustbpe(text, "a little", VOCAB_SIZE, rounds=1)) == 2


def test_other_ids_are_seen():
    encoding.check_equal({"a": [[1, 2], [3]]}, [[1, 2], [3]])
    with pytest.raises(AssertionError, match="a gives other ids for text 1"):
        encoding.check_equal({"a": [[1, 2], [4]]}, [[1, 2], [3]])
    with pytest.raises(AssertionError, match="encoded 1 texts of 2"):
        encoding.check_equal({"a": [[1, 2]]}, [[1, 2], [3]])


# ---- limits and growth -------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile.INPUTS)
def test_a_hostile_input_is_one_word_of_the_size_asked_for(name):
    text = hostile.make(name, 21_000)
    assert len(text.encode()) == pytest.approx(21_000, rel=0.1)
    assert text == hostile.make(name, 21_000)
    words = Tokenizer([], pattern="gpt4").encode_with_offsets(text).ids
    assert len(words) == len(text.encode())
    assert len(corpora.count_words(text, "gpt4")) <= 2


def test_a_rival_that_exceeds_its_time_is_stopped_and_reported(monkeypatch):
    asked, run = [], isolated.run
    monkeypatch.setattr(isolated, "run", lambda **job: asked.append(job["n_bytes"]) or run(**job))
    row = hostile.climb("train", "bpeasy", "one letter", [2_000, 400_000, 800_000], {"seconds": 1})
    assert asked == [2_000, 400_000]  # and no more
    assert len(row["seconds"]) == 1
    assert row["ended"] == "0.4 MB: stopped at 1 s"
    assert row["slope"] is None


def test_one_that_exceeds_its_memory_is_reported():
    job = {"what": "train", "who": "b2t", "text": "random letters", "n_bytes": 5_000_000, "vocab_size": 300}
    got = isolated.run(20, memory=isolated.GB // 2, **job)
    assert got.process is None
    assert got.ended.startswith("crashed: ") and "Memory" in got.ended


def test_a_run_of_its_own_says_time_and_memory():
    got = isolated.run(
        20, what="train", who="rustbpe", text="random letters", n_bytes=300_000, vocab_size=300
    )
    assert got.ended == ""
    assert 0 < got.user <= got.process + 0.05
    assert got.peak > 300_000


def test_how_time_grows():
    sizes = [1000, 2000, 4000, 8000]
    assert hostile.slope(sizes, [n**2 / 1e4 for n in sizes]) == pytest.approx(2, abs=0.001)
    assert 1.1 < hostile.n_log_n(sizes) < 1.2


# ---- what is kept ------------------------------------------------------------------------------


def test_turns_alternate_and_preparing_is_not_timed():
    order = []
    contestants = {name: lambda name=name: lambda: order.append(name) or name for name in "ab"}
    turns, results = measure.take_turns(contestants, 3)
    assert "".join(order) == "abbaab"
    assert results == {"a": "a", "b": "b"}
    assert [len(runs) for runs in turns.values()] == [3, 3]


def test_rows_and_files(kept, capsys):
    turns = {
        "b2t": [measure.Turn(2, 1), measure.Turn(9, 3), measure.Turn(4, 2)],
        "rival": [measure.Turn(5, 4)] * 3,
    }
    rows = measure.rows("task", turns, dict.fromkeys(turns, "b2t"))
    assert [(row["seconds"], row["least"], row["most"], row["ratio"]) for row in rows] == [
        (2, 1, 3, 1),
        (4, 4, 4, 0.5),
    ]
    assert "| task | 2 (1.00) | 4 (0.50) |" in measure.table(rows)
    measure.show(rows)
    measure.save("trial", rows)
    assert "ours / this   0.50" in capsys.readouterr().out
    head, *lines = (kept / "trial.tsv").read_text(encoding="utf-8").splitlines()
    assert head.split("\t")[:3] == ["task", "contestant", "seconds"]
    assert len(lines) == 2
    about = json.loads((kept / "trial.json").read_text(encoding="utf-8"))
    assert about["processor"] and about["versions"]["rustbpe"] == measure.version("rustbpe") != "missing"


def test_arguments():
    assert training.chosen(["--quick"]).vocab == [8192]
    assert encoding.chosen(["--corpus", "chinese"]).corpus == ["chinese"]
    assert memory.chosen([]).megabytes == 20
    assert hostile.chosen(["--ours"]).ours
