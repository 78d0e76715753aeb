// The whole machine in one strip: the reader's text, its bytes, its tokens, their vectors, one head's attention, and
// the language that the model of chapter 09 names. The first view comes with the page (trait `first`); the model is
// loaded when the browser is idle, or at once when a reader starts to type.
import { forwardSteps, loadModel } from "./engine/index.js";
import { firstIds, MAX_TOKENS } from "./encoder_text.js";
import { loadData } from "./ui/data.js";
import { choice, h, number, s, textField } from "./ui/dom.js";
import { largest, onTheme, paint, strength } from "./ui/map.js";
import { define, inSlices, later, listen, tell } from "./ui/view.js";

const STAGES = {
  bytes: "Bytes", tokens: "Tokens", vectors: "Vectors with places", attention: "Attention", answer: "Answer",
};
const EXAMPLES = [
  ["Chinese", "每个读者都曾是初学者。"],
  ["English", "Every reader was once a beginner."],
  ["Arabic", "كل قارئ كان مبتدئا يوما ما"],
  ["Hindi", "हर पाठक कभी नया था"],
  ["Emoji", "读书 📖 is fun 🙂"],
  ["Code", "for x in [1, 2]: print(x)"],
];
const MAX_CHARACTERS = 200_000, MAX_READ = 8192;        // in a text; that are read at all (see machine.py)
const N_CHARACTERS = 120, N_ROWS = 24, N_NUMBERED = 8, N_CELLS = 20, N_ANSWERS = 5;   // drawn at most
const FULL = 3, N_LEVELS = 4;       // numbers of this size or more have the last of so many strengths of colour
const PICTURE = "A row a token, a cell a number: tall and blue above zero, short and orange below";
const SHORT = 16, SURE = 0.7;                           // fewer bytes, or less confidence: a guess
const LAYERS = ["0", "1"], HEADS = ["0", "1", "2", "3"];
const LOADING = "loading the model (1.8 MB) …", FAILED = "the model did not load: reload the page to try again";
const LONG = 64;                                        // more tokens are computed in slices

export default define({
  name: "whole-machine",
  title: "The whole machine",
  hint: "Type a sentence in any language and watch it pass through every stage.",
  mount({ model, body, root }) {
    const notebook = Boolean(model.get("data")?.language_id);
    const stages = makeStages(notebook ? {} : model.get("links") ?? {}, model);
    const trained = onDemand(model, () => refresh());
    const field = textField(model.get("text"), (text) => tell(model, { text: wellFormed(text) }), { rows: 1 });
    field.control.setAttribute("maxlength", MAX_CHARACTERS);
    field.control.dir = "auto";
    body.append(field.root, examples(model), stages.root);

    const calculate = oncePerText();
    let shown = null;
    const show = (view) => {
      if (view !== shown) stages.drawModel(beginning(model.get("text")), view);
      shown = view;
      stages.root.ariaBusy = "false";
    };
    const refresh = later(() => {
      stages.drawBytes(model.get("text"));
      const view = trained.model ? null : firstView(model);
      if (view) return show(view);
      if (!trained.model) {
        trained.load();
        stages.root.ariaBusy = String(!trained.failed);
        shown = null;
        return stages.wait(trained.failed ? FAILED : LOADING);
      }
      calculate(trained.model, model, stages, show);
    });
    const changed = () => {
      field.set(model.get("text"));
      stages.root.ariaBusy = "true";
      refresh();
    };
    const stop = listen(model, { text: changed, layer: changed, head: changed });
    root.addEventListener("focusin", trained.load, { once: true });
    const idle = whenIdle(trained.load);
    stages.drawBytes(model.get("text"));
    const view = firstView(model);
    if (view) show(view); else refresh();
    return () => { stop(); idle(); refresh.cancel(); calculate.cancel(); stages.stop(); trained.ready = () => {}; };
  },
});

// ---- the model: loaded once, when needed --------------------------------------------------------------------------

