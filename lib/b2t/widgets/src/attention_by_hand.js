// Attention on small matrices that can be edited, one stage at a time. All computing is the engine's `attention`.
import { attention } from "./engine/encoder.js";
import { choice, h } from "./ui/dom.js";
import { listen, tell } from "./ui/view.js";

const MATRICES = { Q: "queries", K: "keys", V: "values" };
const TRAITS = ["Q", "K", "V", "labels", "mask", "stage", "query"];
const MOST = 1000; // as in Python
const LIMITS = `Numbers run from −${MOST} to ${MOST}.`;
const STAGES = {
  scores: {
    title: "Scores", shows: "scores", about: "Multiply each query with each key, feature by feature, and add up: Q Kᵀ.",
  },
  scaled: {
    title: "Scale", shows: "scaled scores", about: "Divide all scores by the root of the number of features, √d_head.",
  },
  mask: { title: "Mask", shows: "scores after the mask", about: "Where a query may not look, the score becomes −∞." },
  softmax: {
    title: "Softmax", shows: "weights",
    about: "Exponentiate, and divide by the sum of the row: weights that add up to 1.",
  },
  sum: { title: "Weighted sum", shows: "output", about: "Add up the values, each times its weight: the output." },
};
const ORDER = Object.keys(STAGES);

export function mountByHand({ model, body }) {
  let start = null; // Q, K and V as they came, for the button that brings them back
  const limits = h("p", { class: "b2t-note b2t-limits", role: "status" });
  const fields = matrixFields(model, limits);
  const mask = choice("Mask", { none: "none", causal: "causal" }, model.get("mask"),
    (value) => tell(model, { mask: value }));
  const reset = h("button", { type: "button", onclick: () => tell(model, start) }, "Reset numbers");
  const steps = stageButtons(model);
  const table = stageTable((query) => tell(model, { query }));
  const words = h("div",
    { class: "b2t-scroll b2t-words", role: "group", tabindex: 0, "aria-label": "Arithmetic of the row" });
  const said = h("p", { class: "b2t-hidden", role: "status" });
  body.append(fields.root, h("div", { class: "b2t-row" }, mask.root, reset, limits), steps.root,
    h("div", { class: "b2t-stage" }, table.root, words), said);

  const draw = () => {
    const state = stateOf(model);
    if (!fits(state)) return;
    const stages = compute(state);
    if (fields.set(state)) start = { Q: state.Q, K: state.K, V: state.V };
    mask.set(state.mask);
    steps.set(state.stage);
    table.set(state, stages);
    words.replaceChildren(...arithmetic(state, stages));
    body.style.setProperty("--rows", state.labels.length);
  };
  const say = () => {
    const state = stateOf(model), { labels, query, stage } = state;
    if (!fits(state)) return;
    const { out } = compute(state);
    said.textContent = `${STAGES[stage].title}. Output of ${labels[query]}: ${out[query].map(fixed).join(", ")}`;
  };
  const all = () => { draw(); say(); };
  draw();
  return listen(model, Object.fromEntries(TRAITS.map((name) => [name, all])));
}

// What is to be shown.
function stateOf(model) {
  const { Q, labels, query, ...rest } = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  return { Q, labels: Q.map((_, i) => labels[i] ?? String(i)), query: Math.min(query, Q.length - 1), ...rest };
}

// While Python sets one matrix after the other, they may not belong together for a moment.
function fits({ Q, K, V }) {
  return Q.length === K.length && Q.length === V.length && Q[0].length === K[0].length;
}

// The stages of the engine under the names that they have here.
function compute({ Q, K, V, mask }) {
  const may = mask === "causal" ? Q.map((_, i) => K.map((_, j) => j <= i)) : null;
  const { scores, scaled, masked, weights, out } = attention(Q, K, V, { mask: may });
  return { scores, scaled, mask: masked ?? scaled, softmax: weights, sum: out, out };
}

// ---- the numbers to edit ---------------------------------------------------------------------------------------

