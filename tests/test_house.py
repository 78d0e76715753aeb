"""The house keeps its plan: who may import whom, how big things are, what lies at the top."""

import ast
import re
import statistics
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.notebook_checks import MACHINE_PATH

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "lib"
MODULES = {
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(LIBRARY.rglob("*.py"))
}

# What a module may import of b2t, besides what those may import in turn. A package stands for all inside it.
ARROWS = {
    "bpe.core": [],
    "bpe.split": [],
    "bpe.reference": ["bpe.core", "bpe.split"],
    "bpe.words": ["bpe.split"],
    "bpe.train_fast": ["bpe.core"],
    "bpe.fast": ["bpe.core", "bpe.split", "bpe.words", "bpe.train_fast"],
    "bpe.equal": ["bpe.words"],
    "bpe.together": ["bpe.core", "bpe.equal", "bpe.fast"],
    "bpe.kinds": ["bpe.split", "bpe.words"],
    "bpe.arrays": ["bpe.core", "bpe.split", "bpe.words", "bpe.equal", "bpe.kinds", "bpe.together"],
    "bpe.known": ["bpe.core", "bpe.split", "bpe.fast"],
    "bpe.special": [],
    "bpe.workers": [],
    "bpe.blocks": ["bpe.words"],
    "bpe.resume": [],
    "bpe.files": [
        *(
            "bpe.blocks",
            "bpe.core",
            "bpe.fast",
            "bpe.ids",
            "bpe.resume",
            "bpe.special",
            "bpe.words",
            "bpe.workers",
        ),
    ],
    "bpe.incremental": ["bpe.core", "bpe.split", "bpe.fast"],
    "bpe.formats": ["bpe.core", "bpe.split", "bpe.ids", "bpe.formats"],
    "bpe.ids": ["bpe.core", "bpe.split"],
    "bpe.stream": [],
    "bpe.offsets": ["bpe.split"],
    "bpe.exchange": ["bpe.core", "bpe.split", "bpe.formats"],
    "bpe.tokenizer": [
        *("bpe.fast", "bpe.split", "bpe.ids", "bpe.stream", "bpe.offsets", "bpe.exchange"),
        *("bpe.arrays", "bpe.files", "bpe.known", "bpe.special"),
    ],
    "nn.validate": [],
    "nn.functional": ["nn.validate"],
    "nn.positions": ["nn.validate"],
    "nn.layers": ["nn.functional", "nn.positions"],
    "nn.model": ["nn.layers"],
    "nn.interop": ["nn.model", "nn.layers"],
    "train": ["nn"],
    "generate": ["nn"],
    "data": [],
    "language_id": ["bpe", "nn", "data", "train"],
    "checks": ["bpe", "nn", "checks"],
    "plots": [],
    "show": [],
    "widgets": ["bpe", "nn", "data", "language_id", "widgets"],
    "book": ["book"],
    "classroom": ["book", "classroom"],
}
TORCH = ("nn", "train", "generate", "language_id", "checks", "widgets")
TOP = {
    *("README.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "_config.yml", "_toc.yml", "pyproject.toml"),
    *("constraints.txt", "Makefile", "chapters", "lib", "data", "tests", ".ci", ".gitignore"),
}
MAX_MODULE, MAX_EXPLAINED, MAX_MEDIAN, MAX_EXPORTS = 200, 260, 12, 12
EXPLAINED = {}  # module: why it is longer than MAX_MODULE
HOSTS = {"download.pytorch.org", "pypi.org", "registry.npmjs.org"}


@cache
def tree(module):
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module, parsed):
    """Modules that a tree imports, anywhere in it; of b2t, the most precise name that is a module."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base


def inside(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def allowed(name):
    """Everything behind an arrow, and behind the arrows of that."""
    (entry,) = [entry for entry in ARROWS if inside(name, [entry])]
    reach, todo = set(), [entry]
    while todo:
        for target in ARROWS.get(todo.pop(), []):
            if target not in reach:
                reach.add(target)
                todo += [target, *(entry for entry in ARROWS if inside(entry, [target]))]
    return reach


def misplaced(module, parsed):
    """Imports that the plan does not allow."""
    name = module.removeprefix("b2t.")
    own = [name] if MODULES[module].name == "__init__.py" else []
    for imported in imports(module, parsed):
        if inside(imported, ["b2t"]) and imported != "b2t":
            if not inside(
                imported.removeprefix("b2t."),
                [*own, *(() if own and name in ("bpe", "nn") else allowed(name))],
            ):
                yield imported
        elif imported.split(".")[0] == "torch" and not inside(name, TORCH):
            yield imported


@pytest.mark.parametrize("module", [module for module in MODULES if module != "b2t"])
def test_import_directions(module):
    assert not list(misplaced(module, tree(module)))


def test_the_package_itself_imports_nothing():
    assert not list(imports("b2t", tree("b2t")))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("b2t.bpe.core", "from b2t.bpe import fast"),
        ("b2t.bpe.fast", "from .reference import train"),
        ("b2t.bpe.fast", "import b2t.nn.functional"),
        ("b2t.bpe.tokenizer", "import torch"),
        ("b2t.nn.layers", "from b2t.nn.model import Encoder"),
        ("b2t.nn.model", "from b2t import plots"),
        ("b2t.nn.functional", "from b2t.bpe.core import merge"),
        ("b2t.book.notebooks", "def f():\n    from torch import nn"),
        ("b2t.book.notebooks", "from b2t import nn"),
    ],
)
def test_a_wrong_import_is_seen(module, line):
    assert list(misplaced(module, ast.parse(line)))


# ---- sizes and documentation -------------------------------------------------------------------


def documented(node):
    """Everything inside a node that has a docstring."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [inner for inner in ast.walk(node) if isinstance(inner, kinds) and ast.get_docstring(inner, False)]


