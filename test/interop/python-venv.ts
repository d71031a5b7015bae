/** Packages of PyPI, as the judges of what this project writes and sends. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const CACHE = resolve("node_modules/.cache/marian-tracking");

/** A Python that has the packages, or why there is none. */
export type PythonVenv = { readonly python: string } | { readonly missing: string };

/** A package whose version counts, with what it is to be installed and imported with. */
export interface PythonPackages {
  readonly name: string;
  readonly version: string;
  readonly also?: readonly string[];
  readonly modules: readonly string[];
}

/** TensorBoard, and marian-tensorboard, whose tags ours are. */
export const TENSORBOARD: PythonPackages = {
  name: "marian-tensorboard",
  version: "0.3.1",
  also: ["tensorboard"],
  modules: ["marian_tensorboard", "tensorboard"],
};

/** Taskcluster's own client. */
export const TASKCLUSTER: PythonPackages = {
  name: "taskcluster",
  version: "113.2.0",
  modules: ["taskcluster"],
};

/**
 * Finds the virtual environment, or makes it. Processes that ask at the same time each make one, and the first to
 * be ready stays. Never throws: a machine without Python, pip or network gives the reason.
 */
export async function findPythonVenv({
  name,
  version,
  also = [],
  modules,
}: PythonPackages): Promise<PythonVenv> {
  const venv = join(CACHE, `${name}-venv-${version}`);
  const python = join(venv, "bin/python");
  if (existsSync(python)) return { python };
  const making = `${venv}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await run("python3", ["-m", "venv", making]);
    const made = join(making, "bin/python");
    await run(made, ["-m", "pip", "install", "--quiet", `${name}==${version}`, ...also]);
    await run(made, ["-c", `import ${modules.join(", ")}`]);
    // Called by its path, a moved environment works.
    await rename(making, venv).catch((error: unknown) => {
      if (!existsSync(python)) throw error;
    });
    return { python };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return { missing: `no Python with ${name} ${version}: ${reason}` };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
