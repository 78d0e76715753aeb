// The boxes of the encoder's diagram. The table is shared with Python (b2t/widgets/encoder_boxes.py).
import TABLE from "../shared/encoder_boxes.json";
import { number } from "./ui/dom.js";

export const BOXES = Object.fromEntries(TABLE.map((box) => [box.key, box]));
const N_CLASSES = 35;

// What a box is called; some are called otherwise in the models that the presets name.
export const labelOf = (key, preset) => BOXES[key].labels?.[preset] ?? BOXES[key].label;

// The boxes of one part ("start", "attention", "feed-forward", "end") in the order of a model: post-norm has each norm
// after a sum, and none at the end.
export function boxesOf(part, preNorm) {
  const keys = TABLE.filter((box) => box.part === part).map((box) => box.key);
  if (preNorm) return keys;
  const norm = { attention: "norm_1", "feed-forward": "norm_2" }[part];
  return norm ? [...keys.filter((key) => key !== norm), norm] : keys.filter((key) => key !== "norm");
}

// All of them. Without a classifier there is nothing after the encoder's vectors.
export function shown(preNorm, classifies) {
  const keys = ["start", "attention", "feed-forward", "end"].flatMap((part) => boxesOf(part, preNorm));
  return keys.filter((key) => classifies || BOXES[key].part !== "end" || key === "norm");
}

// The shape of what leaves a box, with names: "(heads 4, query 14, key 14)".
export function shapeText(key, sizes) {
  const axes = BOXES[key].shape.map(([name, size]) => `${name} ${extent(size, sizes)}`.trim());
  return `(${axes.join(", ")})`;
}

function extent(size, sizes) {
  if (typeof size === "number") return size;
  if (size === "d_head") return sizes.d_model / sizes.n_heads;
  return size === "n_classes" ? N_CLASSES : sizes[size];
}

// What a box computes, in the letters of the code.
export function formulaText(key, preNorm) {
  return BOXES[key].formula.replace(/\{in_(.)\}/g, (_, which) => (preNorm ? `norm_${which}(x)` : "x"));
}

// The box by its name, and what it has learned; nothing for a box that the model has not.
export function boxText(key, sizes, preset) {
  if (!shown(sizes.norm_first, preset === "chapter").includes(key)) return "";
  return `${labelOf(key, preset)}: ${weightsText(key, sizes)}`;
}

// What a box has learned: names, shapes, how many numbers.
export function weightsText(key, sizes) {
  const { weights } = BOXES[key];
  if (!weights) return "learns nothing: no parameters";
  const { names, shape, bias } = weights;
  const each = names.length > 1 ? ": each " : " ";
  const all = names.length * (product(shape, sizes) + (bias ? product(bias, sizes) : 0));
  const added = bias ? ` and a bias ${dimensions(bias, sizes)}` : "";
  return `learned: ${names.join(", ")}${each}${dimensions(shape, sizes)}${added}: ${number(all)} parameters`;
}

const product = (shape, sizes) => shape.reduce((n, size) => n * extent(size, sizes), 1);
const dimensions = (shape, sizes) => `(${shape.map((size) => `${size} ${extent(size, sizes)}`).join(", ")})`;
