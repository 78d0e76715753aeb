"""What a rendered page must not do, as functions from pages to lists of complaints."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

RAW_MATHS = re.compile(r"\$[^$\n]+\$|\\\(|\\\[|\\(frac|sqrt|text|mathrm|operatorname|begin|sum)")

RAW_TABLE = re.compile(r"\|\s*:?[-–—]+:?\s*\|")


class Watch:
    """Collect what a browser page asks of others and complains of, from now on.

    Parameters
    ----------
    page : playwright.sync_api.Page
        A page, before it goes anywhere.
    origin : str
        What every address must start with.
    """

    def __init__(self, page, origin: str):
        self.origin = origin
        self.problems: list[str] = []
        self.bytes = 0
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self.problems.append(f"failed request: {request.url}"))
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))

    def _request(self, request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.problems.append(f"request outside: {request.url}")

    def _response(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")

    def _console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")


def wide(page) -> list[str]:
    """Name what makes a page scroll sideways."""
    return page.evaluate("""() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll("main *")]
            .filter(e => e.getBoundingClientRect().right > width + 1)
            .slice(0, 5).map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)
            .concat(`the page is ${document.documentElement.scrollWidth} px wide`);
    }""")


def faint(page, least: float = 4.5) -> list[str]:
    """Name the texts of the article whose contrast with what lies behind them is below a ratio (WCAG 2.2)."""
    return page.evaluate(
        """least => {
        const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
        const over = (css, below) => {                 // paint a CSS colour of any notation on a colour
            canvas.fillStyle = `rgb(${below})`; canvas.fillRect(0, 0, 1, 1);
            canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const white = [255, 255, 255];
        const behind = e => e ? over(getComputedStyle(e).backgroundColor, behind(e.parentElement)) : white;
        const found = new Set();
        for (const e of document.querySelectorAll("article *")) {
            const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
            if (!text || e.closest("svg, .headerlink, script, style") || !e.checkVisibility()) continue;
            const ground = behind(e), ink = over(getComputedStyle(e).color, ground);
            const [dark, light] = [luminance(ground), luminance(ink)].sort((a, b) => a - b);
            const ratio = (light + 0.05) / (dark + 0.05);
            const what = `${e.tagName} ${e.className} '${text.slice(0, 30)}'`;
            if (ratio < least) found.add(`${ratio.toFixed(2)}: ${what}`);
        }
        return [...found];
    }""",
        least,
    )


def untidy(html: str) -> list[str]:
    """Name what a page lacks or shows by mistake: title, heading, maths or tables left raw, mute pictures."""
    soup = BeautifulSoup(html, "html.parser")
    article = soup.find("article") or soup
    problems = []
    if not (soup.title and soup.title.get_text(strip=True)):
        problems.append("no title")
    if len(article.find_all("h1")) != 1:
        problems.append(f"{len(article.find_all('h1'))} headings h1")
    if not (soup.html and soup.html.get("lang")):
        problems.append("no language")
    for image in soup.find_all("img"):
        alt = image.get("alt")
        if (alt is None and image.get("aria-hidden") != "true") or (alt and "/_images/" in f"/{alt}"):
            problems.append(f"picture without alt: {image.get('src', '')[:80]}")
    for code in article.find_all(["pre", "code", "script", "style", "svg", "math"]):
        code.decompose()
    problems += [f"raw maths: {found[0][:60]}" for found in RAW_MATHS.finditer(article.get_text(" "))]
    problems += [f"raw table: {found[0]}" for found in RAW_TABLE.finditer(article.get_text(" "))]
    return problems


def broken_links(folder: Path) -> Iterator[str]:
    """Name the links of a folder of pages that lead to no file, or to no place in it."""
    pages = {path: _Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{path.relative_to(folder)}: no file {link}"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                yield f"{path.relative_to(folder)}: no place {link}"


class _Page:
    def __init__(self, path: Path):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.places = {
            e.get("id") or e.get("name") for e in soup.find_all(lambda e: e.get("id") or e.get("name"))
        }
        tags = soup.find_all(["a", "link", "script", "img", "source"])
        links = {tag.get("href") or tag.get("src") for tag in tags}
        self.links = sorted(link for link in links if link and link not in ("#", "#!"))
