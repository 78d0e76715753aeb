// LanguageFinder: what the same text costs in each language. A heap of dots on a scale of premiums, a field that finds
// languages while the reader types, a list to walk through, and the numbers of one language under each vocabulary.
import { choice, field, h, number, s, uid } from "./ui/dom.js";
import { define, later, listen, tell } from "./ui/view.js";

const TRAITS = ["languages", "premiums", "vocabulary", "query", "order", "selected"];
const SHORTEST = 4; // an ASCII word is looked for in the openings from this length
const MOST_QUERY = 100;
const TICKS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100];
const BINS = 100;
const WIDE = 600, HIGH = 92; // of the heap's drawing

export default define({
  name: "language-finder",
  title: "Find your language",
  hint: "Type a name, a script, or a few words of the text in your own language.",
  mount({ model, body }) {
    const change = (values) => tell(model, values);
    const rows = prepare(model.get("languages"), model.get("premiums"));
    const axis = scale(Object.values(model.get("premiums")));
    const view = [controls(model, change), heap(rows, axis, change), list(rows, axis, change, () => draw.now()),
      detail(rows, axis)];
    const [top, picture, found, one] = view;
    found.listenTo(top.search);
    body.append(top.root, picture.root,
      h("div", { class: "b2t-finder-main" }, found.root, one.root));
    const redraw = () => {
      const state = read(model, rows);
      for (const part of view) part.draw(state);
    };
    const draw = later(redraw);
    const stop = listen(model, Object.fromEntries(TRAITS.map((trait) => [trait, draw])));
    redraw();
    return () => { draw.cancel(); stop(); };
  },
});

// ---- what is searched ------------------------------------------------------------------------------------------

// A text without case and marks, and its words; as in language_finder.py.
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}+/gu, "");
const words = (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [];
const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);

function prepare(languages, premiums) {
  const series = Object.entries(premiums);
  return languages.map(([code, name, script, dir, tag, opening], i) => ({
    code, name, script, dir, tag, opening, key: plain(name),
    codes: [plain(code), plain(tag)], words: words(plain(`${name} ${script}`)), text: plain(opening),
    cost: Object.fromEntries(series.map(([label, values]) => [label, values[i]])),
  }));
}

function fits(word, row) {
  if (row.codes.includes(word) || row.words.some((w) => w.startsWith(word))) return true;
  return (word.length >= SHORTEST || !isAscii(word)) && row.text.includes(word);
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function read(model, rows) {
  const [vocabulary, query, order, selected] = ["vocabulary", "query", "order", "selected"].map((t) => model.get(t));
  const wanted = words(plain(query));
  const byName = (a, b) => compare(a.key, b.key) || compare(a.code, b.code);
  const byCost = (a, b) => b.cost[vocabulary] - a.cost[vocabulary] || byName(a, b);
  const found = rows.filter((row) => wanted.every((word) => fits(word, row))).sort(order === "name" ? byName : byCost);
  return { rows, vocabulary, query, order, found, searching: wanted.length > 0,
    chosen: rows.find((row) => row.code === selected) ?? null };
}

// Premiums on a logarithmic scale: 0 at the left edge, 1 at the right.
function scale(series) {
  const all = series.flat();
  const low = Math.log(Math.min(...all, 0.9)), high = Math.log(Math.max(...all, 2));
  const place = (value) => 0.015 + 0.97 * (Math.log(value) - low) / (high - low);
  const ticks = TICKS.filter((value) => Math.log(value) >= low && Math.log(value) <= high);
  return { place, ticks };
}

const times = (value) => value.toFixed(2);

// ---- controls ----------------------------------------------------------------------------------------------------

function controls(model, change) {
  const search = h("input", { type: "search", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    maxlength: MOST_QUERY, value: model.get("query") });
  search.addEventListener("input", () => change({ query: search.value }));
  const vocabulary = h("select", {},
    Object.keys(model.get("premiums")).map((name) => h("option", { value: name }, name)));
  vocabulary.addEventListener("change", () => change({ vocabulary: vocabulary.value }));
  const order = choice("Order", { premium: "by premium", name: "by name" }, "premium", (value) => change({ order: value }));
  const draw = (state) => {
    if (search.value !== state.query) search.value = state.query;
    vocabulary.value = state.vocabulary;
    order.set(state.order);
  };
  const root = h("div", { class: "b2t-finder-controls" },
    field("Language", search), field("Vocabulary", vocabulary), order.root);
  return { root, search, draw };
}

// ---- the heap: one dot a language, stacked over its premium -------------------------------------------------------

function heap(rows, axis, change) {
  const dots = new Map(rows.map((row) => {
    const dot = s("path", { d: "M0 0h.01", "data-code": row.code }, s("title", {}, row.name));
    return [row.code, dot];
  }));
  const ground = s("g", {}, [...dots.values()]);
  const drawing = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ground);
  const frame = h("div", { class: "b2t-finder-heap" }, h("div", { class: "b2t-finder-one", "--at": axis.place(1) }), drawing);
  const legend = h("p", { class: "b2t-note b2t-finder-legend" });
  drawing.addEventListener("click", (event) => {
    const code = event.target.closest("[data-code]")?.dataset.code;
    if (code) change({ selected: code });
  });

  function draw({ vocabulary, found, searching, chosen }) {
    const shown = new Set(found);
    const bins = Array.from({ length: BINS }, () => []);
    for (const row of rows) bins[Math.min(BINS - 1, Math.floor(axis.place(row.cost[vocabulary]) * BINS))].push(row);
    const step = Math.min(7, (HIGH - 4) / Math.max(...bins.map((bin) => bin.length)));
    bins.forEach((bin, x) => bin.sort((a, b) => shown.has(b) - shown.has(a)).forEach((row, y) => {
      const dot = dots.get(row.code);
      dot.style.transform = `translate(${(x + 0.5) * WIDE / BINS}px, ${(HIGH - 4 - y * step).toFixed(1)}px)`;
      const hit = searching && shown.has(row) ? "b2t-finder-hit" : "";
      dot.setAttribute("class", row === chosen ? "b2t-finder-chosen" : hit);
    }));
    if (chosen) ground.append(dots.get(chosen.code));
    ground.setAttribute("class", searching ? "b2t-finder-searching" : "");
    const middle = rows.map((row) => row.cost[vocabulary]).sort((a, b) => a - b)[Math.floor(rows.length / 2)];
    legend.textContent =
      `${number(rows.length)} texts. Half of them need at least ${times(middle)} times the tokens of English.`;
    legend.dataset.middle = middle;
  }
  return { root: h("div", {}, frame, scaleLine(axis), legend), draw };
}

