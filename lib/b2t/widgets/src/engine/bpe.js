// Byte-level byte pair encoding with merges that were learned: text to ids and back, as b2t.bpe.Tokenizer.
// Inside this file ids are those of b2t: 0 to 255 are the bytes, 256 + i is what merge number i makes. A vocabulary
// may number its tokens otherwise (`ids`), as GPT-2's does its bytes: only the methods of Tokenizer translate.
import { Heap } from "./heap.js";
import { fromBytes, newDecoder, split, toBytes } from "./split.js";

export const N_BYTES = 256;
const MAX_IDS = 65536;
const MAX_CACHED_WORDS = 100_000;
const MAX_CACHED_LENGTH = 64;

// A pair of ids as one number, to look it up in a Map. Numbers sort as the pairs do: by left, then by right.
export const pairKey = (left, right) => left * MAX_IDS + right;

// Merges to ranks: Map from pairKey to the pair's place in the list.
export function rank(merges) {
  return new Map(merges.map(([left, right], i) => [pairKey(left, right), i]));
}

// Apply merges to one word, the lowest rank first, each in the time of a heap operation: a word of n bytes costs
// n log n. The word is a linked list: after[i] and before[i] are the neighbours of the token at i.
//   bytes  of the word; not changed        ranks  as of `rank`        nMerges  use this many merges and no more
export function encodeWord(bytes, ranks, nMerges = ranks.size) {
  const n = bytes.length;
  const { token, after, before } = link(bytes);
  const rankAt = (i) => ranks.get(pairKey(token[i], token[after[i]])) ?? nMerges;
  const heap = new Heap(lower); // of rank * n + place: the lowest rank comes out first, and of one rank the leftmost
  const consider = (i) => {
    const rank = i < 0 ? nMerges : rankAt(i);
    if (rank < nMerges) heap.push(rank * n + i);
  };
  for (let i = 0; i < n - 1; i++) consider(i);
  while (heap.size) {
    const found = heap.pop();
    const i = found % n;
    const rank = (found - i) / n;
    if (token[i] < 0 || rankAt(i) !== rank) continue; // one of the two has been merged away since
    const gone = after[i];
    token[i] = N_BYTES + rank;
    token[gone] = -1;
    after[i] = after[gone];
    before[after[i]] = i;
    consider(before[i]);
    consider(i);
  }
  return Array.from(token.filter((id) => id >= 0));
}

const lower = (a, b) => a < b;

// A linked list of the bytes of a word. At its end stands -1, no token: the right neighbour of the last.
function link(bytes) {
  const token = new Int32Array(bytes.length + 1);
  token.set(bytes);
  token[bytes.length] = -1;
  return { token, ...neighbours(token.length) };
}

// The neighbours of n things in a row, before any of them is gone.
export function neighbours(n) {
  const [before, after] = [new Int32Array(n), new Int32Array(n)];
  for (let i = 0; i < n; i++) {
    before[i] = i - 1;
    after[i] = i + 1;
  }
  return { before, after };
}

export class Tokenizer {
  #tables; // what merges and ids determine; shared by all tokenizers that use a part of the same merges
  #words = new Map(); // word to { text, bytes, ids }

  // merges   [[left, right], …] in b2t's numbering, in the order in which they were learned
  // pattern  "gpt2", "gpt4" or null, as for `split`
  // ids      those that the vocabulary gives the bytes and then the first merges; behind them b2t's go on
  constructor({ merges, pattern = "gpt4", ids = [] }) {
    this.merges = merges;
    this.pattern = pattern;
    this.ids = ids;
    this.#tables = { ranks: rank(merges), spelled: spell(merges), trie: null, inside: invert(ids) };
  }

  // How many ids there are.
  get size() { return N_BYTES + this.merges.length; }

  // The tokenizer that knows the first n merges only. It shares the tables of this one, so it is quickly made.
  first(n) {
    const less = new Tokenizer({ merges: [], pattern: this.pattern, ids: this.ids });
    less.merges = this.merges.slice(0, n);
    less.#tables = this.#tables;
    return less;
  }