// Q, K and V as tables of number fields, and `set`, which tells whether they had to be built anew.
// A field that holds no number within bounds is marked and changes nothing; `limits` says why, as long as it does.
function matrixFields(model, limits) {
  const root = h("div", { class: "b2t-matrices" });
  let inputs = {}, shape = "";
  const tellWhy = (why) => {
    limits.classList.toggle("b2t-wrong", Boolean(why));
    if (limits.textContent !== (why || LIMITS)) limits.textContent = why || LIMITS;
  };
  const build = ({ labels, ...state }) => {
    root.replaceChildren(...Object.entries(MATRICES).map(([name, meaning]) => {
      inputs[name] = state[name].map((row, i) => row.map((_, c) => numberField(model, name, i, c, labels[i], tellWhy)));
      return h("table", { class: "b2t-matrix-field" },
        h("caption", {}, h("strong", {}, name), ` ${meaning}`),
        h("tbody", {}, inputs[name].map((row, i) =>
          h("tr", {}, h("th", { scope: "row" }, labels[i]), row.map((input) => h("td", {}, input))))));
    }));
  };
  const set = (state) => {
    const sizes = Object.keys(MATRICES).map((name) => state[name].map((row) => row.length));
    const now = JSON.stringify([state.labels, sizes]);
    const anew = now !== shape;
    if (anew) build(state);
    shape = now;
    for (const name of Object.keys(MATRICES)) {
      inputs[name].forEach((row, i) => row.forEach((input, c) => show(input, state[name][i][c])));
    }
    if (!root.querySelector("[aria-invalid]")) tellWhy("");
    return anew;
  };
  return { root, set };
}

function numberField(model, name, i, c, label, tellWhy) {
  const input = h("input",
    { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": `${name}, ${label}, feature ${c}` });
  const change = () => {
    const value = parse(input.value);
    if (value === null) {
      input.setAttribute("aria-invalid", "true");
      tellWhy(whyNot(input.value));
      return;
    }
    input.removeAttribute("aria-invalid");
    tellWhy("");
    const matrix = model.get(name).map((row) => [...row]);
    matrix[i][c] = value;
    tell(model, { [name]: matrix, ...(name === "Q" && { query: i }) }); // who changes a query wants to see its row
  };
  input.addEventListener("input", change);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", () => { show(input, model.get(name)[i]?.[c] ?? 0, true); tellWhy(""); });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const value = +((parse(input.value) ?? 0) + step).toFixed(6);
    if (Math.abs(value) > MOST) return;
    input.value = sign(String(value));
    change();
  });
  return input;
}

// A number as a reader writes it, with − or - and with a point or a comma; or null.
function parse(text) {
  const value = decimal(text);
  return value !== null && Math.abs(value) <= MOST ? value : null;
}

function decimal(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return /^-?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : null;
}

// What is wrong with a text that `parse` does not take, and what would do.
function whyNot(text) {
  const wrong = text.trim(), shown = wrong.length > 8 ? `${wrong.slice(0, 7)}…` : wrong;
  if (!wrong) return `Nothing here: write a number from −${MOST} to ${MOST}.`;
  if (decimal(wrong) !== null) return `${shown} is out of bounds: write a number from −${MOST} to ${MOST}.`;
  return `“${shown}” is no decimal number: write 2 or −0.33, from −${MOST} to ${MOST}.`;
}

// Put a number into its field, but not while the reader writes there the same number in another way ("1.").
function show(input, value, always = false) {
  if (!always && input === input.getRootNode().activeElement && (parse(input.value) ?? value) === value) return;
  input.value = sign(String(value));
  input.removeAttribute("aria-invalid");
}

// ---- the stages ------------------------------------------------------------------------------------------------