function scaleLine(axis) {
  return h("div", { class: "b2t-finder-scale", "aria-hidden": "true" },
    axis.ticks.map((value) => h("span", { "--at": axis.place(value) }, String(value),
      value === 1 && h("span", { class: "b2t-finder-unit" }, " = English"))));
}

// ---- the list ----------------------------------------------------------------------------------------------------

// `settle` draws what has been typed: a key may come before the frame does, and moves in the list as it is then.
function list(rows, axis, change, settle) {
  const prefix = uid("language");
  const items = new Map(rows.map((row) => {
    const dot = h("span", { class: "b2t-finder-dot" }), cost = h("span", { class: "b2t-finder-cost" });
    const root = h("li", { id: `${prefix}-${row.code}`, role: "option", "aria-selected": "false", "data-code": row.code },
      h("span", { class: "b2t-finder-name", title: row.name }, row.name), h("span", { class: "b2t-finder-script" }, row.script),
      h("span", { class: "b2t-finder-line", "aria-hidden": "true" }, dot), cost);
    return [row.code, { root, dot, cost, row }];
  }));
  const box = h("ul", { id: uid("list"), role: "listbox", tabindex: "0", "aria-label": "Languages", class: "b2t-finder-list",
    "--one": axis.place(1) });
  const count = h("p", { role: "status", class: "b2t-note b2t-finder-count" });
  let state, active = null, last = "";

  function mark(row, { scroll = true } = {}) {
    if (active) items.get(active.code).root.classList.remove("b2t-finder-active");
    active = row;
    for (const owner of [box, listener]) {
      if (active && owner) owner.setAttribute("aria-activedescendant", `${prefix}-${active.code}`);
      else owner?.removeAttribute("aria-activedescendant");
    }
    if (!active) return;
    const { root } = items.get(active.code);
    root.classList.add("b2t-finder-active");
    if (scroll) reveal(root);
  }

  // Scroll the list and never the page.
  function reveal(root) {
    const top = root.offsetTop, bottom = top + root.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    settle();
    const inField = event.currentTarget === listener;
    const at = state.found.indexOf(active), end = state.found.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8,
      ...(inField ? {} : { Home: 0, End: end }) }[event.key];
    if (to !== undefined && end >= 0) {
      event.preventDefault();
      mark(state.found[Math.max(0, Math.min(end, to))]);
    } else if ((event.key === "Enter" || (event.key === " " && !inField)) && active) {
      event.preventDefault();
      change({ selected: active.code });
    } else if (event.key === "Escape" && inField && state.query) {
      event.preventDefault();
      change({ query: "" });
    }
  }

  let listener = null;
  function listenTo(search) {
    listener = search;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "true",
      "aria-controls": box.id })) search.setAttribute(name, value);
    search.addEventListener("keydown", onKey);
  }
  box.addEventListener("keydown", onKey);
  box.addEventListener("click", (event) => {
    const code = event.target.closest("[data-code]")?.dataset.code;
    if (!code) return;
    mark(items.get(code).row, { scroll: false });
    change({ selected: code });
  });

  function draw(next) {
    state = next;
    const { vocabulary, found, chosen } = state;
    for (const { root, dot, cost, row } of items.values()) {
      dot.style.setProperty("--at", axis.place(row.cost[vocabulary]));
      cost.textContent = times(row.cost[vocabulary]);
      root.setAttribute("aria-selected", String(row === chosen));
    }
    const order = found.map((row) => row.code).join();
    if (order !== last) box.replaceChildren(...found.map((row) => items.get(row.code).root));
    const words = found.length ? `${number(found.length)} of ${number(rows.length)} texts`
      : "None fits. Try another name.";
    if (count.textContent !== words) count.textContent = words;
    if (order !== last) {
      const first = found.find((row) => row.key.startsWith(plain(state.query).trim())) ?? found[0] ?? null;
      mark(state.searching ? first : found.includes(chosen) ? chosen : found[0] ?? null);
    }
    last = order;
  }
  const root = h("div", { class: "b2t-finder-found" }, count,
    h("div", { class: "b2t-finder-head", "aria-hidden": "true" },
      h("span", {}, "language"), h("span", { class: "b2t-finder-script" }, "script"),
      h("span", { class: "b2t-finder-middle" }, "premium"), h("span", {})), box);
  return { root, draw, listenTo };
}

