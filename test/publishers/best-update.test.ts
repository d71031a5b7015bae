/** A publisher that the pipeline does not know: all that it needs is the interface. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openInputs } from "../../src/archive/input-source.js";
import { type ParseResult, parseLogs } from "../../src/pipeline/parse-logs.js";
import { filesBelow, freshFolder } from "../cli/run-binary.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { BestUpdatePublisher } from "./best-update.js";

const LOG =
  start({ metrics: ["chrf", "bleu"] }) +
  // Without its other metric this point closes at the end of the log, after later ones.
  valid(1000, "chrf", 19) +
  valid(2000, "chrf", 23) +
  valid(2000, "bleu", 7) +
  valid(3000, "chrf", 22, "stalled 1 times (last best: 23)") +
  valid(3000, "bleu", 6, "stalled 1 times (last best: 7)");

/** Reads logs as `parse` does, each into `pathOf` its name besides its CSV files. */
function parse(
  folder: string,
  logs: readonly string[],
  pathOf: (name: string) => string,
): Promise<ParseResult> {
  const names = logs.map((log) => join(folder, log));
  return parseLogs({
    names,
    inputs: openInputs(names),
    format: "csv",
    output: { kind: "folder", folder: join(folder, "output") },
    combine: false,
    follow: false,
    options: {},
    version: "1.2.3",
    signal: new AbortController().signal,
    progress: () => {},
    openers: [({ name }) => new BestUpdatePublisher(pathOf(name))],
  });
}

describe("a publisher that is opened for each log", () => {
  it("writes the update at which a metric improved last, and the receipt names it with its file", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const path = join(folder, "best.txt");
    const { receipts } = await parse(folder, ["a.log"], () => path);
    expect(readFileSync(path, "utf8")).toBe("2000\n");
    expect(receipts[0]?.publishers).toContainEqual({ name: "best update", outputs: [path], errors: [] });
    expect(filesBelow(folder)).toEqual(["a.log", "best.txt", "output/training.csv", "output/validation.csv"]);
  });

  it("gets each of several logs on its own", async () => {
    const folder = freshFolder({ "s.log": LOG, "t.log": LOG + valid(4000, "chrf", 24) });
    await parse(folder, ["s.log", "t.log"], (name) => `${name}.best`);
    expect(readFileSync(join(folder, "s.log.best"), "utf8")).toBe("2000\n");
    expect(readFileSync(join(folder, "t.log.best"), "utf8")).toBe("4000\n");
  });

  it("is named in the receipt with its notes", async () => {
    const folder = freshFolder({ "a.log": train(1000) });
    const { receipts } = await parse(folder, ["a.log"], () => join(folder, "best.txt"));
    const notes = [{ text: "no metric improved: no best update" }];
    expect(receipts[0]?.publishers).toContainEqual({ name: "best update", outputs: [], notes, errors: [] });
  });

  it("is named with its error if it fails, and the files of the log are whole", async () => {
    const folder = freshFolder({ "a.log": LOG, blocked: "a file" });
    const { receipts } = await parse(folder, ["a.log"], () => join(folder, "blocked/best.txt"));
    expect(receipts[0]?.publishers).toContainEqual({
      name: "best update",
      outputs: [],
      errors: [expect.stringMatching(/blocked.* can't be made/)],
    });
    expect(filesBelow(folder)).toEqual(["a.log", "blocked", "output/training.csv", "output/validation.csv"]);
  });
});
