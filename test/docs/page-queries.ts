/** The queries of docs/queries.md, an archive to ask, and the answers that are known of it. */
import { readFileSync } from "node:fs";
import { makeTree } from "../archive/tree.js";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { start, valid } from "../cli/sample-logs.js";

const PAGE = readFileSync(new URL("../../docs/queries.md", import.meta.url), "utf8");

/** A block of code below a heading of the page. */
interface Block {
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}

const BLOCKS: readonly Block[] = PAGE.split(/^#{2,3} /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf("\n"));
  return [...section.matchAll(/^```(sql|python)\n(.*?)^```$/gms)].map(
    ([, language = "", code = ""]): Block => ({ heading, language, code }),
  );
});

/** The code of a language below a heading, in the order of the page. */
export function codeBelow(heading: string, language: string): string[] {
  return BLOCKS.filter((block) => block.heading === heading && block.language === language).map(
    ({ code }) => code,
  );
}

export interface Question {
  readonly title: string;
  /** For DuckDB and Spark. */
  readonly sql: string;
  readonly polars: string;
}

/** The ten questions. */
export const QUESTIONS: readonly Question[] = [...new Set(BLOCKS.map(({ heading }) => heading))]
  .filter((heading) => /^\d+\. /.test(heading))
  .map((title) => ({
    title,
    sql: codeBelow(title, "sql").join(),
    polars: codeBelow(title, "python").join(),
  }));

/** A log with a record an hour, each after 1,000 updates, and a validation after every fifth. */
function training(
  from: string,
  {
    updates = [[1, 10]],
    chrf,
    crossEntropy,
    record = (up) => ({ cost: 10 / up, hours: 1, rate: 50_000 }),
    finished = true,
  }: {
    /** Of each segment the first and the last record, in thousands. */
    readonly updates?: readonly (readonly [first: number, last: number])[];
    readonly chrf: readonly number[];
    readonly crossEntropy?: number;
    readonly record?: (up: number) => {
      readonly cost: number;
      readonly hours: number;
      readonly rate: number;
    };
    readonly finished?: boolean;
  },
): string {
  let at = Date.parse(`${from}T00:00:00Z`);
  const time = () => new Date(at).toISOString().slice(0, 19).replace("T", " ");
  const scores = [...chrf];
  let [text, best, stalled] = ["", 0, 0];
  for (const [first, last] of updates) {
    text += start({ time: time() });
    for (let up = first; up <= last; up += 1) {
      const { cost, hours, rate } = record(up);
      at += hours * 3_600_000;
      text += `[${time()}] Ep. 1 : Up. ${up}000 : Sen. ${up}00 : Cost ${cost} : Time ${hours * 3600}.00s : ${rate}.00 words/s : gNorm 1.0\n`;
      const score = up % 5 === 0 ? scores.shift() : undefined;
      if (score === undefined) continue;
      stalled = score > best ? 0 : stalled + 1;
      best = Math.max(score, best);
      const verdict = stalled === 0 ? "new best" : `stalled ${stalled} times (last best: ${best})`;
      text += valid(up * 1000, "chrf", score, verdict, { time: time() });
      if (crossEntropy !== undefined)
        text += valid(up * 1000, "cross-entropy", crossEntropy, "new best", { time: time() });
    }
  }
  return finished ? `${text}[${time()}] Training finished\n` : text;
}

const scores = (values: Readonly<Record<string, number>>) =>
  JSON.stringify(
    Object.fromEntries(Object.entries(values).map(([name, score]) => [name, { score, details: {} }])),
  );

/** Experiments, and the ids of their groups. */
const [SPRING_CS, SUMMER_CS, SPRING_DE, SUMMER_DE] = [
  "spring_AAAAAaaaaaAAAAAaaaaaAA",
  "summer_BBBBBbbbbbBBBBBbbbbbBB",
  "spring_CCCCCcccccCCCCCcccccCC",
  "summer_DDDDDdddddDDDDDdddddDD",
];

