import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepUnit } from "../../../src/publishers/tensorboard/tensorboard-publisher.js";
import { readEvents } from "./read-events.js";
import { Publication, writeEvents } from "./write-events.js";

const isRoot = process.getuid?.() === 0;
if (isRoot) process.stdout.write("skipped: a folder that may not be changed (root may change every one)\n");

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "events-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

let count = 0;
/** A folder that does not exist yet. */
function fresh(): string {
  count += 1;
  return join(dir, String(count), "runs", "student");
}
const file = (folder: string) => join(folder, "events.out.tfevents.marian-tracking");
const row = (up: number, more = "") =>
  `[2024-07-03 10:00:${10 + up}] Ep. 1 : Up. ${up} : Sen. 70 : Cost 2.5${more}${more.includes(":") ? "" : " : Time 1.00s : 9.00 words/s"}\n`;
const START = Date.UTC(2024, 6, 3, 10) / 1000;

describe("an event file", () => {
  it("starts with its version at the time of the first record, and holds an event a record", async () => {
    const folder = fresh();
    const log = `\n${row(1, " : Time 2.00s : 100.50 words/s : gNorm 1.5 : L.r. 3.0000e-04")}[2024-07-03 10:00:20] [valid] Ep. 1 : Up. 1 : chrf : 30 : new best\n`;
    expect(await writeEvents(log, { folder })).toEqual({ outputs: [file(folder)], notes: [] });
    expect(readEvents(file(folder))).toEqual([
      { wallTime: START + 11, step: 0, version: "brain.Event:2", values: {} },
      { wallTime: START + 11, step: 0, values: { "source/text_summary": "train.log" } },
      {
        wallTime: START + 11,
        step: 1,
        values: {
          "train/epoch": 1,
          "train/Cost": 2.5,
          "train/total_sentences": 70,
          "train/learning_rate": Math.fround(3e-4),
          "train/gradient_norm": 1.5,
          "train/words_per_second": 100.5,
          "train/time": 2,
          "train/sentences-diff": 70,
          "train/wall-clock": Math.fround(START + 11),
          "train/hours": 0,
        },
      },
      { wallTime: START + 20, step: 1, values: { "valid/chrf": 30, "valid/chrf_stalled": 0 } },
    ]);
  });

  it.each([1, 7, 4096])("is the same for chunks of %i bytes", async (size) => {
    for (const name of ["dialects.log", "damaged.log", "taskcluster.log"]) {
      const log = readFileSync(`fixtures/${name}`);
      const [whole, cut] = [fresh(), fresh()];
      await writeEvents(log, { folder: whole });
      await writeEvents(log, { folder: cut }, {}, size);
      expect(readFileSync(file(cut)).equals(readFileSync(file(whole)))).toBe(true);
    }
  });

  it("keeps the rows that a restart repeats", async () => {
    const folder = fresh();
    await writeEvents(row(1) + row(2) + row(1), { folder });
    expect(
      readEvents(file(folder)).flatMap(({ step, values }) => ("train/Cost" in values ? [step] : [])),
    ).toEqual([1, 2, 1]);
  });

  it("of a log without times has none", async () => {
    const folder = fresh();
    await writeEvents("Ep. 1 : Up. 3 : Sen. 7 : Cost 2\n", { folder });
    expect(readEvents(file(folder)).map(({ wallTime }) => wallTime)).toEqual([0, 0, 0]);
  });

  it("takes long texts and many rows at once", async () => {
    const folder = fresh();
    const list = "x".repeat(300_000);
    const rows = Array.from({ length: 5000 }, (_, up) => row(up % 50)).join("");
    await writeEvents(
      `[2024-07-03 10:00:00] [marian] Marian v1.12.14\n[2024-07-03 10:00:00] [config] model: ${list}\n${rows}`,
      { folder },
    );
    const events = readEvents(file(folder));
    expect(events).toHaveLength(5000 + 4);
    expect(events.find(({ values }) => "model/text_summary" in values)?.values["model/text_summary"]).toBe(
      list,
    );
  });
});

describe("figures of other scripts", () => {
  const valuesOf = (folder: string, tag: string) =>
    readEvents(file(folder)).flatMap(({ step, values }) => (tag in values ? [[step, values[tag]]] : []));
  const at = (minute: number, up: number, sen: number) =>
    `[2024-07-03 ${10 + Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}:00] Ep. 1 : Up. ${up} : Sen. ${sen} : Cost 2\n`;

  it("count GPUs and sentences, and hours without the time in which nothing ran", async () => {
    const folder = fresh();
    const start =
      "[2024-07-03 10:00:00] [marian] Marian v1.12.14\n[2024-07-03 10:00:00] [marian] Running on h as process 1 with command line:\n";
    const log = `${start}[2024-07-03 10:00:00] [marian] marian --devices 0 1 2 -c a.yml\n${at(0, 1, 70)}${at(10, 2, 150)}${at(20, 3, 240)}${at(140, 4, 300)}${at(150, 5, 20)}`;
    await writeEvents(log, { folder });
    expect(valuesOf(folder, "train/gpus")).toEqual([1, 2, 3, 4, 5].map((up) => [up, 3]));
    expect(valuesOf(folder, "train/sentences-diff")).toEqual([
      [1, 70],
      [2, 80],
      [3, 90],
      [4, 60],
      [5, -280],
    ]);
    expect(valuesOf(folder, "train/hours").map(([, hours]) => Number(hours) * 60)).toEqual(
      [0, 10, 20, 30, 40].map((minutes) => expect.closeTo(minutes, 4)),
    );
  });

  it("take the scores of averaged models from the files beside the log", async () => {
    const folder = fresh();
    const logs = mkdtempSync(join(tmpdir(), "avg-"));
    writeFileSync(
      join(logs, "avg-8.log"),
      "avg-8-1000 21.5\navg-8-x 1\navg-8-2000\navg-8-3000 22.25 more\navg-8-900 1\n",
    );
    writeFileSync(join(logs, "avg-4.txt"), "avg-4-1000 1\n");
    await writeEvents(row(1), { folder, source: join(logs, "train.log") });
    expect(valuesOf(folder, "valid-avg/avg-8_bleu")).toEqual([
      [1000, 21.5],
      [3000, 22.25],
    ]);
    expect(valuesOf(folder, "valid-avg/avg-4_bleu")).toEqual([]);
  });
});

