// Tables of positions, as in b2t.nn.positions: row pos, column 2 i holds sin(pos · ω_i), column 2 i + 1 the cosine.

// The speeds ω_i of the hands, in radians a position, fastest first: one for each pair of columns.
export function speeds(dModel, base = 10000) {
  return Float64Array.from({ length: Math.ceil(dModel / 2) }, (_, i) => base ** (-2 * i / dModel));
}

// The table of sines and cosines of the 2017 paper, row after row. An odd dModel ends on a sine.
export function sinusoidal(seqLen, dModel, base = 10000) {
  const omega = speeds(dModel, base);
  return fill(new Float64Array(seqLen * dModel), dModel, (pos, i) => pos * omega[i]);
}

// The speeds of the article's code, exp(arange(0, d_model, 2)): the factor -ln(base) / d_model is missing, so they
// grow. Its numbers are float32; from e^90 on they are too large for that and become Infinity.
export function articleSpeeds(dModel) {
  return Float32Array.from({ length: Math.ceil(dModel / 2) }, (_, i) => Math.exp(2 * i));
}

// The article's table, in float32 as its code computes it. An infinite angle has no sine: NaN.
export function articleTable(seqLen, dModel) {
  const omega = articleSpeeds(dModel);
  return fill(new Float32Array(seqLen * dModel), dModel, (pos, i) => Math.fround(pos * omega[i]));
}

// Write the sine and the cosine of each angle side by side.
function fill(table, dModel, angle) {
  for (let cell = 0, pos = 0; cell < table.length; pos++) {
    for (let column = 0; column < dModel; column += 2) {
      const turned = angle(pos, column / 2);
      table[cell++] = Math.sin(turned);
      if (column + 1 < dModel) table[cell++] = Math.cos(turned);
    }
  }
  return table;
}

// How many numbers of the article's table are NaN, without making the table: the angles of a hand only grow, so the
// NaN in its columns reach from the first infinite angle to the end. 0 · Infinity is NaN, too.
export function articleNaN(seqLen, dModel) {
  return articleSpeeds(dModel).reduce((count, omega, i) => {
    let first = omega === Infinity ? 0 : Math.min(seqLen, Math.floor(MAX_FLOAT32 / omega));
    while (first < seqLen && Number.isFinite(Math.fround(first * omega))) first++;
    return count + (seqLen - first) * Math.min(2, dModel - 2 * i);
  }, 0);
}
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

export function countNaN(table) {
  let count = 0;
  for (const value of table) if (value !== value) count++;
  return count;
}

// The cosine of the angle between one row and each row: 1 for itself. For an even dModel all rows are equally long,
// and this is their dot product divided by the number of hands. A row that holds NaN is similar to nothing: NaN.
export function similarity(table, dModel, position) {
  const rows = table.length / dModel;
  const dot = (a, b) => {
    let sum = 0;
    for (let column = 0; column < dModel; column++) sum += table[a * dModel + column] * table[b * dModel + column];
    return sum;
  };
  const own = dot(position, position);
  return Float64Array.from({ length: rows }, (_, row) => dot(position, row) / Math.sqrt(own * dot(row, row)));
}
