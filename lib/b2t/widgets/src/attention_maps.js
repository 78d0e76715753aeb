// All heads as small maps, and the chosen one in full. Rows are queries, columns are keys.
import { h } from "./ui/dom.js";
import { paint, shrink, strength } from "./ui/map.js";

const MOST_NUMBERS = 8; // tokens up to which a cell has room for its number
const MOST_CELLS = 20; // tokens up to which cells are elements, under labels; more are pixels
const SMALL = 48, FULL = 128; // pixels a side at most

// n x n weights into a canvas. All maps have one scale, 0 to 1, so that they can be compared.
function draw(canvas, values, n, size) {
  const [pixels, side] = shrink(values, n, size);
  paint(canvas, pixels.map((weight) => strength(weight, 1)), side, side);
}

const ARROWS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

// ---- the small maps --------------------------------------------------------------------------------------------

// onchoose(layer, head). set(weights, n): weights[layer][head] of n x n numbers, or null while there are none.
export function headGrid({ onchoose }) {
  const root = h("div",
    { class: "b2t-scroll b2t-heads-box", role: "group", tabindex: 0, "aria-label": "Maps of all heads" });
  let buttons = [];
  const build = (nLayers, nHeads) => {
    buttons = Array.from({ length: nLayers }, (_, layer) => Array.from({ length: nHeads }, (_, head) =>
      h("button", { type: "button", role: "radio", "aria-label": `Layer ${layer}, head ${head}`,
        onclick: () => onchoose(layer, head), onkeydown: (event) => move(event, layer, head) },
      h("canvas", { class: "b2t-heat", width: 1, height: 1 }))));
    const title = (text) => h("span", { class: "b2t-note" }, text);
    const titles = Array.from({ length: nHeads }, (_, head) => title(nHeads > 4 ? head : `head ${head}`));
    const rows = buttons.map((row, layer) => [title(`layer ${layer}`), row]);
    root.replaceChildren(h("div",
      { class: "b2t-heads", role: "radiogroup", "aria-label": "Layer and head", "--heads": nHeads },
      title(""), titles, rows));
  };
  const move = (event, layer, head) => {
    const [down, right] = ARROWS[event.key] ?? [0, 0];
    const ends = { Home: buttons[0][0], End: buttons.at(-1).at(-1) };
    const to = ends[event.key] ?? buttons[layer + down]?.[head + right];
    if (!(down || right || event.key in ends)) return;
    event.preventDefault();
    to?.focus();
    to?.click();
  };
  const set = (weights, n) => {
    const nLayers = weights.length, nHeads = weights[0].length;
    if (nLayers !== buttons.length || nHeads !== buttons[0].length) build(nLayers, nHeads);
    buttons.forEach((row, layer) => row.forEach((button, head) => {
      if (n) draw(button.firstChild, weights[layer][head], n, SMALL);
      else paint(button.firstChild, [0], 1, 1);
    }));
  };
  const choose = (layer, head) => buttons.forEach((row, l) => row.forEach((button, i) => {
    const chosen = l === layer && i === head;
    button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }));
  return { root, set, choose };
}

// What the shades mean. set({ causal, everyth }): whether there are masked cells; one token in how many has its name.
export function mapLegend() {
  const masked = h("span", {}, h("span", { class: "b2t-map-swatch b2t-masked" }), " masked; ",
    "this encoder was never trained with a mask: an illustration. ");
  const named = h("span");
  const root = h("p", { class: "b2t-note b2t-map-legend" },
    h("span", {}, "weight 0 ", h("span", { class: "b2t-map-ramp" }), " 1 in all maps. "), masked, named);
  const set = ({ causal, everyth }) => {
    masked.hidden = !causal;
    named.textContent = everyth > 1 ? `1 token in ${everyth} named.` : "";
  };
  return { root, set };
}

// ---- one map in full -------------------------------------------------------------------------------------------

