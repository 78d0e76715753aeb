"""The repository's address: where it is kept, and how it is changed.

``python -m b2t.book.repository URL``, which is ``make repo URL=...``

The address stands in `_config.yml`. What repeats it (set-up cell and Colab link of each notebook, links to
files, `pyproject.toml`, `CITATION.cff`) is rewritten from there, and tests compare.
"""

import re
import sys
from pathlib import Path

import nbformat

from b2t.book.notebooks import normalise, to_text

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
COLAB = "https://colab.research.google.com"
PAGES = ("_config.yml", "CITATION.cff", "pyproject.toml", "README.md", "CONTRIBUTING.md", "chapters/**/*.md")
SETUP = """import importlib.util
import subprocess
import sys

if importlib.util.find_spec("b2t") is None:
    package = "git+{address}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", package]
    subprocess.run(command, check=True)
    importlib.invalidate_caches()"""


def address(root: Path = ROOT) -> str:
    """Read the address from `_config.yml`.

    Examples
    --------
    >>> address().startswith("https://github.com/")
    True
    """
    text = (root / "_config.yml").read_text(encoding="utf-8")
    return re.search(rf"^  url: ({ADDRESS.pattern})$", text, re.MULTILINE)[1]


def check(url: str) -> str:
    """Return an address without a slash or ".git" at its end.

    Raises
    ------
    ValueError
        When Colab could not open notebooks from it: it opens those of GitHub.

    Examples
    --------
    >>> check("https://github.com/someone/book.git")
    'https://github.com/someone/book'
    """
    url = url.removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(url):
        raise ValueError(
            f"{url!r} is not of the form https://github.com/OWNER/NAME, which Colab's links need"
        )
    return url


def readdress(text: str, old: str, new: str) -> str:
    """Replace an address, also where a link to Colab holds its owner and name.

    Examples
    --------
    >>> readdress("git+https://github.com/a/b, not https://github.com/a/bc", *map(
    ...     "https://github.com/".__add__, ["a/b", "c/d"]))
    'git+https://github.com/c/d, not https://github.com/a/bc'
    """
    for before, after in ((old, new), (on_colab(old), on_colab(new))):
        text = re.sub(re.escape(before) + r"(?![\w.-]*[\w-])", after, text)
    return text


def on_colab(url: str) -> str:
    """Give the part of Colab's links that names the repository.

    Examples
    --------
    >>> on_colab("https://github.com/a/b")
    'https://colab.research.google.com/github/a/b'
    """
    return url.replace("https://github.com", f"{COLAB}/github")


def set_up(nb: nbformat.NotebookNode, url: str) -> None:
    """Write the set-up cell of a notebook, which is its first code cell.

    Examples
    --------
    >>> nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(metadata={"tags": ["setup"]})])
    >>> set_up(nb, "https://github.com/a/b")
    >>> nb.cells[0].source.splitlines()[5]
    '    package = "git+https://github.com/a/b"'
    """
    for cell in nb.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = SETUP.format(address=url)


def move(url: str, root: Path = ROOT) -> list[Path]:
    """Rewrite the address wherever it stands.

    Parameters
    ----------
    url : str
        https://github.com/OWNER/NAME
    root : Path
        The repository's folder.

    Returns
    -------
    list of Path
        The files that have changed.

    Raises
    ------
    ValueError
        When the address is of another form; nothing is changed then.
    """
    old, new, changed = address(root), check(url), []
    for path in [*(path for page in PAGES for path in root.glob(page)), *root.glob("chapters/**/*.ipynb")]:
        before = path.read_text(encoding="utf-8")
        after = readdress(before, old, new)
        if path.suffix == ".ipynb":
            nb = nbformat.reads(after, as_version=4)
            set_up(nb, new)
            after = to_text(normalise(nb))
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("Say where: make repo URL=https://github.com/OWNER/NAME")
    try:
        print(*move(sys.argv[1]), sep="\n")
    except ValueError as error:
        sys.exit(str(error))
