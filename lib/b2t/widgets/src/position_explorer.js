// PositionExplorer: the table of sines and cosines as a picture, the clock hands of one position, its similarity to
// all others, and the article's formula, with which part of the table is NaN.
import {
  articleNaN, articleSpeeds, articleTable, countNaN, similarity, sinusoidal, speeds,
} from "./engine/positions.js";
import { picture, themeColours } from "./position_picture.js";
import { choice, h, number, s, slider } from "./ui/dom.js";
import { define, later, listen, tell } from "./ui/view.js";

const TRAITS = ["d_model", "base", "length", "position", "pair", "formula"];
const MOST = 512;
const ARTICLE_LENGTH = 5000; // rows of the article's own table
const CLOCK = 44; // pixels from one clock to the next
const HAND = 15;

export default define({
  name: "position-explorer",
  title: "Positions as clock hands",
  hint: "Choose a row; move the sliders; switch the formula.",
  mount({ model, body, root }) {
    const change = (values) => tell(model, inside({ ...read(model), ...values }, values));
    const parts = [controls(change), table(change), numbers(change), clocks(change)];
    body.append(parts[0].root, h("div", { class: "b2t-position-main" }, parts[1].root, parts[2].root), parts[3].root);
    const compute = remember();
    const redraw = () => {
      const state = compute(read(model));
      for (const part of parts) part.draw(state, root);
    };
    const draw = later(redraw);
    const stop = [listen(model, Object.fromEntries(TRAITS.map((trait) => [trait, draw]))), onLook(root, draw)];
    redraw();
    return () => { draw.cancel(); for (const end of stop) end(); };
  },
});

// ---- state ---------------------------------------------------------------------------------------------------

// What the model holds, with position and pair inside the table.
function read(model) {
  const state = Object.fromEntries(TRAITS.map((trait) => [trait, model.get(trait)]));
  return { ...state, ...inside(state) };
}

// What to tell of a change: the new values, and position and pair if they would fall out of the table.
function inside(state, values = {}) {
  return {
    ...values,
    position: Math.max(0, Math.min(state.position, state.length - 1)),
    pair: Math.max(0, Math.min(state.pair, Math.ceil(state.d_model / 2) - 1)),
  };
}

// Add to a state all that is computed from it. The table is made anew only when it differs from the last.
function remember() {
  let key, made;
  return (state) => {
    const next = [state.formula, state.d_model, state.length, state.formula === "paper" ? state.base : 0].join();
    if (next !== key) [key, made] = [next, makeTable(state)];
    return { ...state, ...made, similar: similarity(made.table, state.d_model, state.position) };
  };
}

function makeTable({ formula, d_model, length, base }) {
  const article = formula === "article";
  const values = article ? articleTable(length, d_model) : sinusoidal(length, d_model, base);
  const omega = article ? articleSpeeds(d_model) : speeds(d_model, base);
  return { article, table: values, omega, nan: countNaN(values) };
}

// One hand at the chosen position. The last of an odd d_model has no cosine in the table.
function hand({ table, omega, d_model, position, article }, i) {
  const angle = article ? Math.fround(position * omega[i]) : position * omega[i];
  const [sin, cos] = table.subarray(position * d_model + 2 * i, position * d_model + Math.min(2 * i + 2, d_model));
  return { angle, sin, cos };
}

// ---- controls: the formula and the table's sizes ---------------------------------------------------------------

const LOG_STEP = 0.05; // of the slider for the base, in powers of ten
const fromLog = (power) => Number((10 ** power).toPrecision(3));

