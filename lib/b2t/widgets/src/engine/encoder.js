// The forward pass of b2t.nn.Encoder and b2t.nn.Classifier, in eval mode, for one text, with all attention weights.
//
// model = loadModel(bytes) reads what b2t.widgets.export.pack wrote. forward(model, ids) runs it. attention(Q, K, V)
// is the formula alone, on small tables of numbers, with every stage of it.
import { Tokenizer } from "./bpe.js";
import { unpackMerges } from "../ui/data.js";
import {
  add, alibiBias, gelu, layerNorm, linear, maskedSoftmax, mergeHeads, relu, rotate, rowsOf, sinusoidal, softmax,
  splitHeads, tensor, timesTransposed,
} from "./tensor.js";

const ACTIVATIONS = { relu, gelu };

// ---- reading a model -------------------------------------------------------------------------------------------

// -> { config, labels, tokenizer, weights }. config has the fields of b2t.nn.Config (d_model, n_heads, …); labels is
// [{ name, tag, dir }] or null; tokenizer a Tokenizer or null; weights maps the names of PyTorch's state_dict
// ("encoder.layers.0.attention.W_Q.weight") to tensors. The format is described in b2t/widgets/export.py.
export function loadModel(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = 4 + view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, headerEnd)));
  const mergesStart = Math.ceil(headerEnd / 8) * 8;
  const nMerges = header.tokenizer?.merges ?? 0;
  const merges = unpackMerges(bytes.subarray(mergesStart, mergesStart + 4 * nMerges), nMerges);
  const floats = mergesStart + 4 * nMerges;
  const entries = header.tensors.map(({ name, shape, offset }) => [name, halves(view, floats + offset, shape)]);
  return {
    config: header.config,
    labels: header.labels,
    tokenizer: header.tokenizer && new Tokenizer({ merges, pattern: header.tokenizer.pattern }),
    weights: Object.fromEntries(entries),
  };
}

let halfTable = null;

// Read a tensor of half-precision numbers. There are only 65,536 of them: a table has them all.
function halves(view, start, shape) {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => fromHalf(bits));
  const out = tensor(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = halfTable[view.getUint16(start + 2 * i, true)];
  return out;
}

// A half-precision number: 1 bit of sign, 5 of exponent, 10 of fraction.
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction;
}

// ---- the forward pass ------------------------------------------------------------------------------------------

// ids: the tokens of one text. mask: Uint8Array(seq * seq), row = query, 1 = may attend, or null for all. ->
//   x              (seq, d_model) { shape, data }: the encoder's vectors
//   weights        [layer][head] Float32Array(seq * seq), a row a query
//   logits, probabilities   Float32Array(n_classes), or null for a model without a classifier
//   trace          null, or with trace: true every tensor on the way (see below), each { shape, data }:
//     embedding (seq, d_model) already times √d_model; positions: the table that was added, or null where the scheme
//     adds none; x0: their sum; layers: one object a layer; norm: the encoder's vectors; pooled (d_model,) and
//     logits (n_classes,), or null
//   trace.layers[i]
//     Q K V (n_heads, seq, d_head), turned by their positions if the scheme does that
//     scores (n_heads, seq, seq): scaled, with the scheme's bias, before mask and softmax; weights: after them
//     heads (n_heads, seq, d_head): weights · V;  gathered (seq, d_model): the heads side by side, times W_O
//     hidden (seq, d_ff): after the bend;  fed (seq, d_model): what the feed-forward part adds
//     sum_1, sum_2: x + gathered and the next one + fed;  norm_1, norm_2: where the config puts them;  x: the result
export function forward(model, ids, options) {
  const steps = forwardSteps(model, ids, options);
  let step;
  do step = steps.next(); while (!step.done);
  return step.value;
}

// The same as a generator that pauses a few times a layer, for work that is done in slices; it returns what forward does.
export function* forwardSteps(model, ids, { mask = null, trace = false } = {}) {
  check(model, ids, mask);
  const embedded = embed(model, ids), layers = [], weights = [];
  let x = embedded.x0;
  for (let i = 0; i < model.config.n_layers; i++) {
    const layer = yield* encoderLayer(model, i, x, mask, trace);
    x = layer.x;
    weights.push(Array.from({ length: model.config.n_heads }, (_, head) => ofHead(layer.weights, head)));
    if (trace) layers.push(layer);
    yield;
  }
  if (model.config.norm_first) x = layerNorm(x, part(model, "norm"));
  const { pooled, logits } = classify(model, x, mask);
  return {
    x, weights, logits: logits?.data ?? null, probabilities: logits && softmax(logits.data),
    trace: trace ? { ...embedded, layers, norm: x, pooled, logits } : null,
  };
}

