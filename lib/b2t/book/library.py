"""Directives for the pages of the library: modules, what packages export, and a map of what stands on what.

Own directives: sphinx.ext.autodoc would import PyTorch, and sphinx-autoapi 3.9, which reads sources too,
repeats a name in each module that imports it, knows of no chapter, and takes as long as the whole build.
"""

import re
from functools import partial

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from b2t.book import api, names
from b2t.book.docstrings import first_sentence, to_rst

OPTIONS = {"classmethod": ("method", "   :classmethod:"), "staticmethod": ("method", "   :staticmethod:")}


def indent(text: str, by: str = "   ") -> str:
    """Indent the lines of a text that are not empty."""
    return "\n".join(by + line if line else "" for line in text.splitlines())


def role(name: str, target: str) -> str:
    """Spell a link to a thing of the library."""
    return f":py:obj:`{name} <{target}>`"


def chapter_title(chapter: str) -> str:
    """Read the title of a chapter from its first cell.

    Examples
    --------
    >>> chapter_title("02_byte_pair_encoding")
    '02 · Byte pair encoding'
    """
    first = "".join(api.chapters()[chapter]["cells"][0]["source"])
    return re.search(r"(?m)^# (.+)$", first)[1]


def in_chapters(thing: str) -> str:
    """Say which chapter builds a thing, or else which chapters use it; empty if none does."""
    if thing in api.taught():
        chapter = api.taught()[thing]
        return f"built in :ref:`{chapter_title(chapter)} <lib-{thing.lower()}>`"
    names = [f":doc:`{chapter[:2]} </chapters/{chapter}>`" for chapter in api.used().get(thing, ())]
    return f"used in chapter{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""


