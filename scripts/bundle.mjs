// Bundles the program into cli/: most of a short run's time would go into finding some 300 modules. The library in
// dist/ stays as it is.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { root } from "./tools.mjs";

/** Bundled CommonJS expects these. */
export const commonJs = `import { createRequire as bundleRequire } from "node:module";
import { fileURLToPath as bundlePath } from "node:url";
const require = bundleRequire(import.meta.url);
const __filename = bundlePath(import.meta.url);
const __dirname = bundlePath(new URL(".", import.meta.url));`;

/** The licences of everything that was bundled, which they ask to be passed on. */
export function licences(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input) ?? [];
    if (folder !== undefined) packages.add(folder);
  }
  return [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, "utf8"));
    const file = readdirSync(`${root}${folder}`).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file === undefined ? `Licence: ${license}` : readFileSync(`${root}${folder}/${file}`, "utf8").trim();
    return `${name} ${version}\n\n${text}\n`;
  });
}

/** What esbuild makes the program with: the commands and what starts them. */
export function programOptions() {
  const commands = readdirSync(`${root}src/commands`).map((file) => file.replace(/\.ts$/, ""));
  return {
    absWorkingDir: root,
    entryPoints: [
      { in: "src/io/open-files.ts", out: "open-files" },
      { in: "src/cli/program.ts", out: "program" },
      { in: "src/cli/help.ts", out: "help" },
      { in: "src/pipeline/parse-worker.ts", out: "parse-worker" },
      { in: "src/pipeline/tables/tables-worker.ts", out: "tables-worker" },
      { in: "src/live/main.ts", out: "pipe" },
      ...commands.map((name) => ({ in: `src/commands/${name}.ts`, out: `commands/${name}` })),
    ],
    outdir: "cli",
    bundle: true,
    // Chunks lie beside program.js, so that they find ../wasm and ./parse-worker.js.
    splitting: true,
    chunkNames: "chunk-[hash]",
    format: "esm",
    platform: "node",
    target: "node20",
    banner: { js: commonJs },
    external: ["typescript", "ts-node", "tsx"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  };
}

/** Bundles the program. */
export async function bundle() {
  rmSync(`${root}cli`, { recursive: true, force: true });
  const { metafile } = await build(programOptions());
  const texts = licences(Object.keys(metafile.inputs));
  if (texts.length === 0 || !existsSync(`${root}cli/program.js`)) throw new Error("the bundle is empty");
  writeFileSync(`${root}cli/LICENCES.txt`, texts.join("\n--------\n\n"));
}
