// Bundles what pages load into dist/web/, each file minified, so that any static server can serve it as it is.
import { rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { licences } from "./bundle.mjs";
import { root } from "./tools.mjs";

const options = {
  absWorkingDir: root,
  // As deep as src/browser/: addresses of the core and the workers are written there.
  outdir: "dist/web",
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
};

/** Bundles the two entries and the scripts of the workers. */
export async function bundleForPages() {
  rmSync(`${root}dist/web`, { recursive: true, force: true });
  const divided = await build({
    ...options,
    entryPoints: { browser: "src/browser.ts" },
    // What few logs need is loaded when one comes.
    splitting: true,
    chunkNames: "[name]-[hash]",
  });
  const workers = await build({
    ...options,
    entryPoints: { worker: "src/browser/worker.ts", "worker-zstd": "src/browser/worker-zstd.ts" },
  });
  // Pages load the others as they are, and the line that names a map counts there.
  const slim = await build({ ...options, entryPoints: { slim: "src/slim.ts" }, sourcemap: "linked" });
  const inputs = [divided, workers, slim].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(`${root}dist/web/LICENCES.txt`, licences(inputs).join("\n--------\n\n"));
}
