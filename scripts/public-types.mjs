// What the types of the package's exports need; the compiler writes a declaration of every module.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { root } from "./tools.mjs";

/** Removes the declarations that no export of the package reaches, and folders without any. */
export function keepPublicTypes() {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const needed = new Set(
    Object.values(exports).flatMap(({ types }) => (types ? [resolve(root, types)] : [])),
  );
  for (const file of needed) {
    const text = readFileSync(file, "utf8");
    for (const [, name] of text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)\.js"/g))
      needed.add(resolve(dirname(file), `${name}.d.ts`));
  }
  prune(`${root}dist`, needed);
}

function prune(folder, needed) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) prune(path, needed);
    else if (!needed.has(path)) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
