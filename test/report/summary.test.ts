import { describe, expect, it } from "vitest";
import type { ReportData, ReportRun } from "../../src/report/report-data.js";
import { reportSummary } from "../../src/report/summary.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

function data(runs: readonly ReportRun[], more: Partial<ReportData> = {}): ReportData {
  return { title: "models", created: "", runs, evaluations: [], problems: [], ...more };
}

const log = (chrf: number) => start() + train(1000) + valid(1000, "chrf", chrf) + train(2000);

describe("the summary of a report", () => {
  it("has a row a run, and marks the best of each metric", async () => {
    const runs = [
      { ...(await runOf(log(40))), name: "student" },
      { ...(await runOf(log(45) + valid(2000, "bleu", 3))), name: "teacher-1" },
    ];
    const lines = reportSummary(data(runs.map((run) => ({ ...run, findings: [] })))).split("\n");
    expect(lines).toEqual([
      "## `models`",
      "",
      "2 trainings, 0 errors, 0 warnings.",
      "",
      "| run | updates | epoch | `chrf` | `bleu` | stalled | NaN | restarts |",
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
      "| `student` | 2,000 | 1 | 40 @ 1,000 |  | 0 | 0 | 0 |",
      "| `teacher-1` | 2,000 | 1 | **45** @ 1,000 | 3 @ 2,000 | 0 | 0 | 0 |",
      "",
    ]);
  });

  it("has a table for each pair of languages, with a best of its own", async () => {
    const runs = await Promise.all(
      ["en-nl", "en-nl", "fi-en"].map(async (project, index) => ({
        ...(await runOf(log(40 + index))),
        name: `run${index}`,
        project,
        findings: [],
      })),
    );
    const lines = reportSummary(data(runs)).split("\n");
    const [first, second] = ["### `en-nl`", "### `fi-en`"].map((head) => lines.indexOf(head));
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first ?? 0);
    expect(lines.filter((line) => line.includes("**"))).toEqual([
      "| `run1` | 2,000 | 1 | **41** @ 1,000 | 0 | 0 | 0 |",
    ]);
  });

  it("lists findings by severity, and what could not be read", async () => {
    const nan = train(3000).replace(/Cost [\d.]+/, "Cost nan");
    const run = { ...(await runOf(log(40) + nan)), name: "student" };
    const text = reportSummary(
      data([run], { problems: [{ source: "b.log", reason: "there is no such file" }] }),
    );
    expect(run.findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["nan", "unfinished"]));
    const findings = text
      .split("\n")
      .filter((line) => /^- (error|warning|info): `student`, line \d+: /.test(line));
    expect(findings).toHaveLength(run.findings.length);
    expect(findings[0]).toMatch(/^- error: /);
    expect(text).toContain("### Not read\n\n- `b.log`: there is no such file\n");
  });

  it("cuts a long list of findings, and says so", async () => {
    const run = await runOf(log(40));
    const finding = {
      kind: "gap",
      severity: "info",
      line: 5,
      segment: 0,
      words: "a gap",
      numbers: {},
    } as const;
    const text = reportSummary(data([{ ...run, findings: Array.from({ length: 130 }, () => finding) }]));
    expect(text.match(/^- info/gm)).toHaveLength(100);
    expect(text).toContain("- … and 30 more");
  });

  it("lets nothing of a log become markup", async () => {
    const name = "a|b`c <img src=x> @team [x](http://x) *b*\n# head";
    const finding = {
      kind: "unmatched",
      severity: "warning",
      line: 1,
      segment: 0,
      words: name,
      numbers: {},
    } as const;
    const run = { ...(await runOf(log(1))), name, findings: [finding] };
    const text = reportSummary(data([run], { title: name, problems: [{ source: name, reason: name }] }));
    const code = "`` a\\|b`c <img src=x> @team [x](http://x) *b* # head ``";
    expect(text).toContain(`## ${code}\n`);
    expect(text).toContain(`| ${code} | 2,000 |`);
    const words = "a\\|b\\`c &lt;img src=x> \\@team \\[x\\](http://x) \\*b\\* \\# head";
    expect(text).toContain(`- warning: ${code}, line 1: ${words}\n`);
    expect(text).toContain(`- ${code}: ${words}\n`);
  });

  it("of nothing says that", () => {
    expect(reportSummary(data([]))).toBe("## `models`\n\n0 trainings, 0 errors, 0 warnings.\n");
  });
});