// `load` may be called often. When the model has come, or has not, `ready` is called if something waited for it.
function onDemand(model, ready) {
  const state = { model: null, failed: false, ready, asked: false };
  state.load = async () => {
    if (state.asked) return;
    state.asked = true;
    try { state.model = parse(await loadData(model, "language_id")); }
    catch (error) { state.failed = true; console.warn(error.message); }
    if (state.failed || !firstView(model)) state.ready();
  };
  return state;
}

const parsed = new WeakMap();     // two machines on a page share one model
function parse(bytes) {
  if (!parsed.has(bytes)) parsed.set(bytes, loadModel(bytes));
  return parsed.get(bytes);
}

function whenIdle(task) {
  if (!globalThis.requestIdleCallback) {
    const timer = setTimeout(task, 300);
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(task, { timeout: 3000 });
  return () => cancelIdleCallback(asked);
}

// ---- what the stages show: from the page's state, or computed --------------------------------------------------

// A view: { tokens: [{ id, bytes }], levels: [letters], weights: numbers row by row, answer: [[name, p]], lang }.
function firstView(model) {
  const first = model.get("first");
  if (!first?.tokens || ["text", "layer", "head"].some((name) => first[name] !== model.get(name))) return null;
  return {
    ...first,
    tokens: first.tokens.map(([id, digits]) =>
      ({ id, bytes: Uint8Array.from(digits.match(/../g) ?? [], (byte) => parseInt(byte, 16)) })),
  };
}

// Tokens at once; the rest at once for a short text, in slices for a long one, so that typing never waits. What was
// last computed is kept: another head only draws, and what is typed beyond the tokens that are read costs nothing.
function oncePerText() {
  let last = {}, stop = () => {};
  const run = (trained, model, stages, show) => {
    const text = model.get("text");
    const ids = text === last.text ? last.ids : firstIds(trained.tokenizer, beginning(text));
    const same = last.ids?.join() === ids.join();
    if (!same) {
      stop();
      last = { ids, tokens: tokensOf(trained, ids), done: !ids.length, result: null };
    }
    last.text = text;
    const draw = () => show(viewOf(trained, last, model.get("layer"), model.get("head")));
    if (last.done) return draw();
    if (same) return;             // it is under way, and is drawn when it is done
    const mine = last, finish = (result) => { Object.assign(mine, { result, done: true }); draw(); };
    const work = forwardSteps(trained, ids, { trace: true });
    if (ids.length <= LONG) return finish(toEnd(work));
    stages.drawTokens(mine.tokens);
    stop = inSlices(work, { done: finish });
  };
  run.cancel = () => stop();
  return run;
}

function toEnd(work) {
  let step;
  do step = work.next(); while (!step.done);
  return step.value;
}

// The model reads text in Unicode's composed form, and of it the first tokens alone: no token has over 31 bytes, so
// that the cut is never seen. Whatever comes after is counted and no more, so that a long text costs little a key.
const beginning = (text) => text.slice(0, endOf(text, MAX_READ)).normalize("NFC");

// Where the first n characters of a text end.
function endOf(text, n) {
  let end = 0;
  while (n-- > 0 && end < text.length) end += isPair(text, end) ? 2 : 1;
  return end;
}

// What composing made one character of, the first: "é" where a text spells it as a letter and a mark. Composing may
// also do the opposite, or give a character its usual twin: then "".
function composedIn(raw, read) {
  const typed = [...raw], made = [...read];
  const start = made.findIndex((character, i) => character !== typed[i]);
  return made.slice(start).find((character) => [...character.normalize("NFD")].length > 1) ?? "";
}

const tokensOf = (trained, ids) => ids.map((id) => ({ id, bytes: trained.tokenizer.bytesOf(id) }));

// One view for one head: asked for again it is the same object, so that it need not be drawn again.
function viewOf(trained, computed, layer, head) {
  const name = `${layer} ${head}`;
  if (computed.name !== name) Object.assign(computed, { name, view: makeView(trained, computed, layer, head) });
  return computed.view;
}

function makeView(trained, { ids, tokens, result }, layer, head) {
  if (!ids.length) return { tokens, levels: [], weights: [], answer: [], lang: "" };
  const { data } = result.trace.x0, width = data.length / ids.length;
  const order = [...result.probabilities.keys()].sort((a, b) => result.probabilities[b] - result.probabilities[a]);
  return {
    tokens,
    levels: ids.slice(0, N_ROWS).map((_, row) => levels(data.subarray(row * width, (row + 1) * width))),
    weights: result.weights[layer][head],
    answer: order.slice(0, N_ANSWERS).map((i) => [trained.labels[i].name, result.probabilities[i]]),
    lang: result.probabilities[order[0]] >= 0.5 ? trained.labels[order[0]].tag : "",
  };
}

// A vector as letters: E around zero, F to I above, D to A below.
function levels(vector) {
  const step = (x) => Math.max(-N_LEVELS, Math.min(N_LEVELS, Math.round((x * N_LEVELS) / FULL)));
  return Array.from(vector, (x) => String.fromCharCode(69 + step(x))).join("");
}

// ---- the stages ----------------------------------------------------------------------------------------------------

function makeStages(links, model) {
  const bytes = byteStage(links), tokens = tokenStage(links), vectors = vectorStage(links);
  const attention = attentionStage(links, model), answer = answerStage(links);
  const all = [bytes, tokens, vectors, attention, answer];
  const rest = [tokens, vectors, attention, answer];
  return {
    root: h("ol", { class: "machine", "aria-label": "The whole machine, from text to answer" }, all.map((x) => x.root)),
    drawBytes: bytes.draw,
    drawTokens: (list) => tokens.draw({ tokens: list }),
    drawModel(text, view) {
      rest.forEach((stage) => { stage.root.classList.remove("waits"); stage.draw(view, text); });
      bytes.root.lang = tokens.root.lang = view.lang;
    },
    wait(why) { rest.forEach((stage) => { stage.root.classList.add("waits"); stage.wait(why); }); },
    stop: () => { attention.stop(); answer.stop(); },
  };
}

// The frame of a stage: title with a link to its chapter, a note beside it, and what it shows.
function frame(name, links, ...content) {
  const note = h("span", { class: "note" });
  const title = links[name] ? h("a", { href: safe(links[name]) }, STAGES[name]) : h("strong", {}, STAGES[name]);
  const root = h("li", { class: `stage ${name}` }, h("p", { class: "title" }, title, " ", note), content);
  return { root, note };
}

// No link runs a script, whatever the state says.
const safe = (href) => (/^(https?|file):$/.test(new URL(href, document.baseURI).protocol) ? href : "#");

const scroller = (tag, className, label) =>
  h(tag, { class: `${className} box b2t-scroll`, tabindex: "0", role: "region", "aria-label": label });

// 1. Each character of the composed text above its bytes.
function byteStage(links) {
  const box = scroller("div", "characters", "Characters and their bytes");
  const composed = h("p", { class: "note", hidden: true });
  const { root, note } = frame("bytes", links, composed, box);
  return {
    root,
    draw(text) {
      const end = endOf(text, MAX_READ), raw = text.slice(0, end), read = beginning(text);
      const characters = [...read.slice(0, endOf(read, N_CHARACTERS))];
      const counted = [count(read), count(text.slice(end))];
      const total = counted[0][0] + counted[1][0], bytes = counted[0][1] + counted[1][1];
      box.dir = directionOf(read);
      box.replaceChildren(...characters.map(characterOf));
      const more = total - characters.length;
      if (more > 0) box.append(h("span", { class: "note" }, `… and ${number(more)} more`));
      note.textContent = `${plural(total, "character")}, ${plural(bytes, "byte")}`;
      composed.hidden = read === raw;
      if (read !== raw) composed.textContent = composing(composedIn(raw, read));
    },
  };
}

const composing = (character) => `composed (NFC)${character ? `: ${character} as one character` : ""}`;

function characterOf(character) {
  const codes = [...new TextEncoder().encode(character)].map((byte) => h("code", {}, hex(byte)));
  return h("span", { class: "character" }, h("span", { class: "glyph" }, shown(character)), codes);
}

// 2. Each token above its id, a part of a character as its bytes.
function tokenStage(links) {
  const box = scroller("div", "tokens", "Tokens");
  const { root, note } = frame("tokens", links, box);
  let drawn = null;
  return {
    root,
    draw({ tokens }) {
      if (tokens === drawn) return;
      drawn = tokens;
      const spelled = tokens.map((token) => spell(token.bytes)), whole = spelled.filter((token) => !token.part);
      const bare = tokens.length - whole.length;
      box.dir = directionOf(whole.map((token) => token.text).join(""));
      box.replaceChildren(...tokens.map(tokenOf));
      note.textContent = tokens.length < MAX_TOKENS
        ? plural(tokens.length, "token") + (bare ? `, ${bare} bare bytes` : "")
        : `${MAX_TOKENS} tokens, the most it reads`;
    },
    wait(why) { drawn = null; box.replaceChildren(); note.textContent = why; },
  };
}

function tokenOf({ id, bytes }) {
  const { text, part } = spell(bytes);
  const token = h("code", { class: part ? "token part" : "token", "data-id": id, dir: part ? "ltr" : "auto" }, text);
  return h("span", { class: "chip" }, token, " ", id);
}

// 3. Each vector as a strip of cells.
function vectorStage(links) {
  const box = h("div", { class: "strips box" });
  const swatch = (side) => h("span", { class: `swatch ${side}` });
  const legend = h("p", { class: "note" }, swatch("up"), "blue above zero, ", swatch("down"), "orange below");
  const { root, note } = frame("vectors", links, box, legend);
  return {
    root,
    draw({ tokens, levels }) {
      box.replaceChildren(strips(levels));
      box.style.setProperty("--rows", levels.length);
      note.textContent = `${tokens.length} × 128`;
    },
    wait() { box.replaceChildren(); note.textContent = ""; },
  };
}

// A cell a number: tall and blue above zero, short and orange below, one path for each strength of colour.
function strips(rows) {
  const paths = new Map();
  rows.forEach((letters, row) => [...letters].forEach((letter, column) => {
    const step = letter.charCodeAt(0) - 69;
    const top = 10 * row + (step > 0 ? 0 : 3), height = step > 0 ? 9 : 4;
    if (step) paths.set(step, `${paths.get(step) ?? ""}M${column} ${top}v${height}`);
  }));
  const drawn = [...paths].map(([step, d]) =>
    s("path", { class: step > 0 ? "up" : "down", "stroke-opacity": Math.abs(step) / N_LEVELS, d }));
  return s("svg", {
    viewBox: `-0.5 0 128 ${10 * Math.max(rows.length, 1)}`, "data-rows": rows.length, preserveAspectRatio: "none",
    role: "img", "aria-label": PICTURE,
  }, drawn);
}

// 5. The likeliest languages.
function answerStage(links) {
  const name = h("span", { class: "language" }), share = h("span", { class: "share" });
  const note = h("p", { class: "note" }), list = h("ul", {});
  const status = h("p", { class: "b2t-hidden", role: "status" });
  const { root } = frame("answer", links, h("p", { class: "winner" }, name, " ", share), note, list, status);
  const row = () => h("li", {}, h("span", { class: "language" }), " ", h("span", { class: "share" }));
  const rows = Array.from({ length: N_ANSWERS }, row);
  const say = afterPause((text) => { status.textContent = text; });
  const show = (language, confidence, words) => {
    name.textContent = language;
    share.textContent = confidence;
    note.textContent = words;
    say(`${language} ${confidence}. ${words}`);
  };
  let first = true;
  return {
    root,
    stop: say.cancel,
    draw({ answer }, text) {
      list.replaceChildren(...rows.slice(0, answer.length));
      answer.forEach(([language, p], i) => {
        rows[i].firstChild.textContent = language;
        rows[i].lastChild.textContent = percent(p);
        rows[i].style.setProperty("--w", p.toFixed(4));
      });
      if (answer.length) show(answer[0][0], percent(answer[0][1]), verdict(text, answer[0][1]));
      else show("No text, no answer", "", "Type something, or choose an example.");
      if (first) say.cancel();
      first = false;
    },
    wait(why) { list.replaceChildren(); show("…", "", why); },
  };
}

function verdict(text, p) {
  const short = count(text)[1] < SHORT;
  if (short || p < SURE) return `A guess: ${short ? "the text is very short." : "no language stands out."}`;
  return "It knows 35 languages and always names one.";
}

// ---- 4. attention: one head's map ----------------------------------------------------------------------------------

function attentionStage(links, model) {
  const picks = [["Layer", "layer", LAYERS], ["Head", "head", HEADS]].map(([label, trait, options]) => {
    const names = Object.fromEntries(options.map((option) => [option, option]));
    return choice(label, names, String(model.get(trait)), (value) => tell(model, { [trait]: Number(value) }));
  });
  const box = h("div", {
    class: "map box b2t-scroll", tabindex: "0", role: "application",
    "aria-label": "Attention map: arrow keys go from weight to weight",
  });
  const note = h("p", { class: "note", role: "status" });
  const row = h("div", { class: "b2t-row picks" }, picks.map((pick) => pick.root));
  const { root } = frame("attention", links, row, box, note);
  const map = makeMap(box, note);
  return {
    root,
    stop: map.stop,
    draw(view) {
      picks[0].set(String(model.get("layer")));
      picks[1].set(String(model.get("head")));
      map.draw(view);
    },
    wait() { map.draw({ tokens: [], weights: [] }); note.textContent = ""; },
  };
}

const caption = (n) =>
  `A row asks, a column is asked. A row adds up to 1${n <= N_NUMBERED ? " (numbers rounded)" : ""}.`;

// A token's name in words; of a token that occurs more than once, its number as well, from 0.
const nameIn = (names, i) =>
  names.indexOf(names[i]) === names.lastIndexOf(names[i]) ? names[i] : `${names[i]} (token ${i})`;

// A table for few tokens, a picture for many; in both a place that pointer and arrow keys move, told in words below.
function makeMap(box, note) {
  let names = [], weights = [], at = null, picture = null;
  const rest = () => (names.length ? `${caption(names.length)} Point at a cell or use the arrow keys.` : "");
  const words = ([query, key]) => {
    const weight = weights[query * names.length + key].toFixed(2);
    return `${nameIn(names, query)} takes ${weight} of what it gathers from ${nameIn(names, key)}.`;
  };
  const go = (place) => {
    at = place;
    picture?.mark(at);
    note.textContent = at ? words(at) : rest();
  };
  box.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || !names.length) return;
    event.preventDefault();
    const within = (i) => Math.max(0, Math.min(names.length - 1, i));
    go(at ? [within(at[0] + step[0]), within(at[1] + step[1])] : [0, 0]);
    picture.reveal?.(at);
  });
  box.addEventListener("blur", () => go(null));
  box.addEventListener("pointerleave", () => { if (document.activeElement !== box) go(null); });
  for (const kind of ["pointermove", "click"])
    box.addEventListener(kind, (event) => { const place = picture?.placeOf(event); if (place) go(place); });
  const stop = onTheme(() => picture?.repaint?.());
  return {
    stop,
    draw(view) {
      names = view.tokens.map((token) => spell(token.bytes).text);
      weights = view.weights;
      picture = (names.length <= N_CELLS ? tableMap : canvasMap)(view.tokens, weights);
      box.replaceChildren(picture.root);
      go(null);
      picture.repaint?.();
    },
  };
}

