"""A bare page with widgets on it."""

import itertools

import pytest

from tests import page_checks
from tests.widgets.bare import WIDGETS, bare_page


@pytest.fixture
def mount(open_page, tmp_path):
    """Open a page with some widgets and nothing else: ``page = mount(MergeStepper(text="…"), theme="dark")``.

    `page.watch.problems` lists console messages, script errors and requests that failed or went elsewhere.
    """
    numbers = itertools.count()

    def start(*widgets, theme: str = "light", width: int = 1280):
        file = tmp_path / f"page{next(numbers)}.html"
        file.write_text(bare_page(*(widget.page_html() for widget in widgets), theme=theme), "utf-8")
        page = open_page(width=width)
        page.watch = page_checks.Watch(page, "file://")
        page.goto(file.as_uri(), wait_until="load")
        return page

    return start


@pytest.fixture
def engine(open_page):
    """A page that holds the engine: ``engine.evaluate("text => b2t.engine.split(text, 'gpt2')", text)``."""
    page = open_page()
    page.goto("about:blank")
    page.add_script_tag(path=WIDGETS / "static" / "page.js")
    return page
