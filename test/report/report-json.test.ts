import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ReportData } from "../../src/report/report-data.js";
import { reportFromJson, reportToJson } from "../../src/report/report-json.js";
import { reportPage } from "../../src/report/report-page.js";
import { start, train } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

const empty: ReportData = {
  title: "one",
  created: "2026-01-02T03:04:05.000Z",
  runs: [],
  evaluations: [],
  problems: [],
};

/** A log that tries to become a part of the page. */
const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u2028__proto__`;

async function hostileReport(): Promise<ReportData> {
  const log =
    start().replace("type: transformer", `type: '${HOSTILE.replaceAll("'", "''")}'`) +
    train(1000) +
    `[2024-07-03 10:00:00] [valid] Ep. 1 : Up. 1000 : <b>chrf</b> : 1.5 : new best\n`;
  const run = { ...(await runOf(log)), name: HOSTILE, source: HOSTILE, error: HOSTILE };
  return {
    ...empty,
    title: `${HOSTILE} $& $1 $\``,
    runs: [run],
    problems: [{ source: HOSTILE, reason: HOSTILE }],
  };
}

describe("a report as JSON", () => {
  it("comes back as it was", async () => {
    const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)));
    const dialects = readFileSync(fileURLToPath(new URL("../../fixtures/dialects.log", import.meta.url)));
    const data: ReportData = {
      ...empty,
      runs: [
        await runOf(log),
        { ...(await runOf(dialects)), name: "other", project: "en-cs", group: "prod" },
      ],
      evaluations: [
        {
          run: "student",
          importer: "flores",
          dataset: null,
          augmentation: "aug-mix",
          metrics: new Map([
            ["comet", 87.5],
            ["odd", Number.NaN],
            ["below", Number.NEGATIVE_INFINITY],
          ]),
          source: "a.metrics.json",
        },
      ],
      problems: [{ source: "b.log", reason: "there is no such file" }],
    };
    expect(reportFromJson(reportToJson(data))).toEqual(data);
  });

  it("keeps hostile names and configurations as text", async () => {
    const data = await hostileReport();
    const back = reportFromJson(reportToJson(data));
    expect(back).toEqual(data);
    expect(back.runs[0]?.segments[0]?.config?.["type"]).toBe(HOSTILE);
  });

  it("is refused in words where it is of another version", () => {
    expect(() => reportFromJson('{"version":2,"runs":[]}')).toThrow(
      "the data has version 2, this page reads 1",
    );
  });
});

describe("the page of a report", () => {
  const viewer = '<head><title>Viewer</title></head><script id="report-data"></script><p>rest</p>';

  it("has the data packed, and nothing of it as markup", async () => {
    const data = await hostileReport();
    const page = reportPage(viewer, data);
    const [, title = "", packed = "", rest] =
      /^<head><title>(.*)<\/title><\/head><script id="report-data">([A-Za-z0-9+/=]*)<\/script>(.*)$/s.exec(
        page,
      ) ?? [];
    expect(rest).toBe("<p>rest</p>");
    expect(title).not.toMatch(/[<>]/);
    expect(title.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")).toBe(data.title);
    const json = gunzipSync(Buffer.from(packed, "base64")).toString();
    expect(reportFromJson(json)).toEqual(data);
  });

  it("is not made of another page than the viewer", () => {
    expect(() => reportPage("<html></html>", empty)).toThrow("run `npm run build`");
    expect(() => reportPage(viewer + viewer, empty)).toThrow("run `npm run build`");
  });
});
