/** The check as a whole: real logs, chunks, floods, damaged input. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { LogMarks } from "../../src/check/log-marks.js";
import { checkRun } from "../../src/index.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { check, MarianLog, said } from "./marian-log.js";

const bytes = (text: string) => new TextEncoder().encode(text);
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
      /could not be read: \[2024-07-03 08:01:40\] Ep\. 1 : Up\. 8\.2\.6 : torn\u{FFFD}x+…$/u,
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

describe("the lines of marks", () => {
  const log = "\nx\n[a] Training started\r\n[b] 10%\r[b] Training finished\n[c] Error: no newline";
  it.each([1, 2, 7, 1000])("are counted through chunks of %i bytes", (size) => {
    const marks = new LogMarks();
    let lines = 0;
    const found = [];
    for (const chunk of cut(bytes(log), size)) {
      found.push(...marks.take(chunk, lines));
      lines += chunk.filter((byte) => byte === 10).length;
    }
    found.push(...marks.finish(lines));
    expect(found).toEqual([
      { kind: "started", line: 3, text: "Training started" },
      { kind: "finished", line: 4, text: "Training finished" },
      { kind: "error", line: 5, text: "no newline" },
    ]);
  });

  it("of any length are looked at where they begin", () => {
    const marks = new LogMarks();
    const long = `[a] Error: ${"x".repeat(3_000_000)}\n[b] Training finished\n${"y".repeat(3_000_000)} Training finished`;
    const found = [...cut(bytes(long), 65_536)].flatMap((chunk, index) =>
      marks.take(chunk, index < 46 ? 0 : 2),
    );
    expect(found.map(({ kind, text }) => [kind, text.length])).toEqual([
      ["error", 4085],
      ["finished", 17],
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
  const { findings, fault, tally } = await checkRun(packed.subarray(0, packed.length - 9));
  expect(String(fault)).toMatch(/the gzip data ends early/);
  expect(tally.counts.training).toBeGreaterThan(0);
  expect(findings.map(({ kind }) => kind)).toContain("nan");
});

/** What real logs are: nothing of severity warning or above, or these. */
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
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__ar-en__opus_hplt__model.train.log": [],
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__en-bs__opus_hplt__model.train.log": [],
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__en-hi__opus_hplt__model.train.log": [],
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__en-nn__hplt__model.train.log": [],
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__ga-en__hplt__model.train.log": [],
  "logs/hplt-project__HPLT-MT-Models/v1.0__training__en-zh_hant__opus_hplt__model.train.log": [
    "1313 unfinished warning",
  ],
  "logs/marian-nmt__marian-tensorboard/examples__train.encs.2.log": [],
  "logs/marian-nmt__marian-tensorboard/examples__train.encs.base.log": [],
  "logs/marian-nmt__marian-nmt.github.io/assets__data__tau1__train.log@9be47c26.log": [],
  "logs/marian-nmt__marian-nmt.github.io/assets__data__tau8__train.log@bc992b6f.log": [],
  "logs/cepin19__dp/logs__europarl__src0tgt0_fr__train_trans.log": [],
  "logs/cepin19__dp/logs__opensubtiles__src1tgt0_fr__nohup.out": [],
  "logs/cepin19__dp/logs__opensubtiles__src1tgt0_fr__trans_tgt.log": [],
  "logs/cepin19__dp/logs__wmt__train_bt_encs.5.log": [],
  "logs/cepin19__dp/logs__wmt__train_bt_encs_biclean.13.log": ["2676 unfinished warning"],
  "logs/cepin19__dp/logs__wmt__train_bt_encs.2.log": ["509 restart warning", "3340 unfinished error"],
  "logs/cepin19__dp/logs__opensubtiles__src1tgt0_cz__train.log": ["572 unfinished error"],
  "logs/cepin19__dp/logs__europarl__src1tgt0_cz__train_doc_voita.log": ["210 unfinished error"],
  "logs/cepin19__dp/logs__europarl__src1tgt0_cz__train_dual_doc.diff_emb.log": [
    "283 divergence error",
    "385 nan error",
    "391 unfinished warning",
  ],
  "logs/cepin19__dp/logs__wmt__train_bt_encs_biclean+bt_noise.spider.ctx.log": [
    "241 nan error",
    "246 divergence error",
    "326 unfinished warning",
  ],
  "logs/_snippets/marian-120-nan-2017.log": ["5 nan error"],
  "logs/_snippets/marian-376-2021.log": [],
  // Its author has cut parts out.
  "logs/ye-kyaw-thu__error-overflow/mu-haung-nmt-seq2seq-exp.md__L353.log": ["292 gap warning"],
};

describe.skipIf(!sharedIsThere)("real logs", () => {
  it.each(Object.entries(REAL))("%s", async (path, expected) => {
    const { findings, fault } = await checkRun(shared(path));
    expect(fault).toBeUndefined();
    const serious = findings.filter(({ severity }) => severity !== "info");
    expect(serious.map(({ line, kind, severity }) => `${line} ${kind} ${severity}`)).toEqual(expected);
    const log = readFileSync(shared(path));
    for (const size of [17, 1000]) expect((await checkRun(cut(log, size))).findings).toEqual(findings);
  });
});
