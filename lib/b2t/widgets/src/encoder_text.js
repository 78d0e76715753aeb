// From a reader's text to what the model of chapter 09 sees of it: composed (NFC), in tokens, the first 256 of them.
import { eachWord, wellFormed } from "./engine/index.js";

export const MAX_TOKENS = 256;
const SURPLUS = 8; // words beyond the last that counts, so that the cut does not change how it is split

// Each word is at least one token, so the first 256 tokens lie in the first 256 words: of a long text no more is read.
export function firstIds(tokenizer, text) {
  const composed = wellFormed(text).normalize("NFC");
  return tokenizer.encode(beginning(composed, tokenizer.pattern)).slice(0, MAX_TOKENS);
}

function beginning(text, pattern) {
  let length = 0, words = 0;
  for (const word of eachWord(text, pattern)) {
    length += word.length;
    if (++words === MAX_TOKENS + SURPLUS) break;
  }
  return text.slice(0, length);
}

const COUNTED = 10_000; // characters that are cut into tokens only to count them

// How many tokens a text has, in words: all of a long text are not counted.
export function ofHowMany(tokenizer, text) {
  if (text.length > COUNTED) return "a long text";
  return tokenizer.encode(wellFormed(text).normalize("NFC")).length.toLocaleString("en");
}