def docstring_lines(node):
    """How many lines the docstrings inside a node take."""
    return sum(inner.body[0].end_lineno - inner.body[0].lineno + 1 for inner in documented(node))


def functions(node):
    return [inner for inner in ast.walk(node) if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef))]


@pytest.mark.parametrize("module", MODULES)
def test_module_size(module):
    lines = [line for line in MODULES[module].read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [ast.get_docstring(node, clean=False) for node in documented(tree(module))]
    size = len(lines) - sum(len([line for line in text.splitlines() if line.strip()]) for text in texts)
    limit = MAX_EXPLAINED if module in EXPLAINED else MAX_MODULE
    assert size <= limit, (
        f"{module} has {size} lines, blank ones and docstrings aside: split it (limit {limit})"
    )


def test_median_function_length():
    lengths = [
        f.end_lineno - f.lineno + 1 - docstring_lines(f)
        for module in MODULES
        for f in functions(tree(module))
    ]
    assert statistics.median(lengths) <= MAX_MEDIAN


@pytest.mark.parametrize("module", [module for module, path in MODULES.items() if path.name == "__init__.py"])
def test_exports(module):
    names = [
        node for node in tree(module).body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    ]
    assert sum(len(node.value.elts) for node in names) <= MAX_EXPORTS


def undocumented(parsed):
    """Public names without a docstring; a method may leave its own to the class it overrides."""
    classes = {node.name: node for node in parsed.body if isinstance(node, ast.ClassDef)}
    for node, name in public(parsed.body):
        owner = classes.get(name.split(".")[0])
        bases = (
            [classes[base.id] for base in owner.bases if getattr(base, "id", "") in classes] if owner else []
        )
        overrides = any(inner.name == node.name for base in bases for inner in functions(base))
        if not (ast.get_docstring(node) or (overrides and "." in name)):
            yield name


def incomplete(parsed, names=None):
    """Functions and classes with arguments of which the docstring says nothing, in words or by example."""
    for node, name in public(parsed.body):
        text = ast.get_docstring(node) or ""
        said = any(word in text for word in ("Parameters\n", "Attributes\n", ">>>"))
        if "." not in name and (names is None or name in names) and arguments(node) and not said:
            yield name


def public(body, prefix=""):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node, prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def arguments(node):
    if isinstance(node, ast.ClassDef):
        node = next((inner for inner in functions(node) if inner.name == "__init__"), None)
    names = (
        [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)] if node else []
    )
    return [name for name in names if name not in ("self", "cls")]


