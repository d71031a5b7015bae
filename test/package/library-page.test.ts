/** docs/library.md: its examples run as they stand. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const IMPORT = /^import \{([^}]*)\} from "marian-tracking";$/m;

/** What the examples take for granted, and what they do with it. */
const GIVEN = `
  import { createReadStream } from "node:fs";
  let sum = 0;
  const file = "cut.log.gz";
  const stream = createReadStream("train.log");
  const show = (run, message) => said("part", run.training.length > 0, message);
  const said = (...words) => console.log(words.join(" "));
`;

test("the examples of docs/library.md run", () => {
  const folder = mkdtempSync(join(tmpdir(), "library-page-"));
  try {
    const log = readFileSync(join(root, "fixtures/train.log"));
    copyFileSync(join(root, "fixtures/train.log"), join(folder, "train.log"));
    writeFileSync(join(folder, "train.log.gz"), gzipSync(log));
    writeFileSync(join(folder, "cut.log.gz"), gzipSync(log).subarray(0, -700));
    const page = readFileSync(join(root, "docs/library.md"), "utf8");
    const blocks = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code = ""]) => code);
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    const names = new Set(
      blocks.flatMap((code) => IMPORT.exec(code)?.[1]?.split(",") ?? []).map((name) => name.trim()),
    );
    const program = `
      import { ${[...names, "PartialRunError"].join(", ")} } from ${JSON.stringify(`${root}dist/index.js`)};
      ${GIVEN}
      ${blocks.map((code) => `await (async () => {\n${code.replace(IMPORT, "")}\n})();`).join("\n")}
      said("sum", sum > 0);`;
    // `using` is newer than the oldest Node.
    const { code } = transformSync(program, {
      target: "node20",
      format: "esm",
      supported: { "top-level-await": true },
    });
    writeFileSync(join(folder, "page.mjs"), code);
    const { stdout, stderr, status } = spawnSync(process.execPath, ["page.mjs"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("part true the gzip data ends early");
    expect(stdout).toContain("sum true");
    // Each update and its cost.
    expect(stdout.match(/^\d+ [\d.]+$/gm)?.length).toBeGreaterThan(80);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
