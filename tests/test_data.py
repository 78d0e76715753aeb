"""The data: files, manifest and datasheet agree; splits, cuts and batches are what they say."""

import hashlib
import re
import shutil

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from b2t import data

FOLDER = data.root()
ENTRIES = data.manifest(FOLDER)
APART = ("README.md", "manifest.json", ".gitattributes")
TEXTS = st.lists(st.text(max_size=120), max_size=5)


def on_disk(folder):
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return {name for name in files if name not in APART and not name.startswith("LICENSES/")}


def pieces_of(split, n_chars=40):
    articles = data.udhr(split)
    return data.crops([article.text for article in articles], [article.code for article in articles], n_chars)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the data folder, laid out as an installed wheel has it."""
    folder = tmp_path / "b2t" / "_data"
    shutil.copytree(FOLDER, folder)
    monkeypatch.setattr(data, "ROOTS", (folder, tmp_path / "no_clone"))
    yield folder
    data._checked.cache_clear()


# --- files, manifest, datasheet -------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_file_is_the_one_of_the_manifest(name):
    entry = ENTRIES[name]
    content = (FOLDER / entry["file"]).read_bytes()
    assert len(content) == entry["bytes"]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert data.path(name) == FOLDER / entry["file"]
    assert entry["kind"] in ("text", "table", "artefact")
    assert all(entry[key] for key in ("licence", "source", "cut", "used_by"))
    assert "licence_file" not in entry or (FOLDER / entry["licence_file"]).is_file()


def test_manifest_lists_what_is_on_disk():
    files = [entry["file"] for entry in ENTRIES.values()]
    assert len(files) == len(set(files))
    assert set(files) == on_disk(FOLDER)


def test_datasheet_agrees_with_the_manifest():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = page.partition(data.TABLE[0])[2].partition(data.TABLE[1])[0]
    assert table == data.datasheet_table(ENTRIES)
    rows = re.findall(r"^\| (\S+) \| `(\S+)` \| \w+ \| ([\d,]+) \| .* \| `([0-9a-f]{64})` \|$", table, re.M)
    assert {(name, file, int(size.replace(",", "")), digest) for name, file, size, digest in rows} == {
        (entry["name"], entry["file"], entry["bytes"], entry["sha256"]) for entry in ENTRIES.values()
    }
    sections = set(re.findall(r"^## (\S+)$", page, re.M))
    assert {name for name in ENTRIES if not {name, name.split("/")[0]} & sections} == set()


def test_folder_stays_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 12e6


# --- loading --------------------------------------------------------------------------------------------


def test_unknown_name_lists_the_names():
    with pytest.raises(KeyError, match=r"no data called 'tang'.*tang_poems"):
        data.path("tang")


@pytest.mark.parametrize("name", ["austen_pride_and_prejudice", "tang_poems"])
def test_corrupt_file_raises(copy, name):
    file = copy / ENTRIES[name]["file"]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"{file.name} has SHA-256.*git checkout data"):
        data.text(name)


def test_missing_file_raises(copy):
    (copy / ENTRIES["udhr"]["file"]).unlink()
    with pytest.raises(FileNotFoundError, match=r"udhr_35\.tsv is missing: .* reinstall b2t"):
        data.udhr()


def test_installed_package_comes_first(copy):
    assert data.root() == copy
    assert data.path("udhr").is_relative_to(copy)
    assert len(data.udhr("train")) == 664


def test_no_data_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "ROOTS", (tmp_path / "wheel", tmp_path / "clone"))
    with pytest.raises(FileNotFoundError, match="reinstall b2t, or run from a clone"):
        data.path("udhr")


def test_register_enters_an_artefact_and_updates_it(copy):
    (copy / "trial").mkdir()
    file = copy / "trial" / "weights.bin"
    file.write_bytes(b"first")
    with pytest.raises(ValueError, match="lacks licence, source, cut, used_by"):
        data.register("trial/weights", "trial/weights.bin")
    fields = {"licence": "MIT", "source": "trained on udhr", "cut": "whole", "used_by": "09"}
    entry = data.register("trial/weights", "trial/weights.bin", **fields)
    assert (entry["kind"], entry["bytes"]) == ("artefact", 5)
    file.write_bytes(b"second")
    with pytest.raises(ValueError, match="SHA-256"):
        data.path("trial/weights")
    data.register("trial/weights")
    assert data.path("trial/weights").read_bytes() == b"second"
    assert data.datasheet_table(data.manifest(copy)) in (copy / "README.md").read_text(encoding="utf-8")
    assert data.manifest(copy)["udhr"] == ENTRIES["udhr"]


def test_poems_are_the_text():
    poems = data.tang_poems()
    assert len(poems) == 8445
    assert "\n\n".join("\n".join((p.title, p.author, *p.lines)) for p in poems) + "\n" == data.text(
        "tang_poems"
    )
    assert all(poem.author and all(poem.lines) and poem.lines for poem in poems)
    assert sum(not poem.title for poem in poems) == 1  # as the datasheet says
    assert sum(poem.author == "李白" for poem in poems) == 668


def test_novels_hold_the_novel():
    assert data.text("austen_pride_and_prejudice").strip("\n") in data.text("austen_all")


# --- the Declaration and its splits ---------------------------------------------------------------------


def test_languages_and_articles():
    languages, articles = data.languages(), data.udhr()
    assert len(languages) == 35
    assert len({language.code for language in languages}) == 35
    assert len({language.script for language in languages}) == 17
    assert list(dict.fromkeys(article.code for article in articles)) == [each.code for each in languages]
    assert len(articles) == 35 * 31 - 1  # Amharic has no preamble
    assert all(article.text.strip() for article in articles)


def test_splits_are_disjoint_cover_and_follow_their_rule():
    splits = ENTRIES["udhr"]["splits"]
    train, validation, test = (set(splits[split]) for split in data.SPLITS)
    assert train | validation | test == set(range(31))
    assert len(train) + len(validation) + len(test) == 31
    assert test == {n for n in range(31) if n % 4 == 1}
    assert validation == {n for n in range(31) if n % 8 == 4}


def test_split_shares():
    counts = {split: sum(len(article.text) for article in data.udhr(split)) for split in data.SPLITS}
    assert counts == {"train": 244_614, "validation": 21_460, "test": 74_109}
    assert sum(counts.values()) == sum(len(article.text) for article in data.udhr()) == 340_183
    for split in data.SPLITS:
        assert {article.code for article in data.udhr(split)} == {each.code for each in data.languages()}


def test_all_translations_hold_the_35_and_share_their_splits():
    languages, articles = data.all_languages(), data.udhr_all()
    assert (
        len(languages)
        == len({each.code for each in languages})
        == len({each.name for each in languages})
        == 521
    )
    assert len({each.script for each in languages}) == 37
    assert len(articles) == 16_129 and sum(len(article.text) for article in articles) == 5_241_339
    whole = {(article.code, article.article): article.text for article in articles}
    assert len(whole) == len(articles) and all(whole.values())
    assert all((each.code, number) in whole for each in languages for number in range(1, 31))
    assert sum((each.code, 0) not in whole for each in languages) == 22
    assert {article.code for article in data.udhr()} <= {each.code for each in languages}
    assert all(whole[article.code, article.article] == article.text for article in data.udhr())
    assert ENTRIES["udhr_all"]["splits"] == ENTRIES["udhr"]["splits"]
    assert [len(data.udhr_all(split)) for split in data.SPLITS] == [9877, 2084, 4168]


def test_broken_articles_are_those_of_the_datasheet():
    whole = {}
    for article in data.udhr_all():
        whole.setdefault(article.code, {})[article.article] = len(article.text)
    ratios = {
        code: np.array([have[n] / whole["eng"][n] for n in range(1, 31)]) for code, have in whole.items()
    }
    broken = sorted(code for code, ratio in ratios.items() if (ratio / np.median(ratio)).min() < 0.25)
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`{' '.join(broken)}`" in page and len(broken) == 21


def test_scripts_are_those_of_the_letters():
    letters = {}
    for article in data.udhr_all():
        letters[article.code] = letters.get(article.code, "") + article.text
    for each in data.all_languages():
        script = {"Kana and Han": "Hiragana"}.get(each.script, each.script).replace(" ", "_")
        share = len(regex.findall(rf"\p{{{script}}}", letters[each.code])) / len(
            regex.findall(r"[\p{L}\p{M}]", letters[each.code])
        )
        assert share > 0.5, each


def test_unknown_split():
    for load in (data.udhr, data.udhr_all):
        with pytest.raises(ValueError, match="split is 'dev'; choose from train, validation, test"):
            load("dev")


@pytest.mark.parametrize(("split", "total", "repeated"), [("validation", 536, 9), ("test", 1855, 23)])
def test_pieces_that_training_has_word_for_word(split, total, repeated):
    seen = {}
    for article in data.udhr("train"):
        seen[article.code] = seen.get(article.code, "") + "\n" + article.text
    pieces, codes = pieces_of(split)
    found = sum(piece in seen[code] for piece, code in zip(pieces, codes, strict=True))
    assert (len(pieces), found) == (total, repeated)  # as the datasheet says
    assert found / total < 0.02


# --- cutting --------------------------------------------------------------------------------------------


@given(TEXTS, st.integers(1, 50))
def test_crops_lose_nothing_and_cut_no_cluster(texts, n_chars):
    pieces, owners = data.crops(texts, range(len(texts)), n_chars, min_chars=0)
    for owner, whole in enumerate(texts):
        mine = [piece for piece, at in zip(pieces, owners, strict=True) if at == owner]
        assert "".join(mine) == whole
        clusters = regex.findall(r"\X", whole)
        ends = set(np.cumsum([0, *map(len, clusters)]).tolist())
        assert set(np.cumsum([0, *map(len, mine)]).tolist()) <= ends
        assert all(len(piece) <= n_chars or len(regex.findall(r"\X", piece)) == 1 for piece in mine)


@given(TEXTS, st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_random_crops_are_pieces_of_a_text_of_their_label(texts, n_chars, seed):
    texts = [*texts, "👩‍👩‍👧 e\u0301 naïve"]
    labels = [i % 2 for i in range(len(texts))]
    pieces, drawn = data.random_crops(texts, labels, 8, np.random.default_rng(seed), n_chars)
    assert len(pieces) == len(drawn) == 8
    for piece, label in zip(pieces, drawn, strict=True):
        assert piece
        assert any(piece in whole for whole, its in zip(texts, labels, strict=True) if its == label)
        assert len(piece) <= n_chars or len(regex.findall(r"\X", piece)) == 1


@pytest.mark.parametrize("split", data.SPLITS)
def test_declaration_pieces_are_about_40_characters(split):
    pieces, codes = pieces_of(split)
    assert (pieces, codes) == pieces_of(split)
    lengths = np.array([len(piece) for piece in pieces])
    assert lengths.min() >= 20
    assert lengths.max() <= 40
    assert lengths.mean() > 38
    assert len(set(codes)) == 35


def test_random_crops_repeat_with_the_seed_and_balance_labels():
    articles = data.udhr("train")
    texts, codes = [article.text for article in articles], [article.code for article in articles]
    draws = [
        data.random_crops(texts, codes, 3500, np.random.default_rng(seed), (20, 60)) for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]
    lengths = np.array([len(piece) for piece in draws[0][0]])
    assert 15 <= lengths.min() <= 25
    assert 55 <= lengths.max() <= 60
    per_code = np.array([draws[0][1].count(code) for code in set(codes)])
    assert len(per_code) == 35
    assert per_code.min() > 60
    assert per_code.max() < 140


@pytest.mark.parametrize(
    "cut", [data.crops, lambda *a, **k: data.random_crops(*a, 1, np.random.default_rng(0), **k)]
)
def test_cutting_says_what_is_wrong(cut):
    with pytest.raises(ValueError, match="2 texts but 1 labels"):
        cut(["a", "b"], [0])
    with pytest.raises(ValueError, match="n_chars is 0"):
        cut(["a"], [0], n_chars=0)


def test_a_range_the_wrong_way_round_is_named():
    with pytest.raises(ValueError, match=r"n_chars is \(5, 2\)"):
        data.random_crops(["abcdef"], [0], 1, np.random.default_rng(0), n_chars=(5, 2))


def test_nothing_to_draw_from():
    with pytest.raises(ValueError, match="no text to cut"):
        data.random_crops([""], [0], 1, np.random.default_rng(0))


# --- batches --------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 9), max_size=7), max_size=20), st.integers(1, 6), st.booleans())
def test_batches_hold_every_sequence_once_and_pad(ids_list, batch_size, shuffle):
    rng = np.random.default_rng(3) if shuffle else None
    order = []
    for ids, lengths, labels in data.batches(ids_list, range(len(ids_list)), batch_size, rng, pad_id=77):
        assert ids.dtype == lengths.dtype == labels.dtype == np.int64
        assert 1 <= len(ids) == len(lengths) == len(labels) <= batch_size
        assert ids.shape[1] == lengths.max()
        for row, length, label in zip(ids, lengths, labels, strict=True):
            assert row[:length].tolist() == ids_list[label]
            assert (row[length:] == 77).all()
        order += labels.tolist()
    assert sorted(order) == list(range(len(ids_list)))
    assert shuffle or order == sorted(order)


def test_batches_say_what_is_wrong_at_once():
    with pytest.raises(ValueError, match="1 sequences but 2 labels"):
        data.batches([[1]], [0, 1], 1)
    with pytest.raises(ValueError, match="batch_size is 0"):
        data.batches([[1]], [0], 0)
