"""Which language is this? The job of chapter 09: data, rivals, model, training run.

``python -m b2t.language_id`` trains the model that the chapter loads, and saves tokenizer, weights and
log under ``data/language_id/``. Articles are split before anything is learned: no article of the
Declaration is in two sets. Everything was chosen on the validation articles and on a few sentences
of our own; a run counts the test articles once, at its end. This is the second run: the first, on longer
crops, had as many right on 40 characters and failed on short texts.
"""

import json
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from b2t import data
from b2t.bpe import Tokenizer
from b2t.nn import Classifier, Config, padding_mask
from b2t.train import seeded, train, warmup_cosine

N_CHARS = 40
VOCAB_SIZE = 3072
CONFIG = Config(
    vocab_size=VOCAB_SIZE,
    d_model=128,
    n_heads=4,
    n_layers=2,
    d_ff=256,
    max_len=256,
    dropout=0.1,
    norm_first=True,
)
N_STEPS, BATCH_SIZE, PEAK_LR, WARMUP = 8000, 64, 2e-3, 200
N_CHARS_TRAINED = (2, 60)
"""Shortest and longest cut of an article that training sees, in characters."""

N_MERGES_USED = (None, None, 1500, 500)
"""A batch is encoded with all merges, or with the first of them only: one of these, at random."""

POOL = 8
Batch = tuple[Tensor, Tensor, Tensor]


def articles(split: str) -> tuple[list[str], list[int]]:
    """Give the articles of a split, in Unicode's composed form, and the number of each one's language.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        As fixed in the manifest of the data.

    Returns
    -------
    texts : list of str
    labels : list of int
        Positions in `b2t.data.languages()`.

    Examples
    --------
    >>> texts, labels = articles("test")
    >>> len(texts), data.languages()[labels[0]].name
    (280, 'English')
    """
    number = {language.code: i for i, language in enumerate(data.languages())}
    rows = data.udhr(split)
    return [compose(row.text) for row in rows], [number[row.code] for row in rows]


def compose(text: str) -> str:
    """Bring a text into Unicode's composed form (NFC), in which most keyboards and files deliver it."""
    return unicodedata.normalize("NFC", text)


def pieces(split: str, n_chars: int = N_CHARS) -> tuple[list[str], list[int]]:
    """Cut the articles of a split into pieces of about `n_chars` characters, each with its label."""
    return data.crops(*articles(split), n_chars=n_chars)


def train_tokenizer(vocab_size: int = VOCAB_SIZE) -> Tokenizer:
    """Train the model's tokenizer, on training articles alone."""
    return Tokenizer.train(articles("train")[0], vocab_size)


def collate(tokenizer: Tokenizer, texts: Sequence[str], labels: Sequence[int], max_len: int = 256) -> Batch:
    """Turn texts and labels into tensors.

    Returns
    -------
    ids : int Tensor, (batch, seq_len)
        Padded with 0; at most `max_len` tokens of each text.
    mask : bool Tensor, (batch, 1, 1, seq_len)
        True where a token is real.
    labels : int Tensor, (batch,)
    """
    encoded = [tokenizer.encode(compose(text), disallowed_special=())[:max_len] for text in texts]
    ids, lengths, labels = next(data.batches(encoded, labels, batch_size=len(texts)))
    return (
        torch.from_numpy(ids),
        padding_mask(torch.from_numpy(lengths), ids.shape[1]),
        torch.from_numpy(labels),
    )


