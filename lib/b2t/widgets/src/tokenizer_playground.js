// One text under several vocabularies: a row of tokens each, and for one token the merges that made it and the way
// its word is cut by rank (byte pair encoding) and by longest match (which is something else).
import { Tokenizer, eachWord, toBytes, visible, wellFormed } from "./engine/index.js";
import { fromBase64, loadData, unpackIds, unpackMerges } from "./ui/data.js";
import { choice, h, number, s, textField, uid } from "./ui/dom.js";
import { define, inSlices, listen, tell } from "./ui/view.js";

const DRAWN = 300; // tokens that a row draws at first, and then with each "show more"
const LISTED = 60; // tokens of a word that the comparison draws
const MOST_CHARACTERS = 200_000;
const MOST_WORD = 5_000; // bytes of a word that is cut by longest match, too
const MOST_LEAVES = 48; // of a tree
const AT_ONCE = 12; // ms of encoding before a keystroke is drawn; what takes longer goes on in slices
const N_BYTES = 256;
const SHOW = { text: "text", ids: "ids", bytes: "bytes" };

export default define({
  name: "tokenizer-playground",
  title: "Tokenizer playground",
  hint: "Type and compare; click a token to see its merges.",
  mount({ model, body }) {
    let rows = [];
    let stopEncoding = () => {};
    let gone = false;

    const text = textField(model.get("text"), typed);
    text.control.maxLength = MOST_CHARACTERS;
    const show = choice("Show", SHOW, model.get("show"), (key) => tell(model, { show: key }));
    const summary = h("p", { class: "b2t-playground-summary", role: "status" });
    const list = h("div", { class: "b2t-playground-rows" });
    const detail = detailPanel();
    body.append(text.root, h("div", { class: "b2t-playground-bar" }, show.root, summary), list, detail.root);

    function typed(value) {
      tell(model, { text: wellFormed(value) });
    }

    // Vocabularies: their rows, and GPT-2's merges when they have come.
    function buildRows() {
      const { rows: described, sources } = model.get("vocabularies");
      const tokenizers = new Map();
      rows = described.map((description) => new Row(description, { select, highlight, redraw: drawRow }));
      for (const row of rows) if (row.source !== "gpt2") row.tokenizer = fromSource(row, sources, tokenizers);
      list.replaceChildren(...rows.map((row) => row.root));
      bringGpt2();
      update();
    }

    async function bringGpt2() {
      const waiting = rows.filter((row) => row.source === "gpt2");
      const data = model.get("data"); // undefined in a page; in a notebook it may come after the vocabularies
      if (!waiting.length || (data && !data.gpt2)) return;
      try {
        const tokenizer = gpt2Tokenizer(await loadData(model, "gpt2"));
        for (const row of waiting) row.tokenizer = tokenizer;
        if (!gone && waiting[0] === rows.find((row) => row.source === "gpt2")) update();
      } catch (error) {
        for (const row of waiting) row.say("GPT-2's merges did not load.");
        console.warn("GPT-2's merges did not load:", error);
      }
    }

    // Encode the text under every vocabulary: a short text at once, a long one in slices; then draw.
    function update() {
      stopEncoding();
      const work = encodeAll(rows, model.get("text"));
      const end = performance.now() + AT_ONCE;
      let step;
      do step = work.next(); while (!step.done && performance.now() < end);
      if (step.done) draw();
      else stopEncoding = inSlices(work, { done: draw });
    }

    function draw() {
      dropSelection();
      rows.forEach(drawRow);
      drawSummary();
      drawSelection();
    }

    function drawRow(row) {
      row.draw(model.get("show"));
    }

    function drawSummary() {
      const words = summarise(rows, toBytes(model.get("text")).length);
      if (summary.textContent !== words) summary.textContent = words;
    }

    // A selected token that the text no longer has is not selected.
    function dropSelection() {
      const [name, index] = model.get("selected") ?? [];
      const row = rows.find((each) => each.name === name);
      if (name !== undefined && (!row || (row.tokenizer && index >= row.ids.length))) tell(model, { selected: null });
    }

    function select(row, index) {
      tell(model, { selected: [row.name, index] });
    }

    function drawSelection() {
      const [name, index] = model.get("selected") ?? [];
      const row = rows.find((each) => each.name === name && each.tokenizer && index < each.ids.length);
      for (const each of rows) each.mark(each === row ? index : null);
      detail.draw(row, index, model.get("show"));
    }

    // Mark the stretch of text that a token covers in the other rows; `reveal` scrolls them to it.
    function highlight(row, index, reveal) {
      const [start, end] = index === null ? [0, 0] : [row.starts[index], row.starts[index + 1]];
      for (const other of rows) if (other !== row) other.highlight(start, end, reveal);
    }

    const stopListening = listen(model, {
      "text": () => { text.set(model.get("text")); update(); },
      "vocabularies": buildRows,
      "data": bringGpt2,
      "show": () => { show.set(model.get("show")); rows.forEach(drawRow); drawSelection(); },
      "selected": drawSelection,
    });
    buildRows();
    return () => { gone = true; stopEncoding(); stopListening(); };
  },
});

