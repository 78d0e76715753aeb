// EncoderWalk: the encoder as a diagram whose arrows show their shapes. "Walk" opens its boxes for the reader's text,
// computed by the trained model of chapter 09; "sizes" counts what a model of any size takes.
import { forwardSteps, loadModel, visible } from "./engine/index.js";
import { boxText, labelOf, shapeText } from "./encoder_boxes.js";
import { changes } from "./encoder_changes.js";
import { COUNTS, costsPanel, inUnits } from "./encoder_costs.js";
import { diagram } from "./encoder_diagram.js";
import { numbersPanel } from "./encoder_numbers.js";
import {
  beyond, following, matches, morePositions, outputMultiplyAdds, PRESETS, SIZE_NAMES,
} from "./encoder_sizes.js";
import { firstIds, MAX_TOKENS, ofHowMany } from "./encoder_text.js";
import { choice, h, number, textField, toggle } from "./ui/dom.js";
import { loadData } from "./ui/data.js";
import { define, inSlices, later, listen, tell } from "./ui/view.js";

const VIEWS = { walk: "Walk through", sizes: "Count sizes" };
const NAMES = {
  chapter: "This chapter's", paper: "2017 paper (base)", bert: "BERT-base", gpt2: "GPT-2 (small)", own: "Your own",
};
const NOTES = {
  chapter: "Pre-norm. Its extras beyond the encoder:",
  paper: "Its encoder alone, with 37,000 tokens: the decoder is not counted. Post-norm.",
  bert: "Post-norm; gelu for relu, no √d_model. Its extras:",
  gpt2: "Pre-norm; gelu for relu, no √d_model, a causal mask. Its extras:",
  own: "b2t's encoder with sinusoids, which are no parameters.",
};
const INPUTS = ["text", "box", "layer", "head", "token", "view", "preset", ...SIZE_NAMES];
const QUICK = 64; // so many tokens are computed at once, more of them when the typing pauses
const LONG = 10_000; // a text of so many characters is cut into tokens when the typing pauses
const PAUSE = 150; // milliseconds

export default define({
  name: "encoder-walk",
  title: "The encoder, box by box",
  hint: "Type a text and open a box, or count other sizes.",
  mount: ({ model, body, root }) => mount(model, body, root),
});

