"""A page with nothing but widgets on it, for tests and for looking at one while it is made.

``python -m tests.widgets.bare OUT 'MergeStepper(text="…")' …`` bundles the sources, writes OUT/index.html and
takes screenshots of it: OUT/light.png, OUT/dark.png and OUT/narrow.png (360 px).
"""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

WIDGETS = ROOT / "lib" / "b2t" / "widgets"
PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Widgets</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{static}/widgets.css">
<style>body {{ margin: 1rem auto; max-width: 54rem; padding: 0 1rem; background: #fff; }}
[data-theme="dark"] body {{ background: #14181c; color: #e6e8ea; }}</style>
<main><h1>Widgets</h1>{body}</main>
<script src="{static}/page.js"></script>
</html>
"""


def bare_page(*stills: str, theme: str = "light", static: str = "") -> str:
    """Put the second form of some widgets (`PageWidget.page_html`) on a page of their own."""
    return PAGE.format(body="\n".join(stills), theme=theme, static=static or (WIDGETS / "static").as_uri())


def main(out: str, *expressions: str) -> None:
    """Build, write the page, take the screenshots."""
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["node", "build.mjs"], cwd=WIDGETS, check=True)

    from playwright.sync_api import sync_playwright

    from b2t import widgets  # a new widget can be imported now that its bundle is there
    from tests.conftest import launch

    stills = [eval(expression, vars(widgets)).page_html() for expression in expressions]
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, theme, width in (
            ("light", "light", 1000),
            ("dark", "dark", 1000),
            ("narrow", "light", 360),
        ):
            file = folder / ("index.html" if name == "light" else f"{name}.html")
            file.write_text(bare_page(*stills, theme=theme), "utf-8")
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: print("console:", message.type, message.text))
            page.on("pageerror", lambda error: print("error:", error))
            page.goto(file.as_uri())
            page.wait_for_timeout(700)
            page.screenshot(path=folder / f"{name}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
