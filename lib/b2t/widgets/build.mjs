// Bundle src/ into static/ (or into the folder named on the command line):
//   NAME.js      one self-contained ES module a widget, for anywidget (JupyterLab, Colab)
//   page.js      one classic script with all of them and the engine, for the rendered pages, which may be file://
//   widgets.css  the style of all, with the palette of the book in front
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "static"));
const WIDGETS = [
  "merge_stepper", "tokenizer_playground", "attention_explorer", "position_explorer", "encoder_walk", "whole_machine",
  "language_finder",
];
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  supported: { "regexp-unicode-property-escapes": true },
};

await bundle({ entryPoints: WIDGETS.map((name) => `src/${name}.js`), outdir: out, format: "esm" });
await bundle({ entryPoints: ["src/page.js"], outdir: out, format: "iife" });
const { outputFiles } = await bundle({ entryPoints: ["src/widgets.css"], outdir: out, write: false });
await writeFile(join(out, "widgets.css"), (await palette()) + outputFiles[0].text);

// A warning is a fault.
async function bundle(options) {
  const result = await build({ ...common, ...options });
  if (result.warnings.length) throw new Error(`${result.warnings.length} warnings, above`);
  return result;
}

// The page, JupyterLab, Colab and VS Code each say "dark" in their own way.
async function palette() {
  const colours = JSON.parse(await readFile(join(here, "../book/palette.json"), "utf8"));
  const dark = ['html[data-theme="dark"]', '[data-jp-theme-light="false"]', 'html[theme="dark"]', ".vscode-dark"];
  const rule = (selector, theme) =>
    `${selector}{${Object.entries(colours).map(([name, value]) => `--b2t-${name}:${value[theme]}`).join(";")}}\n`;
  return rule(".b2t-widget", "light") + rule(`:is(${dark.join(",")}) .b2t-widget`, "dark");
}
