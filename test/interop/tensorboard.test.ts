/** What TensorBoard's own reader finds in our files, and what marian-tensorboard writes for the same logs. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { parse as parseCsv } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLog } from "../../src/index.js";
import { FileSource } from "../../src/io/source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { filePublisher } from "../../src/publishers/files.js";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { train } from "../cli/sample-logs.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { Publication, writeEvents } from "../publishers/tensorboard/write-events.js";
import { findPythonVenv, TENSORBOARD } from "./python-venv.js";

const execute = promisify(execFile);
const HERE = import.meta.dirname;
const FIXTURE = resolve("fixtures/train.log");

const venv = await findPythonVenv(TENSORBOARD);
if ("missing" in venv) process.stderr.write(`skipped: ${venv.missing}\n`);
const python = "missing" in venv ? "" : venv.python;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tensorboard-"));
});
afterAll(() => rm(dir, { recursive: true }));

type Point<Value> = [step: number, wallTime: number, value: Value];
interface Read {
  readonly start: number;
  readonly scalars: Readonly<Record<string, Point<number>[]>>;
  readonly texts: Readonly<Record<string, Point<string>[]>>;
}

/** What TensorBoard reads below a log directory, by run. */
async function read(folder: string): Promise<Readonly<Record<string, Read>>> {
  const { stdout } = await execute(python, [join(HERE, "read_events.py"), folder], { maxBuffer: 1 << 28 });
  const word = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity } as const;
  return JSON.parse(stdout, (_key, value: unknown) =>
    typeof value === "string" && Object.hasOwn(word, value) ? word[value as keyof typeof word] : value,
  ) as Readonly<Record<string, Read>>;
}

async function readOne(folder: string): Promise<Read> {
  const { ".": run } = await read(folder);
  if (run === undefined) throw new Error(`no events in ${folder}`);
  return run;
}

/** Seconds since 1970 of a measurement's time; a clock without a zone is read as UTC. */
function seconds(timestamp: string | undefined): number {
  if (timestamp === undefined) return 0;
  return Date.parse(/(?:Z|[-+]\d\d:\d\d)$/.test(timestamp) ? timestamp : `${timestamp}Z`) / 1000;
}

/** What we write and marian-tensorboard does not. */
const FURTHER_TAGS = new Set(
  ["labels", "time", "gpus", "sentences-diff", "wall-clock", "hours"].map((name) => `train/${name}`),
);