function controls(change) {
  const formula = choice("Formula", { paper: "2017 paper", article: "the article's" }, "paper",
    (value) => change({ formula: value }));
  const speed = h("code", { class: "b2t-position-formula" });
  const width = slider("Features (d_model)", { min: 2, max: MOST, value: 2 }, (value) => change({ d_model: value }));
  const base = slider("Base", { min: 1, max: 5, step: LOG_STEP, value: 4, show: (power) => baseName(10 ** power) },
    (power) => change({ base: fromLog(power) }));
  const length = slider("Positions (length)", { min: 2, max: MOST, value: 2 }, (value) => change({ length: value }));
  const note = h("p", { class: "b2t-position-note", role: "status" });

  function draw(state) {
    formula.set(state.formula);
    speed.textContent = state.article ? "speed = exp(2*i)"
      : `speed = ${Number(state.base.toPrecision(6))} ** (-2*i/${state.d_model})`;
    width.set(state.d_model);
    base.set(Math.log10(state.base));
    length.set(state.length);
    unused(base, state.article);
    say(note, nanWords(state));
    note.dataset.share = state.nan / state.table.length;
    note.dataset.count = state.nan;
  }
  const root = h("div", { class: "b2t-position-controls" },
    h("div", { class: "b2t-row" }, formula.root,
      h("span", { class: "b2t-note b2t-position-speed" }, h("span", {}, "Hand i: "), speed)),
    h("div", { class: "b2t-position-sliders" }, width.root, base.root, length.root), note);
  return { root, draw };
}

const baseName = (base) => number(Number(base.toPrecision(6)));

// The article's formula leaves the base out: its slider rests.
function unused(base, article) {
  base.control.disabled = article;
  if (!article) return;
  base.root.querySelector("output").textContent = "not used";
  base.control.setAttribute("aria-valuetext", "not used by the article's formula");
}

const percent = (share) => `${share > 0 && share < 0.095 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;

// Only the article's formula makes NaN, and only its readers have met the word.
function nanWords({ article, nan, table, d_model }) {
  if (!article) return "";
  const here = nan ? `NaN in ${percent(nan / table.length)} of the table` : "No NaN in the table";
  if (d_model % 2) return `${here}. The article's own code fails at an odd d_model.`;
  const full = articleNaN(ARTICLE_LENGTH, d_model) / (ARTICLE_LENGTH * d_model);
  return `${here}; with the article's ${number(ARTICLE_LENGTH)} positions: ${percent(full)}.`;
}

// Change a text only if it differs, so that a screen reader does not read the same again.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// ---- the table as a picture ------------------------------------------------------------------------------------

function table(change) {
  const { canvas, draw: paint } = picture();
  const row = h("div", { class: "b2t-position-mark" });
  const pair = h("div", { class: "b2t-position-mark" });
  const frame = h("div", { class: "b2t-position-frame", role: "application", tabindex: "0",
    "aria-label": "Table: up and down choose the position, left and right the pair of features" }, canvas, row, pair);
  const [first, last, right] = ["b2t-position-first", "b2t-position-last", "b2t-position-right"]
    .map((name) => h("span", { class: name }));
  let state;

  frame.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-10, 0], PageDown: [10, 0],
      Home: [-MOST, 0], End: [MOST, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    change({ position: state.position + step[0], pair: state.pair + step[1] });
  });
  dragged(frame, false, (x, y) => change({
    position: Math.floor(y * state.length), pair: Math.floor(x * state.d_model / 2) }));

  function draw(next, root) {
    state = next;
    paint(state.table, state.length, themeColours(root));
    canvas.setAttribute("aria-label", summary(state));
    place(row, 0, state.position / state.length, 1, 1 / state.length);
    place(pair, 2 * state.pair / state.d_model, 0, Math.min(2, state.d_model - 2 * state.pair) / state.d_model, 1);
    first.textContent = "0";
    last.textContent = state.length - 1;
    right.textContent = state.d_model - 1;
    legend.lastChild.hidden = !state.article;
  }
  const legend = h("div", { class: "b2t-position-legend" }, h("span", {}, "−1"), h("span", { class: "b2t-position-ramp" }),
    h("span", {}, "+1"), h("span", {}, h("span", { class: "b2t-position-hatched" }), "NaN"));
  const root = h("div", { class: "b2t-position-table" },
    h("div", { class: "b2t-row b2t-position-caption" }, h("strong", {}, "The table"), legend),
    h("div", { class: "b2t-position-plan" },
      h("span", { class: "b2t-position-y" }, first, h("span", {}, "position"), last), frame,
      h("span", { class: "b2t-position-x" }, h("span", {}, "0"), h("span", {}, "feature"), right)));
  return { root, draw };
}

