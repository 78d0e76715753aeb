// What every widget shares: a frame, a redraw that never runs twice for one frame, work cut into slices.
import { h } from "./dom.js";

// A widget as anywidget wants it. `mount({ model, body, root })` builds the view inside `body` and returns a
// function that undoes what must be undone (listeners on the model, running work).
export function define({ name, title, hint, mount }) {
  return {
    render({ model, el }) {
      el.classList.add("b2t-widget");
      el.dataset.b2t = name;
      el.setAttribute("role", "group");
      el.setAttribute("aria-label", title);
      const body = h("div", { class: "b2t-body" });
      el.replaceChildren(
        h("div", { class: "b2t-head" }, h("strong", {}, title), " ", h("span", { class: "b2t-hint" }, hint)), body);
      return mount({ model, body, root: el });
    },
  };
}

// Listen to several traits of the model; returns what stops listening.
export function listen(model, handlers) {
  const entries = Object.entries(handlers).map(([trait, handler]) => [`change:${trait}`, handler]);
  for (const [event, handler] of entries) model.on(event, handler);
  return () => { for (const [event, handler] of entries) model.off(event, handler); };
}

// Set traits and tell Python, if there is one.
export function tell(model, values) {
  for (const [trait, value] of Object.entries(values)) model.set(trait, value);
  model.save_changes();
}

// Run `draw` once before the next frame, however often it is asked for; `now` runs at once what is still to come.
export function later(draw) {
  let asked = 0;
  const run = () => { asked = 0; draw(); };
  const ask = () => { asked ||= requestAnimationFrame(run); };
  ask.cancel = () => { if (asked) cancelAnimationFrame(asked); asked = 0; };
  ask.now = () => { if (asked) { cancelAnimationFrame(asked); run(); } };
  return ask;
}

// Run a generator a few milliseconds at a time, so that typing never waits for it. Calls `done` with what it
// returns, `progress` with what it yields after each slice. Returns a function that gives up.
export function inSlices(work, { done, progress = () => {}, budget = 8 }) {
  const channel = new MessageChannel();
  let stopped = false;
  channel.port1.onmessage = () => {
    if (stopped) return;
    const end = performance.now() + budget;
    let step;
    do step = work.next(); while (!step.done && performance.now() < end);
    if (step.done) { channel.port1.close(); done(step.value); }
    else { progress(step.value); channel.port2.postMessage(0); }
  };
  channel.port2.postMessage(0);
  return () => { stopped = true; channel.port1.close(); };
}

// Whether to leave out what moves.
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
