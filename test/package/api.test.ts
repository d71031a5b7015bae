/** docs/api.md is the public API: a change of it is a diff. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("docs/api.md is what the built declarations export", () => {
  const script = fileURLToPath(new URL("../../scripts/api-report.mjs", import.meta.url));
  const { stderr, status } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect([stderr, status]).toEqual(["", 0]);
});
