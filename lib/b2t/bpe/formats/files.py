"""Files that are read with a limit and written whole or not at all."""

import lzma
import os
import shutil
import tempfile
from pathlib import Path

MAX_FILE = 1 << 28  # bytes; the largest vocabularies in use take 1 << 25


def read_bytes(path: str | Path) -> bytes:
    """Read a file, decompressed when it ends in ``.xz``.

    Raises
    ------
    ValueError
        When the file cannot be decompressed or is larger than any vocabulary, or when `path` is no path but
        the content of a file.

    Examples
    --------
    >>> read_bytes("#version: 0.2\\nh e\\n")
    Traceback (most recent call last):
    ValueError: '#version: 0.2\\nh e\\n' is the content of a file; pass its path
    """
    if isinstance(path, str) and "\n" in path:
        raise ValueError(f"{shown(path)} is the content of a file; pass its path")
    try:
        with lzma.open(path) if Path(path).suffix == ".xz" else open(path, "rb") as file:
            raw = file.read(MAX_FILE + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ValueError(f"{path} cannot be decompressed ({error}); restore the file") from error
    if len(raw) > MAX_FILE:
        raise ValueError(f"{path} holds more than {MAX_FILE} bytes; no vocabulary is as large")
    return raw


def read_lines(path: str | Path) -> list[str]:
    """Read the lines of a text, which may be compressed, each without its end."""
    lines = read_bytes(path).rstrip(b"\n").split(b"\n")
    return [line.decode("utf-8", "surrogateescape") for line in lines]


def shown(value: object, width: int = 80) -> str:
    """Show a value in an error message, the end of a long one left out.

    Examples
    --------
    >>> shown("a" * 100, 8)
    "'aaaaaaa…"
    """
    text = repr(value[:width] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= width else text[:width] + "…"


def write(path: str | Path, text: str) -> None:
    """Write a file whole or not at all: into a new one beside it, which then takes its name.

    A reader sees the old content or the new, and a full disk or a power cut leaves the old.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "a.txt"), "hello")
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('a.txt', 'hello')]
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} for {target.name}; make it first")
    with tempfile.NamedTemporaryFile(
        "w", dir=target.parent, prefix=f".{target.name[:50]}.", delete=False, encoding="utf-8", newline="\n"
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            give_mode(target, file.name)
            file.close()  # Windows renames no open file
            os.replace(file.name, target)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


def give_mode(target: Path, new: str) -> None:
    """Give a new file the permissions of the one it replaces, or those that any new file gets."""
    if target.exists():
        shutil.copymode(target, new)
    else:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(new, 0o666 & ~mask)