function summary({ length, d_model, position, pair, nan, table }) {
  const holes = nan ? ` Hatched where it is NaN, ${percent(nan / table.length)} of it.` : "";
  return `Table of ${length} positions, down, by ${d_model} features, across; red is minus one, blue plus one. `
    + `Marked: position ${position}, pair ${pair}.${holes}`;
}

// Put a mark at parts of the whole, 0 to 1.
function place(mark, left, top, width, height) {
  const percents = { left, top, width, height };
  for (const [name, part] of Object.entries(percents)) mark.style[name] = `${100 * part}%`;
}

// Call `onmove` with where the pointer is, 0 to 1 each way (below 1): while pressed, or on `hover` whenever it moves.
function dragged(element, hover, onmove) {
  const at = (event) => {
    const box = element.getBoundingClientRect();
    const part = (value, size) => Math.max(0, Math.min(value / size, 1 - 1e-9));
    onmove(part(event.clientX - box.left, box.width), part(event.clientY - box.top, box.height));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "mouse") element.setPointerCapture(event.pointerId);
    at(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.buttons & 1 || (hover && event.pointerType === "mouse")) at(event);
  });
}

// ---- numbers of the chosen position and pair, and its similarity to the others ----------------------------------

function numbers(change) {
  const position = slider("Position", { min: 0, max: 1, value: 0 }, (value) => change({ position: value }));
  const pair = slider("Pair of features", { min: 0, max: 1, value: 0 }, (value) => change({ pair: value }));
  const readout = tip();
  const curve = plot();
  function draw(state) {
    limit(position, state.length - 1, state.position);
    limit(pair, Math.ceil(state.d_model / 2) - 1, state.pair);
    readout.draw(state);
    curve.draw(state);
  }
  return { root: h("div", { class: "b2t-position-numbers" }, position.root, pair.root, readout.root, curve.root), draw };
}

function limit({ control, set }, max, value) {
  control.max = max;
  set(value);
}

// The focused hand in numbers.
function tip() {
  const results = Object.fromEntries(["turn", "angle", "sin", "cos"].map((name) =>
    [name, h("data", { "data-result": name, value: "" })]));
  const put = (name, value, text) => { results[name].value = String(value ?? ""); say(results[name], text); };
  function draw(state) {
    const { angle, sin, cos } = hand(state, state.pair);
    const omega = state.omega[state.pair];
    const turn = 2 * Math.PI / omega;
    put("turn", turn, omega === Infinity ? "too fast for float32" : `${short(turn)} positions`);
    put("angle", angle, `${state.position} × ${short(omega)} = ${short(angle)}`);
    const noise = state.article && angle > NOISE && angle < Infinity ? " (noise)" : "";
    put("sin", sin, signed(sin) + noise);
    put("cos", cos, cos === undefined ? "none: d_model is odd" : signed(cos) + noise);
  }
  const item = (label, name) => [h("span", { class: "b2t-note" }, label), h("span", {}, results[name])];
  const root = h("div", { class: "b2t-position-tip" },
    item("One turn takes", "turn"), item("Angle, radians", "angle"), item("Sine", "sin"), item("Cosine", "cos"));
  return { root, draw };
}

const NOISE = 2 ** 26; // from here on two neighbouring float32 numbers lie more than a turn apart

