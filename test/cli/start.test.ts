import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core";
import { describe, expect, it } from "vitest";
import { type Binary, binaryPath, freshFolder, runBinary, runShell } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { train, valid } from "./sample-logs.js";

const LOG = fileURLToPath(new URL("../../fixtures/train.log", import.meta.url));

/** The files of the program that a process has loaded, as V8 lists them with what it counts. */
async function loadedBy(binary: Binary, args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "coverage-"));
  const { code } = await runBinary(binary, args, { env: { NODE_V8_COVERAGE: folder } });
  expect(code).toBe(0);
  const urls = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  return urls.filter((url) => url.includes("/cli/")).map((url) => fileURLToPath(url));
}

const FRAMEWORK = /FlagInvalidOptionError/;

describe("a start", () => {
  it.each<[Binary, readonly string[], number]>([
    ["run", ["parse", LOG], 4],
    ["run", ["summary", LOG], 4],
    ["run", [LOG], 4],
    ["run", ["--version"], 4],
    ["parse_tc_logs", ["--input-file", LOG], 8],
  ])("of %s %j loads few files, and not the framework", async (binary, args, most) => {
    const files = await loadedBy(binary, args);
    expect(files.map((file) => basename(file))).toContain("program.js");
    expect(files.length).toBeLessThanOrEqual(most);
    expect(files.filter((file) => FRAMEWORK.test(readFileSync(file, "utf8")))).toEqual([]);
  });

  it("of another command loads the framework", async () => {
    const files = await loadedBy("run", ["check", LOG]);
    expect(files.some((file) => FRAMEWORK.test(readFileSync(file, "utf8")))).toBe(true);
  });
});

it.each([[["--version"]], [["-V"]], [["parse", "--version"]]])(
  "%j says what the framework says",
  async (args) => {
    const { userAgent } = await Config.load(binaryPath("run"));
    expect(await runHere("run", args)).toMatchObject({ stdout: `${userAgent}\n`, stderr: "", code: 0 });
  },
);

describe("an end", () => {
  it("waits until a pipe has taken all messages, and not for a reader that has gone", async () => {
    const folder = freshFolder({ "a.log": train(1000) + valid(1000, "m".repeat(400_000), 1) });
    const { code, stderr } = await runBinary("run", ["parse", "a.log"], { folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/CPU\)\n$/);
    const words = [process.execPath, binaryPath("run")];
    const gone = await runShell('{ "$0" "$1" parse a.log; echo $? >code; } 2>&1 >&- | true', words, {
      folder,
    });
    expect(gone.code).toBe(0);
    expect(readFileSync(join(folder, "code"), "utf8")).toBe("0\n");
  });
});