describe("the step", () => {
  const labels = " * 5 @ 4 after";
  const log =
    row(1, `${labels} 300`) +
    row(2) +
    "[valid] Ep. 1 : Up. 2 : chrf : 30 : new best\n" +
    row(3, `${labels} 900`);
  it.each<[StepUnit, number[], string[]]>([
    ["updates", [1, 2, 2, 3], []],
    ["sentences", [70, 70, 70, 70], []],
    [
      "labels",
      [300, 300, 300, 900],
      ["1 training row without label counts stands at the step of the row before"],
    ],
  ])("counts %s", async (step, steps, notes) => {
    const folder = fresh();
    expect(await writeEvents(log, { folder, step })).toEqual({
      outputs: [file(folder)],
      notes: notes.map((text) => ({ text })),
    });
    const events = readEvents(file(folder)).slice(2);
    expect(events.map((event) => event.step)).toEqual(steps);
    expect(events.some(({ values }) => "train/total_updates" in values)).toBe(step !== "updates");
    expect(events.some(({ values }) => "train/total_sentences" in values)).toBe(step !== "sentences");
    expect(events.some(({ values }) => "train/total_labels" in values)).toBe(step !== "labels");
  });
});

describe("publishing again", () => {
  it("replaces the run's file, at once and whole", async () => {
    const folder = fresh();
    await writeEvents(row(1) + row(2), { folder });
    const before = readFileSync(file(folder));
    using publication = new Publication({ folder });
    await publication.write(row(1));
    expect(readFileSync(file(folder)).equals(before)).toBe(true);
    // TensorBoard takes every file with this word in its name.
    expect(readdirSync(folder).filter((name) => name.includes("tfevents"))).toHaveLength(1);
    await publication.close();
    expect(readEvents(file(folder))).toHaveLength(3);
    expect(readdirSync(folder)).toHaveLength(1);
    await writeEvents(row(1) + row(2), { folder });
    expect(readFileSync(file(folder)).equals(before)).toBe(true);
  });

  it("says that another program's events lie there too, and leaves them alone", async () => {
    const folder = fresh();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "events.out.tfevents.1.box"), "theirs");
    const { notes } = await writeEvents(row(1), { folder });
    expect(notes).toEqual([
      { text: `${folder} also holds events.out.tfevents.1.box: TensorBoard shows both as one run` },
    ]);
    expect(readFileSync(join(folder, "events.out.tfevents.1.box"), "utf8")).toBe("theirs");
  });

  it("given up leaves the old file, and nothing beside it", async () => {
    const folder = fresh();
    await writeEvents(row(1), { folder });
    const before = readFileSync(file(folder));
    using publication = new Publication({ folder });
    await publication.write(row(1) + row(2));
    await publication.publisher.discard();
    expect(readFileSync(file(folder)).equals(before)).toBe(true);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

describe("a live file", () => {
  it("holds whole records after every chunk, also when the training is given up", async () => {
    const folder = fresh();
    using publication = new Publication({ folder, mode: "live" }, { live: true });
    await publication.write(row(1) + row(2) + row(3).slice(0, 20));
    expect(readEvents(file(folder)).at(-1)?.step).toBe(2);
    await publication.write(row(3).slice(20));
    expect(readEvents(file(folder)).at(-1)?.step).toBe(3);
    await publication.publisher.discard();
    expect(readEvents(file(folder)).at(-1)?.step).toBe(3);
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

describe("nothing", () => {
  it("is written of a log without measurements", async () => {
    const folder = fresh();
    expect(await writeEvents("hello\n", { folder })).toEqual({ outputs: [], nothingWritten: true });
    expect(existsSync(folder)).toBe(false);
  });

  it("can be written where a file is in the way", async () => {
    const folder = join(dir, "way", "student");
    writeFileSync(join(dir, "way"), "");
    await expect(writeEvents(row(1), { folder })).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it.skipIf(isRoot)("can be written in a folder that may not be changed", async () => {
    const folder = fresh();
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o500);
    await expect(writeEvents(row(1), { folder })).rejects.toThrow(/EACCES/);
  });
});
