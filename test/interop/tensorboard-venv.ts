/** TensorBoard and marian-tensorboard from PyPI, as the judges of what this project writes. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The version whose tags ours are. It brings TensorBoard. */
const MARIAN_TENSORBOARD = "0.3.1";
const CACHE = resolve("node_modules/.cache/marian-tracking");

/** The Python that has both, or why there is none. */
export type TensorboardVenv = { readonly python: string } | { readonly missing: string };

/**
 * Finds the virtual environment, or makes it. Processes that ask at the same time each make one, and the first to
 * be ready stays. Never throws: a machine without Python, pip or network gives the reason.
 */
export async function findTensorboardVenv(): Promise<TensorboardVenv> {
  const venv = join(CACHE, `tensorboard-venv-${MARIAN_TENSORBOARD}`);
  const python = join(venv, "bin/python");
  if (existsSync(python)) return { python };
  const making = `${venv}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await run("python3", ["-m", "venv", making]);
    const install = [
      "-m",
      "pip",
      "install",
      "--quiet",
      `marian-tensorboard==${MARIAN_TENSORBOARD}`,
      "tensorboard",
    ];
    await run(join(making, "bin/python"), install);
    await run(join(making, "bin/python"), ["-c", "import marian_tensorboard, tensorboard"]);
    // Called by its path, a moved environment works.
    await rename(making, venv).catch((error: unknown) => {
      if (!existsSync(python)) throw error;
    });
    return { python };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return { missing: `no Python with marian-tensorboard ${MARIAN_TENSORBOARD}: ${reason}` };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
