"""What the book asks of a chapter, as functions over a notebook object.

Each check takes the notebook and the path of its file and returns a list of problems, empty when all is well.
test_notebooks.py applies them to every chapter and proves that each of them can fail.
"""

import ast
import re
from pathlib import Path

import yaml

from b2t.book import repository
from b2t.book.notebooks import leftovers

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY = CONFIG["repository"]["url"]
COLAB = repository.on_colab(REPOSITORY)
MAX_LINES = 30
SETUP = repository.SETUP.format(address=REPOSITORY)
TAGS = {"setup", "exercise", "solution", "check", "raises-exception", "nbval-ignore-output", "full-width"}
TAGS |= {f"{verb}-{part}" for verb in ("hide", "remove") for part in ("cell", "input", "output")}
FORBIDDEN = {
    r"sys\.path": "sys.path: the library is found without it",
    r"(filterwarnings|simplefilter)\(\s*[\"']ignore[\"']\s*[,)](?!\s*message)": "a blanket warning filter",
    r"import \*": "import *",
    r"\b(torch\.manual_seed|random\.seed)\(": "a global seed: pass a seeded generator",
    r"NBVAL_": "an nbval comment: use a tag",
}
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])/(work|root|tmp|home|Users|usr/local|opt)/[\w.]|site[-]packages/|[A-Z]:\\Users"
)


def code_cells(nb):
    """The code cells of a notebook, each with its number among all cells."""
    return [(number, cell) for number, cell in enumerate(nb.cells) if cell.cell_type == "code"]


def prose_cells(nb):
    """The Markdown cells of a notebook, each with its number among all cells."""
    return [(number, cell) for number, cell in enumerate(nb.cells) if cell.cell_type == "markdown"]


def tags(cell):
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def tagged(nb, tag):
    """The code cells with a tag, each with its number among all cells."""
    return [(number, cell) for number, cell in code_cells(nb) if tag in tags(cell)]


def parse(source):
    """The syntax tree of a cell; lines of IPython (%magic, !shell) count as ``pass``."""
    return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source))


# ---- execution ---------------------------------------------------------------------------------


def executed(nb, path):
    """Every code cell was executed, from the top, once."""
    counts = [cell.execution_count for _, cell in code_cells(nb)]
    empty = [f"cell {number} is empty" for number, cell in code_cells(nb) if not cell.source.strip()]
    if counts == list(range(1, len(counts) + 1)):
        return empty
    return [*empty, f"execution counts are {counts}, not 1 to {len(counts)}; run: make notebooks"]


def no_errors(nb, path):
    """No stored error, unless the cell is tagged raises-exception; no stderr, no bare widget."""
    problems = [f"cell {problem[5:]}" for problem in leftovers(nb)]
    for number, cell in code_cells(nb):
        raised = [output.ename for output in cell.outputs if output.output_type == "error"]
        if raised and "raises-exception" not in tags(cell):
            problems.append(f"cell {number} raised {raised[0]}")
    return problems


def ignored_output_means_something(nb, path):
    """A cell whose output is not compared is followed by an assertion in the next code cell."""
    cells = code_cells(nb)
    problems = []
    for (number, cell), (_, after) in zip(cells, [*cells[1:], (None, None)], strict=True):
        if "nbval-ignore-output" in tags(cell) and not (after and _has(after, ast.Assert)):
            problems.append(
                f"cell {number} is nbval-ignore-output; assert in the next code cell what it means"
            )
    return problems


def _has(cell, kind):
    return any(isinstance(node, kind) for node in ast.walk(parse(cell.source)))


# ---- layout ------------------------------------------------------------------------------------


def cell_sizes(nb, path):
    """No code cell is longer than the maximum."""
    sizes = [(number, len(cell.source.splitlines())) for number, cell in code_cells(nb)]
    return [
        f"cell {number} has {size} lines, more than {MAX_LINES}" for number, size in sizes if size > MAX_LINES
    ]


def prose_carries(nb, path):
    """At least two prose cells for three code cells."""
    prose, code = len(prose_cells(nb)), len(code_cells(nb))
    return (
        []
        if 3 * prose >= 2 * code
        else [f"{prose} prose cells for {code} code cells: fewer than two for three"]
    )


def title(nb, path):
    """The first cell is prose whose title carries the chapter's number."""
    number = Path(path).name.split("_")[0]
    first = nb.cells[0]
    if first.cell_type == "markdown" and re.match(rf"# {number} · \S", first.source):
        return []
    return [f"the first cell must be prose that starts '# {number} · '"]


def setup_cell(nb, path):
    """The first code cell makes b2t importable, with the repository's address from _config.yml."""
    _, first = code_cells(nb)[0]
    if first.source == SETUP and {"setup", "hide-cell"} <= set(tags(first)):
        return []
    return [f"the first code cell must be tagged setup and hide-cell and be exactly:\n{SETUP}"]