function check({ config }, ids, mask) {
  const wrong = Array.from(ids).find((id) => !(Number.isInteger(id) && id >= 0 && id < config.vocab_size));
  if (wrong !== undefined) {
    throw new RangeError(`ids holds ${wrong}, but vocab_size is ${config.vocab_size}; was another tokenizer used?`);
  }
  if (config.positions === "learned" && ids.length > config.max_len) {
    throw new RangeError(`the text has ${ids.length} positions, but only ${config.max_len} were learned; shorten it`);
  }
  if (mask && mask.length !== ids.length ** 2) {
    throw new RangeError(`mask has ${mask.length} entries; ${ids.length} tokens need ${ids.length ** 2}`);
  }
}

// The weight and bias of one part, by its name within the encoder.
function part(model, name) {
  const prefix = "output.weight" in model.weights ? "encoder." : "";
  return { weight: model.weights[`${prefix}${name}.weight`], bias: model.weights[`${prefix}${name}.bias`] };
}

// Tokens to vectors, and the positions that the scheme adds, if it adds any.
function embed(model, ids) {
  const { d_model: width, positions: scheme } = model.config;
  const { weight } = part(model, "embedding"), embedding = tensor([ids.length, width]);
  for (let pos = 0; pos < ids.length; pos++) {
    for (let i = 0; i < width; i++) {
      embedding.data[pos * width + i] = weight.data[ids[pos] * width + i] * Math.sqrt(width);
    }
  }
  const positions = scheme === "sinusoidal" ? sinusoidal(ids.length, width)
    : scheme === "learned" ? learned(model, ids.length) : null;
  return { embedding, positions, x0: positions ? add(embedding, positions) : embedding };
}

function learned(model, seqLen) {
  const table = model.weights["encoder.positions.table"] ?? model.weights["positions.table"];
  return tensor([seqLen, table.shape[1]], table.data.slice(0, seqLen * table.shape[1]));
}

// Attention, then feed-forward; around each a residual connection, and a norm before it or after it.
function* encoderLayer(model, i, x, mask, trace) {
  const { norm_first: normFirst, activation } = model.config;
  const at = (name) => part(model, `layers.${i}.${name}`);
  let norm_1 = normFirst ? layerNorm(x, at("norm_1")) : null;
  const attended = yield* multiHeadAttention(model.config, at, norm_1 ?? x, mask, trace);
  const sum_1 = add(x, attended.gathered);
  norm_1 ??= layerNorm(sum_1, at("norm_1"));
  let norm_2 = normFirst ? layerNorm(sum_1, at("norm_2")) : null;
  yield;
  const hidden = ACTIVATIONS[activation](linear(norm_2 ?? norm_1, at("feed_forward.W_1")));
  yield;
  const fed = linear(hidden, at("feed_forward.W_2"));
  const sum_2 = add(normFirst ? sum_1 : norm_1, fed);
  norm_2 ??= layerNorm(sum_2, at("norm_2"));
  return { norm_1, ...attended, sum_1, norm_2, hidden, fed, sum_2, x: normFirst ? sum_2 : norm_2 };
}

// Several attentions side by side. `at` gives the layer's weights by name.
function* multiHeadAttention({ n_heads: nHeads, positions: scheme }, at, x, mask, trace) {
  let [Q, K, V] = ["W_Q", "W_K", "W_V"].map((name) => splitHeads(linear(x, at(`attention.${name}`)), nHeads));
  if (scheme === "rotary") [Q, K] = [rotate(Q), rotate(K)];
  yield;
  let scores = scaledScores(Q, K);
  if (scheme === "alibi") scores = add(scores, alibiBias(...scores.shape));
  const weights = tensor(scores.shape, maskedSoftmax(scores.data, mask, scores.shape.at(-1)));
  yield;
  const heads = gather(weights, V);
  yield;
  const gathered = linear(mergeHeads(heads), at("attention.W_O"));
  return { Q, K, V, scores: trace ? scores : null, weights, heads, gathered };
}

// Q Kᵀ / √d_head of each head -> (n_heads, query_pos, key_pos)
function scaledScores(Q, K) {
  const [nHeads, seqLen, dHead] = Q.shape, scores = tensor([nHeads, seqLen, seqLen]);
  for (let head = 0; head < nHeads; head++) {
    const to = ofHead(scores, head);
    timesTransposed(ofHead(Q, head), ofHead(K, head), seqLen, seqLen, dHead, to, { scale: dHead ** -0.5 });
  }
  return scores;
}