// ---- vocabularies -------------------------------------------------------------------------------------------------

// A tokenizer with the first merges of a source. Words are cut elsewhere (`encodeAll`), so its pattern is null and
// rows that differ in nothing else share one.
function fromSource({ source, nMerges, ownIds }, sources, known) {
  const key = `${source} ${ownIds}`;
  if (!known.has(key)) {
    const [merges, ids] = [unpackMerges(fromBase64(sources[source])), unpackIds(fromBase64(ownIds))];
    known.set(key, new Tokenizer({ merges, pattern: null, ids }));
  }
  const whole = known.get(key);
  return nMerges === whole.merges.length ? whole : whole.first(nMerges);
}

const gpt2Tokenizers = new WeakMap(); // by their bytes: the widgets of a page build one

function gpt2Tokenizer(bytes) {
  if (!gpt2Tokenizers.has(bytes)) {
    const ids = unpackIds(bytes.subarray(0, 2 * N_BYTES));
    const merges = unpackMerges(bytes.subarray(2 * N_BYTES));
    gpt2Tokenizers.set(bytes, new Tokenizer({ merges, pattern: null, ids }));
  }
  return gpt2Tokenizers.get(bytes);
}

// Encode a text under each vocabulary that is here; yields after each word. A row gets `ids`; `starts`, the byte at
// which each token starts, and behind them the length of the text; `words`, the index of each word's first token.
function* encodeAll(rows, text) {
  for (const row of rows) {
    if (!row.tokenizer) continue;
    const [ids, starts, words] = [[], [0], []];
    for (const word of eachWord(text, row.pattern)) {
      words.push(ids.length);
      for (const id of row.tokenizer.words(word)[0].ids) {
        ids.push(id);
        starts.push(starts.at(-1) + row.tokenizer.bytesOf(id).length);
      }
      yield;
    }
    Object.assign(row, { ids, starts, words });
  }
}

// ---- sentences, the same as Python's ------------------------------------------------------------------------------

// Which vocabulary needs fewest tokens?
function summarise(rows, nBytes) {
  const here = rows.filter((row) => row.tokenizer);
  if (!nBytes) return "No text, no tokens: type something.";
  if (!here.length) return "Loading …";
  const counts = here.map((row) => row.ids.length);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  const bytes = nBytes === 1 ? "1 byte" : `${number(nBytes)} bytes`;
  if (low === high) {
    const which = here.length > 1 ? "All vocabularies need" : `${names(here, low)} needs`;
    return `${which} ${tokens(low)} for ${bytes}.`;
  }
  const verb = counts.filter((count) => count === low).length === 1 ? "needs" : "need";
  return `${names(here, low)} ${verb} fewest tokens: ${number(low)} for ${bytes}. `
    + `Most: ${names(here, high)}, ${number(high)}.`;
}

function names(rows, count) {
  const found = rows.filter((row) => row.ids.length === count).map((row) => `“${row.name}”`);
  return found.length < 3 ? found.join(" and ") : `${found[0]} and ${found.length - 1} others`;
}

const tokens = (n) => (n === 1 ? "1 token" : `${number(n)} tokens`);

