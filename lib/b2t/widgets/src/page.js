// The script of the rendered pages: gives every element with data-b2t and data-state its widget. There is no kernel:
// a model here only keeps the state and tells listeners of changes.
import * as engine from "./engine/index.js";
import attentionExplorer from "./attention_explorer.js";
import encoderWalk from "./encoder_walk.js";
import languageFinder from "./language_finder.js";
import mergeStepper from "./merge_stepper.js";
import positionExplorer from "./position_explorer.js";
import tokenizerPlayground from "./tokenizer_playground.js";
import wholeMachine from "./whole_machine.js";

const widgets = {
  "attention-explorer": attentionExplorer,
  "encoder-walk": encoderWalk,
  "language-finder": languageFinder,
  "merge-stepper": mergeStepper,
  "position-explorer": positionExplorer,
  "tokenizer-playground": tokenizerPlayground,
  "whole-machine": wholeMachine,
};

class PageModel extends EventTarget {
  #state;
  #handlers = new Map();
  constructor(state) { super(); this.#state = state; }
  get(trait) { return this.#state[trait]; }
  set(trait, value) {
    if (this.#state[trait] === value) return;
    this.#state[trait] = value;
    for (const handler of [...(this.#handlers.get(`change:${trait}`) ?? [])]) handler();
  }
  on(event, handler) { this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]); }
  off(event, handler) { this.#handlers.set(event, (this.#handlers.get(event) ?? []).filter((h) => h !== handler)); }
  save_changes() {}
}

function mount(root) {
  const still = [...root.childNodes];
  try {
    const model = new PageModel(JSON.parse(root.dataset.state));
    widgets[root.dataset.b2t].render({ model, el: root });
    root.dataset.mounted = "";
  } catch (error) {
    root.replaceChildren(...still);
    console.error(`widget ${root.dataset.b2t} failed, its still picture stays:`, error);
  }
}

function mountAll() { document.querySelectorAll("[data-b2t][data-state]:not([data-mounted])").forEach(mount); }

globalThis.b2t = { engine, mountAll };
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
else mountAll();
