"""The book in a browser: nothing from elsewhere, no complaint, readable wide, narrow, light and dark."""

import re

import pytest
import yaml

from tests import page_checks as checks
from tests.conftest import ROOT

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
ENTRIES = [
    entry
    for part in TOC["parts"]
    for chapter in part["chapters"]
    for entry in (chapter, *chapter.get("sections", ()))
]
CHAPTERS = [TOC["root"], *(entry["file"] for entry in ENTRIES)]
PAGES = [f"{name}.html" for name in [*CHAPTERS, "search"]]

pytestmark = pytest.mark.pages


def visit(page, address: str) -> None:
    """Go there and wait until its scripts have run and its fonts are in."""
    page.goto(address, wait_until="load")
    page.evaluate("document.fonts.ready")


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_to_itself(name, scheme, open_page, origins):
    page = open_page()
    watch = checks.Watch(page, origins[scheme])
    visit(page, origins[scheme] + name)
    assert watch.problems == []
    assert page.title()


@pytest.mark.parametrize("name", PAGES)
def test_page_reads_well(name, open_page, origins):
    page = open_page()
    visit(page, origins["file"] + name)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    problems = {}
    for color_scheme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", color_scheme)
        problems[color_scheme] = checks.faint(page)
    page.set_viewport_size({"width": 360, "height": 800})
    problems["narrow"] = checks.wide(page)
    assert problems == {"light": [], "dark": [], "narrow": []}


@pytest.mark.parametrize("name", [f"{name}.html" for name in CHAPTERS])
def test_page_is_tidy(name, book):
    assert checks.untidy((book / name).read_text(encoding="utf-8")) == []


def test_links_lead_somewhere(book):
    assert list(checks.broken_links(book)) == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_first_page_leads_to_the_root(scheme, open_page, origins):
    page = open_page()
    watch = checks.Watch(page, origins[scheme])
    page.goto(origins[scheme] + "index.html")
    page.wait_for_url(origins[scheme] + TOC["root"] + ".html")
    page.wait_for_load_state("load")
    assert watch.problems == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_theme_follows_the_system(color_scheme, open_page, origins):
    page = open_page(color_scheme=color_scheme)
    visit(page, origins["file"] + CHAPTERS[0] + ".html")
    assert page.evaluate("document.documentElement.dataset.theme") == color_scheme


def test_maths_is_drawn(open_page, origins, book):
    name = next(f"{name}.html" for name in CHAPTERS if "<math" in (book / f"{name}.html").read_text("utf-8"))
    page = open_page()
    visit(page, origins["file"] + name)
    assert page.evaluate("document.fonts.check('16px \"B2T Math\"')")
    sizes = page.evaluate(
        "[...document.querySelectorAll('math')].filter(m => m.checkVisibility())"
        ".map(m => { const box = m.getBoundingClientRect(); return box.width * box.height; })"
    )
    assert sizes and min(sizes) > 0


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds(scheme, open_page, origins):
    page = open_page()
    watch = checks.Watch(page, origins[scheme])
    visit(page, origins[scheme] + CHAPTERS[1] + ".html")
    page.locator(".search-button-field").first.click()
    page.locator("#pst-search-dialog input[type=search]").fill("bytes")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=bytes*")
    page.wait_for_selector("#search-results li a")
    hrefs = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
    assert any(href.split("#")[0].split("?")[0].endswith(CHAPTERS[1] + ".html") for href in hrefs)
    assert watch.problems == []


def test_solution_is_folded_and_opens(open_page, origins, book):
    names = [n for n in CHAPTERS if "tag_solution" in (book / f"{n}.html").read_text("utf-8")]
    assert names, "no page has a cell tagged solution"
    page = open_page()
    visit(page, f"{origins['file']}{names[0]}.html")
    fold = page.locator(".tag_solution details").first
    code = fold.locator("pre").first
    assert not code.is_visible()
    fold.get_by_text("Solution", exact=True).click()
    assert code.is_visible()


def test_dark_mode_switches(open_page, origins):
    page = open_page()
    visit(page, origins["file"] + CHAPTERS[0] + ".html")
    seen = {}
    for _ in range(3):
        page.locator(".article-header-buttons .theme-switch-button").click()
        theme = page.evaluate("document.documentElement.dataset.theme")
        seen[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert set(seen) == {"light", "dark"}
    light, dark = (sum(map(int, re.findall(r"\d+", seen[theme])[:3])) for theme in ("light", "dark"))
    assert dark < 150 < 600 < light


def test_launch_buttons_open_colab(book):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    where = config["repository"]["url"].removeprefix("https://github.com/")
    for name in CHAPTERS:
        if (ROOT / f"{name}.ipynb").exists():
            page = (book / f"{name}.html").read_text(encoding="utf-8")
            assert f"https://colab.research.google.com/github/{where}/blob/main/{name}.ipynb" in page


BAD = {
    "<img src='https://example.org/x.png' alt=''>": "request outside",
    "<script>console.error('no')</script>": "console error: no",
    "<script>console.warn('hm')</script>": "console warning: hm",
    "<script>undefined.x</script>": "script error",
    "<img src='missing.png' alt=''>": "status 404",
}


@pytest.mark.parametrize("fault", BAD)
def test_a_watch_catches(fault, open_page, serve, tmp_path):
    (tmp_path / "bad.html").write_text(f"<!doctype html><link rel=icon href=data:,>{fault}", encoding="utf-8")
    page = open_page()
    page.route("https://**", lambda route: route.abort())
    origin = serve(tmp_path)
    watch = checks.Watch(page, origin)
    visit(page, origin + "bad.html")
    assert any(problem.startswith(BAD[fault]) for problem in watch.problems)


def test_widths_and_contrasts_are_caught(open_page):
    page = open_page(width=360)
    page.set_content(
        "<main><article><p style='width: 500px; color: #999; background: #fff'>faint</article></main>"
    )
    assert "the page is" in checks.wide(page)[-1]
    assert checks.faint(page)[0].startswith("2.85: P")


def test_untidy_pages_are_caught():
    pictures = "<img src=a.png><img src=b.svg alt=../_images/b.svg><img src=c.png alt='A curve'>"
    prose = r"<p>so $x^2$ and \frac12 :-|-:|</p><code>$HOME$</code>"
    found = checks.untidy(f"<article><h2>x</h2>{pictures}{prose}</article>")
    assert found[:3] == ["no title", "0 headings h1", "no language"]
    assert found[3:5] == ["picture without alt: a.png", "picture without alt: b.svg"]
    assert found[5:] == ["raw maths: $x^2$", r"raw maths: \frac", "raw table: |-:|"]


def test_broken_links_are_caught(tmp_path):
    (tmp_path / "a.html").write_text("<a href='b.html'>b</a><a href='#x'>x</a><a href='#y'>y</a><p id=y>")
    assert list(checks.broken_links(tmp_path)) == ["a.html: no place #x", "a.html: no file b.html"]