function tableMap(tokens, weights) {
  const n = tokens.length, most = largest(weights);
  const name = ({ bytes }, scope) => h("th", { scope }, h("span", { dir: "auto" }, spell(bytes).text));
  const cell = (query, key) => {
    const weight = weights[query * n + key];
    const attributes = { "--w": strength(weight, most).toFixed(3), "data-at": `${query} ${key}` };
    return h("td", attributes, n <= N_NUMBERED ? weight.toFixed(2) : null);
  };
  const rows = tokens.map((token, query) => h("tr", {}, name(token, "row"), tokens.map((_, key) => cell(query, key))));
  const top = h("tr", {}, h("td", {}), tokens.map((token) => name(token, "col")));
  const root = h("table", { class: n <= N_NUMBERED ? "" : "dense", "--n": n }, top, rows);
  const cellAt = ([query, key]) => rows[query].children[key + 1];
  let marked = null;
  return {
    root: n ? root : h("span", {}),
    mark(at) {
      marked?.classList.remove("at");
      marked = at && cellAt(at);
      marked?.classList.add("at");
    },
    reveal: (at) => cellAt(at).scrollIntoView({ block: "nearest", inline: "nearest" }),
    placeOf: (event) => event.target.closest?.("td[data-at]")?.dataset.at.split(" ").map(Number),
  };
}

