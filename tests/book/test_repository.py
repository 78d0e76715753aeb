"""The repository's address, and moving it."""

import re
import shutil

import nbformat
import pytest

from b2t.book import repository
from tests.notebook_checks import CONFIG, ROOT

OLD, NEW = repository.address(), "https://github.com/ada.l/a_book"


@pytest.fixture
def clone(tmp_path):
    for pattern in (*repository.PAGES, "chapters/**/*.ipynb"):
        for path in ROOT.glob(pattern):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def everything(folder):
    return {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_address_is_that_of_the_build():
    assert repository.address() == CONFIG["repository"]["url"]


def test_a_move_leaves_no_old_address_and_there_and_back_changes_nothing(clone):
    before = everything(clone)
    changed = repository.move(NEW + ".git", clone)
    moved = everything(clone)
    assert {path.name for path in changed} >= {"_config.yml", "CITATION.cff", "01_text_to_bytes.ipynb"}
    owner_and_name = OLD.removeprefix("https://github.com/")
    assert not [path for path, text in moved.items() if owner_and_name in text]
    assert repository.address(clone) == NEW
    repository.move(OLD, clone)
    assert everything(clone) == before


def test_a_move_writes_badge_and_set_up_cell(clone):
    repository.move(NEW, clone)
    nb = nbformat.read(clone / "chapters" / "06_self_attention.ipynb", as_version=4)
    badge = "https://colab.research.google.com/github/ada.l/a_book/blob/main/chapters/06_self_attention.ipynb"
    assert badge in nb.cells[0].source
    (set_up,) = [cell.source for cell in nb.cells if "setup" in cell.metadata.get("tags", [])]
    assert f'"git+{NEW}"' in set_up


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "https://gitlab.com/a/b", "https://github.com/a", f"{NEW}/tree"]
)
def test_an_address_that_colab_cannot_open_changes_nothing(url, clone):
    before = everything(clone)
    with pytest.raises(ValueError, match="OWNER/NAME"):
        repository.move(url, clone)
    assert everything(clone) == before


def test_the_version_is_the_same_everywhere():
    starts = {
        "pyproject.toml": "version = ",
        "lib/b2t/__init__.py": "__version__ = ",
        "CITATION.cff": "version: ",
    }
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in starts}
    found = {file: re.search(rf'(?m)^{start}"?([\d.]+)', texts[file])[1] for file, start in starts.items()}
    assert len(set(found.values())) == 1, found
