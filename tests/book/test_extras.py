"""What an extra installs, and that the constraints cover it."""

import re
from importlib import metadata

import pytest

from b2t.book.extras import requirements
from tests.conftest import ROOT

EXTRAS = ("base", "book", "lab", "classroom", "test")
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), flags=re.M))
CANONICAL = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PINS.items()}


def names(lines: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower() for line in lines}


def test_every_requirement_is_pinned():
    assert names(requirements(*EXTRAS)) <= set(CANONICAL)


def test_building_needs_no_torch():
    assert "torch" not in names(requirements("book"))


def test_unknown_extra_is_an_error():
    with pytest.raises(ValueError, match=r"no extra \['books'\].*choose from base, book"):
        requirements("books")


def test_what_is_installed_is_what_is_pinned():
    installed = {name: metadata.version(name).split("+")[0] for name in names(requirements(*EXTRAS))}
    assert installed == {name: CANONICAL[name] for name in installed}
