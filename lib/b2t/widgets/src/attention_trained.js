// Attention weights of a model: all heads, one map in full, and arcs between the tokens. The model is the trained
// encoder, run here on the reader's text; or any model, whose weights Python was given.
import { visible } from "./engine/bpe.js";
import { forward, forwardSteps, loadModel } from "./engine/encoder.js";
import { tokenArcs } from "./attention_arcs.js";
import { everyth, fullMap, headGrid, mapLegend } from "./attention_maps.js";
import { loadData } from "./ui/data.js";
import { choice, h, number, textField } from "./ui/dom.js";
import { onTheme } from "./ui/map.js";
import { inSlices, listen, tell } from "./ui/view.js";

const MAX_TOKENS = 256; // as the model was trained
const AT_ONCE = 64; // tokens up to which the encoder runs within a keystroke
const PAUSE = 150; // ms without a keystroke before it runs on more

// ---- what both ways show ---------------------------------------------------------------------------------------

function explorer(model, body) {
  let tokens = [], weights = null;
  const look = (query, key = null) => { show(query, key); };
  const arcs = tokenArcs({ onchoose: (query) => tell(model, { query }), onlook: (i) => look(i) });
  const heads = headGrid({ onchoose: (layer, head) => tell(model, { layer, head }) });
  const map = fullMap({
    onlook: (cell) => look(cell?.query ?? null, cell?.key ?? null),
    onchoose: (query) => { if (query !== model.get("query")) tell(model, { query }); },
  });
  const words = h("p", { role: "status" });
  const line = h("div", { class: "b2t-said" }, words);
  const legend = mapLegend();
  const maps = h("div", { class: "b2t-maps" }, h("div", { class: "b2t-heads-side" }, heads.root, legend.root), map.root);
  body.append(arcs.root, line, maps);

  const place = () => {
    const within = (name, size) => Math.max(0, Math.min(model.get(name), size - 1));
    const layer = within("layer", weights?.length ?? 1), head = within("head", weights?.[layer].length ?? 1);
    return { layer, head, query: within("query", tokens.length) };
  };
  const rowOf = (query) => {
    const { layer, head } = place(), n = tokens.length;
    return weights && n ? weights[layer][head].subarray(query * n, (query + 1) * n) : null;
  };
  // Show one row of weights: that of the chosen query, or of the token under the pointer.
  const show = (looked, key) => {
    const { query } = place(), row = rowOf(looked ?? query);
    const masked = (key) => isCausal() && key > (looked ?? query);
    arcs.set(query, looked ?? query, row, masked);
    const said = row ? [nameOf(place()), ": ", ...sentence(tokens, looked ?? query, key, row, masked)] : [];
    words.replaceChildren(...said);
  };
  // Weights that Python gave have their zeros, but do not say which of them a mask made.
  const isCausal = () => !model.get("given") && model.get("mask") === "causal";
  const draw = () => {
    const { layer, head, query } = place();
    const causal = isCausal();
    maps.classList.toggle("b2t-causal", Boolean(causal && weights && tokens.length));
    maps.style.setProperty("--n", tokens.length || 1);
    legend.set({ causal, everyth: everyth(tokens.length) });
    heads.choose(layer, head);
    const values = weights && tokens.length ? weights[layer][head] : null;
    map.set(tokens.map(({ label }) => label), values, nameOf({ layer, head }), causal);
    map.choose(query);
    show(null, null);
  };
  const setWeights = (all) => {
    weights = all;
    body.removeAttribute("aria-busy");
    if (all) heads.set(all, tokens.length);
    draw();
  };
  const setTokens = (list) => { tokens = list; weights = null; arcs.setTokens(list); draw(); };
  const wait = (message) => { setTokens([]); arcs.setMessage(message); };
  const moved = () => { map.choose(place().query); show(null, null); };
  const stopListening = listen(model, { layer: draw, head: draw, query: moved });
  const stopTheme = onTheme(() => { if (weights) setWeights(weights); });
  const stop = () => { stopListening(); stopTheme(); arcs.stop(); };
  return { setTokens, setWeights, wait, note: line, empty: heads.set, stop };
}

const nameOf = ({ layer, head }) => `Layer ${layer}, head ${head}`;

