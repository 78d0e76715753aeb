// The encoder as a diagram: boxes that open, and arrows that say what flows, from the ids to the answer. Two columns
// where there is room, else one.
import { BOXES, labelOf, shapeText, shown } from "./encoder_boxes.js";
import { h } from "./ui/dom.js";

const TITLES = {
  start: () => "into vectors",
  attention: (layer) => `${layer}: attention`,
  "feed-forward": () => "and feed-forward",
  end: () => "an answer",
};
const COLUMNS = [["start", "attention"], ["feed-forward", "end"]];
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
const FITTING = { start: 31, attention: 31, "feed-forward": 22, end: 22 }; // letters under a box, of its column's width
const MARKS = { longer: "○", changed: "●" };
const LEGEND = { longer: "longer", changed: "changed by last edit" };

// onopen(key) is called when a box is chosen. -> { root, draw }
export function diagram(onopen) {
  const steps = Object.fromEntries(Object.keys(BOXES).map((key) => [key, step(key, onopen)]));
  const parts = Object.fromEntries(Object.keys(TITLES).map((name) => [name, part(name)]));
  const answer = h("p", { class: "b2t-walk-answer" }), learned = h("p", { class: "b2t-walk-aside" });
  const before = stub(), after = stub();
  const columns = COLUMNS.map(([first, second], i) => h("div", { class: "b2t-walk-column" },
    parts[first].root, [before, after][i], parts[second].root));
  const marks = h("span", { class: "b2t-walk-marks" });
  columns[1].append(answer, learned,
    h("p", { class: "b2t-walk-legend" }, h("span", { class: "b2t-walk-residual" }, "residual"), marks));
  const root = h("div", { class: "b2t-walk-diagram", role: "toolbar", "aria-label": "Diagram",
    "aria-orientation": "vertical" },
    h("p", { class: "b2t-walk-more" }, "Scroll here, from the ids to the end ↓"), columns);
  root.addEventListener("keydown", move);
  let arranged = "";

  // state: sizes (of model and text), preset, box, layer (what the layer is called), others (the layers before and
  // after it), answer (lines), learned, changes (box: "changed" or "longer")
  function draw({ sizes, preset, box, layer, others, answer: said, learned: aside, changes }) {
    const classifies = preset === "chapter";
    before.textContent = others[0];
    after.textContent = others[1];
    const order = `${sizes.norm_first} ${classifies}`;
    if (order !== arranged) arrange(sizes.norm_first, classifies);
    arranged = order;
    for (const [name, { title }] of Object.entries(parts)) {
      title.textContent = name === "end" && !classifies ? "its vectors" : TITLES[name](layer);
    }
    const keys = shown(sizes.norm_first, classifies), stop = keys.includes(box) ? box : keys[0];
    for (const key of keys) steps[key].draw(labelOf(key, preset), shapeText(key, sizes), key === box, key === stop);
    for (const key of keys) steps[key].mark(changes[key]);
    marks.replaceChildren(...legend(new Set(Object.values(changes))));
    answer.hidden = !said;
    learned.hidden = Boolean(said);
    learned.textContent = aside;
    if (said) answer.replaceChildren(...said.map((line) => h("span", {}, line)));
  }

  // Put the boxes in the order of pre-norm or post-norm, and let the residual end where the sum is.
  function arrange(preNorm, classifies) {
    for (const [name, { title, list, skip }] of Object.entries(parts)) {
      const keys = shown(preNorm, classifies).filter((key) => BOXES[key].part === name);
      list.replaceChildren(...keys.map((key) => steps[key].root));
      title.hidden = !keys.length;
      skip?.style.setProperty("--after", preNorm ? 0 : 1);
    }
  }

  // The boxes are one stop of the Tab key; the arrow keys go from one to the next, and open it.
  function move(event) {
    const boxes = [...root.querySelectorAll(".b2t-walk-box")], from = boxes.indexOf(event.target);
    if (!(event.key in STEPS) || from < 0) return;
    event.preventDefault();
    const to = boxes[Math.min(Math.max(from + STEPS[event.key], 0), boxes.length - 1)];
    to.focus();
    onopen(to.dataset.box);
  }
  return { root, draw };
}

// One box and the arrow out of it. A long shape is written smaller, so that it stays off the lines.
function step(key, onopen) {
  const shape = h("span", {}), label = h("span", {}), sign = h("span", { "aria-hidden": "true" });
  const word = h("span", { class: "b2t-hidden" });
  const button = h("button", { type: "button", class: "b2t-walk-box", "data-box": key, "aria-pressed": "false",
    onclick: () => onopen(key) }, label, sign, word);
  const root = h("li", {}, button, h("span", { class: "b2t-walk-shape" }, shape));
  const draw = (name, text, open, stop) => {
    label.textContent = name;
    button.setAttribute("aria-pressed", String(open));
    button.tabIndex = stop ? 0 : -1;
    shape.textContent = text;
    shape.style.setProperty("--fit", Math.min(1, FITTING[BOXES[key].part] / text.length));
  };
  const mark = (change) => {
    sign.textContent = change ? MARKS[change] : "";
    word.textContent = change ? `, ${change}` : "";
    if (change) button.dataset.change = change;
    else delete button.dataset.change;
  };
  return { root, draw, mark };
}

// What the marks in the boxes mean, of those that are there.
const legend = (changes) => Object.entries(MARKS).filter(([change]) => changes.has(change))
  .map(([change, sign]) => h("span", {}, h("span", { "aria-hidden": "true" }, sign), ` ${LEGEND[change]}`));

// Where a layer that is not drawn has its place.
const stub = () => h("p", { class: "b2t-walk-stub" });

// Some boxes under a title; a branch has the residual connection around it.
function part(name) {
  const title = h("p", { class: "b2t-walk-title" });
  const list = h("ol", {});
  const skip = name === "attention" || name === "feed-forward" ? h("div", { class: "b2t-walk-skip" }) : null;
  return { root: h("div", { class: "b2t-walk-part", "data-part": name }, title, list, skip), title, list, skip };
}
