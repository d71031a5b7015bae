/** What a summary says of a training, held to the log's own last lines, to the report, and to a check of the whole log. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { RunChecker } from "../../src/check/run-checker.js";
import { LogParser } from "../../src/core/log-parser.js";
import { nodeCore } from "../../src/node-core.js";
import { type LogControl, publishLog } from "../../src/pipeline/publish-log.js";
import { factsOf } from "../../src/report/run-facts.js";
import { throughputOf } from "../../src/report/throughput.js";
import { betterOf } from "../../src/run/better.js";
import { RunReader } from "../../src/run/run-reader.js";
import { publishedLogs, shared, sharedIsThere } from "../golden/shared.js";
import { column, runOf } from "../report/sample-run.js";

async function summaryOf(bytes: Uint8Array, control: LogControl = {}, size = 65_536) {
  const source = {
    name: "train.log",
    modified: 0,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
  return (await publishLog(source, {}, [], control)).summary;
}

/** A number as Marian prints it. */
function number(text: string): number {
  return Number(text.replace(/^-?nan$/, "NaN").replace(/^(-?)inf$/, "$1Infinity"));
}

/** The state by a check that sees every mark. */
async function stateOf(bytes: Uint8Array) {
  using parser = new LogParser(nodeCore(), { marks: true });
  const reader = new RunReader(parser);
  const check = new RunChecker(parser.time);
  check.take(await reader.read(bytes));
  check.take(await reader.finish());
  check.finish();
  return check.state;
}

describe.skipIf(!sharedIsThere)("real logs", () => {
  const published = publishedLogs().map((name) => `logs/${name}`);
  const archived = sharedIsThere
    ? readdirSync(shared("archives"), { recursive: true, encoding: "utf8" })
        .filter((path) => /\.log(?:\.gz)?$/.test(path))
        .map((path) => `archives/${path}`)
    : [];

  it.each([...published, ...archived])(
    "%s: each figure is that of its last lines and of the report",
    async (path) => {
      const stored = readFileSync(shared(path));
      const bytes = stored[0] === 0x1f ? gunzipSync(stored) : stored;
      const summary = await summaryOf(bytes);
      const run = await runOf(bytes);
      const facts = factsOf(run);
      if (facts.lastUpdate === undefined) {
        expect(summary).toBeUndefined();
        return;
      }
      // The report.
      const trained = run.training.length > 0;
      const table = trained ? run.training : [...run.validation.values()].at(-1);
      if (trained) {
        expect(summary?.update).toBe(column(table, "up").at(-1));
        expect(summary?.epoch).toBe(column(table, "epoch").at(-1));
        expect(summary?.cost).toBe(column(table, "cost").at(-1));
      }
      expect(summary?.metrics).toEqual([...facts.metrics].map(([name, metric]) => ({ name, ...metric })));
      const throughput = throughputOf(run);
      if (throughput !== undefined) {
        expect(summary?.rate).toBe(throughput.usualRate);
        expect((summary?.seconds ?? 0) * 1000).toBe(throughput.wall);
      }
      // The check.
      const state = await stateOf(bytes);
      expect(summary?.state).toBe(state === "finished" || state === "failed" ? state : "silent");
      for (const size of [1000, 1_000_000]) expect(await summaryOf(bytes, {}, size)).toEqual(summary);
      // The log's own last lines.
      const lines = new TextDecoder("latin1").decode(bytes).split("\n");
      const last = lines.findLast(
        (line) => /\bEp\. [\d.]+ : Up\. [\d,]+ : Sen\. /.test(line) && !line.includes("[valid]"),
      );
      if (trained) {
        const [, up = "", cost = ""] = /Up\. ([\d,]+) : Sen\. .* : Cost (\S+)/.exec(last ?? "") ?? [];
        expect(summary?.update).toBe(Number(up.replaceAll(",", "")));
        expect(summary?.cost).toBe(number(cost));
      }
      for (const {
        name,
        best,
        last: { value },
        stalled,
      } of summary?.metrics ?? []) {
        const told = lines.filter((line) => line.includes("[valid]") && line.includes(` : ${name} : `));
        const [, printed = "", verdict = ""] =
          new RegExp(` : ${name} : (\\S+) : (.*)$`).exec(told.at(-1) ?? "") ?? [];
        expect(value).toBe(number(printed));
        expect(stalled).toBe(Number(/^stalled (\d+) times/.exec(verdict)?.[1] ?? 0));
        const bests = told.flatMap((line) => {
          const [, value, , before] =
            new RegExp(` : ${name} : (\\S+) : (new best|stalled \\d+ times(?: \\(last best: (.*)\\))?)`).exec(
              line,
            ) ?? [];
          return [value, before]
            .filter((text) => text !== undefined)
            .map(Number)
            .filter(Number.isFinite);
        });
        if (best !== undefined)
          expect(best.value).toBe((betterOf(name) === "low" ? Math.min : Math.max)(...bests));
      }
    },
  );
});