def training_batches(tokenizer: Tokenizer, n_steps: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Yield batches of fresh random crops of the training articles, each language equally often.

    Crops are drawn for `POOL` batches at once and sorted by length, so that little of a batch is padding.
    Every other batch or so is encoded with the first merges alone: the model sees words in smaller
    tokens too, and copes better with words that it has never seen. (BPE-dropout, of Provilkov,
    Emelianenko and Voita 2020, has the same aim and leaves out merges at random.)
    """
    texts, labels = articles("train")
    coarser = {n: Tokenizer(tokenizer.merges[:n], tokenizer.pattern) for n in set(N_MERGES_USED)}
    for step in range(n_steps):
        if step % POOL == 0:
            crops = data.random_crops(texts, labels, POOL * BATCH_SIZE, rng, n_chars=N_CHARS_TRAINED)
            by_length = sorted(zip(*crops, strict=True), key=lambda crop: len(tokenizer.encode(crop[0])))
            starts = rng.permutation(POOL) * BATCH_SIZE
        chosen = by_length[starts[step % POOL] :][:BATCH_SIZE]
        some_merges = coarser[N_MERGES_USED[rng.integers(len(N_MERGES_USED))]]
        yield collate(some_merges, *zip(*chosen, strict=True))


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    """Give the mean cross-entropy of a batch, in nats, on the model's own device."""
    ids, mask, labels = (part.to(next(model.parameters()).device) for part in batch)
    return F.cross_entropy(model(ids, mask), labels)


@torch.no_grad()
def probabilities(model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """Ask the model for the probability of each language.

    Returns
    -------
    float32 array, (len(texts), n_languages)
    """
    model.eval()
    device, rows = next(model.parameters()).device, []
    for start in range(0, len(texts), 256):
        chunk = texts[start : start + 256]
        ids, mask, _ = collate(tokenizer, chunk, [0] * len(chunk), model.encoder.config.max_len)
        rows.append(model(ids.to(device), mask.to(device)).softmax(dim=-1).float().cpu())
    return torch.cat(rows).numpy()


def accuracy(answers: Sequence[int], labels: Sequence[int]) -> float:
    """Give the share of right answers.

    Examples
    --------
    >>> accuracy([1, 2, 3, 4], [1, 2, 3, 0])
    0.75
    """
    return float(np.mean(np.asarray(answers) == np.asarray(labels)))


def wilson_interval(n_right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Give the confidence interval of a share, which stays sound near 0 and 1.

    Parameters
    ----------
    n_right, n : int
        Right answers and questions.
    z : float
        Half-width in standard deviations; 1.96 for 95 %.

    References
    ----------
    Wilson 1927.

    Examples
    --------
    >>> low, high = wilson_interval(98, 100)
    >>> round(low, 3), round(high, 3)
    (0.93, 0.994)
    """
    share = n_right / n
    middle = share + z * z / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float((middle - half) / (1 + z * z / n)), float((middle + half) / (1 + z * z / n))


class NaiveBayes:
    """Count the byte n-grams of each language; choose the language whose counts explain a text best.

    Parameters
    ----------
    n : int
        Bytes in an n-gram.
    alpha : float
        Added to every count, so that an unseen n-gram is unlikely and not impossible.

    References
    ----------
    Lui and Baldwin 2012 (langid.py) use the same classifier, on chosen n-grams.

    Examples
    --------
    >>> NaiveBayes(2).fit(["the cat", "le chat"], [0, 1]).predict(["that", "chocolat"])
    [0, 1]
    """

    def __init__(self, n: int, alpha: float = 0.1):
        self.n, self.alpha = n, alpha

    def ngrams(self, text: str) -> list[bytes]:
        """List the n-grams of a text, overlapping."""
        raw = compose(text).encode()
        return [raw[i : i + self.n] for i in range(len(raw) - self.n + 1)]

    def fit(self, texts: Sequence[str], labels: Sequence[int]) -> "NaiveBayes":
        """Count."""
        self.row = {}  # n-gram -> its row in the table of counts
        indexed = [[self.row.setdefault(g, len(self.row)) for g in self.ngrams(text)] for text in texts]
        counts = np.zeros((len(self.row), max(labels) + 1))
        for rows, label in zip(indexed, labels):
            np.add.at(counts[:, label], rows, 1)
        share = (counts + self.alpha) / (counts.sum(axis=0) + self.alpha * (len(counts) + 1))
        unseen = self.alpha / (counts.sum(axis=0) + self.alpha * (len(counts) + 1))
        self.log_share = np.log(np.vstack([share, unseen]))  # (n-grams + 1, languages)
        return self

    def scores(self, text: str) -> np.ndarray:
        """Give the log-likelihood of a text under each language, in nats."""
        rows = [self.row.get(g, len(self.row)) for g in self.ngrams(text)]
        return self.log_share[rows].sum(axis=0)

    def predict(self, texts: Sequence[str]) -> list[int]:
        """Give the most likely language of each text."""
        return [int(np.argmax(self.scores(text))) for text in texts]


def folder() -> Path:
    """Give the folder of the trained artefacts."""
    return data.root() / "language_id"


def save_model(model: Classifier, path: str | Path) -> None:
    """Write the weights in float16, a name each."""
    np.savez(
        path, **{name: value.cpu().numpy().astype(np.float16) for name, value in model.state_dict().items()}
    )


def load() -> tuple[Tokenizer, Classifier]:
    """Load the trained tokenizer and model, on the CPU and in eval mode.

    Examples
    --------
    >>> tokenizer, model = load()
    >>> best = probabilities(model, tokenizer, ["Tous les êtres humains naissent libres et égaux"]).argmax()
    >>> data.languages()[best].name
    'French'
    """
    tokenizer = Tokenizer.load(data.path("language_id/tokenizer"))
    with np.load(data.path("language_id/weights")) as arrays:
        state = {name: torch.from_numpy(arrays[name]).float() for name in arrays.files}
    model = Classifier(CONFIG, n_classes=len(data.languages()))
    model.load_state_dict(state)
    return tokenizer, model.eval()


def make_model() -> Classifier:
    """Make the model with its first weights, the same each time."""
    with seeded(0):
        return Classifier(CONFIG, n_classes=len(data.languages()))


def make_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Make the optimizer of the training run."""
    return torch.optim.AdamW(model.parameters(), lr=PEAK_LR, betas=(0.9, 0.98), weight_decay=0.05)


def train_steps(model: Classifier, tokenizer: Tokenizer, n: int) -> Iterator[float]:
    """Take the first `n` steps of the training run, which has `N_STEPS`; yield the loss of each.

    Between its steps PyTorch's random numbers are the run's own: take it to its end, or close it, before
    you draw others.
    """
    batches = training_batches(tokenizer, n, np.random.default_rng(0))
    optimizer = make_optimizer(model)
    with seeded(1):
        yield from train(
            model, batches, loss_of, optimizer, schedule=lambda step: warmup_cosine(step, N_STEPS, WARMUP)
        )


def measure(model: Classifier, tokenizer: Tokenizer, split: str, n_chars: int = N_CHARS) -> dict:
    """Count the right answers on a split."""
    texts, labels = pieces(split, n_chars)
    answers = probabilities(model, tokenizer, texts).argmax(axis=1)
    n_right = int((answers == labels).sum())
    return {
        "n_chars": n_chars,
        "n": len(labels),
        "n_right": n_right,
        "accuracy": round(n_right / len(labels), 5),
    }


def main(every: int = 500) -> None:
    """Train, log, save, and count the test pieces once, with the weights as saved."""
    tokenizer, model, log = (
        train_tokenizer(),
        make_model(),
        {"settings": settings(), "steps": [], "validation": []},
    )
    start = time.perf_counter()
    for step, loss in enumerate(train_steps(model, tokenizer, N_STEPS)):
        if step % 10 == 0:
            log["steps"].append([step, round(loss, 4)])
        if (step + 1) % every == 0:
            rows = [measure(model, tokenizer, "validation", n_chars) for n_chars in (10, 20, 40)]
            log["validation"] += [{"step": step + 1, **row} for row in rows]
            print(
                f"{time.perf_counter() - start:6.0f} s",
                step + 1,
                [row["accuracy"] for row in rows],
                flush=True,
            )
    folder().mkdir(exist_ok=True)
    tokenizer.save(folder() / "tokenizer.json")
    save_model(model, folder() / "weights.npz")
    enter("tokenizer", "tokenizer.json", "byte pair encoding trained on the training articles")
    enter("weights", "weights.npz", "trained on the training articles, rounded to float16")
    log["test"] = [measure(load()[1], tokenizer, "test", n_chars) for n_chars in (10, 20, 40, 80)]
    log["seconds"] = round(time.perf_counter() - start)
    print(log["test"])
    (folder() / "log.json").write_text(json.dumps(log, indent=1) + "\n", "utf-8")
    enter("log", "log.json", "loss every 10 steps, validation accuracy, test accuracy of the saved weights")


def enter(name: str, file: str, cut: str) -> None:
    """Enter an artefact in the manifest and the datasheet of the data."""
    data.register(
        f"language_id/{name}",
        f"language_id/{file}",
        licence="MIT",
        licence_file="LICENSES/MIT-udhr.txt",
        source="make train-language-id, from the texts of `udhr`",
        cut=cut,
        used_by="09",
    )


def settings() -> dict:
    """Give what the run was made with."""
    return {
        **asdict(CONFIG),
        "n_steps": N_STEPS,
        "batch_size": BATCH_SIZE,
        "peak_lr": PEAK_LR,
        "warmup": WARMUP,
        "n_chars_trained": N_CHARS_TRAINED,
        "n_merges_used": N_MERGES_USED,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


if __name__ == "__main__":
    main()