// Bytes per token with two digits; halves go up.
function ratio(nBytes, nTokens) {
  if (!nTokens) return "–";
  const hundredths = Math.floor((200 * nBytes + nTokens) / (2 * nTokens));
  return `${number(Math.floor(hundredths / 100))}.${String(hundredths % 100).padStart(2, "0")}`;
}

function verdict(byRank, greedy) {
  if (!greedy) return `The word is longer than ${number(MOST_WORD)} bytes: longest match is not tried.`;
  if (String(byRank) !== String(greedy)) {
    return `They differ: ${tokens(byRank.length)} by rank, ${tokens(greedy.length)} by longest match.`;
  }
  return greedy.length === 1 ? "The word is one token either way." : `Both give the same ${greedy.length} tokens.`;
}

// ---- tokens -------------------------------------------------------------------------------------------------------

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
const UNSEEN = /^[\p{C}\p{M}\p{Z}\uFE00-\uFE0F]*$/u; // what leaves no mark of its own: marks, joiners, controls

// What stands on a token, and whether that is its bytes for want of whole characters.
function label(tokenizer, id, show) {
  const bytes = tokenizer.bytesOf(id);
  if (show === "ids") return [String(id), false];
  if (show === "bytes") return [hex(bytes), false];
  const spelt = visible(bytes);
  const broken = spelt === `<${hex(bytes)}>`;
  return broken || UNSEEN.test(spelt) ? [hex(bytes), true] : [spelt, false];
}

const SHORT = 24; // signs of a token that the panel shows
const shorten = (words) => (words.length > SHORT ? `${words.slice(0, SHORT)}…` : words);

// Classes of token number i: four tints in turn, so that neighbours differ.
const looks = (i) => `b2t-token b2t-playground-token b2t-playground-tint-${i % 4}`;

// A token that cannot be chosen, for the panel below the rows.
function tokenBox(tokenizer, id, i, show = "text") {
  const [words, fragment] = label(tokenizer, id, show);
  const kind = looks(i) + (fragment ? " b2t-playground-fragment" : "");
  return h("code", { class: kind, "data-token": id, title: `id ${id}` }, shorten(words));
}

// One vocabulary: its name, what it makes of the text in numbers, and the tokens. Within a row one token is reached by
// the tab key and the others from there by the arrows (a "listbox" with a roving tabindex).
class Row {
  #shown = []; // what stands on each token element: its id and `show`
  #elements = [];
  #marked = [];
  #limit = DRAWN;
  #at = 0; // the token that the tab key reaches

  constructor({ name, pattern, source, n_merges, n_ids, ids = "" }, { select, highlight, redraw }) {
    Object.assign(this, { name, pattern, source, nMerges: n_merges, nIds: n_ids, ownIds: ids, tokenizer: null });
    Object.assign(this, { ids: [], starts: [0], words: [] });
    this.stats = h("span", { class: "b2t-playground-stats" });
    this.list = h("div", { class: "b2t-playground-tokens" });
    this.rest = h("div", { class: "b2t-playground-rest" });
    this.box = h("div", { class: "b2t-playground-box" }, this.list, this.rest);
    const title = h("strong", { id: uid("vocabulary") }, name);
    this.root = h("div", { class: "b2t-playground-row", role: "group", "aria-labelledby": title.id, "data-name": name },
      h("div", { class: "b2t-playground-name" }, title, this.stats), this.box);
    this.redraw = redraw;
    this.#listen(select, highlight);
    this.say("");
  }

  #listen(select, highlight) {
    const index = (event) => {
      const element = event.target.closest?.("[data-id]");
      return element ? this.#elements.indexOf(element) : -1;
    };
    const on = (type, handler) => this.list.addEventListener(type, (event) => {
      const i = index(event);
      if (i >= 0) handler(i, event);
    });
    on("click", (i) => { this.#reach(i); select(this, i); });
    on("pointerover", (i) => highlight(this, i, false));
    on("focusin", (i) => highlight(this, i, true));
    on("keydown", (i, event) => this.#key(i, event, select));
    for (const type of ["pointerleave", "focusout"]) this.list.addEventListener(type, () => highlight(this, null));
  }

  #key(i, event, select) {
    const last = this.#elements.length - 1;
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (to !== undefined) this.#reach(Math.max(0, Math.min(last, to)), true);
    else if (event.key === "Enter" || event.key === " ") select(this, i);
    else return;
    event.preventDefault();
  }

  #reach(i, focus = false) {
    this.#elements[this.#at]?.setAttribute("tabindex", "-1");
    this.#at = i;
    this.#elements[i]?.setAttribute("tabindex", "0");
    if (focus) this.#elements[i]?.focus();
  }

