"""Print what extras of pyproject.toml require, a requirement a line; "base" is what the package itself does.

``make book`` installs the extra ``book`` alone: the package depends on torch, which rendering the stored
outputs does not need. Standard library only, since it runs before anything is installed::

    python lib/b2t/book/extras.py base lab
"""

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


def requirements(*extras: str, pyproject: Path = PYPROJECT) -> list[str]:
    """Read the requirements of some extras.

    Parameters
    ----------
    *extras : str
        Names of extras; ``"base"`` is the package's own dependencies.
    pyproject : Path
        The file that defines them.

    Returns
    -------
    list of str
        Requirement specifiers, in the order asked for.

    Raises
    ------
    ValueError
        If the file defines no such extra.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    known = {"base": project["dependencies"], **project["optional-dependencies"]}
    if unknown := sorted(set(extras) - set(known)):
        raise ValueError(f"no extra {unknown} in {pyproject.name}: choose from {', '.join(known)}")
    return [requirement for extra in extras for requirement in known[extra]]


if __name__ == "__main__":
    print("\n".join(requirements(*sys.argv[1:])))
