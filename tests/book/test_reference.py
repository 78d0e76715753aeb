"""The library's pages: everything public is on exactly one, with its docstring, and nothing is imported."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
import yaml
from bs4 import BeautifulSoup

from b2t.book import api, docstrings, library, names
from tests.conftest import ROOT
from tests.test_house import MODULES, inside

FOLDER = ROOT / "chapters" / "appendix"
PAGES = [FOLDER / "library.md", *sorted((FOLDER / "library").glob("*.md"))]
DIRECTIVE = re.compile(r"^\.\. (library-\w+):: (.+(?:\n   \S.*)*)", re.MULTILINE)


def asked(directive, pages=PAGES):
    """The names that pages give to a directive."""
    found = (match for page in pages for match in DIRECTIVE.finditer(page.read_text("utf-8")))
    return [name for match in found if match[1] == directive for name in match[2].split()]


def modules_on_pages(pages=PAGES):
    return [module for name in asked("library-modules", pages) for module in library.modules_of(name)]


@cache
def public():
    """What readers may call, by full name, with its docstring: found without `b2t.book.api`."""
    found = {}
    for module, path in MODULES.items():
        if not inside(module, ["b2t.book", "b2t.classroom"]):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                    found[f"{module}.{node.name}"] = ast.get_docstring(node)
                    found |= methods(node, f"{module}.{node.name}") if isinstance(node, ast.ClassDef) else {}
    return {name: doc for name, doc in found.items() if doc}


def methods(node, name):
    kind = ast.FunctionDef
    inner = [
        n for n in node.body if isinstance(n, kind) and not n.name.startswith("_") and ast.get_docstring(n)
    ]
    return {f"{name}.{n.name}": ast.get_docstring(n) for n in reversed(inner)}


# ---- the sources of the pages --------------------------------------------------------------------


def test_every_module_is_on_one_page():
    wanted = {name.rpartition(".")[0] for name in names.index() if name in public()} & set(api.modules())
    assert Counter(modules_on_pages()) == Counter(wanted), (
        "a new module: one line in chapters/appendix/library/"
    )


def test_every_package_shows_its_exports():
    packages = [name for name in library.packages() if api.exports(name)]
    assert sorted(asked("library-exports")) == sorted(packages)


def test_the_map_has_every_module():
    shown = [module for name in asked("library-map") for module in library.modules_of(name)]
    assert sorted(shown) == sorted(modules_on_pages()), (
        "a new module: its name in chapters/appendix/library.md"
    )


def test_the_pages_are_listed():
    listed = re.findall(r"file: *(\S+)", (ROOT / "_toc.yml").read_text("utf-8"))
    assert {path.relative_to(ROOT).with_suffix("").as_posix() for path in PAGES} <= set(listed)


def test_the_reader_finds_what_is_public():
    things = {t.full_name: t.doc for m in api.modules().values() for o in m.things for t in (o, *o.members)}
    assert {name: doc for name, doc in things.items() if name in public()} == public()


def test_every_exported_name_is_described():
    for package in library.packages():
        assert set(api.exports(package).values()) <= set(names.index())


# ---- the built pages -----------------------------------------------------------------------------


@cache
def described(folder):
    """Entries of the built pages: id to page and to its text."""
    found = {}
    for path in PAGES:
        html = folder / path.relative_to(ROOT).with_suffix(".html")
        for term in BeautifulSoup(html.read_text("utf-8"), "html.parser").select("dt.sig[id]"):
            found.setdefault(term["id"], []).append((path.stem, term.find_next_sibling("dd").get_text()))
    return found


def words(text):
    """The words of a text; markup and typographic quotes are none."""
    return re.findall(r"[^\W_]+", text)


def missing(doc, text):
    """Whether the words of a docstring's first paragraph are not in a text, in this order."""
    return "".join(words(docstrings.first_sentence(doc))) not in "".join(words(text))


@pytest.mark.pages
def test_every_public_thing_is_described_once(book):
    entries = described(book)
    assert {name: len(entries.get(name, ())) for name in public()} == dict.fromkeys(public(), 1)
    assert not [name for name, doc in public().items() if missing(doc, entries[name][0][1])]
    assert set(entries) <= set(names.index()), "a page describes what is no longer there: make book"


@pytest.mark.pages
def test_an_entry_says_everything(book):
    ((page, text),) = described(book)["b2t.nn.model.Encoder"]
    assert page == "nn" and "from b2t.nn import Encoder · built in 09 · " in text
    assert all(part in text for part in ("Parameters:", "References", "Examples", ">>> import torch"))
    html = (book / "chapters/appendix/library/nn.html").read_text("utf-8")
    url = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]
    first, last = next(t for t in api.modules()["b2t.nn.model"].things if t.name == "Encoder").lines
    assert f'href="{url}/blob/main/lib/b2t/nn/model.py#L{first}-L{last}"' in html
    assert 'href="../../09_encoder.html#lib-b2t-nn-model-encoder"' in html


@pytest.mark.pages
def test_names_in_docstrings_lead_to_their_entries(book):
    html = (book / "chapters/appendix/library/bpe.html").read_text("utf-8")
    soup = BeautifulSoup(html, "html.parser")
    (section,) = soup.select('section[id="module-b2t.bpe.fast"]')
    assert section.select_one('p a[href="#module-b2t.bpe.reference"]')


