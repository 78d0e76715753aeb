// Large tables a widget computes with: the trained model, GPT-2's merges. In a notebook Python sends them with the
// widget (trait `data`: name to bytes). A page loads a script beside this one, which works on file:// too, and
// only when a widget of the page asks.
const loading = new Map();
const here = typeof document === "undefined" ? "" : document.currentScript?.src ?? "";

export async function loadData(model, name) {
  const live = model.get("data")?.[name];
  if (live) return new Uint8Array(live.buffer, live.byteOffset, live.byteLength);
  if (!loading.has(name)) loading.set(name, fromScript(name));
  return loading.get(name);
}

function fromScript(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`${name}.js`, here).href;
    script.onload = () => resolve(fromBase64(globalThis.b2tData[name]));
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  });
}

export function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// Merges as they are stored: two little-endian uint16 a merge. -> Array of [left, right]
export function unpackMerges(bytes, n = bytes.length / 4) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: n }, (_, i) => [view.getUint16(4 * i, true), view.getUint16(4 * i + 2, true)]);
}

// Ids as they are stored: a little-endian uint16 each. -> Uint16Array
export function unpackIds(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}