// onlook({ query, key } or null): the pointer or the arrow keys are on a cell. onchoose(query).
export function fullMap({ onlook, onchoose }) {
  const columns = h("div", { class: "b2t-map-columns" }), rows = h("div", { class: "b2t-map-rows" });
  const field = h("div", { class: "b2t-map-field" });
  const root = h("div", { class: "b2t-map", role: "application", "aria-roledescription": "heat map", tabindex: 0 },
    h("div", { class: "b2t-map-frame", "aria-hidden": "true" },
      h("span", { class: "b2t-map-corner" }, "query ↓ key →"), columns, rows, field));
  let n = 0, cursor = null;
  const chosenRow = h("div", { class: "b2t-map-row" }), spot = h("div", { class: "b2t-map-spot", hidden: true });

  // causal: a key after its query is masked
  const set = (labels, values, name, causal) => {
    n = values ? labels.length : 0;
    root.setAttribute("aria-label", `${name}: the map in full. Arrow keys move to a query and a key.`);
    root.style.setProperty("--n", n || 1);
    root.style.setProperty("--every", everyth(n));
    for (const box of [columns, rows]) box.replaceChildren(...(n ? some(labels) : []));
    const veil = h("div", { class: "b2t-veil" });
    const picture = n > MOST_CELLS ? [h("canvas", { class: "b2t-heat" }), veil] : cells(values ?? [], n, causal);
    field.replaceChildren(...picture, chosenRow, spot);
    if (n > MOST_CELLS) draw(picture[0], values, n, FULL);
    cursor = null;
    spot.hidden = true;
  };
  const choose = (query) => {
    chosenRow.hidden = !n;
    chosenRow.style.setProperty("--row", query);
    if (cursor && cursor.query !== query) look(null);
  };
  const look = (cell) => {
    cursor = cell;
    spot.hidden = !cell;
    spot.style.setProperty("--row", cell?.query ?? 0);
    spot.style.setProperty("--column", cell?.key ?? 0);
    onlook(cell);
  };
  const under = (event) => {
    const box = field.getBoundingClientRect();
    const at = (length, size) => Math.min(n - 1, Math.max(0, Math.floor((length / size) * n)));
    return n ? { query: at(event.clientY - box.top, box.height), key: at(event.clientX - box.left, box.width) } : null;
  };
  field.addEventListener("pointermove", (event) => look(under(event)));
  field.addEventListener("pointerleave", () => look(null));
  field.addEventListener("click", (event) => {
    const cell = under(event);
    if (!cell) return;
    onchoose(cell.query);
    look(cell);
  });
  root.addEventListener("blur", () => look(null));
  root.addEventListener("keydown", (event) => {
    const [down, right] = ARROWS[event.key] ?? [0, 0];
    if (!n || !(down || right)) return;
    event.preventDefault();
    const within = (i) => Math.min(n - 1, Math.max(0, i));
    const query = Number(chosenRow.style.getPropertyValue("--row"));
    const to = cursor ? { query: within(cursor.query + down), key: within(cursor.key + right) } : { query, key: 0 };
    onchoose(to.query);
    look(to);
  });
  return { root, set, choose };
}

// Of a long text one token in so many has its name beside the map.
export const everyth = (n) => Math.max(1, Math.ceil(n / MOST_CELLS));

function some(labels) {
  const every = everyth(labels.length);
  return labels.flatMap((label, i) => (i % every ? [] : [h("span", { "--at": i + 1 }, label)]));
}

// A cell a number: small maps have room for it.
function cells(values, n, causal) {
  return Array.from(values, (value, i) => {
    const query = Math.floor(i / n), key = i % n, masked = causal && key > query;
    return h("div", {
      class: masked ? "b2t-map-cell b2t-masked" : "b2t-map-cell", "data-query": query, "data-key": key,
      "data-value": value, "--share": strength(value, 1),
    }, n > MOST_NUMBERS ? "" : masked ? "–" : value.toFixed(2));
  });
}