  // Words in place of tokens.
  say(words) {
    this.message = words;
    this.draw("text");
  }

  draw(show) {
    const n = this.tokenizer ? this.ids.length : 0;
    const drawn = Math.min(n, this.#limit);
    for (const element of this.#elements.splice(drawn)) element.remove();
    this.#shown.length = Math.min(this.#shown.length, drawn);
    for (let i = 0; i < drawn; i++) this.#drawToken(i, show);
    if (this.#at >= drawn) this.#reach(0);
    this.#nameList(drawn);
    this.#drawRest(n - drawn);
    const each = this.tokenizer ? `${ratio(this.starts.at(-1), n)} bytes each · ` : "";
    this.stats.replaceChildren(
      h("span", { class: "b2t-playground-count" }, this.tokenizer ? tokens(n) : "…"), " ",
      h("span", {}, `${each}${number(this.nIds)} ids`));
  }

  #drawToken(i, show) {
    const id = this.ids[i];
    const key = `${show} ${id}`;
    if (this.#shown[i] === key) return;
    this.#shown[i] = key;
    const [words, fragment] = label(this.tokenizer, id, show);
    const element = this.#elements[i] ?? this.#newToken(i);
    element.textContent = words;
    element.dataset.id = id;
    element.classList.toggle("b2t-playground-fragment", fragment);
  }

  #newToken(i) {
    const tabindex = i === this.#at ? "0" : "-1";
    const attributes = { class: looks(i), role: "option", tabindex, "aria-selected": "false" };
    return (this.#elements[i] = this.list.appendChild(h("span", attributes)));
  }

  // An empty list is no list box.
  #nameList(n) {
    const roles = { role: "listbox", "aria-orientation": "horizontal", "aria-label": `Tokens of ${this.name}` };
    for (const [name, value] of Object.entries(roles)) {
      if (n) this.list.setAttribute(name, value);
      else this.list.removeAttribute(name);
    }
  }

  #drawRest(n) {
    const words = n > 0 ? `… and ${number(n)} more` : this.tokenizer ? "" : this.message || "loading GPT-2's merges";
    const button = n > 0 && h("button", { type: "button", onclick: () => this.#showMore() },
      `Show ${number(Math.min(n, DRAWN))} more`);
    this.rest.replaceChildren(...[words, button && " ", button].filter(Boolean));
    this.rest.hidden = !words;
  }

  #showMore(upTo = this.#limit + 1) {
    const first = this.#elements.length;
    while (this.#limit < upTo) this.#limit += DRAWN;
    this.redraw(this);
    return first;
  }

  // Mark the selected token, or none.
  mark(index) {
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    if (index === null) return;
    if (index >= this.#limit) this.#showMore(index + 1);
    this.#elements[index].setAttribute("aria-selected", "true");
    this.#reach(index);
    this.#reveal(this.#elements[index]);
  }

  // Mark the tokens that share bytes with a stretch of the text.
  highlight(start, end, reveal) {
    for (const element of this.#marked) element.classList.remove("b2t-playground-same");
    this.#marked = [];
    for (let i = this.#tokenAt(start); i < this.#elements.length && this.starts[i] < end; i++) {
      this.#elements[i].classList.add("b2t-playground-same");
      this.#marked.push(this.#elements[i]);
    }
    if (reveal && this.#marked.length) this.#reveal(this.#marked[0]);
  }

  // The token that covers a byte of the text, by halving.
  #tokenAt(byte) {
    let [low, high] = [0, this.ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle + 1] <= byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Scroll the row, and nothing around it, until a token is in sight.
  #reveal(element) {
    const [inner, outer] = [element.getBoundingClientRect(), this.box.getBoundingClientRect()];
    if (inner.top < outer.top) this.box.scrollTop += inner.top - outer.top - 4;
    else if (inner.bottom > outer.bottom) this.box.scrollTop += inner.bottom - outer.bottom + 4;
  }

  // The word that holds a token: its bytes and ids.
  wordOf(index) {
    const first = this.words.findLast((start) => start <= index);
    const next = this.words.find((start) => start > index) ?? this.ids.length;
    const ids = this.ids.slice(first, next);
    return { ids, bytes: this.tokenizer.decodeBytes(ids) };
  }
}

// ---- the panel: how a token came to be ----------------------------------------------------------------------------

function detailPanel() {
  const title = h("p", { class: "b2t-playground-title" });
  const region = (name, label) =>
    h("div", { class: `b2t-scroll ${name}`, tabindex: 0, role: "region", "aria-label": label });
  const tree = region("b2t-playground-tree", "Merges");
  const word = region("b2t-playground-word", "The word, cut in two ways");
  const status = h("p", { class: "b2t-hidden", role: "status" });
  const root = h("div", { class: "b2t-playground-detail" }, title, tree, word, status);

  function draw(row, index, show) {
    root.classList.toggle("b2t-playground-empty", !row);
    if (!row) return drawNothing();
    const id = row.ids[index];
    const { ids, bytes } = row.wordOf(index);
    const greedy = bytes.length <= MOST_WORD ? row.tokenizer.greedy(bytes) : null;
    const made = row.tokenizer.tree(id);
    const merges = mergesOf(made);
    title.replaceChildren(
      "Token ", tokenBox(row.tokenizer, id, index), ` id ${id} in ${row.name}: ${origin(merges.length)}`);
    tree.replaceChildren(drawTree(row.tokenizer, made), mergeList(row.tokenizer, merges));
    word.replaceChildren(
      ...cut(row.tokenizer, "By rank: byte pair encoding", ids, show),
      ...(greedy ? cut(row.tokenizer, "Longest match first", greedy, show) : []),
      h("p", { class: "b2t-playground-verdict" }, verdict(ids, greedy)));
    status.textContent = `${title.textContent}. ${verdict(ids, greedy)}`;
  }

  function drawNothing() {
    title.textContent = "Click a token, or go to it with the arrow keys and press Enter: here you will see the merges "
      + "that made it, and how its word is cut when the longest token is taken first.";
    tree.replaceChildren();
    word.replaceChildren();
    status.textContent = "";
  }

  return { root, draw };
}

const origin = (n) => (n === 0 ? "a byte, no merge" : n === 1 ? "made by one merge" : `made by ${n} merges`);

// One way to cut a word: a heading and the tokens.
function cut(tokenizer, heading, ids, show) {
  const rest = ids.length > LISTED ? ` … and ${number(ids.length - LISTED)} more` : "";
  const boxes = ids.slice(0, LISTED).map((id, i) => tokenBox(tokenizer, id, i, show));
  return [
    h("p", { class: "b2t-label" }, heading),
    h("p", { class: "b2t-playground-cut", "data-cut": heading }, boxes, rest),
  ];
}

// The merges inside a tree, each once, by rank.
function mergesOf(tree) {
  const found = new Map();
  const todo = [tree];
  while (todo.length) {
    const node = todo.pop();
    if (node.rank === null || found.has(node.rank)) continue;
    found.set(node.rank, node);
    todo.push(node.left, node.right);
  }
  return [...found.values()].sort((a, b) => a.rank - b.rank);
}

// The tree in words, for those who do not see it.
function mergeList(tokenizer, merges) {
  const spelt = (node) => label(tokenizer, node.id, "text")[0];
  return h("ol", { class: "b2t-hidden" }, merges.map((node) => h("li", {},
    `rank ${node.rank}: ${spelt(node.left)} + ${spelt(node.right)} gives ${spelt(node)}, id ${node.id}`)));
}

// The tree from left to right: bytes come in, the token comes out. Columns are as wide as what stands in them.
const LINE = 24; // px between two bytes
const GAP = 22; // px between two columns, for the lines
function drawTree(tokenizer, tree) {
  const nodes = arrange(tree);
  const widths = [];
  for (const node of nodes) {
    [node.label, node.fragment] = label(tokenizer, node.tree.id, "text");
    node.notes = node.tree.rank === null ? [`id ${node.tree.id}`] : [`id ${node.tree.id}`, `rank ${node.tree.rank}`];
    widths[node.column] = Math.max(widths[node.column] ?? 0, boxWidth(node));
  }
  const lefts = widths.map((_, i) => widths.slice(0, i).reduce((x, width) => x + width + GAP, 1));
  for (const node of nodes) {
    Object.assign(node, { x: lefts[node.column], w: widths[node.column], y: (node.line + 0.5) * LINE });
  }
  const height = Math.max(2, nodes.filter((node) => !node.children).length) * LINE;
  const width = lefts.at(-1) + widths.at(-1) + 1;
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return s("svg", { class: "b2t-playground-svg", ...size, "aria-hidden": "true" },
    nodes.flatMap((node) => (node.children ?? []).map((child) => connection(child, node))), nodes.map(box));
}

// Place the nodes: bytes in column 0, one a line; a merge one column behind the later of its halves, between them.
// Of a long token only the last merges are shown; what they join stands in column 0.
function arrange(tree) {
  const open = openNodes(tree);
  const nodes = [];
  let lines = 0;
  const visit = (node) => {
    const placed = { tree: node, column: 0, line: 0, children: null };
    if (open.has(node)) {
      placed.children = [visit(node.left), visit(node.right)];
      placed.column = 1 + Math.max(...placed.children.map((child) => child.column));
      placed.line = (placed.children[0].line + placed.children[1].line) / 2;
    } else placed.line = lines++;
    nodes.push(placed);
    return placed;
  };
  visit(tree);
  if (nodes.length === 1) nodes[0].line = 0.5;
  return nodes;
}

// The merges that are drawn: from the token downwards, until there are enough leaves.
function openNodes(tree) {
  const open = new Set();
  const todo = [tree];
  while (todo.length && open.size < MOST_LEAVES - 1) {
    const node = todo.shift();
    if (node.rank === null) continue;
    open.add(node);
    todo.push(node.left, node.right);
  }
  return open;
}

// Columns that a text takes in a fixed-width font: two for a wide character, none for a mark.
function columns(words) {
  let n = 0;
  for (const character of words) {
    if (/\p{M}|\u200D/u.test(character)) continue;
    n += /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60]|\p{Emoji_Presentation}/u
      .test(character) || character.codePointAt(0) > 0x1FFFF ? 2 : 1;
  }
  return n;
}

const leafNote = (node) => columns(node.notes[0]) * 6 + 10;

function boxWidth(node) {
  const spelt = columns(shorten(node.label)) * 7.8 + 14;
  return node.children ? Math.max(spelt, 8 + 6.2 * Math.max(...node.notes.map(columns))) : spelt + leafNote(node);
}

function connection(child, parent) {
  const [x, middle] = [child.x + child.w, parent.x - GAP / 2];
  return s("path", { d: `M${x} ${child.y}H${middle}V${parent.y}H${parent.x}` });
}

// A byte shows its sign and id in one line, a merge its spelling, id and rank below one another.
function box(node) {
  const leaf = !node.children;
  const height = leaf ? LINE - 4 : 2 * LINE - 4;
  return s("g", { class: leaf ? "b2t-playground-leaf" : "b2t-playground-merge" },
    s("rect", { x: node.x, y: node.y - height / 2, width: node.w, height, rx: 3 }),
    leaf ? leafWords(node) : mergeWords(node));
}

function leafWords(node) {
  return [
    spelling(node, { x: node.x + 7, y: node.y + 4.5 }),
    s("text", { x: node.x + node.w - 6, y: node.y + 4, "text-anchor": "end" }, node.notes[0]),
  ];
}

function mergeWords(node) {
  const middle = { x: node.x + node.w / 2, "text-anchor": "middle" };
  const notes = node.notes.map((note, i) => s("text", { ...middle, y: node.y + 6 + 12 * i }, note));
  return [spelling(node, { ...middle, y: node.y - 7 }), ...notes];
}

function spelling(node, place) {
  const fragment = node.fragment ? " b2t-playground-fragment" : "";
  return s("text", { class: `b2t-playground-spelling${fragment}`, ...place }, shorten(node.label));
}
