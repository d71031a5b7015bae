/** Figures of `compare` on real logs, held to the page of `report` and to what Marian's own lines say. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { reportOfPage } from "../../../src/report/report-page.js";
import { factsOf } from "../../../src/report/run-facts.js";
import { betterOf } from "../../../src/run/better.js";
import { publishedLogs, shared, sharedIsThere } from "../../golden/shared.js";
import { freshFolder } from "../run-binary.js";
import { runHere } from "../run-here.js";

interface Value {
  readonly value: number | string;
  readonly up?: number;
}

interface Comparison {
  readonly runs: readonly { readonly name: string; readonly source: string }[];
  readonly moments: readonly {
    readonly at: string | number;
    readonly metrics: readonly {
      readonly metric: string;
      readonly better: string | null;
      readonly values: readonly (Value | null)[];
    }[];
  }[];
}

/** A record as a line has it. */
interface Line {
  readonly up: number;
  readonly value: number;
  readonly before?: number;
}

const number = (text: string) => Number(text.replace(/^-?nan$/, "NaN").replace(/^(-?)inf$/, "$1Infinity"));
const update = (text: string) => Number(text.replaceAll(",", ""));

/** Reads a log line by line with two regular expressions. */
function linesOf(path: string): {
  readonly costs: readonly Line[];
  readonly validations: Map<string, Line[]>;
} {
  const stored = readFileSync(path);
  const text = new TextDecoder("latin1").decode(stored[0] === 0x1f ? gunzipSync(stored) : stored);
  const costs: Line[] = [];
  const validations = new Map<string, Line[]>();
  for (const line of text.split("\n")) {
    const [, validated = "", metric = "", printed = "", before] =
      /\[valid\] (?:Ep\. \S+ : Up\. )?([\d,]+) : ([^ ]+) : (\S+)(?: : .*?\(last best: (\S+)\))?/.exec(line) ??
      [];
    const [, trained = "", cost = ""] =
      /\bEp\. [\d.]+ : Up\. ([\d,]+) : Sen\. .*? : Cost (\S+)/.exec(line) ?? [];
    if (metric !== "") {
      const own = validations.get(metric) ?? [];
      own.push({
        up: update(validated),
        value: number(printed),
        ...(before === undefined ? {} : { before: Number(before) }),
      });
      validations.set(metric, own);
    } else if (trained !== "") costs.push({ up: update(trained), value: number(cost) });
  }
  return { costs, validations };
}

/** The record of the greatest update up to `limit`, the last of several. */
function lineAt(lines: readonly Line[], limit: number, reached: number): Line | undefined {
  if (reached < limit) return undefined;
  const highest = Math.max(...lines.map(({ up }) => up).filter((up) => up <= limit));
  return lines.findLast(({ up }) => up === highest);
}

const AT = 5000;

describe.skipIf(!sharedIsThere)("compare on real logs", () => {
  const published = publishedLogs().map((name) => shared(`logs/${name}`));
  const archived = ["experiments_1_10", "experiments_1_12", "taskcluster.log"].map((name) =>
    shared(`archives/${name}`),
  );

  it("has the figures of the report and of the logs' own lines", async () => {
    const folder = freshFolder();
    const inputs = [...published, ...archived];
    const report = await runHere("run", ["report", ...inputs, "-o", "report.html", "-q"], { folder });
    const page = reportOfPage(readFileSync(`${folder}/report.html`, "utf8"));
    const moments = ["best", "last", String(AT)].flatMap((at) => ["--at", at]);
    const compared = await runHere("run", ["compare", ...inputs, ...moments, "--json"], { folder });
    expect(compared.code).toBe(report.code);
    const { runs, moments: tables }: Comparison = JSON.parse(compared.stdout);
    expect(runs.map(({ source }) => source)).toEqual(page.runs.map(({ source }) => source));
    expect(runs.length).toBeGreaterThan(100);
    const at = (moment: string | number, metric: string, run: number) => {
      const row = tables.find((table) => table.at === moment)?.metrics.find((one) => one.metric === metric);
      const value = row?.values[run] ?? undefined;
      return value === undefined ? undefined : { value: Number(value.value), up: value.up };
    };
    let figures = 0;
    for (const [index, run] of page.runs.entries()) {
      const { costs, validations } = linesOf(run.source);
      const { metrics } = factsOf(run);
      const reached = Math.max(...[costs, ...validations.values()].flat().map(({ up }) => up));
      const place = `${run.source}: `;
      const expected = (line: Line | undefined) => line && { value: line.value, up: line.up };
      expect([place, at("last", "cost", index)]).toEqual([place, expected(costs.at(-1))]);
      expect([place, at(AT, "cost", index)]).toEqual([place, expected(lineAt(costs, AT, reached))]);
      expect([place, ...run.validation.keys()].sort()).toEqual([place, ...validations.keys()].sort());
      for (const [metric, lines] of validations) {
        const told = `${place}${metric}`;
        const facts = metrics.get(metric);
        const best = facts?.best ?? facts?.last;
        expect([told, at("best", metric, index)]).toEqual([told, { value: best?.value, up: best?.up }]);
        expect([told, at("last", metric, index)]).toEqual([told, expected(lines.at(-1))]);
        expect([told, at(AT, metric, index)]).toEqual([told, expected(lineAt(lines, AT, reached))]);
        const values = lines.flatMap(({ value, before }) => [value, before ?? value]).filter(Number.isFinite);
        if (facts?.best !== undefined)
          expect([told, at("best", metric, index)?.value]).toEqual([
            told,
            (betterOf(metric) === "low" ? Math.min : Math.max)(...values),
          ]);
        figures += 3;
      }
    }
    expect(figures).toBeGreaterThan(600);
  });
});