def colab_badge(nb, path):
    """The first cell links to this very file in Colab, and nothing links to another repository's Colab."""
    folder = "chapters/appendix" if Path(path).parent.name == "appendix" else "chapters"
    link = f"{COLAB}/blob/{CONFIG['repository']['branch']}/{folder}/{Path(path).name}"
    found = re.findall(r"\((https://colab\.[^)\s]*)\)", "\n".join(cell.source for _, cell in prose_cells(nb)))
    return (
        []
        if link in nb.cells[0].source and set(found) == {link}
        else [f"links to Colab {found}, wanted {link}"]
    )


def known_tags(nb, path):
    """Tags are spelled as the book knows them."""
    unknown = [
        (number, tag)
        for number, cell in enumerate(nb.cells)
        for tag in tags(cell)
        if not tag.startswith("lib:")
    ]
    return [f"cell {number} has the unknown tag {tag!r}" for number, tag in unknown if tag not in TAGS]


# ---- code --------------------------------------------------------------------------------------


def forbidden_code(nb, path):
    """No sys.path, no blanket warning filter, no import *, no global seed."""
    return [
        f"cell {number} has {reason}"
        for number, cell in code_cells(nb)
        for pattern, reason in FORBIDDEN.items()
        if re.search(pattern, cell.source)
    ]


def machine_paths(nb, path):
    """No path of the machine that executed the notebook, in sources or outputs."""
    problems = []
    for number, cell in enumerate(nb.cells):
        outputs = [
            str(value)
            for out in cell.get("outputs", [])
            for value in (out.get("data", {}), out.get("text", ""))
        ]
        found = MACHINE_PATH.search("\n".join([cell.source, *outputs]))
        if found:
            problems.append(f"cell {number} names a path of a machine: {found[0]!r}")
    return problems


def inline_equals_library(nb, path):
    """A cell tagged lib:b2t.x.y defines y as the library does, docstrings and annotations aside."""
    problems = []
    for number, cell in code_cells(nb):
        for dotted in library_tags(cell):
            try:
                here, there = (
                    definition(parse(cell.source), dotted.split(".")[-1:]),
                    library_definition(dotted),
                )
            except LookupError as error:
                problems.append(f"cell {number}, lib:{dotted}: {error.args[0]}")
                continue
            if bare(here) != bare(there):
                problems.append(f"cell {number}, lib:{dotted}: differs from the library:\n{bare(there)}")
    return problems


def library_tags(cell):
    """The dotted names that a cell's lib: tags hold."""
    return [tag.removeprefix("lib:") for tag in tags(cell) if tag.startswith("lib:")]


def library_definition(dotted):
    """The syntax tree of a library object, read without importing it."""
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        file = ROOT.joinpath("lib", *parts[:cut]).with_suffix(".py")
        if file.is_file():
            return definition(ast.parse(file.read_text(encoding="utf-8")), parts[cut:])
    raise LookupError(f"lib/ has no module for {dotted}")


def definition(tree, names):
    """The node that defines ``names`` (a name, or a class and its method) at the top of a tree."""
    for name in names:
        found = [node for node in tree.body if name in _defines(node)]
        if not found:
            raise LookupError(f"{name} is not defined there")
        tree = found[-1]
    return tree


