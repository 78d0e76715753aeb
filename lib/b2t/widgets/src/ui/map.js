// A table of numbers between 0 and 1 as a picture: one pixel a number, which style sheets blow up to squares.

// Paint rows x columns numbers into a canvas. A pixel has the canvas's own CSS colour, and the number for opacity:
// 0 lets the ground shine through. So light and dark need no colours of their own here.
export function paint(canvas, values, rows, columns) {
  canvas.width = columns;
  canvas.height = rows;
  const ink = inkOf(canvas), image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = (Math.round(255 * Math.min(1, Math.max(0, values[i] || 0))) << 24) | ink;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The CSS colour of an element as the lower three bytes of a pixel: red, green, blue from the lowest.
function inkOf(element) {
  const [red, green, blue] = getComputedStyle(element).color.match(/\d+/g) ?? [0, 114, 178];
  return (blue << 16) | (green << 8) | red;
}

// Call `redraw` whenever the page changes between light and dark; each place says it in its own way. Returns what
// ends that.
export function onTheme(redraw) {
  const observer = new MutationObserver(redraw);
  const attributeFilter = ["class", "theme", "data-theme", "data-jp-theme-light"];
  for (const element of [document.documentElement, document.body]) observer.observe(element, { attributeFilter });
  return () => observer.disconnect();
}

// How strongly to draw a weight beside the largest of its map: the root lets small ones show, too.
export const strength = (weight, most) => (most > 0 ? Math.sqrt(weight / most) : 0);

// n x n numbers as at most `size` x `size`: each the largest of its block, so that no dot gets lost in a small picture.
// -> [numbers, how many a side]
export function shrink(values, n, size) {
  const block = Math.ceil(n / size), side = Math.ceil(n / block);
  if (block <= 1) return [values, n];
  const out = new Float32Array(side * side);
  for (let i = 0; i < values.length; i++) {
    const to = Math.floor(Math.floor(i / n) / block) * side + Math.floor((i % n) / block);
    if (values[i] > out[to]) out[to] = values[i];
  }
  return [out, side];
}

export function largest(values) {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}