// "自由 attends most to 生 (0.41)"; or, with a key under the pointer, how much that one gets. In parts: each token is
// set apart, lest one that runs from right to left turns the sentence around.
function sentence(tokens, query, key, row, masked) {
  const first = row.indexOf(Math.max(...row));
  const name = (i) => [h("bdi", {}, tokens[i].label), twice(tokens, i) ? ` (token ${i})` : ""];
  if (key !== null && masked(key)) return [...name(query), " may not see ", ...name(key), "."];
  if (key !== null) return [...name(query), " gives ", ...name(key), ` ${row[key].toFixed(2)} of its attention.`];
  if (!row[first]) return [...name(query), " attends to nothing."];
  return [...name(query), " attends most to ", ...name(first), ` (${row[first].toFixed(2)}).`];
}

const twice = (tokens, i) => tokens.some(({ label }, j) => j !== i && label === tokens[i].label);

// ---- the trained encoder ---------------------------------------------------------------------------------------

export function mountTrained({ model, body }) {
  const text = textField(model.get("text"), (value) => tell(model, { text: whole(value) }), { rows: 1 });
  const mask = choice("Mask", { none: "none", causal: "causal" }, model.get("mask"),
    (value) => tell(model, { mask: value }));
  const note = h("p", { class: "b2t-note b2t-cut", role: "status" });
  body.append(h("div", { class: "b2t-row b2t-asked" }, text.root, mask.root));
  const view = explorer(model, body);
  view.note.append(note);
  const nothing = Array.from({ length: 2 }, () => Array.from({ length: 4 }, () => new Float32Array(0)));
  let trained = null, ids = [], stopRun = () => {}, gone = false;

  const read = () => {
    text.set(model.get("text"));
    if (!trained) return;
    ids = trained.tokenizer.encode(model.get("text").normalize("NFC"));
    note.textContent = ids.length > MAX_TOKENS ? `The first ${MAX_TOKENS} of ${number(ids.length)} tokens.` : "";
    ids = ids.slice(0, MAX_TOKENS);
    if (!ids.length) view.wait("No tokens yet: type a text.");
    else view.setTokens(ids.map((id) => ({ id, label: visible(trained.tokenizer.bytesOf(id)) })));
    compute();
  };
  // The tokens are there at once. The weights of a long text wait until the reader pauses, and come layer by layer.
  const compute = () => {
    stopRun();
    mask.set(model.get("mask"));
    if (!trained) return;
    const options = { mask: model.get("mask") === "causal" ? causal(ids.length) : null };
    if (!ids.length) return view.setWeights(nothing);
    if (ids.length <= AT_ONCE) return view.setWeights(forward(trained, ids, options).weights);
    body.setAttribute("aria-busy", "true");
    const start = () => {
      stopRun = inSlices(forwardSteps(trained, ids, options), { done: ({ weights }) => view.setWeights(weights) });
    };
    const timer = setTimeout(start, PAUSE);
    stopRun = () => clearTimeout(timer);
  };
  view.empty(nothing, 0);
  view.wait("Loading the trained model …");
  body.setAttribute("aria-busy", "true");
  loadData(model, "language_id").then((bytes) => {
    if (gone) return;
    trained = loadModel(bytes);
    read();
  }).catch((error) => {
    view.wait(`The trained model did not load: ${error.message}`);
    body.removeAttribute("aria-busy");
  });
  const stop = listen(model, { text: read, mask: compute });
  return () => { gone = true; stopRun(); stop(); view.stop(); };
}

// A paste may hold half of a surrogate pair, which has no bytes.
const whole = (text) => text.toWellFormed?.() ?? text.replace(/\p{Surrogate}/gu, "\ufffd");

// (seq, seq), row = query: 1 where the key does not come after the query
function causal(n) {
  return Uint8Array.from({ length: n * n }, (_, i) => Number(i % n <= Math.floor(i / n)));
}

// ---- weights from Python ---------------------------------------------------------------------------------------

export function mountGiven({ model, body }) {
  const view = explorer(model, body);
  const read = () => {
    const tokens = model.get("tokens"), given = model.get("given");
    if (given[0][0].length !== tokens.length) return; // Python is about to set the other one, too
    view.setTokens(tokens.map((label, id) => ({ label, id })));
    view.setWeights(given.map((layer) => layer.map((head) => Float32Array.from(head.flat()))));
  };
  read();
  const stop = listen(model, { tokens: read, given: read });
  return () => { stop(); view.stop(); };
}
