// Builds the viewer: one page, dist/viewer.html, that holds its script, its style and the parser. A report is the same
// page with data in it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { licences } from "./bundle.mjs";
import { root } from "./tools.mjs";

const folder = "src/viewer";

/** Bundles one entry into a classic script: pages from files may not load modules. */
async function script(entry) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`${folder}/${entry}`],
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["chrome111", "firefox113", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
    // The core gets its bytes from the page and never asks where it lies.
    logOverride: { "empty-import-meta": "silent" },
    metafile: true,
    write: false,
  });
  return { text: outputFiles[0].text.trim(), inputs: Object.keys(metafile.inputs) };
}

/** The page's own style, uPlot's before it. */
async function style() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: `@import "uplot/dist/uPlot.min.css";\n@import "./${folder}/viewer.css";`,
      loader: "css",
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    target: ["chrome111", "firefox113", "safari16.4"],
    logLevel: "warning",
    write: false,
  });
  return outputFiles[0].text.trim();
}

const packed = (bytes) => gzipSync(bytes, { level: 9 }).toString("base64");
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The page's policy: its own script and style, its own thread, and no way out. */
function policy(code, css) {
  return [
    "default-src 'none'",
    `script-src ${hash(code)} 'wasm-unsafe-eval'`,
    `style-src ${hash(css)}`,
    "worker-src blob:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Puts a text at the one place of a page that is meant for it. */
function insert(page, place, text) {
  const parts = page.split(place);
  if (parts.length !== 2) throw new Error(`${folder}/index.html has ${parts.length - 1} places ${place}`);
  return parts.join(text);
}

/** Builds dist/viewer.html. */
export async function buildViewer() {
  const [main, worker, css] = await Promise.all([
    script("main.ts"),
    script("inputs/read-worker.ts"),
    style(),
  ]);
  for (const { text } of [main, worker]) {
    if (/<\/script|<!--/i.test(text)) throw new Error("the script would end its element");
  }
  const core = readFileSync(`${root}wasm/marian_log_wasm_bg.wasm`);
  const notices = licences([...new Set([...main.inputs, ...worker.inputs])]).join("\n--------\n\n");
  let page = readFileSync(`${root}${folder}/index.html`, "utf8");
  page = insert(page, `content="default-src 'none'"`, `content="${policy(main.text, css)}"`);
  page = insert(page, "/* style */", css);
  page = insert(page, "/* script */", main.text);
  page = insert(page, `id="packed-core">`, `id="packed-core">${packed(core)}`);
  page = insert(page, `id="packed-worker">`, `id="packed-worker">${packed(worker.text)}`);
  // A comment ends at the first "-->".
  page = insert(page, "</body>", `<!--\n${notices.replaceAll("--", "- -")}\n-->\n</body>`);
  mkdirSync(`${root}dist`, { recursive: true });
  writeFileSync(`${root}dist/viewer.html`, page);
  return { page: page.length, script: main.text.length, worker: worker.text.length, core: core.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildViewer());