// ---- one language --------------------------------------------------------------------------------------------------

function detail(rows, axis) {
  const name = h("strong", { class: "b2t-finder-title" }), about = h("span", { class: "b2t-note" });
  const opening = h("p", { class: "b2t-finder-opening" });
  const sentence = h("p", { class: "b2t-finder-sentence", role: "status" });
  const lines = Object.keys(rows[0].cost).map((label) => {
    const dot = h("span", { class: "b2t-finder-dot" }), cost = h("td", {});
    const row = h("tr", { "data-vocabulary": label }, h("th", { scope: "row" }, label),
      h("td", { class: "b2t-finder-wide", "aria-hidden": "true" }, h("span", { class: "b2t-finder-line" }, dot)), cost);
    return { label, dot, cost, row };
  });
  const table = h("table", { class: "b2t-finder-table", "--one": axis.place(1) },
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "vocabulary"), h("td", { class: "b2t-finder-wide", "aria-hidden": "true" }),
      h("th", { scope: "col" }, "premium"))),
    h("tbody", {}, lines.map(({ row }) => row)));
  const root = h("div", { class: "b2t-finder-detail", role: "region", "aria-label": "The language chosen" },
    h("p", {}, name, " ", about), opening, table, sentence);

  function draw({ vocabulary, chosen }) {
    const row = chosen ?? rows.find(({ code }) => code === "eng");
    root.dataset.code = row.code;
    write(name, row.name);
    write(about, `${row.script} · ${row.code}`);
    opening.lang = row.tag;
    opening.dir = row.dir;
    write(opening, row.opening);
    for (const line of lines) {
      line.dot.style.setProperty("--at", axis.place(row.cost[line.label]));
      write(line.cost, times(row.cost[line.label]));
      line.row.classList.toggle("b2t-finder-current", line.label === vocabulary);
    }
    const cost = row.cost[vocabulary], place = 1 + rows.filter((other) => other.cost[vocabulary] < cost).length;
    sentence.dataset.place = place;
    write(sentence, `${row.name} under “${vocabulary}”: place ${number(place)} of ${number(rows.length)}, from the cheapest. `
      + `A context that holds 1,000 words of the English text holds what ${number(Math.round(1000 / cost))} of them say.`);
  }
  return { root, draw };
}

// Change a text only if it differs, so that a screen reader does not read the same again.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
