"""Chapter 09's job: splits that do not leak, rivals that count right, and the weights that are stored."""

import json

import numpy as np
import pytest
import torch

from b2t import data
from b2t import language_id as job


@pytest.fixture(scope="module")
def trained():
    return job.load()


@pytest.fixture(scope="module")
def log():
    return json.loads(data.text("language_id/log"))


def test_the_tokenizer_is_trained_on_training_articles_alone(trained):
    assert trained[0].merges == job.train_tokenizer().merges


def test_there_are_enough_languages_and_scripts():
    languages = data.languages()
    assert len(languages) >= 35
    assert len({language.script for language in languages}) >= 10


def test_the_model_is_small(trained):
    assert sum(p.numel() for p in trained[1].parameters()) <= 750_000


def test_the_stored_model_answers_as_its_log_says(trained, log):
    """On the same kind of processor exactly; elsewhere a few pieces near a border may tip over."""
    tokenizer, model = trained
    measured = job.measure(model, tokenizer, "test")
    logged = next(row for row in log["test"] if row["n_chars"] == job.N_CHARS)
    assert measured["n"] == logged["n"]
    assert abs(measured["n_right"] - logged["n_right"]) <= 3


def test_the_log_belongs_to_the_settings(log):
    settings = job.settings()
    for name in ("d_model", "n_layers", "n_steps", "batch_size", "peak_lr", "warmup", "dropout"):
        assert log["settings"][name] == settings[name]
    assert log["steps"][-1][0] == 10 * ((job.N_STEPS - 1) // 10)


def test_the_run_begins_as_logged(log):
    tokenizer, model = job.train_tokenizer(), job.make_model()
    losses = list(job.train_steps(model, tokenizer, 11))
    assert [losses[0], losses[10]] == pytest.approx([log["steps"][0][1], log["steps"][1][1]], abs=0.02)


def test_padding_and_batch_mates_do_not_matter(trained):
    tokenizer, model = trained
    texts = ["Bonjour tout le monde", "中文", "How do you do, and what do you do all day long?"]
    together = job.probabilities(model, tokenizer, texts)
    alone = np.concatenate([job.probabilities(model, tokenizer, [text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5
    assert together.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_an_empty_text_gets_an_answer(trained):
    tokenizer, model = trained
    assert np.isfinite(job.probabilities(model, tokenizer, ["", "a"])).all()


def test_composed_and_decomposed_texts_get_the_same_answer(trained):
    tokenizer, model = trained
    pair = job.probabilities(model, tokenizer, ["Ti\u1ebfng Vi\u1ec7t", "Tie\u0302\u0301ng Vie\u0302\u0323t"])
    assert np.abs(pair[0] - pair[1]).max() < 1e-6


def test_a_long_text_is_cut_and_not_refused(trained):
    tokenizer, model = trained
    assert job.probabilities(model, tokenizer, ["the right to " * 500]).argmax() == 0


def test_naive_bayes_by_hand():
    rival = job.NaiveBayes(1, alpha=1.0).fit(["aab", "bb"], [0, 1])
    expected = np.log(
        [[3 / 6, 2 / 6], [1 / 5, 3 / 5]]
    )  # (count + 1) / (total + 3), languages down, a and b across
    assert rival.scores("ab") == pytest.approx(expected.sum(axis=1))
    assert rival.scores("z") == pytest.approx(np.log([1 / 6, 1 / 5]))
    assert rival.predict(["a", "b"]) == [0, 1]


def test_the_rivals_reach_what_the_chapter_says():
    texts, labels = job.pieces("test")
    reached = [
        job.accuracy(job.NaiveBayes(n).fit(*job.articles("train")).predict(texts), labels) for n in (1, 2, 3)
    ]
    assert 0.93 < reached[0] < reached[1] < reached[2] and reached[2] > 0.998


def test_wilson_interval_holds_the_share_and_stays_inside():
    for n_right, n in [(0, 10), (5, 10), (10, 10), (980, 1000)]:
        low, high = job.wilson_interval(n_right, n)
        assert -1e-9 <= low <= n_right / n <= high + 1e-9 <= 1 + 1e-8
    assert job.wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


def test_batches_repeat_and_cover_all_languages():
    tokenizer = job.train_tokenizer()
    seen = [
        torch.cat([b[2] for b in job.training_batches(tokenizer, 9, np.random.default_rng(0))])
        for _ in range(2)
    ]
    assert torch.equal(*seen)
    assert set(seen[0].tolist()) == set(range(len(data.languages())))
