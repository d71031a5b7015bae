/** What is published and what a page loads stays small. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("the package, its bundles and the core are within their ceilings", () => {
  const script = fileURLToPath(new URL("../../scripts/sizes.mjs", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  process.stdout.write(stdout);
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
