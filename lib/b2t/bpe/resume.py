"""A file that is written in steps: it can be gone on with after a break, and gets its name when complete."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np


class Growing:
    """An array in a file, while it is made from another file.

    Until it is complete it is called ``NAME.part``. A record beside it, ``NAME.part.json``, says how much of
    the source is done, and what was asked for; whoever asks for the same goes on from there.

    Parameters
    ----------
    path : Path
        The file to make.
    asked : mapping
        All that the content depends on; it must stand in JSON.

    Attributes
    ----------
    read : int
        How much of the source is done, in bytes.
    written : int
        The bytes that came of it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "ids.bin")
    >>> with Growing(path, {"source": "a"}) as growing:
    ...     growing.add(np.array([1, 2], np.uint16), read=10)
    >>> with Growing(path, {"source": "a"}) as growing:
    ...     print(growing.read, growing.written)
    ...     growing.add(np.array([3], np.uint16), read=15)
    ...     growing.finish()
    10 4
    >>> np.fromfile(path, np.uint16)
    array([1, 2, 3], dtype=uint16)
    >>> folder.cleanup()
    """

    def __init__(self, path: Path, asked: Mapping):
        self.path, self.asked = path, dict(asked)
        self.part, self.record = (path.with_name(path.name + end) for end in (".part", ".part.json"))
        self.read = self.written = 0

    def __enter__(self) -> Self:
        self.read, self.written = self.recorded()
        self.file = open(self.part, "r+b" if self.written else "wb")
        self.file.truncate(self.written)
        self.file.seek(self.written)
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def recorded(self) -> tuple[int, int]:
        """Say how far an earlier run for the same came: 0 and 0 if there is none, or another one."""
        try:
            record = json.loads(self.record.read_text())
            if record["asked"] == self.asked and self.part.stat().st_size >= record["written"]:
                return record["read"], record["written"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return 0, 0

    def add(self, ids: np.ndarray, read: int) -> None:
        """Write ids, in little-endian order, and only then note that the source is done up to `read`."""
        data = ids.astype(ids.dtype.newbyteorder("<"), copy=False).tobytes()
        self.file.write(data)
        self.file.flush()
        os.fsync(self.file.fileno())
        self.read, self.written = read, self.written + len(data)
        record = {"asked": self.asked, "read": self.read, "written": self.written}
        new = self.record.with_suffix(".new")
        new.write_text(json.dumps(record))
        new.replace(self.record)

    def finish(self) -> None:
        """Give the file its name, and forget the record."""
        self.file.close()
        self.part.replace(self.path)
        self.record.unlink(missing_ok=True)