function stageButtons(model) {
  const go = (stage) => tell(model, { stage });
  const by = (step) => () => {
    const to = ORDER[ORDER.indexOf(model.get("stage")) + step];
    if (to) go(to);
  };
  const back = h("button", { type: "button", onclick: by(-1) }, "Back");
  const next = h("button", { type: "button", onclick: by(1) }, "Next");
  const buttons = ORDER.map((stage, i) =>
    h("button", { type: "button", class: "b2t-step", onclick: () => go(stage) }, `${i + 1} ${STAGES[stage].title}`));
  const about = h("p", { class: "b2t-note b2t-about" });
  const set = (stage) => {
    const at = ORDER.indexOf(stage);
    buttons.forEach((button, i) => {
      if (i === at) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    back.setAttribute("aria-disabled", String(at === 0));
    next.setAttribute("aria-disabled", String(at === ORDER.length - 1));
    about.textContent = STAGES[stage].about;
  };
  const root = h("div", { class: "b2t-steps" },
    h("div", { class: "b2t-choice", role: "group", "aria-label": "Stages" }, back, buttons, next), about);
  return { root, set };
}

// The matrix of a stage. Its rows stay while its cells are drawn anew, so that the focus stays on a row's button.
function stageTable(choose) {
  const caption = h("caption", {}), head = h("tr", {}), rows = h("tbody", {});
  const root = h("div", { class: "b2t-scroll", role: "group", tabindex: 0, "aria-label": "Matrix of the stage" },
    h("table", { class: "b2t-stage-table" }, caption, h("thead", {}, head), rows));
  const set = ({ labels, query, stage, V }, stages) => {
    const matrix = stages[stage];
    const columns = stage === "sum" ? V[0].map((_, c) => `feature ${c}`) : labels;
    caption.textContent = `${STAGES[stage].shows} · choose a row`;
    head.replaceChildren(...["query", ...columns, stage === "softmax" && "sum"].filter((title) => title !== false)
      .map((title) => h("th", { scope: "col" }, title)));
    while (rows.children.length > labels.length) rows.lastChild.remove();
    while (rows.children.length < labels.length) rows.append(emptyRow(rows.children.length, choose));
    labels.forEach((label, i) => fillRow(rows.children[i], label, i === query, matrix[i], stage, scaleOf(matrix)));
  };
  return { root, set };
}

function emptyRow(i, choose) {
  const button = h("button", { type: "button", onclick: () => choose(i) });
  const row = h("tr", {}, h("th", { scope: "row" }, button));
  row.addEventListener("click", (event) => { if (event.target.closest("td")) choose(i); });
  button.addEventListener("keydown", (event) => {
    const to = { ArrowDown: row.nextSibling, ArrowUp: row.previousSibling }[event.key];
    if (!to) return;
    event.preventDefault();
    to.querySelector("button").focus();
    to.querySelector("button").click();
  });
  return row;
}

function fillRow(row, label, chosen, values, stage, scale) {
  const button = row.querySelector("button");
  button.textContent = label;
  button.setAttribute("aria-pressed", String(chosen));
  row.classList.toggle("b2t-chosen", chosen);
  while (row.children.length > 1) row.lastChild.remove();
  const written = stage === "softmax" || stage === "sum" ? fixed : number;
  row.append(...values.map((value) => h("td", {
    "data-value": value, class: value < 0 ? "b2t-negative" : "b2t-positive",
    "--share": Number.isFinite(value) ? Math.abs(value) / scale : 0,
  }, written(value))));
  if (stage === "softmax") row.append(h("td", { class: "b2t-total" }, fixed(add(values))));
}

// The largest number of a matrix, whatever its sign.
function scaleOf(matrix) {
  return Math.max(...matrix.flat().map(Math.abs).filter(Number.isFinite)) || 1;
}

// ---- the arithmetic in words -----------------------------------------------------------------------------------

// One line for each number of the chosen row. A reader with a pencil has only what is printed, so "=" stands where
// the printed numbers give the printed result, and "≈" everywhere else.
function arithmetic(state, stages) {
  const { labels, query, stage } = state;
  const lines = LINES[stage](state, stages);
  return [
    h("p", {}, "Row of ", h("strong", {}, labels[query])),
    h("dl", { class: lines[0].length > 2 && "b2t-columns" }, lines.map(([label, ...texts]) =>
      h("div", {}, h("dt", {}, label), texts.map((text) => h("dd", {}, text))))),
  ];
}

const LINES = {
  scores: ({ Q, K, labels, query }, { scores }) => K.map((key, j) =>
    [labels[j], scalar(Q[query].map((q, c) => [short(q), short(key[c])]), short(scores[query][j]))]),
  scaled: ({ Q, labels, query }, { scores, scaled }) => scaled[query].map((value, j) => {
    const d = Q[0].length, root = short(Math.sqrt(d)), score = short(scores[query][j]);
    const exact = read(score) / Math.sqrt(d), rounded = read(score) / read(root);
    return [labels[j], `${score} / √${d} ${same(exact, rounded)} ${score} / ${root} ${is(rounded, short(value))}`];
  }),
  mask: ({ labels, query, mask }, { scaled, mask: masked }) => masked[query].map((value, j) => {
    const old = short(scaled[query][j]);
    if (mask === "none") return [labels[j], `no mask: ${old} stays`];
    if (value > -Infinity) return [labels[j], `may be seen: ${old} stays`];
    return [labels[j], `comes after ${labels[query]}: ${old} becomes −∞`];
  }),
  // Two columns, each with its sum below: the exponentials, and these divided by their sum.
  softmax: ({ labels, query }, { mask: scores, softmax: weights }) => {
    const row = scores[query], peak = Math.max(...row), shift = Math.abs(peak) > 10 ? peak : 0;
    const values = row.map((score) => Math.exp(score - shift));
    const exps = values.map(long), total = long(add(values)), shares = weights[query].map(long);
    const less = shift ? ` − ${bracket(short(shift))}` : "";
    return [
      ...row.map((score, j) => [
        labels[j],
        `exp(${short(score)}${score > -Infinity ? less : ""}) `
          + is(Math.exp(read(short(score)) - read(short(shift))), exps[j]),
        `/ ${total} ${is(read(exps[j]) / read(total), shares[j])}`,
      ]),
      ["sum", is(add(exps.map(read)), total), is(add(shares.map(read)), long(add(weights[query])))],
    ];
  },
  sum: ({ V, query }, { softmax: weights, sum: out }) => V[0].map((_, c) =>
    [`feature ${c}`, scalar(V.map((value, j) => [long(weights[query][j]), short(value[c])]), fixed(out[query][c]))]),
};

// "4·1 + (−2)·0 = 4": pairs of printed numbers, multiplied and added up, and what that is.
function scalar(pairs, result) {
  const terms = pairs.map(([a, b]) => `${bracket(a)}·${bracket(b)}`);
  return `${terms.join(" + ")} ${is(add(pairs.map(([a, b]) => read(a) * read(b))), result)}`;
}

// "= 2" or "≈ 0.69": whether a printed number is a value to the last digit.
const is = (value, printed) => `${same(value, read(printed))}\u00a0${printed}`;
const same = (a, b) => (Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a)) ? "=" : "≈");

const bracket = (text) => (text.startsWith("−") ? `(${text})` : text);
const add = (values) => values.reduce((a, b) => a + b, 0);
const sign = (text) => (Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"));

// A number in a table: with two digits; or with as many of two as it needs.
const fixed = (value) => (value === -Infinity ? "−∞" : sign(value.toFixed(2)));
const number = (value) => (Number.isInteger(+value.toFixed(6)) ? sign(String(+value.toFixed(6))) : fixed(value));

// A number in the arithmetic: with three digits, since what is reckoned with it shows two; or with as many of three as
// it needs. And the value of what is printed so.
const long = (value) => (value === -Infinity ? "−∞" : sign(value.toFixed(3)));
const short = (value) => (value === -Infinity ? "−∞" : sign(String(+value.toFixed(3))));
const read = (text) => Number(text.replace("−", "-").replace("∞", "Infinity"));