@pytest.mark.pages
def test_parameters_that_share_a_description_keep_it_in_common(book):
    ((_, text),) = described(book)["b2t.widgets.encoder_walk.EncoderWalk"]
    assert "d_model, n_heads, n_layers, d_ff, vocab_size, seq_len (int)" in text
    assert "Attributes:" in text and "parameters, memory, multiply_adds (dict of str to int)" in text
    ((_, text),) = described(book)["b2t.bpe.tokenizer.Tokenizer.encode_array"]
    assert "text, allowed_special, disallowed_special – As for encode." in text


@pytest.mark.pages
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_names_in_tables_stay_whole(path, width, open_page, origins):
    page = open_page(width=width)
    page.goto(origins["file"] + path.relative_to(ROOT).with_suffix(".html").as_posix())
    broken = page.eval_on_selector_all(
        "article table code",
        "codes => codes.filter(c => c.getClientRects().length > 1).map(c => c.textContent)",
    )
    assert page.locator("article table code").count() > 5
    assert broken == []


# ---- the parts -------------------------------------------------------------------------------------


def test_reading_the_library_imports_no_torch():
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *_):\n"
        "        assert name.split('.')[0] not in ('torch', 'numpy', 'matplotlib', 'ipywidgets'), name\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import b2t.book.extension\n"
        "from b2t.book import api, library\n"
        "texts = [library.thing_rst(t, '') for m in api.modules().values() for t in m.things]\n"
        "print(len(texts))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "lib")
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 100


@pytest.fixture
def small(tmp_path):
    """A library of one package, in a repository without chapters."""
    (tmp_path / "chapters").mkdir()
    package = tmp_path / "lib" / "b2t"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""All."""\nfrom b2t.a import LIMIT, f\n__all__ = ["LIMIT", "f"]\n')
    (package / "a.py").write_text(
        '"""A."""\nLIMIT: int = 3\n"""At most."""\nOTHER = 4\n'
        'def f(x: int = 1, *, y) -> "C":\n    """F."""\n'
        "def g():\n    pass\n"
        'class C(Base):\n    """C."""\n    def m(self, n):\n        pass\n'
        '    @property\n    def p(self) -> int:\n        """P."""\n'
        '    @cached_property\n    def q(self) -> int:\n        """Q."""\n'
        '    @classmethod\n    def k(cls, x):\n        """K."""\n'
    )
    return tmp_path / "lib"


def test_what_is_read(small):
    things = {t.name: (t.kind, t.signature) for t in api.modules(small)["b2t.a"].things}
    assert things == {"LIMIT": ("data", "3"), "f": ("function", "(x: int=1, *, y) -> C"), "C": ("class", "")}
    members = {t.name: (t.kind, t.signature) for t in api.modules(small)["b2t.a"].things[2].members}
    assert members == {
        "C.m": ("method", "(n)"),
        "C.p": ("property", "int"),
        "C.q": ("property", "int"),
        "C.k": ("classmethod", "(x)"),
    }
    assert api.exports("b2t", small) == {"LIMIT": "b2t.a.LIMIT", "f": "b2t.a.f"}


def test_what_a_chapter_uses_is_found_beside_magics_and_remainders(small):
    source = "%time 1\nfrom b2t import LIMIT, a\nx = (5\n     % a.g(3))"
    cell = {"cell_type": "code", "metadata": {}, "source": source}
    (small.parent / "chapters" / "01_a.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert api.used(small) == {name: ["01_a"] for name in ("b2t.a", "b2t.a.LIMIT", "b2t.a.g")}


def test_a_thing_that_goes_is_missed(small):
    assert "b2t.a.f" in names.index(small)
    (small / "b2t" / "a.py").write_text('"""A."""\n')
    api.modules.cache_clear(), names.index.cache_clear()
    assert not set(api.exports("b2t", small).values()) & set(names.index(small))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("b2t.bpe.core.merge", "b2t.bpe.core.merge"),
        ("b2t.nn.Encoder", "b2t.nn.model.Encoder"),
        ("Encoder", "b2t.nn.model.Encoder"),
        ("Config", "b2t.nn.model.Config"),
        ("torch.nn", None),
        ("True", None),
        ("config", None),
    ],
)
def test_a_word_means_what_the_code_means(word, meant):
    (thing,) = (thing for thing in api.modules()["b2t.nn.model"].things if thing.name == "Classifier")
    assert names.meaning(word, "b2t.nn.model", thing) == meant


@pytest.mark.parametrize(
    ("doc", "rst"),
    [
        ("a <|x|> b_ *c", r"a <\|x\|> b\_ \*c"),
        ("``a|b`` :math:`x|y` *V* `n`th", r"``a|b`` :math:`x|y` *V* ``n``\ th"),
        ("x\n\n>>> a | `b`\n1 | 2", "x\n\n>>> a | `b`\n1 | 2"),
    ],
)
def test_docstrings_keep_what_they_say(doc, rst):
    assert docstrings.to_rst(doc, lambda word: None).strip() == rst


def test_the_first_page_can_be_typed_in():
    page = (FOLDER / "library.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, flags=re.M | re.S)
    assert len(blocks) == 2
    exec("\n".join(blocks), {})


def test_text_to_tokens_imports_what_the_first_page_says():
    code = (
        "import sys; before = set(sys.modules); import b2t.bpe\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in new if not name.startswith('_')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "lib")
    said = (FOLDER / "library.md").read_text("utf-8")
    assert run.stdout.split() == ["b2t", "numpy", "regex", "tqdm"], run.stderr
    assert "`b2t.bpe`, imports only `numpy`, `regex` and\n`tqdm`" in said