/** Two experiments of each of two pairs. */
export const EXPERIMENTS: Readonly<Record<string, string>> = {
  [`logs/en-cs/${SPRING_CS}/teacher-1/train.log`]: training("2026-01-05", {
    chrf: [50, 55],
    crossEntropy: 41.5,
  }),
  [`logs/en-cs/${SPRING_CS}/student/train.log`]: training("2026-01-10", {
    chrf: [48, 47],
    record: (up) => ({
      cost: 10 / up,
      ...(up % 2 === 0 ? { hours: 0.5, rate: 130_000 } : { hours: 1, rate: 100_000 }),
    }),
  }),
  [`logs/en-cs/${SUMMER_CS}/student/train.log`]: training("2026-03-02", {
    updates: [[1, 35]],
    chrf: [49, 53, 52, 51, 52, 50, 52],
    finished: false,
  }),
  [`logs/en-cs/${SUMMER_CS}/teacher-1/train.log`]: "",
  [`logs/en-de/${SPRING_DE}/teacher-1/train.log`]: training("2026-02-01", {
    updates: [
      [1, 10],
      [6, 15],
    ],
    chrf: [58, 61, 60, 60],
  }),
  [`logs/en-de/${SPRING_DE}/student/train.log`]: training("2026-02-10", {
    updates: [[1, 30]],
    chrf: [58, 57, 57, 57, 57, 57],
    record: (up) => ({
      cost: up < 28 ? 10 / up : up === 28 ? Number.POSITIVE_INFINITY : Number.NaN,
      hours: 1,
      rate: 50_000,
    }),
    finished: false,
  }),
  [`logs/en-de/${SUMMER_DE}/student/train.log`]: training("2026-03-05", {
    updates: [[1, 30]],
    chrf: [58, 57, 57, 57, 57, 57],
  }),
  [`models/en-cs/${SPRING_CS}/evaluation/teacher-1/flores_devtest.metrics.json`]: scores({
    chrf: 60,
    bleu: 30,
    metricx: 3.5,
  }),
  [`models/en-cs/${SPRING_CS}/evaluation/student/flores_devtest.metrics.json`]: scores({
    chrf: 57,
  }),
  [`models/en-cs/${SPRING_CS}/evaluation/student/sacrebleu_wmt19.metrics.json`]: scores({
    chrf: 70,
  }),
  [`models/en-cs/${SPRING_CS}/evaluation/student/flores_aug-mix_devtest.metrics.json`]: scores({
    chrf: 65,
  }),
  [`models/en-cs/${SUMMER_CS}/evaluation/student/flores_devtest.metrics.json`]: scores({
    chrf: 58.5,
  }),
  [`models/en-de/${SPRING_DE}/evaluation/teacher-1/flores_devtest.metrics.json`]: scores({
    chrf: 62,
  }),
  [`models/en-de/${SPRING_DE}/evaluation/student/flores_devtest.metrics.json`]: scores({
    chrf: 61,
  }),
  [`models/en-de/${SUMMER_DE}/evaluation/student/flores_devtest.metrics.json`]: scores({
    chrf: 60.5,
  }),
};

/** An experiment without validations and evaluations: no table of it has a metric. */
export const PLAIN: Readonly<Record<string, string>> = {
  "logs/de-fr/autumn_EEEEEeeeeeEEEEEeeeeeEE/student/train.log": training("2026-04-01", { chrf: [] }),
};

/** What engines find in the tables of both archives together: the rows of both, and the types of each. */
export const TOGETHER: Readonly<Record<string, { readonly rows: number; readonly same: true }>> = {
  training: { rows: 145, same: true },
  validation: { rows: 27, same: true },
  evaluations: { rows: 8, same: true },
  runs: { rows: 8, same: true },
};

/** Rows by column; of times the text, and absent values are null. */
export type Answer = readonly Readonly<Record<string, string | number | null>>[];

