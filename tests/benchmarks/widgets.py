"""How long a reader waits: `python -m tests.benchmarks.widgets`, on the built book, in headless Chromium.

Milliseconds. A keystroke is timed from the input event until its tokens are in the page, and until the frame
that shows them is painted (in software where there is no GPU). A bare text field tells the browser's share.
"""

import functools
import http.server
import statistics
import threading

from playwright import sync_api

from b2t import data
from tests import page_checks
from tests.conftest import ROOT, _Quiet, launch

HTML = ROOT / "_build" / "html"
PAGES = ("index", "01_text_to_bytes", "02_byte_pair_encoding", "06_self_attention", "07_multi_head_attention")
PAGES += ("08_positional_encoding", "09_encoder")
TYPED = {
    "merge-stepper": "02_byte_pair_encoding",
    "tokenizer-playground": "02_byte_pair_encoding",
    "attention-explorer": "07_multi_head_attention",
    "encoder-walk": "09_encoder",
    "whole-machine": "index",
}
KEYSTROKES = """async field => {
    const times = [], frame = () => new Promise(done => requestAnimationFrame(done));
    for (let i = 0; i < 15; i++) {
        await new Promise(done => setTimeout(done, 300));
        await frame();
        const start = performance.now();
        field.setRangeText("xyz好"[i % 4], 40, 40);
        field.dispatchEvent(new Event("input", { bubbles: true }));
        await frame();
        const drawn = performance.now() - start;
        await new Promise(done => {
            const channel = new MessageChannel();
            channel.port1.onmessage = done;
            channel.port2.postMessage(0);
        });
        times.push([drawn, performance.now() - start]);
    }
    return times;
}"""
BARE = """async texts => {
    const field = document.body.appendChild(document.createElement("textarea")), gaps = [];
    for (const text of texts) {
        let longest = 0, last = performance.now(), ended = false;
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last); last = now;
            if (!ended) channel.port2.postMessage(0);
        };
        channel.port2.postMessage(0);
        field.value = text;
        await new Promise(done => setTimeout(done, 400));
        ended = true;
        gaps.push(longest);
    }
    return gaps.slice(1);
}"""
TRAIN = """async ([root, text, ready]) => {
    let longest = 0, last = performance.now(), ended = false;
    const channel = new MessageChannel(), field = root.querySelector("textarea");
    channel.port1.onmessage = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last); last = now;
        if (!ended) channel.port2.postMessage(0);
    };
    channel.port2.postMessage(0);
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const handler = performance.now() - start;
    const shown = () => root.querySelector("dl").textContent.includes(ready);
    while (!shown()) await new Promise(done => setTimeout(done, 1));
    const trained = performance.now() - start;
    while (/training|comparing/.test(root.textContent)) await new Promise(done => setTimeout(done, 1));
    ended = true;
    return { handler, trained, longest };
}"""
ENGINE = """text => {
    const times = [];
    for (let i = 0; i < 7; i++) {
        const start = performance.now();
        b2t.engine.train(text, { nMerges: 512 });
        times.push(performance.now() - start);
    }
    return times;
}"""
ENCODER = """async ids => {
    const bytes = Uint8Array.from(atob(b2tData.language_id), c => c.charCodeAt(0));
    const model = b2t.engine.loadModel(bytes), times = [];
    for (let i = 0; i < 13; i++) {
        const start = performance.now();
        b2t.engine.forward(model, ids);
        times.push(performance.now() - start);
    }
    return times.slice(3);
}"""


def mixed(n_bytes: int) -> str:
    """English and Chinese in equal parts, cut to a number of bytes."""
    half = n_bytes // 2
    parts = (data.text("austen_pride_and_prejudice")[: half * 2], data.text("tang_poems")[:half])
    return "".join(part.encode()[:half].decode(errors="ignore") for part in parts)


def line(what: str, times: list[float]) -> None:
    """Print a median and a worst."""
    print(f"  {what:58} median {statistics.median(times):7.1f} ms   worst {max(times):7.1f} ms")


def open_page(browser, origin: str, name: str):
    """Open a page of the book and wait for its widgets."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{origin}chapters/{name}.html")
    page.wait_for_function("!document.querySelector('[data-b2t][data-state]:not([data-mounted])')")
    page.wait_for_timeout(1500)
    return page


def keystrokes(browser, origin: str) -> None:
    """Type in a text of 1,000 characters, in each widget that has one."""
    text = mixed(3000)[:600] + data.text("tang_poems")[:400]
    for kind, name in TYPED.items():
        page = open_page(browser, origin, name)
        field = page.locator(f'[data-b2t="{kind}"]').first.get_by_label("Text", exact=True)
        field.fill(text)
        page.wait_for_timeout(1000)
        drawn, painted = zip(*field.evaluate(KEYSTROKES), strict=True)
        line(f"keystroke at {len(text):,} characters, {kind}", list(drawn))
        line("    painted", list(painted))
        page.close()


def training(browser, origin: str) -> None:
    """Learn 512 merges from 100 kB: the engine alone, and the stepper with everything it draws."""
    text = mixed(100_000)
    page = open_page(browser, origin, "02_byte_pair_encoding")
    line(f"512 merges on {len(text.encode()):,} bytes, engine", page.evaluate(ENGINE, text))
    root = page.locator('[data-b2t="merge-stepper"]').first
    root.locator("select").first.select_option("512")
    runs = []
    for i in range(5):
        changed = text[i:]
        ready = f"for {len(changed.encode()):,} bytes"
        runs.append(page.evaluate(TRAIN, [root.element_handle(), changed, ready]))
        page.wait_for_timeout(500)
    for name in runs[0]:
        line(f"the same pasted into the stepper: {name}", [run[name] for run in runs])
    page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    line("longest gap, a bare text field", page.evaluate(BARE, [text[i:] for i in range(6)]))
    page.close()


def encoder(browser, origin: str) -> None:
    """Run the trained encoder on 128 tokens."""
    page = open_page(browser, origin, "07_multi_head_attention")
    line("trained encoder on 128 tokens", page.evaluate(ENCODER, [7 * i % 3000 for i in range(128)]))
    page.close()


def loading(browser, origin: str) -> None:
    """Open each page afresh: when its widgets answer, and what it transfers."""
    for name in PAGES:
        times = []
        for _ in range(5):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page, sizes = context.new_page(), {}
            watch = page_checks.Watch(page, origin)
            page.on("response", lambda r, sizes=sizes: sizes.update({r.url: r}))
            page.goto(f"{origin}chapters/{name}.html", wait_until="load")
            times.append(
                page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
            )
            page.wait_for_timeout(700)
            total = {url: len(r.body()) for url, r in sizes.items() if r.ok}
            assert watch.problems == []
            context.close()
        heavy = sum(size for url, size in total.items() if url.endswith(("language_id.js", "gpt2.js")))
        theme = sum(size for url, size in total.items() if is_theme(url))
        own = sum(total.values()) - heavy - theme
        line(f"{name} interactive, from a local server", times)
        print(f"    transferred: page and ours {own:,} bytes, theme {theme:,}, model and merges {heavy:,}")


def is_theme(url: str) -> bool:
    """Whether a file is the theme's own, which every page loads."""
    return "/_static/" in url and not any(word in url for word in ("widgets", "book.css", "palette", "math"))


def main() -> None:
    """Run all of it."""
    handler = functools.partial(_Quiet, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}/"
    with sync_api.sync_playwright() as playwright:
        browser = launch(playwright)
        print(f"\nwidgets in Chromium {browser.version}")
        for measure in (training, keystrokes, encoder, loading):
            measure(browser, origin)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