  // Text to ids.
  encode(text) {
    const ids = [];
    for (const word of split(text, this.pattern)) for (const id of this.#word(word).ids) ids.push(id);
    return ids;
  }

  // Text to words, each with its bytes and ids. Equal words share them: read, do not change.
  words(text) {
    return split(text, this.pattern).map((word) => this.#word(word));
  }

  #word(text) {
    const known = this.#words.get(text);
    if (known) return known;
    const bytes = toBytes(text);
    const ids = encodeWord(bytes, this.#tables.ranks, this.merges.length).map((id) => this.#outside(id));
    const word = { text, bytes, ids };
    if (this.#words.size >= MAX_CACHED_WORDS) this.#words.clear();
    if (text.length <= MAX_CACHED_LENGTH) this.#words.set(text, word);
    return word;
  }

  // The bytes of one token. They are a view of the table: read, do not change.
  bytesOf(id) {
    const { bytes, ends } = this.#tables.spelled;
    const inside = this.#inside(id);
    return bytes.subarray(inside ? ends[inside - 1] : 0, ends[inside]);
  }

  // The bytes of all tokens, joined.
  decodeBytes(ids) {
    const parts = Array.from(ids, (id) => this.bytesOf(id));
    const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  // Ids to text: join the bytes first, and only then decode them. What is not UTF-8 becomes U+FFFD.
  decode(ids) { return fromBytes(this.decodeBytes(ids)); }

  // Ids to text, one at a time, for output that grows: a character comes out when its last byte has come in.
  // All that comes out, `end()` included, is what `decode` gives for all ids together.
  stream() {
    const decoder = newDecoder();
    return {
      push: (id) => decoder.decode(this.bytesOf(id), { stream: true }),
      end: () => decoder.decode(),
    };
  }

  // The merges that made a token: { id, bytes, rank, left, right }. For a byte rank, left and right are null.
  tree(id) {
    const bytes = this.bytesOf(id);
    const rank = this.#inside(id) - N_BYTES;
    if (rank < 0) return { id, bytes, rank: null, left: null, right: null };
    const [left, right] = this.merges[rank].map((part) => this.tree(this.#outside(part)));
    return { id, bytes, rank, left, right };
  }

  // Not byte pair encoding, but what it is often taken for: the longest token that fits, then the longest that fits
  // after it, and so on. Several ids may spell the same bytes: the lowest is taken.
  greedy(bytes) {
    const trie = (this.#tables.trie ??= buildTrie(this.#tables.spelled));
    const ids = [];
    for (let at = 0; at < bytes.length;) {
      const { id, length } = longest(trie, bytes, at, this.size);
      ids.push(this.#outside(id));
      at += length;
    }
    return ids;
  }

  #outside(id) { return this.ids[id] ?? id; }

  #inside(id) {
    const found = this.#tables.inside.get(id) ?? id;
    if (!Number.isInteger(found) || !(found >= 0 && found < this.size) || this.#outside(found) !== id) {
      const last = this.ids.reduce((most, own) => Math.max(most, own), this.size - 1);
      throw new RangeError(`id ${id} is not in the vocabulary, whose ids run from 0 to ${last}`);
    }
    return found;
  }
}

// The bytes of all tokens, one after the other, and where each token ends.
function spell(merges) {
  if (N_BYTES + merges.length > MAX_IDS) throw new RangeError(`${merges.length} merges; there is room for 65280`);
  const ends = new Uint32Array(N_BYTES + merges.length).map((_, i) => i + 1);
  const start = (id) => (id ? ends[id - 1] : 0);
  merges.forEach(([left, right], i) => {
    const id = N_BYTES + i;
    if (!(left >= 0 && left < id && right >= 0 && right < id)) {
      throw new RangeError(`merge ${i} is ${left}, ${right}, but only the tokens 0 to ${id - 1} exist by then`);
    }
    ends[id] = start(id) + ends[left] - start(left) + ends[right] - start(right);
  });
  const bytes = new Uint8Array(ends.at(-1)).map((_, i) => (i < N_BYTES ? i : 0));
  merges.forEach(([left, right], i) => {
    const at = start(N_BYTES + i);
    bytes.copyWithin(at, start(left), ends[left]);
    bytes.copyWithin(at + ends[left] - start(left), start(right), ends[right]);
  });
  return { bytes, ends };
}

// Each of the vocabulary's own ids to b2t's.
function invert(ids) {
  return new Map(Array.from(ids, (own, id) => [own, id]));
}

// A trie: every token is a path from node 0. steps: Map from node * 256 + byte to the next node; ids[node]: the token
// that ends there, the lowest if several do, or none.
function buildTrie({ bytes, ends }) {
  const steps = new Map();
  const ids = [];
  let nodes = 1;
  ends.forEach((end, id) => {
    let node = 0;
    for (let i = id ? ends[id - 1] : 0; i < end; i++) {
      const key = node * N_BYTES + bytes[i];
      if (!steps.has(key)) steps.set(key, nodes++);
      node = steps.get(key);
    }
    ids[node] ??= id;
  });
  return { steps, ids };
}

// The longest token that spells the bytes from `at` on, among the ids below `size`.
function longest({ steps, ids }, bytes, at, size) {
  let best = { id: bytes[at], length: 1 };
  let node = 0;
  for (let i = at; i < bytes.length; i++) {
    node = steps.get(node * N_BYTES + bytes[i]);
    if (node === undefined) break;
    if (ids[node] < size) best = { id: ids[node], length: i + 1 - at };
  }
  return best;
}

const strict = newDecoder({ fatal: true });

// Spell a token: text where it is text, with signs for blanks, else its bytes in hexadecimal.
export function visible(bytes) {
  try {
    return strict.decode(bytes).replace(/[ \n\t\r]/g, (blank) => SIGNS[blank]);
  } catch {
    return `<${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}>`;
  }
}

const SIGNS = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍" };
