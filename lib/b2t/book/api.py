"""What the library offers, read from its sources. Nothing is imported, so describing it needs no PyTorch.

Public is what a package exports in ``__all__``, and what has a docstring and a name without an underscore; of
constants (whose docstring stands right after them) also what a chapter uses.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "lib"
PRIVATE = ("b2t.book", "b2t.classroom")  # commands that build and grade; no reader calls them
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LONGEST_VALUE = 60  # characters of a constant's value that are shown


@dataclass
class Thing:
    """A public function, class, method, property or constant.

    Parameters
    ----------
    name, module : str
        Its name within the module ("Tokenizer.encode"), and the module's.
    kind : {"function", "class", "method", "classmethod", "staticmethod", "property", "data"}
        What it is.
    signature : str
        Arguments in brackets and what comes back; of a property its type, of a constant its value if short.
    doc : str
        The docstring, without the indent; empty where a method leaves it to the class it overrides.
    lines : tuple of int
        First and last line in the file.
    """

    name: str
    module: str
    kind: str
    signature: str
    doc: str
    lines: tuple[int, int]
    parameters: list[str] = field(default_factory=list)
    members: list["Thing"] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Module and name: "b2t.bpe.core.merge"."""
        return f"{self.module}.{self.name}"


@dataclass
class Module:
    """A module: its docstring, its public things in the order of the file, and what its names stand for."""

    name: str
    path: Path
    doc: str
    things: list[Thing]
    names: dict[str, str]
    stands_on: list[str]


@cache
def modules(library: Path = LIBRARY) -> dict[str, Module]:
    """Read the modules that readers may call, packages among them, by name.

    Examples
    --------
    >>> [thing.name for thing in modules()["b2t.bpe.core"].things][2:5]
    ['count_pairs', 'best_pair', 'merge']
    """
    paths = {_dotted(path.relative_to(library)): path for path in sorted((library / "b2t").rglob("*.py"))}
    wanted = {name: path for name, path in paths.items() if not inside(name, PRIVATE)}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in wanted.items()}
    found = {}
    for name, tree in trees.items():
        names = dict(_imported(name, wanted[name], tree))
        stands_on = sorted({_home(target, wanted) for target in names.values()} - {name, "b2t"})
        found[name] = Module(name, wanted[name], ast.get_docstring(tree) or "", [], names, stands_on)
    shown = {target for module in found for target in exports(module, library).values()} | set(used(library))
    for name, module in found.items():
        module.things = list(_things(trees[name], name, shown))
        module.names |= {thing.name: thing.full_name for thing in module.things}
    return found


