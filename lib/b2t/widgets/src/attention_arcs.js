// Tokens in a line, and arcs from one of them, the query, to those that it attends to. The thicker, the more.
import { h, s } from "./ui/dom.js";

const TOP = 76; // px above the tokens, for the arcs
const FAINT = 0.005, MOST_ARCS = 64;

// onchoose(i): the reader chose token i. onlook(i or null): the pointer is over token i, or left.
export function tokenArcs({ onchoose, onlook }) {
  const list = h("div",
    { class: "b2t-line", role: "listbox", "aria-label": "Query token", "aria-orientation": "horizontal" });
  const picture = s("svg", { class: "b2t-arcs", "aria-hidden": "true" });
  const message = h("p", { class: "b2t-note b2t-message" });
  const inner = h("div", { class: "b2t-arcs-inner" }, picture, list);
  const root = h("div",
    { class: "b2t-scroll b2t-arcs-box", role: "group", tabindex: 0, "aria-label": "Tokens and arcs" }, message, inner);
  let shown = null; // { query, row, masked }
  const options = list.children;

  const setTokens = (tokens) => {
    message.textContent = "";
    shown = null;
    picture.replaceChildren();
    list.hidden = !tokens.length;
    list.replaceChildren(...tokens.map(({ label, id }, i) => h("div",
      { class: "b2t-token", role: "option", "data-id": id, "data-position": i, "aria-selected": "false" }, label)));
  };
  const setMessage = (text) => { setTokens([]); message.textContent = text; };

  // Mark the chosen query; show the weights of a row, which is the chosen query's or the one looked at. `masked` tells
  // of a key whether that query may not see it: it has no weight, which is another thing than a weight of 0.
  const set = (chosen, query, row, masked) => {
    for (let i = 0; i < options.length; i++) {
      options[i].setAttribute("aria-selected", String(i === chosen));
      options[i].tabIndex = i === chosen ? 0 : -1;
      options[i].dataset.weight = row ? row[i] : "";
      const weight = !row ? "" : masked(i) ? ", masked" : `, weight ${row[i].toFixed(2)}`;
      options[i].setAttribute("aria-label", options[i].textContent + weight);
      options[i].classList.toggle("b2t-from", i === query);
    }
    shown = row && { query, row, masked };
    drawArcs();
  };
  const drawArcs = () => {
    if (!shown || !options.length) return picture.replaceChildren();
    const middle = Array.from(options, (option) => option.offsetLeft + option.offsetWidth / 2);
    const bottom = list.offsetTop + list.offsetHeight;
    picture.setAttribute("width", inner.scrollWidth);
    picture.setAttribute("height", bottom + 20);
    picture.replaceChildren(...arcs(shown, middle), ...numbers(shown, middle, bottom + 14));
  };
  // Tokens change their width when a font arrives.
  const observer = new ResizeObserver(drawArcs);
  observer.observe(list);

  const choose = (i) => {
    options[i].focus({ preventScroll: true });
    root.scrollLeft += Math.min(0, options[i].offsetLeft - 24 - root.scrollLeft)
      + Math.max(0, options[i].offsetLeft + options[i].offsetWidth + 24 - root.scrollLeft - root.clientWidth);
    onchoose(i);
  };
  const positionOf = (event) => {
    const option = event.target.closest?.("[data-position]");
    return option ? Number(option.dataset.position) : null;
  };
  list.addEventListener("click", (event) => { const i = positionOf(event); if (i !== null) choose(i); });
  // Only a pointer that moves looks: one that rests while tokens scroll away below it does not.
  let last = "";
  list.addEventListener("pointermove", (event) => {
    const now = `${event.clientX} ${event.clientY}`;
    if (now !== last) onlook(positionOf(event));
    last = now;
  });
  list.addEventListener("pointerleave", () => onlook(null));
  list.addEventListener("keydown", (event) => {
    const at = positionOf(event), last = options.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (at === null || to === undefined) return;
    event.preventDefault();
    choose(Math.min(last, Math.max(0, to)));
  });
  return { root, setTokens, setMessage, set, stop: () => observer.disconnect() };
}

// The strongest arcs only: thin ones by the hundred hide each other and slow the page.
function arcs({ query, row }, middle) {
  const keys = Array.from(row.keys()).filter((key) => row[key] > FAINT);
  keys.sort((a, b) => row[a] - row[b]);
  const span = Math.max(500, middle.at(-1));
  return keys.slice(-MOST_ARCS).map((key) => s("path", {
    class: "b2t-arc", d: key === query ? loop(middle[key]) : arc(middle[query], middle[key], span),
    "stroke-width": (1 + 9 * row[key]).toFixed(1), "stroke-opacity": (0.35 + 0.5 * row[key]).toFixed(2),
  }));
}

// The farther, the higher; `span` is the length of the whole line.
function arc(from, to, span) {
  const height = 12 + (TOP - 20) * Math.sqrt(Math.abs(to - from) / span);
  return `M${from} ${TOP}C${from} ${TOP - height * 1.33} ${to} ${TOP - height * 1.33} ${to} ${TOP}`;
}

const loop = (x) => `M${x - 5} ${TOP}C${x - 22} ${TOP - 34} ${x + 22} ${TOP - 34} ${x + 5} ${TOP}`;

function numbers({ row, masked }, middle, y) {
  const most = Math.max(...row);
  return Array.from(row, (weight, key) => s("text",
    { class: weight === most ? "b2t-weight b2t-most" : "b2t-weight", x: middle[key], y },
    masked(key) ? "–" : weight.toFixed(2)));
}
