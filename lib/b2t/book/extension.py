"""The Sphinx extension behind the rendered book.

It renders mathematics as MathML, names folded solutions and figures, describes the library, and has pages
load what they use alone.
"""

import re
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from b2t.book import accessible, assets, library, mathml

HERE = Path(__file__).parent
PROMPTS = {"solution": "Solution", "setup": "Set-up"}
DEFAULT_PROMPTS = {"source": "Code", "content": "Code and output", "output": "Output", "outputs": "Output"}
logger = logging.getLogger(__name__)


def visit_math(translator, node: nodes.Element) -> None:
    """Write a formula; a formula that cannot be written is a warning, and so ends the build."""
    display = isinstance(node, nodes.math_block)
    try:
        formula = mathml.convert(node.astext(), display)
    except ValueError as error:
        logger.warning("%s", error, location=node, type="math")
        formula = ""
    if display:
        number = _equation_number(translator, node)
        formula = f'<div class="math b2t-equation" {_ids(node)}tabindex="0">{formula}{number}</div>'
    translator.body.append(formula)
    raise nodes.SkipNode


def _ids(node: nodes.Element) -> str:
    return f'id="{node["ids"][0]}" ' if node.get("ids") else ""


def _equation_number(translator, node: nodes.Element) -> str:
    return f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""


class NameFoldedCells(SphinxTransform):
    """Say on a folded cell what is inside it, by its tag."""

    default_priority = 800

    def apply(self, **kwargs) -> None:
        """Set the prompts that myst-nb's own transform will write."""
        for cell in self.document.findall(nodes.container):
            for tag, prompt in PROMPTS.items():
                if f"tag_{tag}" in cell["classes"] and cell.get("hide_mode"):
                    cell["prompt_show"] = cell["prompt_hide"] = prompt


class NameFigures(SphinxTransform):
    """Give a figure that a cell drew an alternative text, where the cell has none (mystnb: image: alt).

    Without one, docutils reads the picture's address aloud.
    """

    default_priority = 800

    def apply(self, **kwargs) -> None:
        """Name the section, whose text says what the figure shows."""
        for output in self.document.findall(nodes.container):
            if output.get("nb_element") == "cell_code_output":
                for image in output.findall(nodes.image):
                    image.setdefault("alt", f"Figure, described in the text: {_section(output)}")


def _section(node: nodes.Element) -> str:
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node[0].astext() if node is not None else ""


def visit_folded(translator, node: nodes.Element) -> None:
    """Open a folded cell, its label being its only name (myst-nb's own markup hides it behind another)."""
    classes = " ".join(["hide", *node["classes"]])
    prompt = node["prompt_show"]
    label = translator.encode(DEFAULT_PROMPTS.get(prompt.rsplit(maxsplit=1)[-1], prompt))
    translator.body.append(f'<details class="{classes}">\n<summary>{label}</summary>\n')


def depart_folded(translator, node: nodes.Element) -> None:
    """Close it."""
    translator.body.append("</details>\n")


def drop_thebe_markup(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Remove the settings that sphinx-thebe appends to every page."""
    for node in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in node.astext() or "kernelName" in node.astext():
            node.parent.remove(node)


def write_first_page(app: Sphinx, error: Exception | None) -> None:
    """Write index.html at the top, which leads to the root page, with no script and from file:// too."""
    if error or app.builder.format != "html":
        return
    target = app.builder.get_target_uri(app.config.root_doc)
    title = app.config.html_title
    (Path(app.outdir) / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f'<link rel="icon" href="data:,">\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n'
        f'<p><a href="{target}">{title}</a></p>\n</html>\n',
        encoding="utf-8",
    )


def check_repository(app: Sphinx, config) -> None:
    """Refuse a configuration whose links would lead nowhere."""
    url = config.html_theme_options.get("repository_url", "")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise ExtensionError(f"repository.url in _config.yml is {url!r}: write https://github.com/OWNER/NAME")


def setup(app: Sphinx) -> dict:
    """Register everything above with Sphinx."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.add_transform(NameFoldedCells)
    app.add_transform(NameFigures)
    app.add_node(HideCodeCellNode, override=True, html=(visit_folded, depart_folded))
    app.add_js_file(None, body=assets.EARLY_THEME, priority=100)
    app.add_css_file("palette.css", priority=890)
    app.add_js_file("math.js", priority=110)
    app.add_css_file("book.css", priority=900)
    app.add_css_file("widgets/widgets.css", priority=910)
    # Widgets take their stills' places before the page is drawn, so that nothing jumps.
    app.add_js_file("widgets/page.js", loading_method="defer", blocking="render")
    app.connect("config-inited", check_repository)
    app.connect("builder-inited", lambda app: app.config.html_static_path.append(str(HERE / "static")))
    app.connect("config-inited", lambda app, config: config.templates_path.insert(0, str(HERE / "templates")))
    app.connect("doctree-resolved", drop_thebe_markup, priority=900)
    app.connect("html-page-context", assets.trim, priority=900)
    app.connect("html-page-context", accessible.mend_page, priority=910)
    app.connect("build-finished", assets.write)
    app.connect("build-finished", accessible.name_toggles)
    app.connect("build-finished", write_first_page)
    library.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
