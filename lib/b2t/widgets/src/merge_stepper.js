// Byte pair encoding, one merge at a time, on the reader's text. Twin of lib/b2t/widgets/merge_stepper.py.
//
// All merges are learned at once, in slices; a step only shows the state after so many of them.
import { stateAfter, topPairs, wellFormed } from "./engine/index.js";
import { drawWords } from "./merge_stepper_bytes.js";
import { RULES, learning, lastMerge, partings, sizes } from "./merge_stepper_learn.js";
import { curve, mergeList, pairTable, scrolled, sizeList } from "./merge_stepper_panels.js";
import { setCurve, setMerges, setPairs } from "./merge_stepper_panels.js";
import { choice, h, number, slider, textField, toggle } from "./ui/dom.js";
import { calm, define, inSlices, later, listen, tell } from "./ui/view.js";

const AT_ONCE = 2_000; // a text of so many characters is learned without slices, so that nothing flickers
const LIMITS = [16, 64, 256, 512];
const PATIENCE = 150; // ms before the page says that it is training

export default define({
  name: "merge-stepper",
  title: "Byte pair encoding",
  hint: "Type. Next joins the most frequent pair of neighbours into one token.",
  mount({ model, body }) {
    const ui = layOut(model, { go, play, turnPage });
    body.append(...ui.parts);
    let learned = null; // what the picture shows; the model's text may be ahead of it
    let page = 0;
    let timer = 0; // of the player
    let stopLearning = () => {};
    let stopComparing = () => {};
    const redraw = later(draw);

    // ---- learning --------------------------------------------------------------------------------------------------

    function relearn() {
      stopLearning();
      stopComparing();
      pause();
      const text = model.get("text");
      const options = { nMerges: model.get("steps"), tie: model.get("tie") };
      stopLearning = run(learning(text, options), text, show, (n) => `training … ${number(n)} merges`);
    }

    // Run a generator, at once when the text is short. Returns what gives up.
    function run(work, text, done, words) {
      if (text.length <= AT_ONCE) {
        let step;
        do step = work.next(); while (!step.done);
        done(step.value);
        return () => {};
      }
      let patient = true;
      const alarm = setTimeout(() => { patient = false; ui.busy.textContent = words(0); }, PATIENCE);
      const end = () => { clearTimeout(alarm); ui.busy.textContent = ""; };
      const progress = (n) => { if (!patient && Number.isInteger(n)) ui.busy.textContent = words(n); };
      const stop = inSlices(work, { done: (value) => { end(); done(value); }, progress });
      return () => { end(); stop(); };
    }

    function show(result) {
      learned = result;
      page = 0;
      const most = learned.made.length;
      if (model.get("step") > most) tell(model, { step: most });
      draw();
      compare();
    }

    // The other two rules, after the picture is drawn.
    function compare() {
      const mine = learned;
      stopComparing();
      for (const [rule, line] of ui.partings) line.textContent = rule === mine.tie ? "" : "comparing …";
      const work = partings(mine);
      const write = (found) => {
        for (const [rule, line] of ui.partings) line.textContent = found[rule] ?? "";
      };
      stopComparing = run(work, mine.text, write, () => "comparing the tie rules …");
    }

    // ---- the picture -----------------------------------------------------------------------------------------------

    function draw() {
      const { made, pages, tokenizer, names } = learned;
      const step = Math.min(model.get("step"), made.length);
      const state = stateAfter(made.words, made, step);
      page = Math.min(page, pages.length - 1);
      drawWords(ui.words, { pieces: pages[page].pieces, state, tokenizer, names, fresh: step ? 255 + step : null });
      ui.setPages(page, pages, learned.nWords);
      ui.setStep(step, made.length);
      ui.line.textContent = lastMerge(learned, step);
      ui.words.setAttribute("aria-label", `Tokens after ${step} of ${made.length} merges`);
      setPairs(ui.pairs, topPairs(state, 10, learned.tie), learned);
      setMerges(ui.merges, learned, step);
      ui.setSizes(sizes(learned, step));
      setCurve(ui.curve, learned, step);
    }

    function turnPage(by) {
      if (!learned.pages[page + by]) return;
      page += by;
      draw();
      ui.words.scrollTop = 0;
    }

    // ---- stepping --------------------------------------------------------------------------------------------------

    function go(where) {
      pause();
      moveTo(where({ step: model.get("step"), most: learned.made.length }));
    }

    function moveTo(step) {
      const inside = Math.max(0, Math.min(step, learned.made.length));
      if (inside !== model.get("step")) tell(model, { step: inside });
    }

    function play() {
      if (timer) return pause();
      if (model.get("step") >= learned.made.length) moveTo(0);
      ui.setPlaying(true);
      timer = setInterval(() => {
        moveTo(model.get("step") + 1);
        if (model.get("step") >= learned.made.length) pause();
      }, calm() ? 1800 : 1000);
    }

    function pause() {
      clearInterval(timer);
      timer = 0;
      ui.setPlaying(false);
    }

    const unlisten = listen(model, {
      text: () => { ui.text.set(model.get("text")); relearn(); },
      tie: () => { ui.tie.set(model.get("tie")); relearn(); },
      steps: () => { ui.setLimit(model.get("steps")); relearn(); },
      step: () => { if (learned) redraw(); },
    });
    relearn();
    return () => { unlisten(); pause(); stopLearning(); stopComparing(); redraw.cancel(); };
  },
});