// weights · V of each head -> (n_heads, query_pos, d_head)
function gather(weights, V) {
  const [nHeads, seqLen, dHead] = V.shape, heads = tensor(V.shape);
  for (let head = 0; head < nHeads; head++) {
    const turned = transposed(ofHead(V, head), seqLen, dHead);
    timesTransposed(ofHead(weights, head), turned, seqLen, dHead, seqLen, ofHead(heads, head));
  }
  return heads;
}

// The part of a tensor (n_heads, …) that belongs to one head; a window, not a copy.
function ofHead({ shape, data }, head) {
  const size = shape[1] * shape[2];
  return data.subarray(head * size, (head + 1) * size);
}

function transposed(data, rows, cols) {
  const out = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j];
  return out;
}

// The mean of the vectors and one score a class. A position to which no query may attend is padding and takes no part
// in the mean; a text of padding alone, or of nothing, gets zeros.
function classify(model, x, mask) {
  const weight = model.weights["output.weight"], bias = model.weights["output.bias"];
  if (!weight) return { pooled: null, logits: null };
  const [seqLen, width] = x.shape, pooled = tensor([width]);
  const real = Array.from({ length: seqLen }, (_, key) => key).filter((key) => attended(mask, seqLen, key));
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (const pos of real) sum += x.data[pos * width + i];
    pooled.data[i] = sum / Math.max(real.length, 1);
  }
  const logits = linear(tensor([1, width], pooled.data), { weight, bias });
  return { pooled, logits: tensor([weight.shape[0]], logits.data) };
}

function attended(mask, seqLen, key) {
  for (let query = 0; mask && query < seqLen; query++) if (mask[query * seqLen + key]) return true;
  return !mask;
}

// ---- the formula alone -----------------------------------------------------------------------------------------

// softmax(Q Kᵀ · scale) V, stage by stage, in double precision.
//   Q, K, V   arrays of rows, number[][], or tensors of two axes: (query_pos, d_head), (key_pos, d_head),
//             (key_pos, d_value)
//   mask      rows of true or 1 for "may attend", (query_pos, key_pos); or the same flat; or null for all
//   scale     1 / √d_head if not given
// -> arrays of rows: scores (Q Kᵀ), scaled, masked (scaled, with -Infinity where the mask forbids; only with a mask),
//    weights (a row sums to 1, or is all 0 where a query may attend to nothing), out (query_pos, d_value)
export function attention(Q, K, V, { mask = null, scale = null } = {}) {
  const [q, k, v] = [Q, K, V].map(rowsOf);
  checkAttention(q, k, v);
  const allowed = mask && maskRows(mask, q.length, k.length);
  const factor = scale ?? 1 / Math.sqrt(q[0]?.length || 1);
  const scores = q.map((query) => k.map((key) => dot(query, key)));
  const scaled = scores.map((row) => row.map((score) => score * factor));
  const masked = allowed && scaled.map((row, i) => row.map((score, j) => (allowed[i][j] ? score : -Infinity)));
  const weights = scaled.map((row, i) => maskedSoftmax(row, allowed && allowed[i], row.length));
  const out = weights.map((row) => (v[0] ?? []).map((_, column) => dot(row, v.map((value) => value[column]))));
  return { scores, scaled, ...(masked && { masked }), weights, out };
}

function dot(a, b) { return a.reduce((sum, value, i) => sum + value * b[i], 0); }

function maskRows(mask, queries, keys) {
  const nested = typeof mask[0] === "object";
  const fits = nested ? mask.length === queries && mask.every((row) => row.length === keys)
    : mask.length === queries * keys;
  if (!fits) {
    throw new RangeError(`the mask does not have ${queries} rows of ${keys}: one row a query, one entry a key`);
  }
  return nested ? mask : Array.from({ length: queries }, (_, i) => mask.slice(i * keys, (i + 1) * keys));
}

function checkAttention(q, k, v) {
  const widths = [...new Set([...q, ...k].map((row) => row.length))];
  if (widths.length > 1) throw new RangeError(`rows of Q and K have ${widths.join(" and ")} numbers; make them equal`);
  if (k.length !== v.length) {
    throw new RangeError(`K has ${k.length} rows and V has ${v.length}; each key needs its value`);
  }
}