describe.skipIf("missing" in venv)("TensorBoard reads", () => {
  it("the rows of our CSV at the log's own times", async () => {
    const folder = join(dir, "csv");
    await writeEvents(await readFile(FIXTURE), { folder, source: FIXTURE });
    const { scalars, start } = await readOne(folder);
    await publishLog(new FileSource(FIXTURE), {}, [await filePublisher(folder, "csv")]);
    const table = async (name: string) =>
      parseCsv(await readFile(join(folder, name)), { columns: true }) as Record<string, string>[];

    const training = await table("training.csv");
    expect(training).toHaveLength(87);
    const column = (rows: Record<string, string>[], name: string) =>
      rows.filter((row) => row[name] !== "").map((row) => [Number(row.up), Math.fround(Number(row[name]))]);
    const points = (tag: string) => scalars[tag]?.map(([step, , value]) => [step, value]);
    for (const [name, tag] of Object.entries({
      epoch: "train/epoch",
      sen: "train/total_sentences",
      cost: "train/Cost",
      time: "train/time",
      rate: "train/words_per_second",
      gnorm: "train/gradient_norm",
      learning_rate: "train/learning_rate",
      labels: "train/labels",
      batch_labels: "train/effective_batch_size",
      total_labels: "train/total_labels",
    })) {
      expect([tag, points(tag)]).toEqual([tag, column(training, name)]);
    }
    const validation = await table("validation.csv");
    expect(validation).toHaveLength(17);
    for (const metric of ["chrf", "ce-mean-words", "bleu-detok", "perplexity"]) {
      const name = metric.replaceAll("-", "_");
      expect(points(`valid/${metric}`)).toEqual(column(validation, name));
      expect(points(`valid/${metric}_stalled`)).toEqual(
        validation.map((row) => [Number(row.up), Number(row[`${name}_stalled`] || 0)]),
      );
    }

    const times = { training: [] as number[], validation: [] as number[] };
    for await (const measurement of parseLog(FIXTURE)) {
      if (measurement.type === "training") times.training.push(seconds(measurement.timestamp));
      if (measurement.type === "validation" && measurement.metric === "chrf")
        times.validation.push(seconds(measurement.timestamp));
    }
    expect(scalars["train/Cost"]?.map(([, wallTime]) => wallTime)).toEqual(times.training);
    expect(scalars["valid/chrf"]?.map(([, wallTime]) => wallTime)).toEqual(times.validation);
    expect(start).toBe(seconds("2024-03-04T09:15:03"));
  });

  it("numbers that are none, logical epochs, Taskcluster's milliseconds and the user's time zone", async () => {
    const folder = join(dir, "odd");
    await writeEvents(
      "[2024-07-03 10:00:00] Ep. 1.25 : Up. 5000000000 : Sen. 7 : Cost nan : Time 1.00s : inf words/s : gNorm -inf\n" +
        "[task 2024-07-03T08:00:01.250Z] [2024-07-03 08:00:00] [valid] Ep. 1 : Up. 5000000000 : a+b/c : -1e-05 : stalled 3 times\n",
      { folder },
      { timeZone: "Europe/Paris" },
    );
    const { scalars } = await readOne(folder);
    const at = (second: number) => Date.UTC(2024, 6, 3, 8, 0, 0) / 1000 + second;
    expect(scalars).toEqual({
      "train/epoch": [[5e9, at(0), 1.25]],
      "train/Cost": [[5e9, at(0), Number.NaN]],
      "train/total_sentences": [[5e9, at(0), 7]],
      "train/words_per_second": [[5e9, at(0), Infinity]],
      "train/gradient_norm": [[5e9, at(0), -Infinity]],
      "train/time": [[5e9, at(0), 1]],
      "train/sentences-diff": [[5e9, at(0), 7]],
      "train/wall-clock": [[5e9, at(0), Math.fround(at(0))]],
      "train/hours": [[5e9, at(0), 0]],
      "valid/a_b/c": [[5e9, at(1.25), Math.fround(-1e-5)]],
      "valid/a_b/c_stalled": [[5e9, at(1.25), 3]],
    });
  });

  it("configuration, version and matches of patterns", async () => {
    const folder = join(dir, "texts");
    await writeEvents(
      "[2024-07-03 10:00:00] [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500\n" +
        "[2024-07-03 10:00:00] [marian] Running on box as process 7 with command line:\n" +
        "[2024-07-03 10:00:00] [marian] /opt/marian --type s2s\n" +
        "[2024-07-03 10:00:00] [config] type: s2s\n[2024-07-03 10:00:00] [config] devices:\n" +
        "[2024-07-03 10:00:00] [config]   - 0\n[2024-07-03 10:00:00] [config]   - 1\n" +
        "[2024-07-03 10:00:01] Ep. 1 : Up. 10 : Sen. 7 : Cost 1\n" +
        "[2024-07-03 10:00:02] Reserving 12.5 MB on gpu0\n",
      { folder, source: "models/été/train.log" },
      { patterns: [{ name: "memory", regex: String.raw`Reserving (?P<mb>\S+) MB on (?P<device>\w+)` }] },
    );
    const { scalars, texts } = await readOne(folder);
    const start = Date.UTC(2024, 6, 3, 10) / 1000;
    expect(texts).toEqual({
      "source/text_summary": [[0, start, "models/été/train.log"]],
      "type/text_summary": [[0, start, "s2s"]],
      "devices/text_summary": [[0, start, "[0,1]"]],
      "marian_version/text_summary": [[0, start, "v1.12.14"]],
      "command_line/text_summary": [[0, start, "/opt/marian --type s2s"]],
      "memory/device/text_summary": [[10, start + 1, "gpu0"]],
    });
    expect(scalars["memory/mb"]).toEqual([[10, start + 1, 12.5]]);
  });

  it("what the command writes for several logs, a run each", async () => {
    const folder = freshFolder({ "a/train.log": await readFile(FIXTURE), "b/train.log": train(100) });
    const run = await runHere("run", ["parse", "a/train.log", "b/train.log", "--tensorboard", "logs"], {
      folder,
    });
    expect(run.code, run.stderr).toBe(0);
    const runs = await read(join(folder, "logs"));
    expect(Object.keys(runs).sort()).toEqual(["a/train", "b/train"]);
    expect(runs["a/train"]?.scalars["train/Cost"]).toHaveLength(87);
    expect(runs["b/train"]?.scalars["train/Cost"]?.map(([step, , value]) => [step, value])).toEqual([
      [100, Math.fround(0.1)],
    ]);
  });

  it("a training that is running, after every line", async () => {
    const folder = join(dir, "live");
    await writeEvents("[2024-07-03 09:00:00] Ep. 1 : Up. 7 : Sen. 7 : Cost 7\n", { folder });
    using training = new Publication({ folder, mode: "live" });
    const cost = async () => (await readOne(folder)).scalars["train/Cost"]?.map(([step]) => step);
    await training.write(
      "[2024-07-03 10:00:00] Ep. 1 : Up. 10 : Sen. 7 : Cost 1\n[2024-07-03 10:00:01] Ep. 1 : Up",
    );
    expect(await cost()).toEqual([10]);
    await training.write(". 20 : Sen. 7 : Cost 2\n");
    expect(await cost()).toEqual([10, 20]);
    await training.write("[2024-07-03 10:00:02] Ep. 1 : Up. 30 : Sen. 7 : Cost 3\n");
    await training.close();
    expect(await cost()).toEqual([10, 20, 30]);
  });
});

