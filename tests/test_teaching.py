"""The teaching guide: its numbers are computed, its plans add up, and what it points at exists."""

import doctest
import json
import math
import re

import pytest

from b2t.checks import zoo
from tests.notebook_checks import ROOT

FOLDER = ROOT / "chapters/appendix"
GUIDE = (FOLDER / "teaching.md").read_text(encoding="utf-8")
PAGES = [path.read_text(encoding="utf-8") for path in sorted((FOLDER / "teaching").glob("*.md"))]
SECTIONS = {
    section[:2]: section for page in PAGES for section in re.split(r"^## ", page, flags=re.M)[1:]
}  # by the chapter's number
ANSWERS = [
    pytest.param(body, id=f"{number}-{question}")
    for number, section in SECTIONS.items()
    for question, body in re.findall(
        r"<details><summary>Answer to (\d)</summary>\n\n(.*?)\n\n</details>", section, flags=re.S
    )
]
MINUTES = r"reading (\d+) min · lecture (\d+) min · exercises (\d+) min · notebook: (.+)"


def notebook(number: str, outputs: bool = False) -> str:
    """The source of a chapter's cells, and what they print if that is asked for."""
    [path] = (ROOT / "chapters").glob(f"{number}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = ["".join(cell["source"]) for cell in cells]
    if outputs:
        printed = [output.get("data", output) for cell in cells for output in cell.get("outputs", ())]
        parts += ["".join(output.get("text/plain", output.get("text", ""))) for output in printed]
    return "\n\n".join(parts)


def plain(text: str) -> str:
    """A text as an answer and as Python's output both write it."""
    return text.replace(",", "").replace("␣", " ").replace("−", "-")


def stands_in(result: str, printed: str) -> bool:
    """Whether a number or a word stands in an output by itself, not as a part of a longer one."""
    return re.search(rf"(?<![\w.-]){re.escape(result)}(?:\.0)?(?![\w.])", printed) is not None


def test_every_chapter_has_a_plan():
    chapters = {path.name[:2] for path in (ROOT / "chapters").glob("*.ipynb")}
    assert set(SECTIONS) == chapters, "a chapter needs a section ## NN · Title in chapters/appendix/teaching/"


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_are_what_their_code_gives(answer):
    examples = doctest.DocTestParser().get_examples(re.sub(r"^```.*$", "", answer, flags=re.M))
    test = doctest.DocTest(examples, {}, "answer", None, 0, None)
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert said == []
    printed = plain("".join(example.want for example in examples))
    calculated = re.findall(r"\*\*(.+?)\*\*", answer.split("```")[0])
    assert [result for result in calculated if not stands_in(plain(result), printed)] == []


@pytest.mark.parametrize("number", SECTIONS)
def test_exam_has_calculations_by_hand(number):
    asked = re.findall(r"^\*\*(\d)\.\*\* \(\d+ min(, by hand)?", SECTIONS[number], flags=re.M)
    answered = re.findall(r"<summary>Answer to (\d)</summary>", SECTIONS[number])
    assert [question for question, _ in asked] == answered
    assert 3 <= len(asked) <= 5
    answers = re.findall(r"<details>.*?</details>", SECTIONS[number], flags=re.S)
    by_hand = [">>>" in answer for (_, hand), answer in zip(asked, answers, strict=True) if hand]
    assert by_hand and all(by_hand)


@pytest.mark.parametrize("number", SECTIONS)
def test_lecture_adds_up_and_agrees_with_the_overview(number):
    stated = re.search(MINUTES, SECTIONS[number]).groups()
    steps = re.findall(r"^\| (\d+) \|", SECTIONS[number], flags=re.M)
    assert sum(map(int, steps)) == int(stated[1])
    row = re.search(rf"^\| \[{number} .*$", GUIDE, flags=re.M)[0]
    assert [cell.strip() for cell in row.split("|")][3:-1] == list(stated)


def reading_minutes(number: str) -> int:
    """Minutes for a chapter's prose and code, without its exercises and folds, rounded up to five."""
    [path] = (ROOT / "chapters").glob(f"{number}_*.ipynb")
    words, n_code, reading = 0, 0, True
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            n_code += reading
            continue
        source = re.sub("<details>.*?</details>", "", source, flags=re.S)
        for section in re.split(r"^(?=## )", source, flags=re.M):
            if section.startswith("## "):
                reading = not section.startswith("## Exercises")
            words += len(section.split()) * reading
    return 5 * math.ceil((words / 120 + n_code / 1.5) / 5)


@pytest.mark.parametrize("number", SECTIONS)
def test_reading_minutes_are_those_of_the_chapter(number):
    stated = int(re.search(MINUTES, SECTIONS[number])[1])
    assert abs(stated - reading_minutes(number)) <= 5, "count anew: chapter, plan and overview"


def test_a_weeks_lecture_fits():
    minutes = {number: int(re.search(MINUTES, SECTIONS[number])[2]) for number in SECTIONS}
    assert max(minutes.values()) <= 90
    [both] = re.findall(r"^\| 4 \| 05, then the first two steps of 04 \((\d+) min\)", GUIDE, flags=re.M)
    [half] = re.findall(r"^\| 5 \| 04 to the end of rung 3 \((\d+) min\)", GUIDE, flags=re.M)
    steps = re.findall(r"^\| (\d+) \| (.*?) \|", SECTIONS["04"], flags=re.M)
    last = next(i for i, (_, shown) in enumerate(steps) if "Rung 3" in shown)
    assert int(both) == sum(int(m) for m, _ in steps[:2]) and minutes["05"] + int(both) <= 90
    assert int(half) == sum(int(m) for m, _ in steps[: last + 1])


@pytest.mark.parametrize("number", SECTIONS)
def test_what_a_plan_names_is_in_the_chapter(number):
    plan = SECTIONS[number].split("**Exam.**")[0]
    source = notebook(number)
    titles = {line.lstrip("# ") for line in source.splitlines() if line.startswith("##")}
    titles |= set(re.findall(r"^\*\*\d+\. (.+?)\.?\*\*", source, flags=re.M))
    titles = {re.sub(r"^\d+\. ", "", title) for title in titles}
    titles |= {title.rstrip("?") for title in titles}
    named = re.findall(r"(?<!\*)\*([^*\n]+(?:\n[^*\n]+)?)\*(?!\*)", plan)
    assert named and [name for name in named if " ".join(name.split()).rstrip("?") not in titles] == []
    widgets = re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", plan)
    assert [
        widget for widget in widgets if f"{widget}(" not in source and f"class {widget}" not in source
    ] == []


@pytest.mark.parametrize("number", SECTIONS)
def test_lecture_promises_numbers_that_the_chapter_shows(number):
    promised = re.findall(r"^\| \d+ \|.* → (.*) \|$", SECTIONS[number], flags=re.M)
    numbers = re.findall(r"(?<!\w)\d[\d,]*(?:\.\d+)?(?!\w)", re.sub("`.*?`", "", " ".join(promised)))
    shown = plain(notebook(number, outputs=True).replace("_", ""))
    assert promised and [n for n in numbers if not stands_in(plain(n.rstrip(",")), shown)] == []


@pytest.mark.parametrize("number", SECTIONS)
def test_detectors_exist(number):
    named = re.findall(r"`checks\.(\w+)`(?: \(([^)]+)\))?", SECTIONS[number])
    for check, detectors in named:
        known = {detector.name for detector in zoo.DETECTORS[check]}
        assert set(re.findall(r"`(\w+)`", detectors)) <= known
