// Builds the Python wheel of what is in bin/, cli/ and wasm/: `npm run build:wheel [FOLDER]`, python/dist/ without one.
import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { must, python, root } from "./tools.mjs";

const venv = python("the wheel", "hatchling", "1.33.0", ["build==1.6.1"]);
if (venv === undefined) process.exit(1);
must("node", ["scripts/build.mjs"]);
const folder = resolve(process.argv[2] ?? join(root, "python/dist"));
rmSync(folder, { recursive: true, force: true });
must(
  join(venv, "bin/python"),
  ["-m", "build", "--wheel", "--no-isolation", "--outdir", folder, join(root, "python")],
  { stdio: ["ignore", "ignore", "inherit"] },
);
console.log(
  join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".whl")),
  ),
);
