// Attention weights to look into, in one of three ways. Which one, the state of the widget says: small matrices Q, K
// and V to compute with by hand; weights that Python was given; or a text, to be run through the trained encoder.
import { mountByHand } from "./attention_by_hand.js";
import { mountGiven, mountTrained } from "./attention_trained.js";
import { define } from "./ui/view.js";

const WAYS = {
  byHand: {
    mount: mountByHand,
    hint: "Change any number and follow it, step by step, to the output.",
  },
  given: {
    mount: mountGiven,
    hint: "Choose a head and a token to see where it looks.",
  },
  trained: {
    mount: mountTrained,
    hint: "Type a text, then choose a head and a token to see where it looks.",
  },
};

const wayOf = (model) => WAYS[model.get("Q") ? "byHand" : model.get("given") ? "given" : "trained"];

export default {
  render({ model, el }) {
    const { mount, hint } = wayOf(model);
    return define({ name: "attention-explorer", title: "Attention explorer", hint, mount }).render({ model, el });
  },
};
