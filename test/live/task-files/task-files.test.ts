/** The files of a training task. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readTaskFiles, readTaskFilesOfLog } from "../../../src/live/task-files/task-files.js";
import { readArguments } from "../../../src/run/command-line.js";

const MODEL = "type: transformer\nlabel-smoothing: 0.1\noptimizer-params: [0.9, 0.98, 1e-09]\n";
const TRAINING = "after: 20e\nsync-sgd: yes\n";
const OPUSTRAINER = [
  "datasets:",
  "  original: corpus/original.tsv.gz",
  "  backtranslated: corpus/mono.tsv",
  "stages: [start]",
  "",
].join("\n");

function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), "task-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const never = new AbortController().signal;
const command = (rest: string) => readArguments(`/opt/marian/marian ${rest}`);

describe("in a task", () => {
  test("the files are found by the command line, relative and absolute", async () => {
    const root = folder({
      "configs/model/teacher.yml": MODEL,
      "checkout/pipeline/train/configs/training/teacher.train.yml": TRAINING,
      "model/config.opustrainer.yml": OPUSTRAINER,
    });
    const options = command(
      `--config configs/model/teacher.yml ${root}/checkout/pipeline/train/configs/training/teacher.train.yml other.yml --model model/model.npz`,
    );
    const { countDatasets: _, ...files } = await readTaskFiles(options, root);
    expect(files).toEqual({
      // As PyYAML reads them: a number without a point is text, yes is true.
      model: { type: "transformer", "label-smoothing": 0.1, "optimizer-params": [0.9, 0.98, "1e-09"] },
      training: { after: "20e", "sync-sgd": true },
      opustrainer: {
        datasets: { original: "corpus/original.tsv.gz", backtranslated: "corpus/mono.tsv" },
        stages: ["start"],
      },
      datasetNames: ["original", "backtranslated"],
      notes: [],
    });
  });

  test("-c names them too, and without --model OpusTrainer's file is here", async () => {
    const root = folder({ "configs/model/a.yml": MODEL, "config.opustrainer.yml": OPUSTRAINER });
    const files = await readTaskFiles(command("-c configs/model/a.yml"), root);
    expect(files).toMatchObject({ model: { type: "transformer" }, training: null });
    expect(files.datasetNames).toEqual(["original", "backtranslated"]);
  });

  test("a folder that is only called alike is not meant", async () => {
    const root = folder({ "myconfigs/model/a.yml": MODEL, "configs/models/a.yml": MODEL });
    const files = await readTaskFiles(command("-c myconfigs/model/a.yml configs/models/a.yml"), root);
    expect(files).toMatchObject({ model: null, notes: [] });
  });

  test("what can't be read costs only itself, and is named", async () => {
    const root = folder({
      "configs/training/bad.yml": "a: [",
      "configs/model/long.yml": `a: ${"x".repeat(2 << 20)}`,
      "m/config.opustrainer.yml": OPUSTRAINER,
    });
    const files = await readTaskFiles(
      command("-c configs/training/bad.yml configs/model/long.yml --model m/model.npz"),
      root,
    );
    expect(files).toMatchObject({ model: null, training: null, opustrainer: { stages: ["start"] } });
    expect(files.notes).toEqual([
      "configs/model/long.yml is not in the configuration: it is too long for a configuration",
      "configs/training/bad.yml is not in the configuration: it is no YAML",
    ]);
    const absent = await readTaskFiles(command("-c configs/model/none.yml"), root);
    expect(absent.notes).toEqual([
      "configs/model/none.yml is not in the configuration: there is no such file",
    ]);
  });

  test("a file that would never end is not opened", async () => {
    const root = folder({ "configs/model/x": "" });
    execFileSync("mkfifo", [join(root, "configs/model/fifo.yml")]);
    const files = await readTaskFiles(command("-c configs/model/fifo.yml"), root);
    expect(files.notes).toEqual(["configs/model/fifo.yml is not in the configuration: it is not a file"]);
  });
});

describe("the lines of datasets", () => {
  test("are counted, plain and packed, with an unterminated last line", async () => {
    const root = folder({
      "m/config.opustrainer.yml": [
        "datasets:",
        "  gz: gz.tsv.gz",
        "  zst: zst.tsv.zst",
        "  plain: plain.tsv",
        "  both: [plain.tsv, gz.tsv.gz]",
        "  empty: empty.tsv",
        "  here: here.tsv",
        "",
      ].join("\n"),
      "m/gz.tsv.gz": gzipSync("a\tb\n".repeat(100_000)),
      // Three lines, packed by zstd 1.5.
      "m/zst.tsv.zst": Buffer.from("28b52ffd04586100006109620a6109620a6109620a2f1e0b23", "hex"),
      "m/plain.tsv": "a\tb\r\nc\td\ne\tf",
      "m/empty.tsv": "",
      "here.tsv": "a\n",
    });
    const files = await readTaskFiles(command("--model m/model.npz"), root);
    const { lines, notes } = await files.countDatasets(never);
    expect(notes).toEqual([]);
    expect([...lines]).toEqual([
      ["gz", 100_000],
      ["zst", 3],
      ["plain", 3],
      ["both", 100_003],
      ["empty", 0],
      ["here", 1],
    ]);
  });

  test("that are missing or damaged cost only themselves", async () => {
    const root = folder({
      "config.opustrainer.yml":
        "datasets:\n  gone: gone.tsv\n  cut: cut.gz\n  folder: m\n  fine: fine.tsv\n  odd: 7\n",
      "cut.gz": gzipSync("a\n".repeat(100_000)).subarray(0, 100),
      "fine.tsv": "a\nb\n",
      "m/x": "",
    });
    const files = await readTaskFiles(command("--tsv"), root);
    expect(files.datasetNames).toEqual(["gone", "cut", "folder", "fine"]);
    const { lines, notes } = await files.countDatasets(never);
    expect([...lines]).toEqual([["fine", 2]]);
    expect(notes).toEqual([
      "the dataset gone is not counted: gone.tsv: there is no such file",
      expect.stringContaining("the dataset cut is not counted: cut.gz: the gzip data ends early"),
      "the dataset folder is not counted: m: it is not a file",
    ]);
  });

  test("are given up at once when nobody wants them any more", async () => {
    const root = folder({
      "config.opustrainer.yml": "datasets:\n  big: big.tsv\n",
      "big.tsv": "a\n".repeat(9e6),
    });
    const files = await readTaskFiles(command("--tsv"), root);
    const control = new AbortController();
    const counting = files.countDatasets(control.signal);
    control.abort();
    expect([...(await counting).lines]).toEqual([]);
  });
});

describe("of a log that is read from a file", () => {
  const training = (root: string) =>
    command(
      `--config ${root}/configs/model/a.yml configs/training/b.yml --model ${root}/models/student/model.npz`,
    );

  test("they are read when it lies in the folder of its model", async () => {
    const root = folder({
      "configs/model/a.yml": MODEL,
      "configs/training/b.yml": TRAINING,
      "models/student/config.opustrainer.yml": OPUSTRAINER,
      "models/student/corpus/mono.tsv": "a\n",
      "models/student/train.log": "",
    });
    symlinkSync(join(root, "models"), join(root, "link"));
    for (const log of ["models/student/train.log", "link/student/train.log"]) {
      const files = await readTaskFilesOfLog(training(root), join(root, log));
      expect(files).toMatchObject({ model: { type: "transformer" }, training: null, opustrainer: {} });
      // Where the training was started is not known.
      expect(files.notes).toEqual([
        "configs/training/b.yml is not read: the log does not say in which folder it is",
      ]);
      expect([...(await files.countDatasets(never)).lines]).toEqual([["backtranslated", 1]]);
    }
  });

  test("a log from elsewhere picks up nothing", async () => {
    const root = folder({
      "configs/model/a.yml": MODEL,
      "config.opustrainer.yml": OPUSTRAINER,
      "models/student/model.npz": "",
      "logs/train.log": "",
    });
    const nothing = { model: null, training: null, opustrainer: null, datasetNames: [], notes: [] };
    const log = join(root, "logs/train.log");
    expect(await readTaskFilesOfLog(training(root), log)).toMatchObject(nothing);
    expect(await readTaskFilesOfLog(command("-c configs/model/a.yml"), log)).toMatchObject(nothing);
    const relative = command("-c configs/model/a.yml --model ./model.npz");
    expect(await readTaskFilesOfLog(relative, join(root, "train.log"))).toMatchObject(nothing);
  });
});
