// Learn merges from text, as b2t.bpe.fast.train, a little at a time, so that a page stays quick meanwhile.
//
// The distinct words of the text lie one after the other in one long row of tokens. Each pair knows its count and the
// places where it begins, so a merge touches those places alone. A heap orders the pairs. Once made, a pair can only
// lose: its count falls, its first place moves right. An entry of the heap is therefore never too far back: when the
// one on top still tells the truth, it is the best, and when it does not, it goes back in corrected.
import { N_BYTES, neighbours, pairKey } from "./bpe.js";
import { Heap } from "./heap.js";
import { eachWord, toBytes } from "./split.js";

const WALL = -1; // stands between two words
const GONE = -2; // stands where a token was merged into its left neighbour
const WORDS_A_SLICE = 256;
const PLACES_A_SLICE = 4096;

// Which of several pairs with the same count comes first? The one with the smallest number here.
// A pair of the training has { left, right, key, places }; `row` is the row of tokens.
const TIES = {
  smallest: (pair) => pair.key, // the smallest (left, right): b2t.bpe
  largest: (pair) => -pair.key, // the largest: Python's max of (count, pair)
  first: (pair, row) => firstPlace(pair, row), // seen first in a new count: Python's max(counts, key=counts.get)
};

// Train, all at once. Returns the steps; see `training`.
export const train = (text, options) => finish(training(text, options));

function finish(work) {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

// Train, as a generator for `inSlices`: yields the number of merges so far, returns the steps
//   [{ pair: [left, right], id, count, ties, tokens }]
//   count: how often the pair occurred; ties: how many pairs occurred so often, itself included;
//   tokens: how many tokens the whole text is after the merge
// and beside them `steps.words`, the distinct words as they stand at the end; see `stateAfter`. There are fewer steps
// than asked for when no pair is left.
export function* training(text, { nMerges, pattern = "gpt4", tie = "smallest" }) {
  checkTie(tie);
  const words = yield* countWords(text, pattern);
  const row = layOut(words);
  yield 0;
  const pairs = yield* findPairs(row);
  const state = { row, pairs, howMany: countCounts(pairs), made: new Set() };
  const order = (pair) => TIES[tie](pair, row);
  const heap = new Heap(comesFirst, Array.from(pairs.values(), (pair) => entry(pair, order)));
  yield 0;
  const steps = [];
  for (let best; steps.length < nMerges && (best = popBest(heap, order));) {
    const { left, right, count } = best;
    const step = { pair: [left, right], id: N_BYTES + steps.length, count, ties: state.howMany[count] };
    for (const _ of mergeEverywhere(best, step.id, state)) yield steps.length;
    for (const pair of state.made) if (pair.count) heap.push(entry(pair, order));
    steps.push({ ...step, tokens: row.nTokens });
    yield steps.length;
  }
  steps.words = readOut(words, row);
  return steps;
}

function checkTie(tie) {
  if (!Object.hasOwn(TIES, tie)) throw new RangeError(`tie is ${tie}; choose from ${Object.keys(TIES).join(", ")}`);
}

// ---- words ---------------------------------------------------------------------------------------------------------

// The distinct words of a text in order of first occurrence: [{ text, weight, ids }]; weight: how often; ids: bytes.
export const distinctWords = (text, pattern = "gpt4") => finish(countWords(text, pattern));

function* countWords(text, pattern) {
  const words = new Map();
  let n = 0;
  for (const word of eachWord(text, pattern)) {
    const known = words.get(word);
    if (known) known.weight++;
    else words.set(word, { text: word, weight: 1, ids: toBytes(word) });
    if (++n % WORDS_A_SLICE === 0) yield 0;
  }
  return [...words.values()];
}

// The words as they stand after the first k steps: [{ text, weight, ids }].
//
// `words` are `steps.words`, which stand after all steps. A merge can be undone exactly, by putting its pair in place
// of its id; so the state after k steps is the last one with every later merge undone. This takes one pass.
export function stateAfter(words, steps, k) {
  const end = N_BYTES + k; // ids from here on do not exist yet
  const undo = (id, ids) => {
    if (id < end) ids.push(id);
    else for (const part of steps[id - N_BYTES].pair) undo(part, ids);
  };
  return words.map(({ text, weight, ids }) => {
    const earlier = [];
    for (const id of ids) undo(id, earlier);
    return { text, weight, ids: earlier };
  });
}

// Count each pair of neighbours in all words: Map from pairKey to { pair: [left, right], count }, in the order in
// which the pairs are first seen. Overlapping pairs count too: a a a holds (a, a) twice.
export function countPairs(words) {
  const counts = new Map();
  for (const { ids, weight } of words) {
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = pairKey(ids[i], ids[i + 1]);
      const known = counts.get(key);
      if (known) known.count += weight;
      else counts.set(key, { pair: [ids[i], ids[i + 1]], count: weight });
    }
  }
  return counts;
}

// The k most frequent pairs, best first: [{ pair, count, ties }]. Among equal counts the tie rule decides, so the
// first is the pair that is merged next. ties: how many pairs, listed or not, have that count.
export function topPairs(words, k, tie = "smallest") {
  checkTie(tie);
  const howMany = new Map();
  const rows = Array.from(countPairs(words), ([key, { pair, count }], i) => {
    howMany.set(count, (howMany.get(count) ?? 0) + 1);
    return { pair, count, order: { smallest: key, largest: -key, first: i }[tie] };
  });
  const heap = new Heap(comesFirst, rows);
  const best = Array.from({ length: Math.min(k, rows.length) }, () => heap.pop());
  return best.map(({ pair, count }) => ({ pair, count, ties: howMany.get(count) }));
}