// A number in a few digits. 0.1 stays 0.1; what is too long becomes 1.3e+35.
function short(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return "∞";
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(1);
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

// A sine or the like with its sign, four digits; no minus before zero.
function signed(value) {
  return Number.isNaN(value) ? "NaN" : value.toFixed(4).replace(/^-(?=0\.0+$)/, "").replace("-", "−");
}

// Similarity against position, as a line. It is a slider: what it points at is compared with the chosen position.
function plot() {
  const line = s("path", { class: "b2t-position-line" });
  const drawing = s("svg", { viewBox: "0 -1.05 1 2.1", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "b2t-position-rule", d: "M0 -1H1M0 0H1M0 1H1" }), line);
  const [holes, chosen, other] = ["holes", "chosen", "other"].map((name) => h("div", { class: `b2t-position-${name}` }));
  const frame = h("div", { class: "b2t-position-plot", role: "slider", tabindex: "0", "aria-label": "Compare with position",
    "aria-valuemin": "0" }, holes, drawing, chosen, other);
  const result = h("data", { "data-result": "similarity", value: "" });
  const words = h("span");
  let state, distance = 1;

  const compare = (position) => {
    distance = Math.max(0, Math.min(position, state.length - 1)) - state.position;
    point();
  };
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10,
      Home: -MOST, End: MOST }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    compare(compared() + step);
  });
  dragged(frame, true, (x) => compare(Math.floor(x * state.length)));

  // The position compared: at the distance asked for, or at the same distance on the other side, or at the edge.
  const compared = () => {
    const inside = (position) => position >= 0 && position < state.length;
    const both = [state.position + distance, state.position - distance];
    return both.find(inside) ?? (distance > 0 ? state.length - 1 : 0);
  };
  const x = (position) => (position + 0.5) / state.length;

  function point() {
    const position = compared(), value = state.similar[position];
    words.textContent = `To position ${position}, distance ${Math.abs(position - state.position)}: `;
    Object.assign(result, { value: String(value), textContent: signed(value) });
    result.dataset.position = position;
    Object.assign(other.style, { left: `${100 * x(position)}%`, top: `${100 * (1.05 - (value || 0)) / 2.1}%` });
    other.hidden = Number.isNaN(value);
    frame.setAttribute("aria-valuemax", state.length - 1);
    frame.setAttribute("aria-valuenow", position);
    frame.setAttribute("aria-valuetext", `${position}: similarity ${signed(value)}`);
  }
  function draw(next) {
    state = next;
    line.setAttribute("d", outline(state.similar, x));
    chosen.style.left = `${100 * x(state.position)}%`;
    holes.replaceChildren(...runsOfNaN(state.similar).map(([from, to]) => h("div", {
      class: "b2t-position-hatched", "--from": from / state.length, "--size": (to - from) / state.length })));
    point();
  }
  const root = h("div", { class: "b2t-position-similar" },
    h("div", { class: "b2t-position-caption" }, h("strong", {}, "Similarity"), " to the chosen position ",
      h("span", { class: "b2t-note" }, "move the dot")),
    h("div", { class: "b2t-position-plan" },
      h("span", { class: "b2t-position-y" }, h("span", {}, "1"), h("span", {}, "0"), h("span", {}, "−1")), frame),
    h("p", {}, words, result));
  return { root, draw };
}

// The path of a curve; NaN leaves a gap.
function outline(values, x) {
  let path = "", pen = "M";
  values.forEach((value, i) => {
    if (Number.isNaN(value)) pen = "M";
    else { path += `${pen}${x(i).toFixed(4)} ${(-value).toFixed(4)}`; pen = "L"; }
  });
  return path;
}

// Stretches of NaN: [from, to) each.
function runsOfNaN(values) {
  const runs = [];
  values.forEach((value, i) => {
    if (!Number.isNaN(value)) return;
    if (runs.at(-1)?.[1] === i) runs.at(-1)[1]++;
    else runs.push([i, i + 1]);
  });
  return runs;
}

// ---- the clocks --------------------------------------------------------------------------------------------------

