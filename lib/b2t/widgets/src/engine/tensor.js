// Tensors just big enough for an encoder. A tensor is { shape, data }: data is a Float32Array, the last axis runs
// fastest. Numbers are stored in single precision, as in PyTorch, and summed in double (every JavaScript number is
// one), so that results differ from PyTorch's by little more than rounding. Nothing here changes its arguments.

export function tensor(shape, data = new Float32Array(shape.reduce((a, b) => a * b, 1))) {
  return { shape, data };
}

// A tensor of two axes, or nested arrays, as an array of rows.
export function rowsOf(x) {
  if (Array.isArray(x)) return x.map((row) => Array.from(row));
  const [n, width] = x.shape;
  return Array.from({ length: n }, (_, i) => Array.from(x.data.subarray(i * width, (i + 1) * width)));
}

export function add(a, b) {
  return tensor(a.shape, a.data.map((value, i) => value + b.data[i]));
}

// out[i, j] = scale · Σ_k a[i, k] · b[j, k] + bias[j], all flat: a (rows, inner), b (cols, inner), out (rows, cols).
// Two rows of a meet four of b at a time, so that a number read from memory is used more than once. Where rows run
// out, the last one is simply done again: that needs no code of its own for the rest.
export function timesTransposed(a, b, rows, cols, inner, out, { bias = null, scale = 1 } = {}) {
  for (let i = 0; i < rows; i += 2) {
    const i1 = Math.min(i + 1, rows - 1);
    for (let j = 0; j < cols; j += 4) {
      const j1 = Math.min(j + 1, cols - 1), j2 = Math.min(j + 2, cols - 1), j3 = Math.min(j + 3, cols - 1);
      let p = i * inner, q = i1 * inner, r0 = j * inner, r1 = j1 * inner, r2 = j2 * inner, r3 = j3 * inner;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      for (let k = 0; k < inner; k++) {
        const x = a[p++], y = a[q++], b0 = b[r0++], b1 = b[r1++], b2 = b[r2++], b3 = b[r3++];
        s00 += x * b0; s01 += x * b1; s02 += x * b2; s03 += x * b3;
        s10 += y * b0; s11 += y * b1; s12 += y * b2; s13 += y * b3;
      }
      const to0 = i * cols, to1 = i1 * cols;
      const c0 = bias ? bias[j] : 0, c1 = bias ? bias[j1] : 0, c2 = bias ? bias[j2] : 0, c3 = bias ? bias[j3] : 0;
      out[to0 + j] = s00 * scale + c0; out[to0 + j1] = s01 * scale + c1;
      out[to0 + j2] = s02 * scale + c2; out[to0 + j3] = s03 * scale + c3;
      out[to1 + j] = s10 * scale + c0; out[to1 + j1] = s11 * scale + c1;
      out[to1 + j2] = s12 * scale + c2; out[to1 + j3] = s13 * scale + c3;
    }
  }
  return out;
}

// x Wᵀ + b, as torch.nn.Linear: x (rows, n_in), weight (n_out, n_in), bias (n_out,) -> (rows, n_out)
export function linear(x, { weight, bias }) {
  const [rows, inner] = x.shape, cols = weight.shape[0];
  const out = tensor([rows, cols]);
  timesTransposed(x.data, weight.data, rows, cols, inner, out.data, { bias: bias?.data });
  return out;
}

// Positive weights that sum to 1 in each row of `width` numbers. The largest score is subtracted first, which changes
// nothing but keeps exp from overflowing. -> a new array of the same kind
export function softmax(scores, width = scores.length) { return maskedSoftmax(scores, null, width); }

// Softmax over the keys that a query may attend to (its entry in the mask is not 0); a query with none of them gets
// zeros. A mask shorter than the scores is used again and again: one mask for all heads.
export function maskedSoftmax(scores, mask, width) {
  const out = scores.slice();
  const may = (i) => !mask || mask[i % mask.length];
  for (let start = 0; start < out.length; start += width) {
    let peak = -Infinity, sum = 0;
    for (let i = start; i < start + width; i++) if (may(i) && scores[i] > peak) peak = scores[i];
    for (let i = start; i < start + width; i++) {
      out[i] = may(i) ? Math.exp(scores[i] - peak) : 0;
      sum += out[i];
    }
    for (let i = start; sum > 0 && i < start + width; i++) out[i] /= sum;
  }
  return out;
}