def exported(package):
    """The names that a package exports."""
    (names,) = [node.value for node in tree(package).body if getattr(node, "targets", None)]
    return ast.literal_eval(names)


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_has_a_docstring(module):
    assert ast.get_docstring(tree(module))
    assert not list(undocumented(tree(module)))


@pytest.mark.parametrize("module", [module for module in MODULES if inside(module, ["b2t.bpe", "b2t.nn"])])
def test_what_a_package_exports_is_documented_in_full(module):
    names = {
        *exported(".".join(module.split(".")[:2])),
        *("train", "encode", "decode", "load_torch", "to_torch"),
    }
    assert not list(incomplete(tree(module), names))


@pytest.mark.parametrize("module", ["b2t.data", "b2t.train", "b2t.plots", "b2t.show", "b2t.book.notebooks"])
def test_what_chapters_call_is_documented_in_full(module):
    assert not list(incomplete(tree(module)))


def test_a_missing_docstring_is_seen():
    assert list(undocumented(ast.parse("def f(x): return x")))
    assert list(undocumented(ast.parse('class A:\n    "Doc."\n    def f(self): pass')))
    assert list(incomplete(ast.parse('def f(x):\n    "Doc."')))
    assert not list(incomplete(ast.parse('def f(x):\n    """Doc.\n\n    >>> f(1)\n    """')))
    assert not list(undocumented(ast.parse('def f():\n    "Doc."\ndef _g(x): pass')))


# ---- files -------------------------------------------------------------------------------------


@cache
def files():
    """Everything in the repository: what is committed, and what would be."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.fail("these tests ask git what belongs to the book: run them in a clone", pytrace=False)
    return [Path(name) for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def text(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def foreign_hosts(content):
    """Hosts from which packages would be installed, other than the public ones."""
    lines = re.findall(r"(?m)^.*(?:index-url|find-links|\"resolved\").*$", content)
    return {
        host for line in lines for host in re.findall(r"https?://(?:[^/@\s]*@)?([^/:\s\"'`]+)", line)
    } - HOSTS


def test_the_top_of_the_house():
    assert {path.parts[0] for path in files()} <= TOP


def test_no_import_star_and_no_sys_path():
    code = {path: text(path) for path in files() if path.suffix == ".py"}
    star = [path for path, source in code.items() if re.search(r"(?m)^\s*from \S+ import \*", source)]
    assert not star
    assert not [path for path, source in code.items() if re.search(r"(?m)^\s*sys\.path\b", source)]


def test_no_machine_paths_and_no_private_hosts():
    assert not {str(path): found[0] for path in files() if (found := MACHINE_PATH.search(text(path)))}
    assert not {str(path): found for path in files() if (found := foreign_hosts(text(path)))}


def test_machine_paths_and_private_hosts_are_seen():
    assert MACHINE_PATH.search(f"see {Path('/', 'home', 'ada')}/book.py")
    assert not MACHINE_PATH.search("https://example.org/home/ada and chapters/work/x")
    option = "--index-url "
    assert foreign_hosts(option + "https://packages.example.org/simple") == {"packages.example.org"}
    assert not foreign_hosts(option + "https://download.pytorch.org/whl/cpu")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_relative_links_of_the_readmes_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text(Path(page)))
    assert not [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]


def test_the_readme_names_the_targets_that_exist():
    targets = set(re.findall(r"(?m)^([a-z-]+):", text(Path("Makefile"))))
    named = set(re.findall(r"`make ([a-z-]+)", text(Path("README.md"))))
    assert named and named <= targets