def _defines(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


class _Bare(ast.NodeTransformer):
    def visit(self, node):
        node = super().visit(node)
        body = getattr(node, "body", None)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if isinstance(body[0], ast.Expr) and isinstance(getattr(body[0].value, "value", None), str):
                node.body = body[1:] or [ast.Pass()]
            node.returns = None
        return node

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        return ast.Assign([node.target], node.value, lineno=0) if node.value else ast.Expr(node.target)


def bare(node):
    """The code of a node without docstrings, annotations and comments."""
    return ast.unparse(_Bare().visit(ast.parse(ast.unparse(node))))


# ---- exercises ---------------------------------------------------------------------------------


def exercises(nb, path):
    """At least one exercise; each is prose, a stub that raises, its folded solution, then its check."""
    roles = {"exercise", "solution", "check"}
    cells = [(number, cell, role) for number, cell in code_cells(nb) for role in roles & set(tags(cell))]
    order = [role for _, _, role in cells]
    if not order or order != ["exercise", "solution", "check"] * (len(order) // 3):
        return [f"exercises need cells in the order exercise, solution, check; found {order}"]
    problems = []
    for (number, stub, _), (_, solution, _), (_, check, _) in zip(
        cells[::3], cells[1::3], cells[2::3], strict=True
    ):
        problems += [
            f"exercise in cell {number}: {problem}"
            for problem in _exercise(nb, number, stub, solution, check)
        ]
    return problems


KINDS = ("Warm-up.", "Build.", "Predict, then measure.", "Spot the bug.", "Open question.")


def in_tables(nb, path):
    """The chapter has a row in the tables of the landing page and of the README."""
    name = Path(path).name
    pages = {"README.md": f"(chapters/{name})", "chapters/index.md": f"({name})"}
    return [
        f"no link {link} in {page}"
        for page, link in pages.items()
        if link not in (ROOT / page).read_text("utf-8")
    ]


def exercise_kinds(nb, path):
    """Five exercises or more, numbered from 1, each of a kind that the book knows; each at least once."""
    text = "\n".join(cell.source for _, cell in prose_cells(nb)).partition("\n## Exercises")[2]
    text = re.split(r"\n## ", text)[0]
    found = re.findall(r"(?m)^(?:\*\*|### )(\d+)\. [^\n]*?(?:\*\*|\n\n) ?\*([^*]+)\*", text)
    problems = [f"no exercise of the kind *{kind}*" for kind in KINDS if kind not in {k for _, k in found}]
    problems += [f"exercise {n} is of no known kind: *{kind}*" for n, kind in found if kind not in KINDS]
    numbers = [int(n) for n, _ in found]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < 5:
        form = "**1. Its name.** *Build.*, under ## Exercises"
        problems.append(f"exercises with a kind are numbered {numbers}, not 1 to 5 or more; write {form}")
    return problems


def _exercise(nb, number, stub, solution, check):
    asked, solved = _names(stub), _names(solution)
    if nb.cells[number - 1].cell_type != "markdown":
        yield "no specification in a prose cell before it"
    if not asked or not asked <= solved:
        yield f"the stub defines {sorted(asked)}, the solution {sorted(solved)}"
    if not _raises(stub):
        yield "the stub must raise NotImplementedError when it is called"
    if "hide-cell" not in tags(solution):
        yield "the solution must be tagged hide-cell"
    if not (_has(check, ast.Assert) or re.search(r"\bcheck[\w.]*\(", check.source)):
        yield "the check asserts nothing"


def _names(cell):
    return {
        name
        for node in parse(cell.source).body
        for name in _defines(node)
        if not isinstance(node, ast.Assign)
    }


def _raises(stub):
    raised = [node.exc for node in ast.walk(parse(stub.source)) if isinstance(node, ast.Raise)]
    return any("NotImplementedError" in ast.unparse(error) for error in raised if error)


# ---- references --------------------------------------------------------------------------------


def prose(nb):
    """The text of all prose, without code and formulas."""
    text = "\n\n".join(cell.source for _, cell in prose_cells(nb))
    role, code, formula = r"(\{[\w:]+\}`[^`]*`)", r"```.*?```|`[^`\n]*`", r"\$\$.*?\$\$|\$[^$\n]*\$"
    return re.sub(f"(?s){role}|{code}|{formula}", lambda match: match[1] or " ", text)


def citations(nb, path):
    """What is cited is in references.bib."""
    known = set(
        re.findall(r"(?m)^@\w+\{([^,\s]+)", (ROOT / "chapters/references.bib").read_text(encoding="utf-8"))
    )
    cited = [
        key.strip() for keys in re.findall(r"\{cite[:\w]*\}`([^`]+)`", prose(nb)) for key in keys.split(",")
    ]
    return [f"cites {key!r}, which references.bib lacks" for key in cited if key not in known]


def links(nb, path):
    """Relative links lead to files that exist."""
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)", prose(nb))
    targets = [target.split("#")[0] for pair in targets for target in pair if target]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    return [
        f"links to {target}, which is not there"
        for target in local
        if not (Path(path).parent / target).exists()
    ]


def in_contents(nb, path):
    """The chapter is in _toc.yml."""
    entry = Path(path).resolve().relative_to(ROOT).with_suffix("").as_posix()
    listed = re.findall(r"(?:file|root): *(\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [] if entry in listed else [f"{entry} is not in _toc.yml"]


EVERY_NOTEBOOK = (
    executed,
    no_errors,
    ignored_output_means_something,
    cell_sizes,
    prose_carries,
    known_tags,
    forbidden_code,
    machine_paths,
    inline_equals_library,
    citations,
    links,
    in_contents,
)
NUMBERED_CHAPTER = (title, setup_cell, colab_badge, exercises, exercise_kinds, in_tables)


def defined_twice(notebooks):
    """Library objects that more than one chapter defines inline; ``notebooks`` maps a name to a notebook."""
    seen, problems = {}, []
    for name, nb in notebooks.items():
        for dotted in {dotted for _, cell in code_cells(nb) for dotted in library_tags(cell)}:
            if dotted in seen:
                problems.append(f"{dotted} is defined inline in {seen[dotted]} and in {name}")
            seen[dotted] = name
    return problems