// Each row to mean 0 and variance 1 (the biased one), then each feature stretched and shifted.
export function layerNorm(x, { weight, bias }, eps = 1e-5) {
  const width = x.shape.at(-1), out = tensor(x.shape);
  for (let start = 0; start < x.data.length; start += width) {
    let mean = 0, variance = 0;
    for (let i = 0; i < width; i++) mean += x.data[start + i] / width;
    for (let i = 0; i < width; i++) variance += (x.data[start + i] - mean) ** 2 / width;
    const shrink = 1 / Math.sqrt(variance + eps);
    for (let i = 0; i < width; i++) {
      out.data[start + i] = (x.data[start + i] - mean) * shrink * weight.data[i] + bias.data[i];
    }
  }
  return out;
}

export function relu(x) { return tensor(x.shape, x.data.map((value) => Math.max(value, 0))); }

// x Φ(x), with the distribution function of the normal distribution itself and not the usual approximation by tanh
export function gelu(x) {
  return tensor(x.shape, x.data.map((value) => 0.5 * value * (1 + erf(value * Math.SQRT1_2))));
}

// The error function by its series 2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)), in which all terms have
// one sign, so that none cancels another. Beyond 6 it is 1 to the last digit.
export function erf(x) {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// The table that is added to the embeddings: column 2i is sin(pos · base^(-2i / d_model)), column 2i + 1 the cosine
// of the same angle; an odd width ends on a sine. -> (seq_len, d_model)
export function sinusoidal(seqLen, dModel, base = 10000) {
  const table = tensor([seqLen, dModel]);
  for (let column = 0; column < dModel; column++) {
    const frequency = base ** (-(column - (column % 2)) / dModel), wave = column % 2 ? Math.cos : Math.sin;
    for (let pos = 0; pos < seqLen; pos++) table.data[pos * dModel + column] = wave(pos * frequency);
  }
  return table;
}

// Each pair of features (2i, 2i + 1) turned by the angle pos · base^(-2i / d_head). x is (…, seq_len, d_head).
export function rotate(x, base = 10000) {
  const [seqLen, width] = x.shape.slice(-2), out = tensor(x.shape);
  const { data: table } = sinusoidal(seqLen, width, base);
  for (let i = 0; i < x.data.length; i += 2) {
    const even = x.data[i], odd = x.data[i + 1];
    const sin = table[i % table.length], cos = table[(i % table.length) + 1];
    out.data[i] = even * cos - odd * sin;
    out.data[i + 1] = even * sin + odd * cos;
  }
  return out;
}

// ALiBi: what is added to the scores, -slope · |query_pos - key_pos|, with the slope 2^(-8 h / n_heads) of head
// h = 1 … n_heads. -> (n_heads, query_len, key_len)
export function alibiBias(nHeads, queryLen, keyLen) {
  const out = tensor([nHeads, queryLen, keyLen]);
  for (let i = 0; i < out.data.length; i++) {
    const key = i % keyLen, query = Math.floor(i / keyLen) % queryLen, head = Math.floor(i / (keyLen * queryLen));
    out.data[i] = -(2 ** ((-8 * (head + 1)) / nHeads)) * Math.abs(query - key);
  }
  return out;
}

// (seq_len, d_model) -> (n_heads, seq_len, d_head): each row cut into n_heads parts, the head put before the position
export function splitHeads(x, nHeads) {
  const [seqLen, dModel] = x.shape, dHead = dModel / nHeads, out = tensor([nHeads, seqLen, dHead]);
  for (let head = 0; head < nHeads; head++) {
    for (let pos = 0; pos < seqLen; pos++) {
      const from = pos * dModel + head * dHead;
      out.data.set(x.data.subarray(from, from + dHead), (head * seqLen + pos) * dHead);
    }
  }
  return out;
}

// Undoes splitHeads: (n_heads, seq_len, d_head) -> (seq_len, d_model)
export function mergeHeads(x) {
  const [nHeads, seqLen, dHead] = x.shape, out = tensor([seqLen, nHeads * dHead]);
  for (let head = 0; head < nHeads; head++) {
    for (let pos = 0; pos < seqLen; pos++) {
      const from = (head * seqLen + pos) * dHead;
      out.data.set(x.data.subarray(from, from + dHead), (pos * nHeads + head) * dHead);
    }
  }
  return out;
}
