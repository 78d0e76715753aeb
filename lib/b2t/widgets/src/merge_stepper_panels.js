// The panels under the text: frequent pairs, merges so far, and how the text shrinks.
import { RULES, spelledPair } from "./merge_stepper_learn.js";
import { replaceChanged } from "./merge_stepper_bytes.js";
import { h, number, s } from "./ui/dom.js";

// A box that scrolls, by keyboard too.
export function scrolled(name, label, ...children) {
  return h("div", { class: `b2t-scroll ${name}`, role: "group", tabindex: "0", "aria-label": label }, children);
}

// ---- the most frequent pairs ----------------------------------------------------------------------------------------

export function pairTable() {
  const rows = h("tbody");
  const head = h("tr", {}, ["Frequent pairs", "ids", "count", "note"].map((title) => h("th", { scope: "col" }, title)));
  const table = h("table", {}, h("thead", {}, head), rows);
  const covered = h("p", { class: "b2t-merge-panel-head", hidden: true }, "Hidden: guess, then press Next or uncover them.");
  const root = scrolled("b2t-merge-panel", "Most frequent pairs", covered, table);
  const cover = (on) => { table.hidden = on; covered.hidden = !on; };
  return { root, rows, cover };
}

// `best` comes from `topPairs`: its first is merged next.
export function setPairs({ rows }, best, { tie, names }) {
  const none = h("tr", {}, h("th", { scope: "row" }, "no pair is left"), h("td"), h("td"), h("td"));
  rows.replaceChildren(...best.map(({ pair, count }, i) =>
    h("tr", { class: i === 0 && "b2t-merge-next" },
      h("th", { scope: "row", title: spelledPair(pair, names) }, spelledPair(pair, names)),
      h("td", {}, pair.join(", ")),
      h("td", {}, number(count)),
      noteCell(i === 0 ? why(best[0], tie) : count === best[0].count ? "tied with it" : ""))), ...(best.length ? [] : [none]));
}

const noteCell = (note) => h("td", { title: note }, note);

function why({ ties }, tie) {
  return ties > 1 ? `next: ${RULES[tie].split(" ")[0]} of ${number(ties)} tied` : "next: most frequent";
}

// ---- the merges so far ----------------------------------------------------------------------------------------------

export function mergeList() {
  const list = h("ol", {});
  const head = h("p", { class: "b2t-merge-panel-head" }, "Merges so far");
  return { root: scrolled("b2t-merge-panel b2t-merges", "Merges so far", head, list), list };
}

export function setMerges({ root, list }, { made, names }, step) {
  const shown = made.slice(0, step).map(({ pair, id }) => [spelledPair(pair, names), id]);
  if (!step) shown.push(["none yet", null]);
  const keys = shown.map(([name, id], i) => `${id} ${i === step - 1} ${name}`);
  replaceChanged(list, keys, (i) => mergeItem(i, shown[i], i === step - 1));
  root.scrollTop = root.scrollHeight;
}

function mergeItem(i, [name, id], isLast) {
  if (id === null) return h("li", { class: "b2t-merge-none" }, name);
  return h("li", { "aria-current": isLast && "step" },
    h("span", {}, i + 1), h("span", { title: name }, name), h("span", {}, `→ ${id}`));
}

// ---- sizes ----------------------------------------------------------------------------------------------------------

export function sizeList() {
  const values = ["Vocabulary", "Tokens", "Bytes per token"].map((name) => [name, h("dd")]);
  const rows = values.map(([name, value]) => h("div", {}, h("dt", {}, name), value));
  const root = h("div", { class: "b2t-merge-sizes" }, h("dl", {}, rows));
  return [root, (texts) => texts.forEach((text, i) => { values[i][1].textContent = text; })];
}

// ---- tokens against merges ------------------------------------------------------------------------------------------

const WIDE = 240;
const HIGH = 60;
const EDGE = { left: 5, right: 5, top: 12, bottom: 12 };

export function curve() {
  const line = s("path", { class: "b2t-merge-curve-line" });
  const now = s("path", { class: "b2t-merge-curve-now" });
  const dot = s("circle", { r: 4.5, class: "b2t-merge-curve-dot" });
  const anchors = ["start", "end", "start", "end"];
  const [start, end, zero, most] = anchors.map((anchor) => s("text", { "text-anchor": anchor }));
  const root = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", class: "b2t-merge-curve" },
    s("path", { class: "b2t-merge-curve-axis", d: `M${EDGE.left} ${HIGH - EDGE.bottom}H${WIDE - EDGE.right}` }),
    now, line, dot, start, end, zero, most);
  return { root, line, now, dot, start, end, zero, most };
}

export function setCurve({ root, line, now, dot, start, end, zero, most }, { made, nBytes }, step) {
  const tokens = [nBytes, ...made.map((one) => one.tokens)];
  const x = (i) => EDGE.left + ((WIDE - EDGE.left - EDGE.right) * i) / Math.max(1, made.length);
  const y = (n) => HIGH - EDGE.bottom - ((HIGH - EDGE.top - EDGE.bottom) * n) / Math.max(1, nBytes);
  line.setAttribute("d", tokens.map((n, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(n).toFixed(1)}`).join(""));
  now.setAttribute("d", `M${x(step).toFixed(1)} ${EDGE.top}V${HIGH - EDGE.bottom}`);
  dot.setAttribute("cx", x(step));
  dot.setAttribute("cy", y(tokens[step]));
  place(start, x(0), EDGE.top - 5, `${number(nBytes)} tokens`);
  place(end, x(made.length), y(tokens.at(-1)) - 5, number(tokens.at(-1)));
  place(zero, x(0), HIGH - 2, "0 merges");
  place(most, x(made.length), HIGH - 2, `${made.length}`);
  const told = [`${nBytes} without a merge`, `${tokens[step]} after ${step}`, `${tokens.at(-1)} after ${made.length}`];
  root.setAttribute("aria-label", `Tokens against merges: ${told.join(", ")}`);
}

function place(text, x, y, words) {
  text.setAttribute("x", x);
  text.setAttribute("y", y);
  text.textContent = words;
}
