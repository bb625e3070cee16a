// Builds the card: node build.mjs. With --check it writes nothing, and fails unless the committed
// file is the build of the sources and small enough.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const MOST_BYTES = 40_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const integration = "../custom_components/tuya_wifi_lock";
const output = here(`${integration}/frontend/tuya-wifi-lock-card.js`);

// The pickers of Home Assistant show these before any text has been loaded.
const english = JSON.parse(readFileSync(here(`${integration}/translations/en.json`), "utf8"));
const { name, description, doors, doors_description } = english.selector.card.options;

const styles = {
  name: "styles as minified text",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    }),
};

const { outputFiles } = await build({
  entryPoints: [here("src/index.ts")],
  tsconfig: here("tsconfig.json"),
  absWorkingDir: here("."),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  mangleProps: /^_[a-z]/,
  charset: "utf8",
  legalComments: "none",
  define: { TEXTS: JSON.stringify({ name, description, doors, doors_description }) },
  plugins: [styles],
  write: false,
});
// What is left of line breaks and indentation stands in templates, between tags or attributes.
const script = outputFiles[0].text
  .trim()
  .replaceAll(/\n\s*/g, " ")
  .replaceAll(/([>`]) (?=[<`])/g, "$1");
const built = Buffer.from(`${script}\n`);
console.log(`the card has ${built.length} bytes`);
if (built.length > MOST_BYTES) {
  console.error(`That is more than ${MOST_BYTES}.`);
  process.exitCode = 1;
}
if (!process.argv.includes("--check")) {
  writeFileSync(output, built);
} else if (!readFileSync(output).equals(built)) {
  console.error("The committed card is not the build of frontend/src: run npm run build there.");
  process.exitCode = 1;
}
