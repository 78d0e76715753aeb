// How large is an encoder, and what does it cost? The formulas of b2t/widgets/sizes.py, where they are explained.
// sizes: { vocab_size, d_model, n_heads, n_layers, d_ff, seq_len, norm_first }

export const PRESETS = {
  chapter: preset(3072, 128, 4, 2, 256, 256, true),
  paper: preset(37000, 512, 8, 6, 2048, 512, false),
  bert: preset(30522, 768, 12, 12, 3072, 512, false),
  gpt2: preset(50257, 768, 12, 12, 3072, 1024, true),
};
export const SIZE_NAMES = Object.keys(PRESETS.chapter);

function preset(vocab_size, d_model, n_heads, n_layers, d_ff, seq_len, norm_first) {
  return { vocab_size, d_model, n_heads, n_layers, d_ff, seq_len, norm_first };
}

// Parameters by part; then what the model of the preset has besides, by name; then all together.
export function parameters(sizes, name) {
  const { vocab_size: V, d_model: d, n_layers: L, d_ff: f, norm_first: preNorm } = sizes;
  const parts = {
    embedding: V * d,
    attention: L * 4 * (d * d + d),
    "feed-forward": L * (2 * d * f + f + d),
    norms: (2 * L + (preNorm ? 1 : 0)) * 2 * d,
  };
  const more = beyond(name), encoder = sum(parts);
  return { ...parts, encoder, ...more, total: encoder + sum(more) };
}

// What a known model has and b2t.nn.Encoder with sinusoids has not.
export function beyond(name) {
  const d = PRESETS[name]?.d_model;
  return {
    chapter: { "linear over 35 languages": 35 * d + 35 },
    bert: {
      "512 learned positions": 512 * d,
      "2 token types": 2 * d,
      "norm after the embedding": 2 * d,
      pooler: d * d + d,
    },
    gpt2: { "1,024 learned positions": 1024 * d },
  }[name] ?? {};
}

// In bytes. Adam keeps weight, gradient and two averages in float32; the maps are one text's attention weights.
export function memory({ n_layers: L, n_heads: heads, seq_len: n }, nParameters) {
  return {
    float32: 4 * nParameters, float16: 2 * nParameters, adam: 16 * nParameters, maps: 4 * L * heads * n * n,
  };
}

// Of the layers' matrix products, for one text, forward.
export function multiplyAdds({ d_model: d, n_layers: L, d_ff: f, seq_len: n }) {
  const parts = { projections: L * 4 * n * d * d, maps: L * 2 * n * n * d, "feed-forward": L * 2 * n * d * f };
  return { ...parts, total: sum(parts) };
}

function sum(parts) { return Object.values(parts).reduce((a, b) => a + b, 0); }

// Whether sizes are a known model's: all equal but the length, which is the text's.
export function matches(sizes, name) {
  return SIZE_NAMES.every((size) => size === "seq_len" || sizes[size] === PRESETS[name][size]);
}

// What a longer table of learned positions would add, for a text that is longer than the model's.
export function morePositions(sizes, name) {
  if (!["bert", "gpt2"].includes(name)) return 0;
  return Math.max(sizes.seq_len - PRESETS[name].seq_len, 0) * PRESETS[name].d_model;
}

// Of an output that scores every token of the vocabulary, at every position, as GPT-2's does.
export const outputMultiplyAdds = ({ seq_len: n, d_model: d, vocab_size: V }) => n * d * V;

// What divides a number: the numbers of heads that a width allows.
export function divisors(n) {
  const found = [];
  for (let k = 1; k <= n; k++) if (n % k === 0) found.push(k);
  return found;
}

// What else changes with one size: the feed-forward part stays 4 times as wide, the heads go on to divide the width.
export function following(sizes, name, value) {
  const next = { ...sizes, [name]: value };
  if (name === "d_model") {
    if (sizes.d_ff === 4 * sizes.d_model) next.d_ff = Math.min(4 * value, 32768);
    next.n_heads = divisors(value).findLast((k) => k <= sizes.n_heads);
  }
  return next;
}
