// What the stepper knows of a text: its merges, its words, and what to say of them.
import { Tokenizer, split, toBytes, training, visible } from "./engine/index.js";
import { number } from "./ui/dom.js";

// The tie rules, and what is said of them.
export const RULES = { smallest: "smallest pair", first: "first seen", largest: "largest pair" };
const PAGE_WORDS = 150;
const PAGE_BYTES = 1_000;
const LONGEST_NAME = 60;

// Learn the merges of a text, as a generator for `inSlices`. Returns
//   { text, tie, nMerges     what it was asked
//     made                   the steps of `training`
//     pages                  the words in the order of the text, see `paginate`;  nWords: how many
//     nBytes, tokenizer      the tokenizer knows all merges
//     names }                names(id): how a token is written
export function* learning(text, { nMerges, tie }) {
  const made = yield* training(text, { nMerges, tie });
  const tokenizer = new Tokenizer({ merges: made.map(({ pair }) => pair) });
  const words = split(text);
  const pages = yield* paginate(words, made.words);
  const nBytes = made.words.reduce((sum, { text, weight }) => sum + weight * byteLength(text), 0);
  return { text, tie, nMerges, made, pages, nWords: words.length, nBytes, tokenizer, names: namer(tokenizer) };
}

// Cut the words of a text into pages: [{ first, last, pieces: [{ index, bytes, from, to }] }]. A page has the words
// number `first` to `last`, counted from 1; `index` is the word's place among the distinct words. A word too long for
// a page goes on over the next: its tokens that begin between `from` and `to` stand on this one.
function* paginate(words, distinct) {
  const places = new Map(distinct.map(({ text }, index) => [text, index]));
  const pages = [{ first: 1, last: 0, pieces: [] }];
  let room = PAGE_BYTES;
  for (const [i, word] of words.entries()) {
    const bytes = toBytes(word);
    for (let from = 0; from < bytes.length;) {
      if (room <= 0 || pages.at(-1).pieces.length === PAGE_WORDS) {
        pages.push({ first: i + 1, last: i, pieces: [] });
        room = PAGE_BYTES;
      }
      let to = Math.min(from + PAGE_BYTES, bytes.length);
      while (inside(bytes[to])) to++;
      pages.at(-1).pieces.push({ index: places.get(word), bytes, from, to });
      pages.at(-1).last = i + 1;
      room -= to - from;
      from = to;
    }
    if (i % 256 === 0) yield null;
  }
  return pages;
}

// Whether a byte goes on with a character that an earlier one began.
export const inside = (byte) => (byte & 0xc0) === 0x80;

const byteLength = (text) => toBytes(text).length;

// How tokens are written: names(id). A very long one is cut.
function namer(tokenizer) {
  const names = new Map();
  return (id) => {
    if (!names.has(id)) names.set(id, shortened(visible(tokenizer.bytesOf(id))));
    return names.get(id);
  };
}

function shortened(name) {
  const characters = [...name.slice(0, 4 * LONGEST_NAME)];
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join("")}…` : name;
}

export const spelledPair = ([left, right], names) => `${names(left)} + ${names(right)}`;

// ---- sentences; the Python twin says the same -----------------------------------------------------------------------

export function lastMerge({ made, names }, step) {
  if (step === 0) return "No merge yet: every byte is a token.";
  const { pair, id, count } = made[step - 1];
  const times = count === 1 ? "1 time" : `${number(count)} times`;
  return `Merge ${step}: ${spelledPair(pair, names)} → ${id}, ${times}`;
}

export function sizes({ made, nBytes }, step) {
  const tokens = step ? made[step - 1].tokens : nBytes;
  const ratio = tokens ? (nBytes / tokens + 1e-9).toFixed(2) : "–";
  return [`${256 + step} = 256 + ${step}`, `${number(tokens)} for ${number(nBytes)} bytes`, ratio];
}

// How far the other rules learn the same: { rule: sentence }, as a generator for `inSlices`.
export function* partings(learned) {
  const found = {};
  for (const rule of Object.keys(RULES)) {
    if (rule === learned.tie) continue;
    const others = yield* training(learned.text, { nMerges: learned.nMerges, tie: rule });
    found[rule] = `${RULES[rule]} ${parting(learned, others)}`;
  }
  return found;
}

function parting({ made, names }, others) {
  const differ = ({ pair: [a, b] }, { pair: [c, d] }) => a !== c || b !== d;
  const shorter = Math.min(made.length, others.length);
  let same = 0;
  while (same < shorter && !differ(made[same], others[same])) same++;
  if (same === made.length && same === others.length) return "gives the same merges";
  const name = (step) => (step ? spelledPair(step.pair, names) : "none");
  return `differs from merge ${same + 1} on: ${name(others[same])}, here ${name(made[same])}`;
}
