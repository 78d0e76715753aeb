// Small helpers for building a page by hand. What a reader types becomes text, never markup: nothing in src/ parses
// HTML, and a test looks for it.

// h("button", { class: "x", onclick: f, "aria-pressed": "true" }, "Next"): an element, its attributes, its children.
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// The same for SVG elements.
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let last = 0;
// An id that no other element of the page has.
export const uid = (prefix) => `b2t-${prefix}-${++last}`;

// A control under its label: [wrapper, control]. `kind` is "input" or "textarea" or "select".
export function field(label, control, { inline = false } = {}) {
  control.id ||= uid("field");
  return h("div", { class: inline ? "b2t-field b2t-inline" : "b2t-field" }, h("label", { for: control.id }, label), control);
}

// The reader's text. Its accessible name is "Text" in every widget.
export function textField(value, oninput, { rows = 2, label = "Text" } = {}) {
  const control = h("textarea", { rows, spellcheck: "false", autocomplete: "off", autocapitalize: "off", value });
  control.addEventListener("input", () => oninput(control.value));
  return { root: field(label, control), control, set: (text) => { if (control.value !== text) control.value = text; } };
}

// A slider with its value beside it.
export function slider(label, { min, max, step = 1, value, show = String }, oninput) {
  const control = h("input", { type: "range", min, max, step, value });
  const output = h("output", { for: (control.id = uid("field")) }, show(value));
  const update = (number) => {
    control.value = number;
    output.textContent = show(number);
    control.setAttribute("aria-valuetext", show(number));
  };
  update(value);
  control.addEventListener("input", () => { update(Number(control.value)); oninput(Number(control.value)); });
  const root = h("div", { class: "b2t-field b2t-slider" }, h("label", { for: control.id }, label), control, output);
  return { root, control, set: update };
}

// One of a few: buttons of which one is pressed. `options` maps a value to what stands on its button.
export function choice(label, options, value, onchange) {
  const buttons = Object.entries(options).map(([key, text]) =>
    h("button", { type: "button", "data-value": key, onclick: () => { set(key); onchange(key); } }, text));
  const set = (key) => buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.value === key)));
  set(value);
  const name = h("span", { id: uid("label"), class: "b2t-label" }, label);
  const root = h("div", { class: "b2t-field b2t-inline" }, name,
    h("div", { class: "b2t-choice", role: "group", "aria-labelledby": name.id }, buttons));
  return { root, set, buttons };
}

// Yes or no.
export function toggle(label, value, onchange) {
  const control = h("input", { type: "checkbox", checked: value, id: uid("field") });
  control.addEventListener("change", () => onchange(control.checked));
  const root = h("div", { class: "b2t-field b2t-check" }, control, h("label", { for: control.id }, label));
  return { root, control, set: (on) => { control.checked = on; } };
}

export const number = (n) => n.toLocaleString("en");