describe.skipIf("missing" in venv)("marian-tensorboard", () => {
  /** What it writes for a log. It passes over the first two lines of a file, so these are empty. */
  async function theirs(name: string, log: Uint8Array, step: string): Promise<Read> {
    const path = join(dir, `${name}.log`);
    await writeFile(path, Buffer.concat([Buffer.from("\n\n"), log]));
    const folder = join(dir, `theirs-${name}`);
    const program = ["-m", "marian_tensorboard.marian_tensorboard", "--offline", "-p", "0", "-s", step];
    await execute(python, [...program, "-f", path, "-w", folder], { maxBuffer: 1 << 28 });
    const [run] = Object.values(await read(folder));
    if (run === undefined) throw new Error("marian-tensorboard wrote nothing");
    return run;
  }

  it.each(["updates", "sentences", "labels"] as const)(
    "writes the points that we write, by %s",
    async (step) => {
      const log = await readFile(FIXTURE);
      const folder = join(dir, `ours-${step}`);
      await writeEvents(log, { folder, step });
      const ours = await readOne(folder);
      const { scalars, texts } = await theirs(step, log, step);
      const same = Object.fromEntries(Object.entries(ours.scalars).filter(([tag]) => !FURTHER_TAGS.has(tag)));
      expect(same).toEqual(scalars);
      expect(Object.keys(scalars)).toHaveLength(16);
      // Its texts are cut at the first character that it does not expect, as in `ce-mean-words`.
      expect(Object.keys(texts).length).toBeGreaterThan(20);
      for (const [tag, points] of Object.entries(texts)) {
        const whole = ours.texts[tag]?.map(([, , text]) => text) ?? [];
        const known = points.filter(([, , cut]) =>
          whole.some((text) => text.startsWith(cut) || +text === +cut),
        );
        expect([tag, known]).toEqual([tag, points]);
      }
    },
  );

  it
    .skipIf(!sharedIsThere)
    .each([
      "logs/marian-nmt__marian-tensorboard/examples__train.encs.2.log",
      "logs/marian-nmt__marian-tensorboard/examples__train.encs.base.log",
      "logs/cepin19__dp/logs__wmt__train_bt_encs_biclean.13.log",
      "logs/hplt-project__HPLT-MT-Models/v1.0__training__ar-en__opus_hplt__model.train.log",
      "archives/experiments_1_12/models/fi-en/opusprod/student/train.log",
    ])("writes no point of %s that we do not write", async (path) => {
    const log = await readFile(shared(path));
    const folder = join(dir, "ours", path);
    await writeEvents(log, { folder });
    const ours = await readOne(folder);
    const { scalars } = await theirs(path.replaceAll("/", "_"), log, "updates");
    for (const [tag, points] of Object.entries(scalars)) {
      const left = ours.scalars[tag]?.map((point) => point.join()) ?? [];
      const missing = points.filter((point) => {
        const at = left.indexOf(point.join());
        if (at >= 0) left.splice(at, 1);
        return at < 0;
      });
      expect([tag, missing]).toEqual([tag, []]);
    }
    expect(Object.keys(scalars).length).toBeGreaterThan(5);
  });
});
