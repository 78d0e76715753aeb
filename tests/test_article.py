"""The page that judges the article: its prose and its list of claims agree, and each claim has evidence."""

import ast
import re

import nbformat
import pytest

from tests import notebook_checks as checks

PATH = checks.ROOT / "chapters/appendix/article.ipynb"
MARKS = {"+": "Holds", "~": "Imprecise", "-": "Does not hold", "?": "Cannot be checked"}


def listed(nb):
    """Verdict by number, as in the list of the code cells."""
    sources = [cell.source for _, cell in checks.code_cells(nb) if re.match(r"LIST \+?= ", cell.source)]
    lines = "\n".join(ast.parse(source).body[0].value.value for source in sources).splitlines()
    rows = [line.split(" | ") for line in lines if line]
    return {int(number): MARKS[mark] for number, _, mark, *_ in rows}


def told(nb):
    """Verdict by number, as in the prose: the first that follows the number of a claim."""
    prose = "\n\n".join(cell.source for _, cell in checks.prose_cells(nb))
    pieces = re.split(r"(?m)^\*\*(\d+) · ", prose)
    verdict = re.compile(rf"\*\*({'|'.join(MARKS.values())})\b")
    found = [(int(number), verdict.search(text)) for number, text in zip(pieces[1::2], pieces[2::2])]
    return [(number, match and match[1]) for number, match in found]


def cited(nb):
    """Numbers of the claims whose paragraph has a source."""
    pieces = re.split(r"(?m)^\*\*(\d+) · ", "\n\n".join(cell.source for _, cell in checks.prose_cells(nb)))
    return {int(n) for n, text in zip(pieces[1::2], pieces[2::2]) if "{cite" in text.split("\n\n")[0]}


def shown(nb):
    """Numbers of the claims that a cell with an assertion has at its head."""
    heads = [
        cell.source.split("\n")[0]
        for _, cell in checks.code_cells(nb)
        if re.search(r"\bassert ", cell.source)
    ]
    return {int(n) for head in heads if re.fullmatch(r"# [\d, ]+", head) for n in head[2:].split(", ")}


def problems(nb):
    """What list, prose and evidence disagree about."""
    verdicts = listed(nb)
    differing = [f"claim {n}: {verdict}" for n, verdict in told(nb) if verdicts.get(n) != verdict]
    if [n for n, _ in told(nb)] != list(verdicts):
        differing.append("the prose does not take the claims of the list one by one")
    checkable = {n for n, verdict in verdicts.items() if verdict != MARKS["?"]}
    lacking = (checkable - shown(nb) - cited(nb)) | (shown(nb) - checkable)
    return differing + [f"claim {n}: evidence where none is wanted, or none" for n in lacking]


@pytest.fixture
def article():
    return nbformat.read(PATH, as_version=4)


def test_list_prose_and_evidence_agree(article):
    assert len(listed(article)) > 50
    assert problems(article) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("23 | A = XWᵀ | -", "23 | A = XWᵀ | +"),
        ("**Does not hold.** It is $n", "**Holds.** It is $n"),
        ("**4 · ", "**4, "),
        ("# 23, 24\n", "# 23\n"),
    ],
)
def test_a_difference_is_seen(article, old, new):
    cell = next(cell for cell in article.cells if old in cell.source)
    cell.source = cell.source.replace(old, new)
    assert problems(article)
