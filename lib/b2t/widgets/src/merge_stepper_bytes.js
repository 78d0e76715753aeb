// The bytes of a text under its characters, joined into tokens.
import { fromBytes } from "./engine/index.js";
import { inside } from "./merge_stepper_learn.js";
import { h, number } from "./ui/dom.js";

const SHORT_WORD = 10; // bytes that stay on one line
const MOST_BYTES = 60; // of one token that are drawn

// Draw words into a box.
//   pieces      of one page, see `paginate`
//   state       the distinct words after some merges, see `stateAfter`
//   fresh       id of the token just made, or null
//
// A line may break before a word, in a long word before a character, and nowhere else: a byte stays with its
// character. Tokens and characters
// overlap, so neither can hold the other: a token holds its bytes, and a character hangs over its first byte.
export function drawWords(box, { pieces, state, tokenizer, names, fresh }) {
  const keys = pieces.map((piece) => keyOf(piece, state[piece.index], fresh));
  replaceChanged(box, keys, (i) => wordOf(pieces[i], state[pieces[i].index].ids, tokenizer, names, fresh));
}

// What a drawn word looks like follows from this text.
function keyOf({ from }, { text, ids }, fresh) {
  return `${from} ${ids.includes(fresh) ? fresh : ""} ${ids} ${text}`;
}

const drawnKeys = new WeakMap(); // box to the keys of its children

// Draw the children of a box anew, as far as their keys have changed: `make(i)` makes the child whose key is keys[i].
// A step changes some words where they stand; a keystroke changes what lies between a start and an end that stay.
export function replaceChanged(box, keys, make) {
  const old = drawnKeys.get(box) ?? [];
  drawnKeys.set(box, keys);
  const children = [...box.children];
  if (old.length === keys.length) {
    for (let i = 0; i < keys.length; i++) if (old[i] !== keys[i]) children[i].replaceWith(make(i));
    return;
  }
  const shorter = Math.min(old.length, keys.length);
  let start = 0;
  while (start < shorter && old[start] === keys[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === keys.at(-1 - end)) end++;
  const after = children[old.length - end] ?? null;
  for (const child of children.slice(start, old.length - end)) child.remove();
  for (let i = start; i < keys.length - end; i++) box.insertBefore(make(i), after);
}

function wordOf({ bytes, from, to }, ids, tokenizer, names, fresh) {
  const word = document.createElement("span");
  word.className = "b2t-merge-word";
  let at = 0;
  for (const id of ids) {
    if (at >= to) break;
    const length = id < 256 ? 1 : tokenizer.bytesOf(id).length;
    if (at >= from) {
      if (mayBreak(bytes, at)) word.append(document.createElement("wbr"));
      word.append(tokenOf(id, bytes, at, length, names(id), id === fresh));
    }
    at += length;
  }
  return word;
}

const mayBreak = (bytes, i) => i === 0 || (bytes.length > SHORT_WORD && !inside(bytes[i]));

function tokenOf(id, bytes, at, length, name, isFresh) {
  const token = document.createElement("span");
  const label = `${name}, token ${id}`;
  token.className = "b2t-merge-bytes";
  if (id >= 256) token.classList.add("b2t-merge-made");
  if (isFresh) token.classList.add("b2t-merge-fresh");
  token.dataset.id = id;
  token.setAttribute("role", "img");
  token.setAttribute("aria-label", label);
  token.title = label;
  const drawn = length > MOST_BYTES ? MOST_BYTES : length;
  for (let i = 0; i < drawn; i++) {
    if (i && mayBreak(bytes, at + i)) token.append(document.createElement("wbr"));
    token.append(byteOf(bytes, at + i, i === 0, i === length - 1));
  }
  if (drawn < length) token.append(moreOf(length - drawn));
  return token;
}

function moreOf(n) {
  return h("span", { class: "b2t-merge-one b2t-merge-more b2t-merge-ends" }, `+ ${number(n)} bytes`);
}

function byteOf(bytes, i, begins, ends) {
  const one = document.createElement("span");
  one.className = "b2t-merge-one";
  if (begins) one.classList.add("b2t-merge-begins");
  if (ends) one.classList.add("b2t-merge-ends");
  if (i === 0) one.classList.add("b2t-merge-cut");
  if (!inside(bytes[i])) one.append(characterOf(bytes, i));
  one.append(bytes[i].toString(16).padStart(2, "0"));
  return one;
}

// A character, as wide as all its bytes together.
function characterOf(bytes, i) {
  let n = 1;
  while (inside(bytes[i + n])) n++;
  const character = document.createElement("span");
  character.className = `b2t-merge-char b2t-merge-char${n}`;
  character.textContent = signFor(fromBytes(bytes.subarray(i, i + n)));
  return character;
}

const SIGNS = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "\u007f": "␡" };

// What stands for a character that shows nothing by itself.
function signFor(character) {
  if (SIGNS[character]) return SIGNS[character];
  const code = character.codePointAt(0);
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  if (/\p{M}/u.test(character) && !/\p{Variation_Selector}/u.test(character)) return `\u25cc${character}`;
  if (/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character)) return code.toString(16).padStart(4, "0");
  return character;
}
