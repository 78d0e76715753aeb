// The open box: what it computes, what it has learned, and the numbers in it for the reader's text.
import { visible } from "./engine/index.js";
import { BOXES, formulaText, weightsText } from "./encoder_boxes.js";
import { h } from "./ui/dom.js";

const WIDE = 370; // pixels that eight columns of numbers take
const PER_HEAD = new Set(["QKV", "scores", "weights", "out"]);

// -> { root, draw, wait }; wait(true) says that other numbers are on their way
export function numbersPanel() {
  const title = h("strong", {}), what = h("span", { class: "b2t-hint" });
  const formula = h("code", { class: "b2t-walk-formula" }), learned = h("p", { class: "b2t-note" });
  const caption = h("p", { class: "b2t-walk-caption" }), signs = signLegend();
  const table = h("div",
    { class: "b2t-scroll b2t-walk-numbers", tabindex: "0", role: "group", "aria-label": "Numbers" });
  const root = h("div", { class: "b2t-walk-panel" },
    h("p", {}, title, " ", what), formula, learned, h("div", { class: "b2t-walk-line" }, caption, signs), table);

  // state: machine (the loaded model), result (of forward, with its trace), ids, sizes, box, layer, head, token, note
  function draw(state) {
    const { box, sizes, result, note } = state;
    title.textContent = BOXES[box].label;
    what.textContent = BOXES[box].what;
    formula.textContent = formulaText(box, sizes.norm_first);
    learned.textContent = weightsText(box, sizes);
    caption.textContent = result ? place(state) : "";
    signs.hidden = !result || box === "ids";
    table.replaceChildren(...(result ? tables(state, root.clientWidth < WIDE ? 4 : 8) : [h("p", {}, note)]));
  }
  const wait = (busy) => table.setAttribute("aria-busy", String(busy));
  return { root, draw, wait };
}

const signLegend = () => h("p", { class: "b2t-walk-signs" },
  h("span", { class: "b2t-walk-above", "--share": "1" }, "above 0"),
  h("span", { class: "b2t-walk-below", "--share": "1" }, "below"));

// Which part of the tensor is shown.
function place({ machine, ids, box, layer, head, token }) {
  const inLayer = ["attention", "feed-forward"].includes(BOXES[box].part);
  const ofOne = !["ids", "mean", "logits", "probabilities"].includes(box);
  const parts = [
    inLayer && `layer ${layer}`,
    PER_HEAD.has(box) && `head ${head}`,
    ofOne && `token ${token}: ${spell(machine, ids[token])}`,
  ].filter(Boolean);
  return parts.join(", ") || { ids: "all tokens", mean: "the whole text" }[box] || "all languages";
}

const spell = (machine, id) => visible(machine.tokenizer.bytesOf(id));

// The tables of the open box.
function tables(state, columns) {
  const { machine, result, ids, box, token } = state;
  if (box === "ids") return [idTable(machine, ids, token)];
  if (box === "scores" || box === "weights") {
    const [row] = rowsOf(state);
    const digits = box === "weights" ? 3 : 2;
    return [rowTable(["key", "token", box], ids.map((id, i) => [i, spell(machine, id), row[i]]), digits)];
  }
  if (box === "logits" || box === "probabilities") {
    const rows = machine.labels.map((label, i) => [i, label.name, result.trace[box].data[i]]);
    rows.sort((a, b) => b[2] - a[2]);
    return [rowTable(["class", "language", box], rows, box === "logits" ? 2 : 4)];
  }
  const rows = rowsOf(state);
  const most = Math.max(...rows.map(largest));
  return rows.map((row, i) => featureTable(row, box === "QKV" ? "QKV"[i] : "feature", most, columns));
}

// Of what leaves a box, that which belongs to the chosen head and token, or to the text: one row, of Q, K, V three.
export function rowsOf({ result, box, layer, head, token }) {
  const ofText = ["mean", "logits", "probabilities"].includes(box);
  const places = ofText ? [] : PER_HEAD.has(box) ? [head, token] : [token];
  return tensorsOf(box, result.trace, layer).map((tensor) => at(tensor, ...places));
}

// What leaves a box: one tensor, of Q, K, V three. (probabilities are no part of the trace.)
function tensorsOf(box, trace, number) {
  const layer = trace.layers[number];
  const found = {
    embedding: trace.embedding, positions: trace.x0,
    norm_1: layer.norm_1, QKV: [layer.Q, layer.K, layer.V], scores: layer.scores, weights: layer.weights,
    out: layer.heads, W_O: layer.gathered, add_1: layer.sum_1,
    norm_2: layer.norm_2, W_1: layer.hidden, W_2: layer.fed, add_2: layer.sum_2,
    norm: trace.norm, mean: trace.pooled, logits: trace.logits, probabilities: trace.probabilities,
  }[box];
  return [found].flat();
}

// A row of a tensor: at({ shape: [4, 14, 32] }, 2, 5) is what stands at head 2, position 5.
function at({ shape, data }, ...places) {
  const width = shape.at(-1);
  const row = places.reduce((index, place, axis) => index * shape[axis] + place, 0);
  return data.subarray(row * width, (row + 1) * width);
}

const largest = (row) => row.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);

// A vector, a few numbers a line.
function featureTable(row, name, most, nColumns) {
  const starts = Array.from({ length: Math.ceil(row.length / nColumns) }, (_, i) => i * nColumns);
  const columns = Array.from({ length: nColumns }, (_, i) => i);
  return h("table", { class: "b2t-walk-features" },
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, name), columns.map((i) => h("th", { scope: "col" }, `+${i}`)))),
    h("tbody", {}, starts.map((start) => h("tr", {}, h("th", { scope: "row" }, start),
      Array.from(row.subarray(start, start + nColumns), (value) => cell(value, most, 2))))));
}

// A line a key, or a line a language.
function rowTable(header, rows, digits) {
  const most = largest(rows.map((row) => row[2]));
  return h("table", { class: "b2t-walk-rows" },
    h("thead", {}, h("tr", {}, header.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map(([place, name, value]) => h("tr", { "data-row": place },
      h("th", { scope: "row" }, place),
      h("td", {}, header[1] === "token" ? h("code", {}, name) : name), cell(value, most, digits)))));
}

function idTable(machine, ids, token) {
  return h("table", { class: "b2t-walk-rows" },
    h("thead", {}, h("tr", {}, ["position", "token", "id"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ids.map((id, i) => h("tr", { "data-row": i, class: i === token ? "b2t-walk-here" : null },
      h("th", { scope: "row" }, i), h("td", {}, h("code", {}, spell(machine, id))), h("td", {}, id)))));
}

// A number on a ground that shows its size; the colour shows the sign, as the sign does.
function cell(value, most, digits) {
  const text = value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  return h("td", { class: value < 0 ? "b2t-walk-below" : "b2t-walk-above",
    "--share": (Math.abs(value) / most).toFixed(3) }, text);
}