// One pixel a weight, in the colour of the theme, the largest weight full.
function canvasMap(tokens, weights) {
  const n = tokens.length;
  const most = largest(weights), strengths = weights.map((weight) => strength(weight, most));
  const canvas = h("canvas", {});
  const frame = h("div", { class: "at", hidden: true });
  const root = h("div", { class: "picture", "--n": n }, canvas, frame);
  return {
    root,
    repaint: () => paint(canvas, strengths, n, n),
    mark(at) {
      frame.hidden = !at;
      if (at) { frame.style.setProperty("--at-row", at[0]); frame.style.setProperty("--at-column", at[1]); }
    },
    placeOf(event) {
      const area = canvas.getBoundingClientRect();
      const shares = [(event.clientY - area.top) / area.height, (event.clientX - area.left) / area.width];
      const place = shares.map((share) => Math.floor(share * n));
      return place.every((i) => i >= 0 && i < n) ? place : null;
    },
  };
}

// ---- small things --------------------------------------------------------------------------------------------------

function examples(model) {
  const buttons = EXAMPLES.map(([name, text]) =>
    h("button", { type: "button", onclick: () => tell(model, { text }) }, name));
  const label = h("span", { class: "b2t-label" }, "Try");
  return h("div", { class: "b2t-row examples", role: "group", "aria-label": "Examples" }, label, buttons);
}