function mount(model, body, root) {
  const get = (name) => model.get(name);
  let machine = null, ids = [], timer = 0, gone = false, stop = () => {};
  let busy = true; // whether the numbers are not those of the text yet
  let seen = { ids: [], result: null }; // what the model has computed last, and of which tokens
  let before = null; // the same for the text before
  let note = "The numbers come with the trained model, which is loading …";

  // ---- what stands where
  const change = (values) => tell(model, values);
  const view = choice("View", VIEWS, get("view"), (value) => change({ view: value }));
  const layers = numbered("Layer", PRESETS.chapter.n_layers, (layer) => change({ layer }));
  const heads = numbered("Head", PRESETS.chapter.n_heads, (head) => change({ head }));
  const preNorm = toggle("pre-norm", get("norm_first"), (on) => changeSize("norm_first", on));
  const text = textField(get("text"), (value) => change({ text: value }), { rows: 2 });
  const tokens = tokenChoice((token) => change({ token }));
  const presets = choice("Preset", NAMES, get("preset"), (preset) => change({ preset, ...PRESETS[preset] }));
  const presetNote = h("p", { class: "b2t-note" });
  const picture = diagram((box) => change({ box }));
  const numbers = numbersPanel(), costs = costsPanel(changeSize);
  const status = h("p", { class: "b2t-hidden", role: "status" });
  const ofWalk = [layers.root, heads.root, numbers.root];
  const ofSizes = [preNorm.root, costs.root];
  const walkTop = h("div", { class: "b2t-walk-top" }, text.root, tokens.root);
  const sizesTop = h("div", { class: "b2t-walk-top b2t-walk-presets" }, presets.root, presetNote);
  body.append(
    h("div", { class: "b2t-row b2t-walk-choices" }, view.root, layers.root, heads.root, preNorm.root),
    walkTop, sizesTop, h("div", { class: "b2t-walk-stage" }, picture.root, numbers.root, costs.root), status);

  // ---- what the state says
  const sizes = () => Object.fromEntries(SIZE_NAMES.map((name) => [name, get(name)]));
  const textSizes = () => ({ ...PRESETS.chapter, seq_len: ids.length });
  const walking = () => get("view") === "walk";
  const drawn = () => (walking() ? "chapter" : get("preset")); // whose boxes the diagram shows

  // A slider moves: what follows from it moves too, and a known model is one no longer.
  function changeSize(name, value) {
    const next = following(sizes(), name, value);
    const preset = get("preset") !== "own" && matches(next, get("preset")) ? get("preset") : "own";
    change({ ...next, preset });
  }

  const draw = later(() => {
    const walk = walking();
    view.set(get("view"));
    layers.set(get("layer"));
    heads.set(get("head"));
    preNorm.set(get("norm_first"));
    presets.set(get("preset"));
    for (const part of [...ofWalk, walkTop]) part.hidden = !walk;
    for (const part of [...ofSizes, sizesTop]) part.hidden = walk;
    drawPicture(walk);
    if (walk) drawNumbers();
    else drawCosts();
  });

  function drawPicture(walk) {
    const shown = walk ? textSizes() : sizes(), box = get("box"), preset = drawn();
    picture.draw({
      sizes: shown, preset, box, answer: walk ? answer() : null, learned: boxText(box, shown, preset),
      layer: walk ? `layer ${get("layer")}` : shown.n_layers > 1 ? `${shown.n_layers} layers` : "1 layer",
      others: walk ? others(get("layer"), shown.n_layers) : ["", ""], changes: walk ? changed() : {},
    });
  }

  function drawNumbers() {
    tokens.choose(get("token"));
    numbers.draw({ ...seen, ...place(), machine, note, sizes: textSizes(), box: get("box") });
    numbers.wait(busy);
  }

  // What is shown of a box, and which boxes hold other numbers there than before the last edit.
  function place() {
    return { layer: get("layer"), head: get("head"), token: Math.min(get("token"), Math.max(seen.ids.length - 1, 0)) };
  }
  const changed = () => changes(before, seen, place());

  function drawCosts() {
    const parts = Object.entries(beyond(get("preset"))).map(([name, n]) => `${name} ${number(n)}`).join(" + ");
    const said = parts ? `${NOTES[get("preset")]} ${parts}.` : NOTES[get("preset")];
    presetNote.textContent = [said, ...notCounted(sizes(), get("preset"))].join(" ");
    costs.draw({ sizes: sizes(), preset: get("preset"), box: get("box") });
  }

  const opened = () => `${labelOf(get("box"), drawn())}: ${shapeText(get("box"), walking() ? textSizes() : sizes())}`;

  // ---- the text
  function answer() {
    const { result } = seen;
    if (!result) return [];
    const best = result.probabilities.reduce((top, p, i) => (p > result.probabilities[top] ? i : top), 0);
    return [machine.labels[best].name, percent(result.probabilities[best])];
  }

  // The tokens at once, and the numbers soon, or both when the typing pauses; never two computations together.
  function read() {
    text.set(get("text"));
    if (!machine) return;
    stop();
    clearTimeout(timer);
    numbers.wait((busy = true));
    if (get("text").length > LONG) timer = setTimeout(cut, PAUSE);
    else cut();
  }

  function cut() {
    ids = firstIds(machine.tokenizer, get("text"));
    if (get("token") > lastToken()) change({ token: lastToken() });
    tokens.draw(ids, machine.tokenizer);
    draw();
    timer = setTimeout(compute, ids.length > QUICK ? PAUSE : 0);
  }

  function changedText() {
    const [first, ...more] = Object.entries(changed()).filter(([, change]) => change === "changed");
    return first ? [`${more.length + 1} boxes changed, first ${labelOf(first[0], drawn())}`] : [];
  }

  const lastToken = () => Math.max(ids.length - 1, 0);

  function compute() {
    if (ids.length === MAX_TOKENS) {
      tokens.count(`the first ${MAX_TOKENS} of ${ofHowMany(machine.tokenizer, get("text"))}`);
    }
    if (!ids.length) show(null);
    else stop = inSlices(forwardSteps(machine, ids, { trace: true }), { done: show });
  }

  function show(result) {
    if (result) result.trace.probabilities = { shape: [result.probabilities.length], data: result.probabilities };
    if (ids.join() !== seen.ids.join()) before = seen;
    seen = { ids, result };
    busy = false;
    note = "There is no token yet: type something.";
    draw();
    status.textContent = [`${ids.length} tokens`, ...answer(), ...changedText()].join(", ");
  }

  // The model is loaded when the widget comes near the window, and not for the sizes.
  let asked = false, close = false;
  function load() {
    if (asked || !close || !walking()) return;
    asked = true;
    loadData(model, "language_id").then((bytes) => {
      if (gone) return;
      machine = loadModel(bytes);
      read();
    }).catch((error) => {
      note = "The trained model did not load, so there are no numbers; the sizes can be counted all the same.";
      console.error(error);
      draw();
    });
  }
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    close = true;
    load();
  }, { rootMargin: "600px" });
  near.observe(root);

  const unlisten = listen(model, {
    ...Object.fromEntries(INPUTS.map((name) => [name, draw])),
    text: read,
    view: () => { draw(); load(); },
    box: () => { draw(); status.textContent = opened(); },
  });
  draw();
  return () => { gone = true; stop(); unlisten(); near.disconnect(); clearTimeout(timer); draw.cancel(); };
}