def import_line(thing: api.Thing) -> str:
    """Spell the import of a thing, from the package that exports it if one does.

    Examples
    --------
    >>> import_line(next(thing for thing in api.modules()["b2t.nn.model"].things if thing.name == "Encoder"))
    'from b2t.nn import Encoder'
    """
    parts = thing.module.split(".")
    packages = [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
    where = (p for p in packages if api.exports(p).get(thing.name) == thing.full_name)
    return f"from {next(where, thing.module)} import {thing.name}"


def source_link(thing: api.Thing, url: str) -> str:
    """Spell the link to the lines of a thing."""
    path = api.modules()[thing.module].path.relative_to(api.ROOT).as_posix()
    return f"`source <{url}/{path}#L{thing.lines[0]}-L{thing.lines[1]}>`__"


def thing_rst(thing: api.Thing, url: str) -> str:
    """Describe a thing, its methods inside it."""
    kind, option = OPTIONS.get(thing.kind, (thing.kind, ""))
    options = {"property": f"   :type: {thing.signature}", "data": f"   :value: {thing.signature}"}
    signature = "" if kind in options else thing.signature
    head = [f".. py:{kind}:: {thing.name}{signature}", option or (thing.signature and options.get(kind, ""))]
    body = [] if "." in thing.name else [about(thing, url)]
    body += [docstring(thing), *(thing_rst(member, url) for member in thing.members)]
    return "\n".join([*filter(None, head), "", *(indent(text) + "\n" for text in body if text)])


def about(thing: api.Thing, url: str) -> str:
    """Say how a thing is imported, where the book has it, and where its source is."""
    bases = [role(base, full) for base in thing.bases if (full := names.meaning(base, thing.module))]
    extends = f"has the methods of {', '.join(bases)} too" if bases else ""
    parts = [f"``{import_line(thing)}``", extends, in_chapters(thing.full_name), source_link(thing, url)]
    return f".. container:: b2t-about\n\n   {' · '.join(filter(None, parts))}"


def docstring(thing: api.Thing) -> str:
    """Convert a docstring; a method without one does what the one that it overrides does."""
    if not thing.doc and thing.kind != "data":
        bases = (role(name, full) for name, full in overridden(thing))
        return f"As {next(bases, 'in the class that this one extends')}."
    return to_rst(thing.doc, partial(names.meaning, module=thing.module, thing=thing))


def overridden(thing: api.Thing) -> list[tuple[str, str]]:
    """Find the documented methods of the same name in the same module."""
    name = thing.name.rpartition(".")[2]
    members = (member for owner in api.modules()[thing.module].things for member in owner.members)
    return [(m.name, m.full_name) for m in members if m.doc and m.name.rpartition(".")[2] == name]


def table(rows: list[tuple[str, ...]], header: tuple[str, ...], classes: str) -> str:
    """Spell a table whose cells hold one line each."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :class: {classes}", ""]
    for row in (header, *rows):
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def summary(things: list[tuple[str, str, str]], module: str) -> str:
    """List things: name, full name, docstring."""
    resolve = partial(names.meaning, module=module)
    rows = [(role(name, full), to_rst(first_sentence(doc), resolve).strip()) for name, full, doc in things]
    return table(rows, ("name", "what it is"), "b2t-summary")


class LibraryDirective(SphinxDirective):
    """What the three directives share: names as arguments, reStructuredText inside."""

    required_arguments = 1
    final_argument_whitespace = True

    def asked(self) -> list[str]:
        """Check the names, and have the page built again when a source changes."""
        names = self.arguments[0].split()
        for name in names:
            if name not in api.modules():
                raise self.error(f"there is no module {name!r} in lib/")
        for path in {module.path for module in api.modules().values()}:
            self.env.note_dependency(str(path))
        return names

    def parse(self, text: str, name: str) -> list[nodes.Node]:
        """Parse generated reStructuredText; a warning will name whose docstring it is about."""
        container = nodes.Element()
        lines = StringList(text.splitlines(), source=f"docstring of {name}")
        self.state.nested_parse(lines, self.content_offset, container)
        for comma in [node for node in container.findall(addnodes.literal_strong) if node.astext() == ","]:
            comma.replace_self(nodes.Text(", "))  # between parameters that share a description
        for label in container.findall(nodes.field_name):
            if label.astext() == "Variables":  # what Sphinx calls them
                label[:] = [nodes.Text("Attributes")]
        return container.children

    @property
    def url(self) -> str:
        """The address of the repository's files."""
        options = self.config.html_theme_options
        return f"{options['repository_url']}/blob/{options['repository_branch']}"


class LibraryModules(LibraryDirective):
    """A section a module: what it is for, a summary, and each public thing in the order of the file.

    A package stands for the modules inside it.
    """

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [self.section(module) for name in self.asked() for module in modules_of(name)]

    def section(self, name: str) -> nodes.section:
        """Make the section of a module."""
        module = api.modules()[name]
        section = nodes.section(ids=[nodes.make_id(name)])
        section += nodes.title("", "", nodes.literal("", name))
        head = f".. py:module:: {name}\n\n{to_rst(module.doc, partial(names.meaning, module=name))}"
        rows = [(thing.name, thing.full_name, thing.doc) for thing in module.things]
        section += self.parse(f"{head}\n\n{summary(rows, name) if len(rows) > 1 else ''}", name)
        for thing in module.things:
            section += self.parse(thing_rst(thing, self.url), thing.full_name)
        return section


def modules_of(name: str) -> list[str]:
    """List a module, or the modules of a package: those that nothing inside it uses come last.

    Examples
    --------
    >>> modules_of("b2t.bpe.core"), modules_of("b2t.nn")[0]
    (['b2t.bpe.core'], 'b2t.nn.validate')
    """
    inner = [module for module in api.modules() if api.inside(module, (name,)) and module not in packages()]
    done: list[str] = []

    def visit(module: str) -> None:
        for below in api.modules()[module].stands_on:
            if below in inner and below not in done:
                visit(below)
        if module not in done:
            done.append(module)

    for module in inner:
        visit(module)
    return done


def packages() -> list[str]:
    """List the packages."""
    return [name for name, module in api.modules().items() if module.path.name == "__init__.py"]


class LibraryExports(LibraryDirective):
    """What packages export: the docstring of each, and a table."""

    def run(self) -> list[nodes.Node]:
        """Make the tables."""
        return [node for name in self.asked() for node in self.parse(self.text(name), name)]

    def text(self, package: str) -> str:
        """Spell the docstring, the table of names and where they lead."""
        docs = {thing.full_name: thing.doc for module in api.modules().values() for thing in module.things}
        docs |= {name: module.doc for name, module in api.modules().items()}
        rows = [(name, full, docs[full]) for name, full in api.exports(package).items()]
        doc = to_rst(api.modules()[package].doc, partial(names.meaning, module=package))
        return f".. py:module:: {package}\n\n{doc}\n\n{summary(rows, package)}"


class LibraryMap(LibraryDirective):
    """A table of modules in the order given: what each is, what it stands on, which chapters have it."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        rows = [self.row(name) for name in self.asked()]
        return self.parse(table(rows, ("module", "what it is", "stands on", "chapters"), "b2t-map"), "b2t")

    def row(self, name: str) -> tuple[str, ...]:
        """Make the row of a module or package."""
        module = api.modules()[name]
        inner = modules_of(name)
        below = {b for m in inner for b in api.modules()[m].stands_on if not api.inside(b, (name,))}
        below = sorted(b for b in below if not api.inside(b.rpartition(".")[0], tuple(below)))
        named = [*api.taught().items(), *((t, c) for t, found in api.used().items() for c in found)]
        numbers = {chapter for thing, chapter in named if api.inside(thing, tuple(inner))}
        return (
            role(name.removeprefix("b2t."), name),
            to_rst(first_sentence(module.doc), partial(names.meaning, module=name)).strip(),
            ", ".join(role(b.removeprefix("b2t."), b) for b in below),
            ", ".join(f":doc:`{chapter[:2]} </chapters/{chapter}>`" for chapter in sorted(numbers)),
        )


class NameDefinitions(SphinxTransform):
    """Give each cell that defines a thing of the library a name, for links from its description."""

    default_priority = 400

    def apply(self, **kwargs) -> None:
        """Name the cells by their tags."""
        for cell in self.document.findall(nodes.container):
            for tag in cell["classes"]:
                if tag.startswith("tag_lib:"):
                    cell["names"].append(f"lib-{tag.removeprefix('tag_lib:')}".lower())
                    self.document.note_explicit_target(cell)


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("library-modules", LibraryModules)
    app.add_directive("library-exports", LibraryExports)
    app.add_directive("library-map", LibraryMap)
    app.add_transform(NameDefinitions)
