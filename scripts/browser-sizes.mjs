// The sizes of what a page loads, held to their ceilings. Needs a build.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { root } from "./tools.mjs";

const folder = `${root}dist/web/`;
if (!existsSync(`${folder}browser.js`)) {
  console.error("browser: there is no dist/web/ yet; run `npm run build` first");
  process.exit(1);
}
const KB = 1000;
// The core's is that of scripts/wasm-record.mjs.
const ceilings = { load: 18.2 * KB, all: 75.5 * KB, wasm: 160 * 1024 };

const brotli = (path) => brotliCompressSync(readFileSync(path)).length;

/** A file and what it imports from the start. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(`${folder}${name}`, "utf8");
  for (const [, one, other] of text.matchAll(/\bfrom\s*"\.\/([^"]+)"|\bimport\s*"\.\/([^"]+)"/g)) {
    withImports(one ?? other, seen);
  }
  return seen;
}

const total = (names) => [...names].reduce((sum, name) => sum + brotli(`${folder}${name}`), 0);

const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
// `slim.js` is another entry, which holds all of this in one file.
const all = scripts.filter((name) => name !== "slim.js");
const found = {
  // A page's own script and that of its first worker.
  load: total(new Set([...withImports("browser.js"), "worker.js"])),
  all: total(all),
  wasm: brotli(`${root}wasm/marian_log_wasm_bg.wasm`),
};
const words = {
  load: "JavaScript at load, worker included",
  all: "JavaScript with all that is loaded when needed",
  wasm: "wasm",
};

for (const name of scripts) console.log(`${name}: ${brotli(`${folder}${name}`)} bytes brotli`);
for (const [what, bytes] of Object.entries(found)) {
  console.log(`${words[what]}: ${bytes} bytes brotli (ceiling ${ceilings[what]})`);
  if (bytes <= ceilings[what]) continue;
  console.error(`browser: ${words[what]} is over its ceiling`);
  process.exitCode = 1;
}