// What a known model would take besides, and the table does not count.
function notCounted(sizes, preset) {
  const output = preset === "gpt2" && `Not counted: its output, the embedding again, takes `
    + `${inUnits(outputMultiplyAdds(sizes), COUNTS)} multiply-adds.`;
  const rows = morePositions(sizes, preset);
  const longer = rows > 0 && `${number(sizes.seq_len)} learned positions would be ${number(rows)} parameters more.`;
  return [output, longer].filter(Boolean);
}

// Never 100 %, which a softmax does not reach.
const percent = (share) => (share < 0.9995 ? `${(100 * share).toFixed(1)} %` : "> 99.9 %");

// The layers that are not drawn, before and after the one that is: "… layer 1 …" or nothing.
function others(layer, n) {
  const names = Array.from({ length: n }, (_, i) => `… layer ${i} …`);
  return [names.slice(0, layer).join(" "), names.slice(layer + 1).join(" ")];
}

// A few numbered buttons, from 0.
function numbered(label, n, onchange) {
  const options = Object.fromEntries(Array.from({ length: n }, (_, i) => [i, String(i)]));
  const made = choice(label, options, "0", (value) => onchange(Number(value)));
  return { root: made.root, set: (value) => made.set(String(value)) };
}

// The tokens as buttons of which one is chosen; the arrow keys go from one to the next.
function tokenChoice(onchoose) {
  const root = h("div", { class: "b2t-tokens b2t-walk-tokens", role: "group", "aria-label": "Tokens" });
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  root.addEventListener("keydown", (event) => {
    const step = steps[event.key], from = [...root.children].indexOf(event.target);
    if (step === undefined || from < 0) return;
    event.preventDefault();
    const to = Math.min(Math.max(from + step, 0), root.children.length - 1);
    root.children[to].focus();
    onchoose(to);
  });
  const label = h("span", { class: "b2t-label" }, "Tokens");
  const count = (words) => { label.textContent = `Tokens: ${words}`; };
  const draw = (ids, tokenizer) => {
    count(ids.length < MAX_TOKENS ? ids.length : `the first ${MAX_TOKENS}`);
    root.replaceChildren(...ids.map((id, i) => h("button", { type: "button", class: "b2t-token", "data-id": id,
      tabindex: "-1", "aria-pressed": "false", onclick: () => onchoose(i) }, visible(tokenizer.bytesOf(id)))));
  };
  const choose = (token) => [...root.children].forEach((button, i) => {
    button.setAttribute("aria-pressed", String(i === token));
    button.tabIndex = i === token ? 0 : -1;
  });
  return { root: h("div", { class: "b2t-field" }, label, root), draw, choose, count };
}
