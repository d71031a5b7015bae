// Bundles the program into cli/ and the library for Node into dist/: most of a short run's time would go into finding
// some 300 modules.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { rolldown } from "rolldown";
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

/** Everything that a module imports statically, with itself. */
function importedBy(start, moduleInfo) {
  const modules = new Set([start]);
  for (const id of modules) for (const next of moduleInfo(id)?.importedIds ?? []) modules.add(next);
  return modules;
}

/**
 * What the program is made with: the commands and what starts them. A start is mostly the opening of files, so all that
 * reads a log is in one file; the process that passes a training's log on, whose memory is to be small, has its own.
 */
export function programOptions() {
  const commands = readdirSync(`${root}src/commands`).map((file) => file.replace(/\.ts$/, ""));
  const [starter, pipe, taskLog] = ["src/cli/program.ts", "src/live/main.ts", "src/cli/parse-tc-logs.ts"].map(
    (file) => `${root}${file}`,
  );
  let [inStarter, inPipe, inTaskLog] = [new Set(), new Set(), new Set()];
  return {
    cwd: root,
    input: {
      program: starter,
      help: "src/cli/help.ts",
      "parse-worker": "src/pipeline/parse-worker.ts",
      "tables-worker": "src/pipeline/tables/tables-worker.ts",
      pipe,
      ...Object.fromEntries(commands.map((name) => [`commands/${name}`, `src/commands/${name}.ts`])),
    },
    platform: "node",
    external: ["typescript", "ts-node", "tsx"],
    transform: { target: "node20" },
    // What one command loads late, another needs at once.
    checks: { ineffectiveDynamicImport: false },
    plugins: [
      {
        name: "what is loaded together",
        buildEnd() {
          const moduleInfo = (id) => this.getModuleInfo(id);
          [inStarter, inPipe, inTaskLog] = [starter, pipe, taskLog].map((id) => importedBy(id, moduleInfo));
        },
      },
    ],
    output: {
      dir: "cli",
      format: "esm",
      entryFileNames: "[name].js",
      // Chunks lie beside program.js, so that they find ../wasm and ./parse-worker.js.
      chunkFileNames: "[name]-[hash].js",
      comments: false,
      banner: commonJs,
      codeSplitting: {
        groups: [
          { name: "start", priority: 3, test: (id) => inPipe.has(id) && inStarter.has(id) },
          { name: "pipe-log", priority: 2, test: (id) => inPipe.has(id) },
          { name: "read-log", priority: 1, test: (id) => inStarter.has(id) },
          { name: "read-task-log", test: (id) => inTaskLog.has(id) },
        ],
      },
    },
  };
}

/** Bundles the library for Node; what package.json lists as dependencies stays outside. */
export async function bundleLibrary() {
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const library = await rolldown({
    cwd: root,
    input: { index: "src/index.ts", "browser-node": "src/browser-node.ts" },
    platform: "node",
    external: Object.keys(dependencies),
    transform: { target: "node20" },
    checks: { ineffectiveDynamicImport: false },
  });
  // Beside each other, so that they find ../wasm.
  await library.write({ dir: "dist", format: "esm", sourcemap: true, chunkFileNames: "[name]-[hash].js" });
  await library.close();
}

/** Bundles the program. */
export async function bundle() {
  rmSync(`${root}cli`, { recursive: true, force: true });
  const { output, ...input } = programOptions();
  const program = await rolldown(input);
  const { output: files } = await program.write(output);
  await program.close();
  const texts = licences(files.flatMap(({ moduleIds = [] }) => moduleIds).map((id) => relative(root, id)));
  if (texts.length === 0 || !existsSync(`${root}cli/program.js`)) throw new Error("the bundle is empty");
  writeFileSync(`${root}cli/LICENCES.txt`, texts.join("\n--------\n\n"));
}
