// The sizes of what is published and of what a page loads, each with its ceiling. Needs a build.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { root } from "./tools.mjs";

if (!existsSync(`${root}oclif.manifest.json`)) {
  console.error("sizes: nothing is built yet; run `npm run build` first");
  process.exit(1);
}
const web = `${root}dist/web/`;
const brotli = (path) => brotliCompressSync(readFileSync(path)).length;
const total = (names, folder) => [...names].reduce((sum, name) => sum + brotli(`${folder}${name}`), 0);
const scriptsIn = (folder) => readdirSync(folder).filter((name) => name.endsWith(".js"));

/** A script for pages and what it imports from the start. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(`${web}${name}`, "utf8");
  for (const [, one, other] of text.matchAll(/\bfrom\s*"\.\/([^"]+)"|\bimport\s*"\.\/([^"]+)"/g)) {
    withImports(one ?? other, seen);
  }
  return seen;
}

const pack = spawnSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
  cwd: root,
  encoding: "utf8",
});
const [published] = JSON.parse(pack.stdout);
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** What it is, its size in bytes or its number, and its ceiling. */
const SIZES = [
  // A page's own script and that of its first worker.
  [
    "a page: JavaScript for the first log, brotli",
    total([...withImports("browser.js"), "worker.js"], web),
    18_200,
  ],
  // `slim.js` is another entry, which holds all of this in one file.
  [
    "a page: all its JavaScript, brotli",
    total(
      scriptsIn(web).filter((name) => name !== "slim.js"),
      web,
    ),
    75_500,
  ],
  ["a page: slim.js, brotli", brotli(`${web}slim.js`), 60_000],
  // The ceiling of scripts/wasm-record.mjs.
  ["the core, brotli", brotli(`${root}wasm/marian_log_wasm_bg.wasm`), 160 * 1024],
  ["the library for Node, brotli", total(scriptsIn(`${root}dist`), `${root}dist/`), 50_000],
  ["the package: compressed", published.size, 2_300_000],
  ["the package: unpacked", published.unpackedSize, 7_300_000],
  ["the package: files", published.entryCount, 220],
  ["the package: dependencies", Object.keys(dependencies).length, 4],
];

for (const [what, size, ceiling] of SIZES) {
  console.log(`${what}: ${size.toLocaleString("en")} (ceiling ${ceiling.toLocaleString("en")})`);
  if (size <= ceiling) continue;
  console.error(`sizes: ${what}: ${size.toLocaleString("en")} is over its ceiling`);
  process.exitCode = 1;
}
