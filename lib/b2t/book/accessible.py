"""Markup that docutils writes and that a screen reader would stumble over, put right in the finished page."""

import re

from sphinx.application import Sphinx

EMPTY_HEADER = re.compile(r"<th( class=\"[^\"]*\")?>\s*<p>\s*</p>\s*</th>")
CITATION = re.compile(r"(<div class=\"citation\"[^>]*) role=\"doc-biblioentry\"")


def mend(html: str) -> str:
    """Make an empty header cell a plain cell, and a bibliography's entries items of its list.

    Examples
    --------
    >>> mend('<th class="head"><p></p></th><th class="head"><p>id</p></th>')
    '<td class="head"></td><th class="head"><p>id</p></th>'
    >>> mend('<div class="citation" id="a" role="doc-biblioentry">')
    '<div class="citation" id="a" role="listitem">'
    """
    html = EMPTY_HEADER.sub(lambda found: f"<td{found[1] or ''}></td>", html)
    return CITATION.sub(r'\1 role="listitem"', html)


def mend_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Mend the body of a page on its way to the template."""
    if context.get("body"):
        context["body"] = mend(context["body"])