def inside(name: str, packages: tuple[str, ...]) -> bool:
    """Say whether a name is one of some packages, or lies in one.

    Examples
    --------
    >>> inside("b2t.book.api", ("b2t.book",)), inside("b2t.bookshop", ("b2t.book",))
    (True, False)
    """
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def exports(package: str, library: Path = LIBRARY) -> dict[str, str]:
    """List what a package exports: name to where it is defined.

    Examples
    --------
    >>> exports("b2t.bpe")["Tokenizer"]
    'b2t.bpe.tokenizer.Tokenizer'
    """
    path = library / Path(*package.split(".")) / "__init__.py"
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = dict(_imported(package, path, tree))
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return {name: names.get(name, f"{package}.{name}") for name in ast.literal_eval(node.value)}
    return {}


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imported(module: str, path: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What the names that a module imports from b2t stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and inside(node.module or "", ("b2t",)):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _home(target: str, known: dict[str, Path]) -> str:
    """The module that a dotted name lies in, or is."""
    while target not in known and "." in target:
        target = target.rpartition(".")[0]
    return target


# ---- what a module defines ---------------------------------------------------------------------


def _things(tree: ast.Module, module: str, shown: set[str]) -> Iterator[Thing]:
    for node, after in zip(tree.body, [*tree.body[1:], None]):
        if isinstance(node, FUNCTIONS) and _is_public(node):
            yield _function(node, module, "function")
        elif isinstance(node, ast.ClassDef) and _is_public(node):
            yield _class(node, module)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name, doc = getattr(target, "id", "_"), _text(after)
            if not name.startswith("_") and (doc or f"{module}.{name}" in shown):
                yield _constant(name, node, doc, module)


def _is_public(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return not node.name.startswith("_") and ast.get_docstring(node) is not None


def _function(node: ast.FunctionDef, module: str, kind: str, owner: str = "") -> Thing:
    arguments = node.args
    if kind in ("method", "classmethod", "property"):
        arguments = _without_first(arguments)
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    returns = f" -> {_annotation(node.returns)}" if node.returns else ""
    signature = _annotation(node.returns) if kind == "property" else f"({ast.unparse(arguments)}){returns}"
    return Thing(
        owner + node.name,
        module,
        kind,
        signature,
        ast.get_docstring(node) or "",
        (min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.end_lineno),
        [parameter.arg for parameter in parameters],
    )


def _without_first(arguments: ast.arguments) -> ast.arguments:
    return ast.arguments(**{**dict(ast.iter_fields(arguments)), "args": arguments.args[1:]})


def _annotation(node: ast.expr | None) -> str:
    """An annotation as text, without the quotes around a name that is not defined yet."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node) if node else ""


def _class(node: ast.ClassDef, module: str) -> Thing:
    methods = {}
    for inner in node.body:
        if isinstance(inner, FUNCTIONS):
            methods.setdefault(inner.name, inner)  # of a property, the getter; not the setter after it
    if "__init__" in methods:
        start = _function(methods["__init__"], module, "method")
        signature, parameters = start.signature.removesuffix(" -> None"), start.parameters
    else:
        fields = (
            [inner for inner in node.body if isinstance(inner, ast.AnnAssign)] if _is_record(node) else []
        )
        signature, parameters = _field_signature(fields), [inner.target.id for inner in fields]
    doc, lines = ast.get_docstring(node), (node.lineno, node.end_lineno)
    thing = Thing(node.name, module, "class", signature, doc, lines, parameters)
    thing.bases = [ast.unparse(base) for base in node.bases]
    thing.members = [
        _function(method, module, _kind(method), f"{node.name}.")
        for name, method in methods.items()
        if not name.startswith("_") and (ast.get_docstring(method) or node.bases)
    ]
    return thing


def _is_record(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(d) for d in node.decorator_list) or any(
        ast.unparse(base).endswith("NamedTuple") for base in node.bases
    )


def _field_signature(fields: list[ast.AnnAssign]) -> str:
    if not fields:
        return ""
    values = {f.target.id: f" = {ast.unparse(f.value)}" if f.value else "" for f in fields}
    return (
        f"({', '.join(f'{f.target.id}: {_annotation(f.annotation)}{values[f.target.id]}' for f in fields)})"
    )


def _kind(method: ast.FunctionDef) -> str:
    names = {
        ast.unparse(decorator).replace("cached_property", "property") for decorator in method.decorator_list
    }
    return next((kind for kind in ("classmethod", "staticmethod", "property") if kind in names), "method")


def _text(node: ast.stmt | None) -> str:
    """A string that stands by itself, or nothing."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return inspect.cleandoc(node.value.value) if is_text else ""


def _constant(name: str, node: ast.Assign | ast.AnnAssign, doc: str, module: str) -> Thing:
    value = ast.unparse(node.value)
    shown = value if len(value) <= LONGEST_VALUE else ""
    return Thing(name, module, "data", shown, doc, (node.lineno, node.end_lineno))


# ---- what the chapters say of it ---------------------------------------------------------------


@cache
def chapters(root: Path = ROOT) -> dict[str, dict]:
    """Read the chapters: name of the file (without its ending) to notebook, in the order of their numbers."""
    paths = sorted((root / "chapters").glob("[0-9]*.ipynb"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


@cache
def taught(root: Path = ROOT) -> dict[str, str]:
    """Find the chapter that defines a thing: the cell's tag ``lib:`` names it.

    Examples
    --------
    >>> taught()["b2t.bpe.core.merge"]
    '02_byte_pair_encoding'
    """
    tags = (
        (tag.removeprefix("lib:"), chapter)
        for chapter, notebook in chapters(root).items()
        for cell in notebook["cells"]
        for tag in cell["metadata"].get("tags", ())
        if tag.startswith("lib:")
    )
    return dict(tags)


@cache
def used(library: Path = LIBRARY) -> dict[str, list[str]]:
    """Find the chapters whose code names something of the library, by its full name.

    Examples
    --------
    >>> "02_byte_pair_encoding" in used()["b2t.bpe.tokenizer.Tokenizer"]
    True
    """
    found = {}
    for chapter, notebook in chapters(library.parent).items():
        sources = ("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        tree = ast.parse("\n".join(re.sub(r"(?m)^[%!].*$", "", source) for source in sources))
        for name in _named(tree, library):
            found.setdefault(name, []).append(chapter)
    return found


def _named(tree: ast.Module, library: Path) -> set[str]:
    """Full names of what a chapter imports, and of what it takes out of modules that it imports."""
    names = {name: _defined(target, library) for name, target in _imported("", library, tree)}
    chains = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    inner = {
        f"{names[head]}.{rest}"
        for head, _, rest in (chain.partition(".") for chain in chains)
        if head in names
    }
    return {*names.values(), *inner}


def _defined(target: str, library: Path) -> str:
    """Where a name that may come from a package's ``__all__`` is defined."""
    package, _, name = target.rpartition(".")
    return exports(package, library).get(name, target)
