"""Markup that docutils writes and that a screen reader would stumble over, put right in the finished page."""

import re
from pathlib import Path

from sphinx.application import Sphinx

EMPTY_HEADER = re.compile(r"<th( class=\"[^\"]*\")?>\s*<p>\s*</p>\s*</th>")
SIGNATURE = re.compile(r"<dt class=\"sig [^>]*>.*?</dt>", re.DOTALL)
TOGGLE = '<summary><span class="toctree-toggle"'
CITATION = re.compile(r"(<div class=\"citation\"[^>]*) role=\"doc-biblioentry\"")


def mend(html: str) -> str:
    """Make an empty header cell a plain cell, a bibliography's entries items of a list, and parameters lines.

    Sphinx writes the parameters of a long signature as a list of definitions in which no term is defined.

    Examples
    --------
    >>> mend('<th class="head"><p></p></th><th class="head"><p>id</p></th>')
    '<td class="head"></td><th class="head"><p>id</p></th>'
    >>> mend('<div class="citation" id="a" role="doc-biblioentry">')
    '<div class="citation" id="a" role="listitem">'
    >>> mend('<dt class="sig py">f(<dl>\\n<dd>x,</dd>\\n</dl>)</dt>')
    '<dt class="sig py">f(<span class="b2t-parameters">\\n<span>x,</span>\\n</span>)</dt>'
    """
    html = EMPTY_HEADER.sub(lambda found: f"<td{found[1] or ''}></td>", html)
    html = SIGNATURE.sub(lambda found: _lines(found[0]), html)
    return CITATION.sub(r'\1 role="listitem"', html)


def _lines(signature: str) -> str:
    """Write the parameters of a signature as lines instead of definitions."""
    signature = signature.replace("<dl>", '<span class="b2t-parameters">').replace("</dl>", "</span>")
    return signature.replace("<dd>", "<span>").replace("</dd>", "</span>")


def mend_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Mend the body of a page on its way to the template."""
    if context.get("body"):
        context["body"] = mend(context["body"])


def name_toggles(app: Sphinx, error: Exception | None) -> None:
    """Name the theme's buttons that unfold a branch of the contents: all that they hold is a picture."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        if TOGGLE in html:
            named = html.replace(
                TOGGLE, TOGGLE.replace("<summary>", '<summary aria-label="Pages below this one">')
            )
            path.write_text(named, encoding="utf-8", newline="\n")