// Run `task` when it has not been asked for a while.
function afterPause(task, pause = 700) {
  let timer = 0;
  const ask = (...values) => { clearTimeout(timer); timer = setTimeout(() => task(...values), pause); };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}

const wellFormed = (text) => text.toWellFormed?.() ?? text.replace(/\p{Surrogate}/gu, "\ufffd");
const isPair = (text, i) => text.codePointAt(i) > 0xffff;
const hex = (byte) => byte.toString(16).padStart(2, "0");
const plural = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;

// A probability, with a decimal where it is near 0 or 1, and never as 0 or 1.
function percent(p) {
  if (!(p >= 0.0005 && p < 0.9995)) return p < 0.5 ? "<0.1 %" : ">99.9 %";
  return `${(100 * p).toFixed(p >= 0.0995 && p < 0.9895 ? 0 : 1)} %`;
}

// How many characters and how many UTF-8 bytes a text has.
function count(text) {
  let bytes = 0, pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i), half = unit >= 0xd800 && unit < 0xe000;
    bytes += unit < 0x80 ? 1 : unit < 0x800 || half ? 2 : 3;
    pairs += half ? 0.5 : 0;
  }
  return [text.length - pairs, bytes];
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// A token as text, with signs for blanks; as its bytes where it is not whole characters.
function spell(bytes) {
  try { return { text: signs(strict.decode(bytes)), part: false }; }
  catch { return { text: [...bytes].map(hex).join(" "), part: true }; }
}

const SIGNS = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍" };
const signs = (text) => text.replace(/[ \n\t\r]/g, (blank) => SIGNS[blank]);

// A character that can be seen: a mark on a circle, what has no shape as its number.
function shown(character) {
  if (/^[\p{Cf}\p{Cc}\p{Z}]$/u.test(character) && !" \n\t\r".includes(character))
    return character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return /^\p{M}$/u.test(character) ? `◌${character}` : signs(character);
}

const FROM_THE_RIGHT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// The side from which a text is read, by its first letter, as dir="auto" has it.
function directionOf(text) {
  const letter = text.slice(0, 1000).match(/\p{L}/u)?.[0] ?? "a";
  return FROM_THE_RIGHT.test(letter) ? "rtl" : "ltr";
}