/** The answers, in the order of the questions. */
export const ANSWERS: readonly Answer[] = [
  table(
    ["project", "run", "chrf"],
    [
      ["en-cs", "student_BBBBB", 58.5],
      ["en-de", "student_CCCCC", 61],
    ],
  ),
  table(
    ["project", "hours", "gpu_hours", "cost"],
    [
      ["en-cs", 52.5, 210, 525],
      ["en-de", 80, 320, 800],
    ],
  ),
  table(["project", "run", "up", "stalled"], [["en-cs", "student_BBBBB", 35_000, 5]]),
  table(
    ["project", "run", "error", "diverged_at"],
    [
      ["en-cs", "teacher-1_BBBBB", "the input is empty", null],
      ["en-de", "student_CCCCC", null, 28_000],
    ],
  ),
  table(
    ["project", "importer", "dataset", "teacher", "student", "lost"],
    [
      ["en-cs", "flores", "devtest", 60, 58.5, 1.5],
      ["en-de", "flores", "devtest", 62, 61, 1],
    ],
  ),
  table(
    ["model", "day", "words_per_second"],
    [
      ["student", "2026-01-10", 110_000],
      ...["2026-02-10", "2026-02-11", "2026-03-02", "2026-03-03", "2026-03-05", "2026-03-06"].map((day) => [
        "student",
        day,
        50_000,
      ]),
      ["teacher-1", "2026-01-05", 50_000],
      ["teacher-1", "2026-02-01", 50_000],
    ],
  ),
  table(
    ["project", "run", "best_chrf", "at_update", "last_update"],
    [
      ["en-cs", "student_AAAAA", 48, 5000, 10_000],
      ["en-cs", "student_BBBBB", 53, 10_000, 35_000],
      ["en-cs", "teacher-1_AAAAA", 55, 10_000, 10_000],
      ["en-de", "student_CCCCC", 58, 5000, 30_000],
      ["en-de", "student_DDDDD", 58, 5000, 30_000],
      ["en-de", "teacher-1_CCCCC", 61, 10_000, 15_000],
    ],
  ),
  table(
    ["project", "model", "experiment", "chrf", "gain"],
    [
      ["en-cs", "student", SPRING_CS, 57, null],
      ["en-cs", "student", SUMMER_CS, 58.5, 1.5],
      ["en-cs", "teacher-1", SPRING_CS, 60, null],
      ["en-de", "student", SPRING_DE, 61, null],
      ["en-de", "student", SUMMER_DE, 60.5, -0.5],
      ["en-de", "teacher-1", SPRING_DE, 62, null],
    ],
  ),
  table(
    ["project", "experiment", "trainings", "finished", "with_errors", "started", "ended"],
    [
      ["en-cs", SPRING_CS, 2, 2, 0, "2026-01-05T00:00:00.000Z", "2026-01-10T07:30:00.000Z"],
      ["en-cs", SUMMER_CS, 2, 0, 1, "2026-03-02T00:00:00.000Z", "2026-03-03T11:00:00.000Z"],
      ["en-de", SPRING_DE, 2, 1, 0, "2026-02-01T00:00:00.000Z", "2026-02-11T06:00:00.000Z"],
      ["en-de", SUMMER_DE, 1, 1, 0, "2026-03-05T00:00:00.000Z", "2026-03-06T06:00:00.000Z"],
    ],
  ),
  table(["project", "run", "records", "hours"], [["en-de", "teacher-1_CCCCC", 5, 5]]),
];

function table(columns: readonly string[], rows: readonly (readonly (string | number | null)[])[]): Answer {
  return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
}

/** Makes the archive and its tables; returns the folder in which `tables` are. */
export async function makeTables(folder = freshFolder(), archive = makeTree(EXPERIMENTS)): Promise<string> {
  const args = ["archive", archive, "--no-wandb", "--format", "parquet", "-o", "tables", "-q"];
  await runHere("run", args, { folder });
  return folder;
}
