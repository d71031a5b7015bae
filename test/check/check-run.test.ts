/** The check as a whole: real logs, chunks, floods, damaged input. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { checkRun } from "../../src/index.js";
import { publishedLogs, shared, sharedIsThere } from "../golden/shared.js";
import { check, MarianLog, said } from "./marian-log.js";

function* cut(log: Uint8Array, size: number) {
  for (let at = 0; at < log.length; at += size) yield log.subarray(at, at + size);
}

describe("unmatched lines", () => {
  it("are shown; what is over twenty is counted", async () => {
    const log = new MarianLog().start().row(100);
    const line = log.next;
    for (let index = 0; index < 25; index += 1) log.line(`Ep. 1 : Up. 8.2.6 : torn\u0007${"x".repeat(200)}`);
    const findings = await check(log.row(200).finished());
    expect(findings).toHaveLength(21);
    expect(findings[0]).toMatchObject({ kind: "unmatched", severity: "warning", line, up: 100 });
    expect(findings[0]?.words).toMatch(
      /could not be read: \[2024-07-03 08:01:40\] Ep\. 1 : Up\. 8\.2\.6 : torn.x+…$/u,
    );
    expect(findings.at(-1)).toMatchObject({
      words: "5 more lines look like measurements and could not be read",
      numbers: { lines: 5 },
    });
  });
});

describe("a flood of findings", () => {
  it("is cut at a hundred of a kind, and counted", async () => {
    const log = new MarianLog().rows(100, 60_000, 100, (index) => ({ cost: index % 2 === 0 ? "nan" : 3 }));
    const findings = await check(log);
    expect(findings).toHaveLength(101);
    expect(findings.at(-1)).toMatchObject({
      kind: "nan",
      line: 599,
      words: "200 more findings of this kind, up to this line",
    });
  });

  it("of errors alone does not fill the memory, and the first is told", async () => {
    const log = new MarianLog().line("Error: first");
    for (let index = 0; index < 5000; index += 1) log.line("Error: again");
    expect(await said(log)).toEqual([
      "1: unfinished: Marian ended with an error before its first update: first [error]",
    ]);
  });
});

describe("the same findings", () => {
  const fixtures = readdirSync("fixtures").filter((name) => name.endsWith(".log"));
  it.each(fixtures)("of fixtures/%s for chunks of any size", async (name) => {
    const log = readFileSync(`fixtures/${name}`);
    const whole = await checkRun(log);
    expect(whole.findings.length).toBeGreaterThan(0);
    for (const size of [1, 13, 4096])
      expect((await checkRun(cut(log, size))).findings).toEqual(whole.findings);
  });
});

test("kinds that are not asked for are not told", async () => {
  const log = readFileSync("fixtures/dialects.log");
  const { findings } = await checkRun(log, { kinds: ["nan", "unfinished"] });
  expect([...new Set(findings.map(({ kind }) => kind))].sort()).toEqual(["nan", "unfinished"]);
});

test("times are in the zone that is asked for", async () => {
  const { findings } = await checkRun("fixtures/train.log", { timeZone: "Europe/Paris" });
  expect(findings.map(({ timestamp }) => timestamp)).toEqual(["2024-03-04T11:49:29+01:00"]);
});

test("a log that ends early is checked up to there", async () => {
  const packed = gzipSync(readFileSync("fixtures/dialects.log"));
  const { findings, error, tally } = await checkRun(packed.subarray(0, packed.length - 9));
  expect(String(error)).toMatch(/the gzip data ends early/);
  expect(tally.counts.training).toBeGreaterThan(0);
  expect(findings.map(({ kind }) => kind)).toContain("nan");
});

/** What the logs of archives are: nothing of severity warning or above, or these. */
const REAL: Readonly<Record<string, readonly string[]>> = {
  "archives/taskcluster.log": [],
  "archives/experiments_1_10/logs/en-nl/prod/train_teacher0.log": [],
  "archives/experiments_1_10/logs/en-nl/prod/train_teacher1.log": [],
  "archives/experiments_1_10/logs/en-nl/prod/train_student.log": [],
  "archives/experiments_1_10/models/en-nl/prod/student/train.log": [],
  "archives/experiments_1_10/models/en-nl/prod/student/valid.log": [],
  "archives/experiments_1_10/models/en-nl/prod/teacher-finetuned0/train.log": [],
  "archives/experiments_1_10/models/en-nl/prod/teacher-finetuned1/train.log": [],
  "archives/experiments_1_12/models/fi-en/opusprod/student/train.log": [],
  "archives/experiments_1_12/models/fi-en/opusprod/student-finetuned/train.log": [],
  "archives/experiments_1_12/models/fi-en/opusprod/student-finetuned/valid.log": [],
  "archives/synthetic/logs/en-hu/short/student/train.log": ["340 unfinished warning"],
};

describe.skipIf(!sharedIsThere)("real logs", () => {
  it.each(Object.entries(REAL))(
    "%s has the findings that are expected, for chunks of any size",
    async (path, expected) => {
      const { findings, error } = await checkRun(shared(path));
      expect(error).toBeUndefined();
      const serious = findings.filter(({ severity }) => severity !== "info");
      expect(serious.map(({ line, kind, severity }) => `${line} ${kind} ${severity}`)).toEqual(expected);
      const log = readFileSync(shared(path));
      for (const size of [17, 1000]) expect((await checkRun(cut(log, size))).findings).toEqual(findings);
    },
  );
});

/** What a check says of each of the logs that others have published, and whether it is true: read by a person. */
const JUDGED = readFileSync(new URL("real-logs.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((row) => {
    const [log = "", line = "", kind = "", severity = "", verdict = "", why = ""] = row.split("\t");
    return { log, said: `${line} ${kind} ${severity}`, severity, verdict, why };
  });

describe.skipIf(!sharedIsThere)("logs that others have published", () => {
  const logs = publishedLogs();

  it("are judged one by one, and no finding is a false alarm", () => {
    expect(logs).toHaveLength(112);
    expect(JUDGED.filter(({ log }) => !logs.includes(log))).toEqual([]);
    expect(JUDGED.filter(({ verdict, why }) => verdict !== "true" || why === "")).toEqual([]);
  });

  it.each(logs)("%s has the findings that a person has judged", async (log) => {
    const path = shared(`logs/${log}`);
    const { findings } = await checkRun(path);
    const judged = JUDGED.filter((one) => one.log === log);
    expect(findings.map(({ line, kind, severity }) => `${line} ${kind} ${severity}`)).toEqual(
      judged.map(({ said }) => said),
    );
    const text = readFileSync(path, "latin1");
    if (/Training fini?shed\s*$/.test(text))
      expect(judged.filter(({ severity }) => severity === "error")).toEqual([]);
    for (const size of [4096])
      expect((await checkRun(cut(readFileSync(path), size))).findings).toEqual(findings);
  });
});