function clocks(change) {
  const drawing = s("svg", { class: "b2t-position-clocks", height: 64, role: "img" });
  const box = h("div", { class: "b2t-scroll", tabindex: "0", role: "group", "aria-label": "Clocks" }, drawing);
  const title = h("strong");
  const more = h("span", { class: "b2t-position-more" }); // says that there are hands out of sight
  const faces = [];
  let shown;

  drawing.addEventListener("click", (event) => {
    const clock = event.target.closest("[data-pair]");
    if (clock) change({ pair: Number(clock.dataset.pair) });
  });
  function draw(state) {
    const count = state.omega.length;
    while (faces.length < count) drawing.append(face(faces));
    while (faces.length > count) faces.pop().root.remove();
    drawing.setAttribute("width", count * CLOCK);
    drawing.setAttribute("aria-label",
      `${count} clocks, one for each pair of features, their hands where they stand at position ${state.position}`);
    faces.forEach((clock, i) => clock.draw(hand(state, i), i === state.pair));
    say(title, `Clock hands of position ${state.position}`);
    say(more, `${count} hands, scroll →`);
    more.classList.toggle("b2t-position-none", box.scrollWidth <= box.clientWidth);
    if (shown !== state.pair) show(state.pair);
  }
  // Bring the focused clock into the box, not the box into the window.
  function show(pair) {
    shown = pair;
    const left = pair * CLOCK;
    if (left < box.scrollLeft || left + CLOCK > box.scrollLeft + box.clientWidth) {
      box.scrollLeft = left - (box.clientWidth - CLOCK) / 2;
    }
  }
  const root = h("div", { class: "b2t-position-strip" },
    h("p", {}, h("span", {}, title, " ",
      h("span", { class: "b2t-note" }, "one for each pair, sine to the right, cosine up; click one")), " ", more), box);
  return { root, draw };
}

// One clock: a rim, a hand with a tip, its number. Without a number for the hand, the face is hatched.
function face(faces) {
  const i = faces.length;
  const rim = s("circle", { r: HAND + 2 });
  const pointer = s("line", {});
  const knob = s("circle", { class: "b2t-position-knob", r: 2.5 });
  const root = s("g", { class: "b2t-position-clock", "data-pair": i, transform: `translate(${(i + 0.5) * CLOCK} 23)` },
    s("rect", { x: -CLOCK / 2, y: -22, width: CLOCK, height: 62, rx: 4 }), rim, pointer, knob,
    s("path", { class: "b2t-position-cross", d: "M-9 9L9 -9M-14 2L2 -14M-2 14L14 -2" }),
    s("text", { y: 33 }, i));
  function draw({ angle, sin, cos }, chosen) {
    const broken = Number.isNaN(sin);
    const x = broken ? 0 : HAND * sin;
    const y = broken ? 0 : -HAND * (cos ?? Math.cos(angle));
    for (const [name, value] of [["x2", x], ["y2", y]]) pointer.setAttribute(name, value.toFixed(2));
    knob.setAttribute("cx", x.toFixed(2));
    knob.setAttribute("cy", y.toFixed(2));
    root.classList.toggle("b2t-position-broken", broken);
    root.classList.toggle("b2t-position-half", cos === undefined);
    root.classList.toggle("b2t-position-focused", chosen);
  }
  faces.push({ root, draw });
  return root;
}

// ---- what else asks for a redraw -----------------------------------------------------------------------------------

// Another size, or another theme: the canvas has its colours and pixels from these.
function onLook(root, draw) {
  const sizes = new ResizeObserver(draw);
  sizes.observe(root);
  const themes = new MutationObserver(draw);
  const attributeFilter = ["class", "theme", "data-theme", "data-jp-theme-light"];
  for (const element of [document.documentElement, document.body]) themes.observe(element, { attributes: true, attributeFilter });
  return () => { sizes.disconnect(); themes.disconnect(); };
}
