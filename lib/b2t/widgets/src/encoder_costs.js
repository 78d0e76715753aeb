// The view of sizes: a slider for each, and what the model takes: parameters, memory, multiply-adds.
import { boxText } from "./encoder_boxes.js";
import { beyond, divisors, memory, multiplyAdds, parameters } from "./encoder_sizes.js";
import { h, number, slider } from "./ui/dom.js";

const powers = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => 2 ** (first + i));
const STOPS = {
  d_model: [
    16, 32, 64, 96, 128, 192, 256, 320, 384, 448, 512, 576, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 3072, 4096,
  ],
  n_layers: [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 36, 48],
  d_ff: [...powers(5, 15), 192, 384, 768, 1536, 3072, 6144, 12288],
  vocab_size: [...powers(8, 18), 3072, 30522, 37000, 50257, 100000],
  seq_len: powers(3, 15),
};
const LABELS = {
  d_model: "d_model", n_heads: "heads", n_layers: "layers", d_ff: "d_ff", vocab_size: "vocabulary", seq_len: "length",
};

// onchange(size, value) is called when a slider moves. -> { root, draw }
export function costsPanel(onchange) {
  const sliders = Object.entries(LABELS).map(([name, label]) =>
    [name, stopSlider(label, (value) => onchange(name, value))]);
  const parts = table(["part", "parameters", "multiply-adds"]), room = h("dl", { class: "b2t-walk-memory" });
  const learned = h("p", { class: "b2t-note b2t-walk-learned" });
  const results = h("div", { class: "b2t-scroll b2t-walk-costs", tabindex: "0", role: "group", "aria-label": "Costs" },
    parts.root, room, learned);
  const root = h("div", { class: "b2t-walk-panel" },
    h("div", { class: "b2t-walk-sliders" }, sliders.map(([, each]) => each.root)), results);

  function draw({ sizes, preset, box }) {
    for (const [name, each] of sliders) {
      each.set(name === "n_heads" ? divisors(sizes.d_model) : STOPS[name], sizes[name]);
    }
    const counted = parameters(sizes, preset);
    parts.draw(partRows(counted, multiplyAdds(sizes), sum(beyond(preset))));
    room.replaceChildren(...memoryRows(memory(sizes, counted.total)));
    learned.textContent = boxText(box, sizes, preset);
  }
  return { root, draw };
}

const sum = (parts) => Object.values(parts).reduce((a, b) => a + b, 0);

// A slider that stops at some values only, and at the present one, which may lie between them.
function stopSlider(label, oninput) {
  let stops = [1];
  const made = slider(label, { min: 0, max: 0, value: 0, show: (index) => number(stops[index]) },
    (index) => oninput(stops[index]));
  const set = (values, value) => {
    stops = [...new Set([...values, value])].sort((a, b) => a - b);
    made.control.max = stops.length - 1;
    made.set(stops.indexOf(value));
  };
  return { root: made.root, set };
}

// Name, parameters, multiply-adds (null: none to speak of) of each part.
function partRows(counted, products, more) {
  return [
    ["embedding", counted.embedding, null],
    ["attention", counted.attention, products.projections],
    ["its maps", null, products.maps],
    ["feed-forward", counted["feed-forward"], products["feed-forward"]],
    ["norms", counted.norms, null],
    ["extras", more, null],
    ["total", counted.total, products.total],
  ];
}

function table(header) {
  const body = h("tbody", {});
  const root = h("table", { class: "b2t-walk-parts" },
    h("thead", {}, h("tr", {}, header.map((name) => h("th", { scope: "col" }, name)))), body);
  const draw = (rows) => body.replaceChildren(...rows.map(([name, n, products]) => h("tr", {},
    h("th", { scope: "row" }, name), countCell(n, number), countCell(products, (k) => inUnits(k, COUNTS)))));
  return { root, draw };
}

// A count: written out, or its first digits and a unit with the whole of it on hover.
function countCell(n, show) {
  return n === null ? h("td", {}, "–") : h("td", { "data-n": n, title: number(n) }, show(n));
}

function memoryRows({ float32, float16, adam, maps }) {
  const rows = [
    ["weights in float32", float32],
    ["weights in float16", float16],
    ["training with Adam", adam],
    ["attention maps of one text", maps],
  ];
  return rows.map(([name, bytes]) => h("div", {},
    h("dt", {}, name), h("dd", { "data-n": bytes, title: `${number(bytes)} bytes` }, inUnits(bytes, BYTES))));
}

// Numbers for people: 3 digits and a unit, each 1,000 times the one before.
const BYTES = ["bytes", "kB", "MB", "GB", "TB", "PB"];
export const COUNTS = ["", "k", "M", "G", "T", "P"];

export function inUnits(n, units) {
  const power = Math.min(Math.floor(Math.log10(Math.max(n, 1)) / 3), units.length - 1);
  return `${Number((n / 1000 ** power).toPrecision(3))} ${units[power]}`.trim();
}