// ---- the controls, from top to bottom -------------------------------------------------------------------------------

function layOut(model, { go, play, turnPage }) {
  const text = textField(model.get("text"), (value) => tell(model, { text: wellFormed(value), step: 0 }), { rows: 1 });
  const line = h("p", { role: "status", class: "b2t-merge-line" });
  const busy = h("span", { role: "status", class: "b2t-note" });
  const words = scrolled("b2t-merge-words", "Tokens");
  words.dir = "ltr";
  const [pager, setPages] = pagerOf(turnPage);
  const tie = choice("Tie rule", RULES, model.get("tie"), (value) => tell(model, { tie: value }));
  const [limit, setLimit] = limitOf(model);
  const [player, setStep, setPlaying] = playerOf(go, play);
  const notes = Object.keys(RULES).map((rule) => [rule, h("p", { class: "b2t-note", "data-rule": rule })]);
  const pairs = pairTable();
  const guess = toggle("Guess first", false, pairs.cover);
  player.append(guess.root);
  const merges = mergeList();
  const [size, setSizes] = sizeList();
  const graph = curve();
  return {
    text, line, busy, words, tie, pairs, merges, curve: graph, partings: notes,
    setPages, setStep, setPlaying, setLimit, setSizes,
    parts: [
      text.root,
      h("div", { class: "b2t-merge-top" }, line, busy, pager),
      words,
      player,
      h("div", { class: "b2t-merge-panels" },
        pairs.root, h("div", { class: "b2t-merge-growth" }, size, graph.root, merges.root)),
      h("div", { class: "b2t-merge-ties" }, tie.root, limit,
        scrolled("b2t-merge-partings", "Where other tie rules part", notes.map(([, note]) => note))),
    ],
  };
}

// Words beyond the first page of them.
function pagerOf(turnPage) {
  const label = h("span", { class: "b2t-note" });
  const back = h("button", { type: "button", onclick: () => turnPage(-1) }, "Earlier words");
  const next = h("button", { type: "button", onclick: () => turnPage(1) }, "Later words");
  const root = h("div", { class: "b2t-merge-pager" }, label, back, next);
  const set = (page, pages, nWords) => {
    const { first, last } = pages[page];
    root.hidden = pages.length === 1;
    label.textContent = `words ${number(first)} to ${number(last)}, and ${number(nWords - (last - first + 1))} more`;
    able(back, page > 0);
    able(next, page < pages.length - 1);
  };
  return [root, set];
}

function playerOf(go, play) {
  const button = (label, where) => h("button", { type: "button", onclick: () => go(where) }, label);
  const first = button("First", () => 0);
  const back = button("Back", ({ step }) => step - 1);
  const next = button("Next", ({ step }) => step + 1);
  const last = button("Last", ({ most }) => most);
  const player = h("button", { type: "button", class: "b2t-merge-play", onclick: play }, "Play");
  next.classList.add("b2t-merge-main");
  let end = 0;
  const show = (step) => `${step} of ${end}`;
  const jump = slider("Merge", { min: 0, max: 0, value: 0, show }, (step) => go(() => step));
  const setStep = (step, most) => {
    end = most;
    jump.control.max = most;
    jump.set(step);
    for (const control of [first, back]) able(control, step > 0);
    for (const control of [next, last]) able(control, step < most);
    able(player, most > 0);
  };
  const setPlaying = (on) => { player.textContent = on ? "Pause" : "Play"; };
  const root = h("div", { class: "b2t-merge-player" }, first, back, next, last, player, jump.root);
  return [root, setStep, setPlaying];
}

// A button that can do nothing now stays where it is and keeps the focus.
function able(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

function limitOf(model) {
  const control = h("select", { onchange: () => tell(model, { steps: Number(control.value) }) });
  const set = (limit) => {
    const limits = [...new Set([...LIMITS, limit])].sort((a, b) => a - b);
    control.replaceChildren(...limits.map((n) => h("option", { value: n }, n)));
    control.value = limit;
  };
  set(model.get("steps"));
  return [h("label", { class: "b2t-merge-limit" }, "Learn at most ", control, " merges"), set];
}
