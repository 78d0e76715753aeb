// Cut text into words before any pair is counted, so that no token crosses a boundary: b2t.bpe.split.
//
// The patterns are those of the Python library, translated by hand, since JavaScript has no possessive quantifiers and
// not everywhere inline flags. Piece by piece:
//
//   \s \S        \p{White_Space}, \P{White_Space}. Python's \s is that property; JavaScript's own \s leaves out U+0085
//                and takes in U+FEFF.
//   \p{L}++      \p{L}+. A possessive quantifier gives nothing back. That changes nothing where nothing follows in its
//                alternative, or where what follows can be empty, as [\r\n]* can. The same for \p{N}++, \p{N}{1,3}+,
//                [^\s\p{L}\p{N}]++ and [\r\n]*+.
//   [^…]?+\p{L}  [^…]?\p{L}. The optional character is no letter: given back, it would have to match \p{L}, and cannot.
//   \s++$        \p{White_Space}+$. Without the flag m, JavaScript's $ is the end of the text. Python's $ also stands
//                before a last newline, but \s++ has taken that newline and gives nothing back: the same place.
//   (?i:s|ll…)   Both cases, spelled out. One letter more is equal to s when case is ignored: the long s, ſ (U+017F).
//                The Kelvin sign is equal to k, and there is no k here.
//
// Flag u: a pattern sees characters, not halves of surrogate pairs, and knows \p{…}. Flag g: all matches, in order.
const SPACES = [String.raw`\p{White_Space}+(?!\P{White_Space})`, String.raw`\p{White_Space}`];
const SOURCES = {
  gpt2: [
    String.raw`'(?:[sdmt]|ll|ve|re)`,
    String.raw` ?\p{L}+`,
    String.raw` ?\p{N}+`,
    String.raw` ?[^\p{White_Space}\p{L}\p{N}]+`,
    String.raw`\p{White_Space}+$`,
    ...SPACES,
  ],
  gpt4: [
    String.raw`'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])`,
    String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*`,
    String.raw`\p{White_Space}+$`,
    String.raw`\p{White_Space}*[\r\n]`,
    ...SPACES,
  ],
};
const compiled = new Map();

// The words of a text; joined, they are the text again. `pattern` is "gpt2", "gpt4", or null for one single word.
export function split(text, pattern = "gpt4") {
  const whole = wellFormed(text);
  if (pattern === null) return whole ? [whole] : [];
  return whole.match(expression(pattern)) ?? [];
}

// The same, one word at a time, for work that is done in slices.
export function* eachWord(text, pattern = "gpt4") {
  const whole = wellFormed(text);
  if (pattern !== null) for (const [word] of whole.matchAll(expression(pattern))) yield word;
  else if (whole) yield whole;
}

function expression(pattern) {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern);
}

function compile(pattern) {
  if (Object.hasOwn(SOURCES, pattern)) return new RegExp(SOURCES[pattern].join("|"), "gu");
  throw new RangeError(`pattern is ${JSON.stringify(pattern)}; choose from "gpt2", "gpt4", null`);
}

// Half a surrogate pair has no bytes. Where the Python library refuses it, a text here may come from a reader's paste:
// it becomes U+FFFD, the replacement character.
export function wellFormed(text) {
  return text.toWellFormed?.() ?? fromBytes(toBytes(text));
}

const encoder = new TextEncoder();
const decoder = newDecoder();

export const toBytes = (text) => encoder.encode(text);

// Bytes to text, as Python's bytes.decode("utf-8", "replace"): what is not UTF-8 becomes U+FFFD.
export const fromBytes = (bytes) => decoder.decode(bytes);

// A decoder that keeps U+FEFF at the start of a text, which decoders otherwise drop as a "byte order mark".
export function newDecoder(options = {}) {
  return new TextDecoder("utf-8", { ignoreBOM: true, ...options });
}
