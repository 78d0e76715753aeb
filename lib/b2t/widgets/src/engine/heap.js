// A heap: put values in, in any order; get them out, the best first. Each costs the logarithm of how many there are.
// `better(a, b)` says whether a comes out before b.
export class Heap {
  constructor(better, values = []) {
    this.better = better;
    this.values = values;
    for (let i = (values.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  get size() { return this.values.length; }

  // Add a value at the end, and let it rise past those it is better than. The parent of i is (i - 1) >> 1.
  push(value) {
    const { values, better } = this;
    let i = values.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!better(value, values[parent])) break;
      values[i] = values[parent];
      i = parent;
    }
    values[i] = value;
  }

  // Take the best value out; undefined when there is none. The last one takes its place, and sinks.
  pop() {
    const { values } = this;
    const best = values[0];
    const last = values.pop();
    if (values.length) {
      values[0] = last;
      this.#sink(0);
    }
    return best;
  }

  // Let the value at i sink below those that are better than it. The children of i are 2 i + 1 and 2 i + 2.
  #sink(i) {
    const { values, better } = this;
    const value = values[i];
    for (;;) {
      let child = 2 * i + 1;
      if (child >= values.length) break;
      if (child + 1 < values.length && better(values[child + 1], values[child])) child++;
      if (!better(values[child], value)) break;
      values[i] = values[child];
      i = child;
    }
    values[i] = value;
  }
}
