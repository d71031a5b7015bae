/** The archive of the benchmark, at any size. */
import { execFileSync } from "node:child_process";

const MODULE = new URL("../../bench/archive-tree.mjs", import.meta.url).href;

/** Makes the archive below a folder, if it is not there, and returns its own. */
export function benchArchive(
  parameters: { readonly runs: number; readonly megabytes: number; readonly broken: number },
  folder: string,
): string {
  const script = `
    import { archiveTree } from ${JSON.stringify(MODULE)};
    console.log(archiveTree(${JSON.stringify(parameters)}, ${JSON.stringify(folder)}).folder);`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim();
}
