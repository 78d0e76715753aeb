// The table as a picture, on a canvas: red -1, the ground 0, blue +1; NaN is hatched, for it has no colour.
import { h } from "./ui/dom.js";

const SHADES = 256;
const STRIPES = 6; // CSS pixels between two lines of the hatching

export function picture() {
  const canvas = h("canvas", { class: "b2t-position-canvas", role: "img" });
  const cells = h("canvas"); // one pixel a number
  const stretched = h("canvas"); // as wide as the picture, still one row a position

  let drawn = {};

  // Draw a table of `rows` rows, as large as the canvas stands in the page; nothing to do if it is there already.
  function draw(table, rows, colours) {
    const scale = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    const look = [width, height, ...Object.values(colours)].join();
    if (drawn.table === table && drawn.look === look) return;
    drawn = { table, look };
    const columns = table.length / rows;
    paint(cells, table, rows, columns, shades(colours));
    // One direction after the other: each is either blown up into sharp cells or averaged down, never blurred.
    stretch(cells, stretched, width, rows, columns > width);
    hatch(canvas, width, height, STRIPES * scale, colours);
    stretch(stretched, canvas, width, height, rows > height, false);
  }
  return { canvas, draw };
}

// Colours from -1 to 1 as 32-bit pixels, in the order of bytes that ImageData wants (red first, little-endian).
function shades({ negative, zero, positive }) {
  const pixels = new Uint32Array(SHADES + 1);
  for (let i = 0; i <= SHADES; i++) {
    const value = 2 * i / SHADES - 1;
    const [r, g, b] = zero.map((ground, c) => ground + Math.abs(value) * ((value < 0 ? negative : positive)[c] - ground));
    pixels[i] = 0xff000000 | Math.round(b) << 16 | Math.round(g) << 8 | Math.round(r);
  }
  return pixels;
}

function paint(canvas, table, rows, columns, pixels) {
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const data = new Uint32Array(image.data.buffer);
  for (let i = 0; i < table.length; i++) {
    const value = table[i];
    if (value === value) data[i] = pixels[Math.round((value + 1) / 2 * SHADES)]; // NaN stays transparent
  }
  context.putImageData(image, 0, 0);
}

function stretch(from, to, width, height, smooth, fresh = true) {
  if (fresh) Object.assign(to, { width, height });
  const context = to.getContext("2d");
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = "medium";
  context.drawImage(from, 0, 0, width, height);
}

// Lines from corner to corner, all over: they show where the table has no numbers.
function hatch(canvas, width, height, step, { ground, line }) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = `rgb(${ground})`;
  context.fillRect(0, 0, width, height);
  context.strokeStyle = `rgb(${line})`;
  context.lineWidth = step / 4;
  context.beginPath();
  for (let x = -height; x < width; x += step) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
}

// The colours of the theme in force, as [red, green, blue].
export function themeColours(root) {
  const style = getComputedStyle(root);
  const context = h("canvas").getContext("2d");
  const read = (name) => {
    context.fillStyle = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => Number.parseInt(context.fillStyle.slice(at, at + 2), 16));
  };
  return {
    negative: read("--b2t-red"), zero: read("--w-field"), positive: read("--b2t-blue"),
    ground: read("--w-panel"), line: read("--b2t-muted"),
  };
}
