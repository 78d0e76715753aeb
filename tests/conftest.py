"""Fixtures for the tests that look at the built book in a browser."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from playwright import sync_api

# A slow machine is no failure, and a failure must come again: the same examples each time, no deadline.
settings.register_profile("book", deadline=None, derandomize=True)
settings.load_profile("book")

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder of the built pages."""
    folder = ROOT / "_build" / "html"
    if not (folder / "index.html").exists():
        pytest.fail("the book is not built: make book", pytrace=False)
    return folder


def launch(playwright):
    """Start a headless Chromium: $CHROMIUM, one on the path, or Playwright's own."""
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), MAC if Path(MAC).exists() else None]
    return playwright.chromium.launch(executable_path=next(filter(None, found), None), args=ARGUMENTS)


@pytest.fixture(scope="session")
def browser():
    """The browser of the tests."""
    with sync_api.sync_playwright() as playwright:
        try:
            chromium = launch(playwright)
        except sync_api.Error as error:
            pytest.fail(
                "no Chromium to look at the pages with. On Debian: sudo apt install chromium; elsewhere: "
                ".venv/bin/playwright install chromium, or name one: CHROMIUM=/path/to/chromium make test\n"
                f"{error}",
                pytrace=False,
            )
        yield chromium
        chromium.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def serve():
    """Serve a folder on localhost until the tests end: a function from folder to address."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(_Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def origins(book, serve) -> dict[str, str]:
    """Where the book can be read: address by scheme."""
    return {"http": serve(book), "file": book.as_uri() + "/"}


@pytest.fixture
def open_page(browser):
    """Open a fresh page: a function of the width and colour scheme."""
    contexts = []

    def start(width: int = 1280, color_scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=color_scheme)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield start
    for context in contexts:
        context.close()
