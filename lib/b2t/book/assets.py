"""Style sheets, scripts and fonts of the pages: what is generated, and what the theme loads in vain."""

import json
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from b2t.book import fonts

WIDGETS = Path(__file__).parents[1] / "widgets" / "static"
WIDGET_FILES = ("page.js", "widgets.css", "language_id.js", "gpt2.js")
PALETTE = Path(__file__).with_name("palette.json")
UNUSED_FILES = ("scripts/fontawesome.js*", "**/*.ttf", "**/*.map", "**/*.LICENSE.txt", "sphinx-thebe.*")
# Assets by what they serve: the words that give one away, and the markup without which it serves nothing.
ASSETS = (
    (("thebe", "THEBE_JS_URL"), None),
    (("sphinx-design", "design-tabs"), re.compile(r'class="[^"]*\bsd-')),
    (("math.js",), re.compile(r"<math\b")),
    (("widgets/page.js", "widgets/widgets.css"), re.compile(r'data-b2t="')),
    (("togglebutton", "toggleHint", "toggleOpenOnPrint"), re.compile(r'class="[^"]*\b(toggle|dropdown)\b')),
)
# The theme leaves "auto" to a script at the end of the page, which would show a dark page light at first.
EARLY_THEME = """(root => {
  if (root.dataset.theme !== "light" && root.dataset.theme !== "dark")
    root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})(document.documentElement);"""


def palette_css() -> str:
    """Spell palette.json as CSS custom properties, ``--b2t-blue`` and so on, for the light and dark theme.

    Returns
    -------
    str
        A style sheet of two rules.

    Examples
    --------
    >>> print(palette_css().splitlines()[0])
    html[data-theme="light"], html:not([data-theme="dark"]) {
    """
    palette = json.loads(PALETTE.read_text(encoding="utf-8"))
    selectors = {
        "light": 'html[data-theme="light"], html:not([data-theme="dark"])',
        "dark": 'html[data-theme="dark"]',
    }
    rules = []
    for theme, selector in selectors.items():
        colours = "".join(f"  --b2t-{name}: {value[theme]};\n" for name, value in palette.items())
        rules.append(f"{selector} {{\n{colours}}}\n")
    return "".join(rules)


def trim(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Drop scripts listed twice (the second is a SyntaxError), and assets the page has no use for."""
    page = context.get("body") or ""
    for kind in ("script_files", "css_files"):
        seen, keep = set(), []
        for asset in context.get(kind, []):
            text = str(getattr(asset, "filename", asset) or "") + _inline(asset)
            if text not in seen and _serves(text, page):
                keep.append(asset)
            seen.add(text)
        context[kind] = keep


def _inline(asset) -> str:
    return getattr(asset, "attributes", {}).get("body") or ""


def _serves(asset: str, page: str) -> bool:
    for words, markup in ASSETS:
        if any(word in asset for word in words):
            return bool(markup and markup.search(page))
    return True


def write(app: Sphinx, error: Exception | None) -> None:
    """Write what is generated next to the theme's files, and remove what no page loads."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    (static / "palette.css").write_text(palette_css(), encoding="utf-8")
    fonts.write(static, Path(app.outdir).parent / ".fonts")
    (static / "widgets").mkdir(exist_ok=True)
    for name in WIDGET_FILES:
        shutil.copyfile(WIDGETS / name, static / "widgets" / name)
    for pattern in UNUSED_FILES:
        for path in static.glob(pattern):
            path.unlink()