// ---- the row of tokens ---------------------------------------------------------------------------------------------

// All words in one row, a wall before and after each.
//   token[i]            an id, WALL or GONE
//   after[i] before[i]  the neighbours of the token at i
//   weight[i]           how often the word around i occurs in the text
//   nTokens             of the whole text
function layOut(words) {
  const length = words.reduce((sum, { ids }) => sum + ids.length + 1, 1);
  const token = new Int32Array(length).fill(WALL);
  const weight = new Int32Array(length);
  let at = 1;
  let nTokens = 0;
  for (const word of words) {
    token.set(word.ids, at);
    weight.fill(word.weight, at, at + word.ids.length);
    nTokens += word.weight * word.ids.length;
    at += word.ids.length + 1;
  }
  return { token, weight, ...neighbours(length), nTokens };
}

// The words again, with the ids that stand in the row now.
function readOut(words, { token }) {
  let i = 0;
  return words.map(({ text, weight }) => {
    const ids = [];
    while (token[++i] !== WALL) if (token[i] >= 0) ids.push(token[i]);
    return { text, weight, ids };
  });
}

// Every pair of the row: Map from its key to { left, right, key, count, places, start }.
function* findPairs(row) {
  const pairs = new Map();
  for (let i = 1; i + 1 < row.token.length; i++) {
    if (row.token[i] >= 0 && row.token[i + 1] >= 0) addPlace(pairOf(pairs, row.token[i], row.token[i + 1]), i, row);
    if (i % PLACES_A_SLICE === 0) yield 0;
  }
  return pairs;
}

function pairOf(pairs, left, right) {
  const key = pairKey(left, right);
  let pair = pairs.get(key);
  if (!pair) pairs.set(key, (pair = { left, right, key, count: 0, places: [], start: 0 }));
  return pair;
}

function addPlace(pair, i, row) {
  pair.places.push(i);
  pair.count += row.weight[i];
}

// ---- one merge -----------------------------------------------------------------------------------------------------

const stands = ({ left, right }, i, { token, after }) => token[i] === left && token[after[i]] === right;

// Where a pair stands first. Its places are in order, and one that it has lost never comes back.
function firstPlace(pair, row) {
  while (!stands(pair, pair.places[pair.start], row)) pair.start++;
  return pair.places[pair.start];
}

// What lies in the heap: a pair, with its count and its order when the entry was made.
const entry = (pair, order) => ({ pair, count: pair.count, order: order(pair) });
const comesFirst = (a, b) => a.count > b.count || (a.count === b.count && a.order < b.order);

// The pair to merge next, or null when none is left. A count that has not changed says that no place was lost either,
// so the first place, too, is what it was.
function popBest(heap, order) {
  while (heap.size) {
    const { pair, count } = heap.pop();
    if (pair.count === count) return pair;
    if (pair.count) heap.push(entry(pair, order));
  }
  return null;
}

// howMany[count]: how many pairs have that count. No pair that is made later occurs more often than the best now.
function countCounts(pairs) {
  let most = 0;
  for (const { count } of pairs.values()) if (count > most) most = count;
  const howMany = new Int32Array(most + 1);
  for (const { count } of pairs.values()) howMany[count]++;
  return howMany;
}

// Merge a pair wherever it stands, from left to right; yields after every few thousand places. Afterwards `state.made`
// holds the pairs that this has made.
function* mergeEverywhere(best, id, state) {
  state.made.clear();
  for (let n = 0; n < best.places.length; n++) {
    if (stands(best, best.places[n], state.row)) mergeAt(best.places[n], best, id, state);
    if (n % PLACES_A_SLICE === PLACES_A_SLICE - 1) yield;
  }
  best.places = []; // all lost
}

// Merge a pair at place i. Of `x left right y` the pairs (x, left), (left, right) and (right, y) are lost; (x, id) and
// (id, y) are gained.
function mergeAt(i, { left, right }, id, state) {
  const { token, after, before, weight } = state.row;
  const previous = before[i];
  const gone = after[i];
  const next = after[gone];
  recount(state, left, right, -weight[i]);
  if (token[previous] >= 0) {
    recount(state, token[previous], left, -weight[i]);
    gain(state, token[previous], id, previous);
  }
  if (token[next] >= 0) {
    recount(state, right, token[next], -weight[i]);
    gain(state, id, token[next], i);
  }
  token[i] = id;
  token[gone] = GONE;
  after[i] = next;
  before[next] = i;
  state.row.nTokens -= weight[i];
}

// Change the count of a pair, and how many pairs have the old count and the new.
function recount({ pairs, howMany }, left, right, by) {
  const pair = pairOf(pairs, left, right);
  howMany[pair.count]--;
  pair.count += by;
  howMany[pair.count]++;
  return pair;
}

function gain(state, left, right, place) {
  const pair = recount(state, left, right, state.row.weight[place]);
  pair.places.push(place);
  state.made.add(pair);
}
