"""How to use a LanguageFinder on a page, and what Python says it must show."""

from b2t.widgets import LanguageFinder

QUERIES = ("chin", "LATIN", "tiếng", "myanmar shan", "人人", "no such language", "fr", "")


def settled(root):
    """Wait for the frame after the next, by which everything is drawn."""
    root.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shown(root):
    """What the page says of its state and results."""
    settled(root)
    return root.evaluate("""root => {
        const dots = [...root.querySelectorAll(".b2t-finder-heap [data-code]")];
        const options = [...root.querySelectorAll("[role=option]")];
        const table = [...root.querySelectorAll("[data-vocabulary]")];
        const detail = root.querySelector(".b2t-finder-detail");
        const opening = root.querySelector(".b2t-finder-opening");
        const style = (e) => e.querySelector(".b2t-finder-dot").style.getPropertyValue("--at");
        return {
            query: root.querySelector("input").value, vocabulary: root.querySelector("select").value,
            order: root.querySelector("[aria-pressed=true]").dataset.value,
            found: options.map((e) => e.dataset.code),
            cost: options.map((e) => e.querySelector(".b2t-finder-cost").textContent),
            places: options.map((e) => Number(style(e))),
            selected: options.filter((e) => e.ariaSelected === "true").map((e) => e.dataset.code),
            dots: dots.length, hits: dots.filter((e) => e.classList.contains("b2t-finder-hit")).length,
            code: detail.dataset.code, opening: opening.textContent, lang: opening.lang, dir: opening.dir,
            table: Object.fromEntries(table.map((e) => [e.dataset.vocabulary, e.lastChild.textContent])),
            place: Number(root.querySelector(".b2t-finder-sentence").dataset.place),
            count: root.querySelector(".b2t-finder-count").textContent,
            active: root.querySelector("input").getAttribute("aria-activedescendant"),
        };
    }""")


def check(root, finder):
    """Hold what the page shows against a Python widget with the same settings."""
    seen = shown(root)
    codes = [language[0] for language in finder.languages]
    cost = dict(zip(codes, finder.premiums[finder.vocabulary], strict=True))
    for name in ("query", "vocabulary", "order", "found"):
        assert seen[name] == getattr(finder, name), name
    assert seen["cost"] == [f"{cost[code]:.2f}" for code in finder.found]
    by_place = sorted(zip(seen["places"], finder.found, strict=True))
    by_cost = [cost[code] for _, code in by_place]
    assert by_cost == sorted(by_cost) and all(0 <= place <= 1 for place in seen["places"])
    assert seen["selected"] == [code for code in finder.found if code == finder.selected]
    assert seen["dots"] == len(codes)
    searching = any(c.isalnum() for c in finder.query)
    assert seen["hits"] == (len(set(finder.found) - {finder.selected}) if searching else 0)
    code = finder.selected or "eng"
    row = finder.languages[codes.index(code)]
    assert [seen[name] for name in ("code", "opening", "lang", "dir")] == [code, row[5], row[4], row[3]]
    one = {name: f"{values[codes.index(code)]:.2f}" for name, values in finder.premiums.items()}
    assert seen["table"] == one
    assert seen["place"] == finder.rank(code)
    if finder.found:
        assert seen["count"] == f"{len(finder.found)} of {len(codes)} texts"
        assert any(seen["active"].endswith(f"-{code}") for code in finder.found)
    else:
        assert seen["count"].startswith("None fits") and seen["active"] is None
    return seen


def drive(page, root, state, made_up):
    """Use the widget as a reader would, from the state that its page was written with."""
    finder = LanguageFinder(**state)
    check(root, finder)
    for query in (*QUERIES, made_up()[:90].strip()):
        root.get_by_label("Language", exact=True).fill(query)
        finder.query = query
        check(root, finder)
    root.get_by_label("Language", exact=True).fill("")
    finder.query = ""
    for vocabulary in finder.premiums:
        root.get_by_label("Vocabulary").select_option(vocabulary)
        finder.vocabulary = vocabulary
        check(root, finder)
    root.get_by_role("button", name="by name").click()
    finder.order = "name"
    check(root, finder)
    root.locator("[role=option]").nth(3).click()
    finder.selected = finder.found[3]
    check(root, finder)
