import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  binaryPath,
  check,
  eventually,
  filesBelow,
  freshFolder,
  type LiveRun,
  type RunOptions,
  result,
  runBinary,
  runShell,
  startBinary,
} from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import {
  chatter,
  csv,
  REFERENCE_TRAINING,
  REFERENCE_VALIDATION,
  referenceRow,
  start,
  train,
  valid,
} from "../cli/sample-logs.js";

const run = (args: readonly string[], options: RunOptions = {}) => runHere("parse_tc_logs", args, options);

const LOG =
  start({ metrics: ["chrf", "bleu-detok"] }) +
  train(1000) +
  valid(1000, "chrf", 40) +
  valid(1000, "bleu-detok", 20) +
  train(2000);
const ODD = Buffer.concat([
  Buffer.from("\0\r\n"),
  Buffer.from([0xff, 0xfe, 0x00, 0xc3]),
  Buffer.from("no final newline"),
]);

/** As a Taskcluster worker prefixes every line of a task. */
function taskcluster(log: string): string {
  return log.replace(/^/gm, "[task 2024-07-03T07:00:00.123Z] ").replace(/\[task [^\]]*\] $/, "");
}

function rowsOnDisk(live: LiveRun, file: string): string {
  const path = join(live.folder, "output", file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe.concurrent("-i", () => {
  it("reads a Taskcluster log", async () => {
    const log = `[taskcluster 2024-07-03 07:00:00.000Z] Task ID: abc\n${taskcluster(LOG)}[taskcluster 2024-07-03 07:10:00.000Z] === Task Finished ===\n`;
    const done = await run(["--input-file", "live_backing.log", "--output-dir", "out"], {
      folder: freshFolder({ "live_backing.log": log }),
    });
    check(done, {
      code: 0,
      stderr: /training {3}2 rows\n {2}validation 1 point from 2 records: chrf, bleu-detok\n/,
    });
    expect(filesBelow(join(done.folder, "out"))).toEqual(["training.csv", "validation.csv"]);
    expect(result(done, "out/training.csv")).toBe(
      csv(REFERENCE_TRAINING, referenceRow(1000), referenceRow(2000)),
    );
    expect(result(done, "out/validation.csv")).toBe(csv(REFERENCE_VALIDATION, "1,1000,40.0,,20.0,,,,,"));
  });

  it("reads a plain train.log, into ./output", async () => {
    const done = await run(["-i", "train.log", "-v"], { folder: freshFolder({ "train.log": LOG }) });
    check(done, { code: 0, stderr: /wrote {6}output\/training\.csv\n/ });
    expect(result(done, "output/training.csv")).toBe(
      csv(REFERENCE_TRAINING, referenceRow(1000), referenceRow(2000)),
    );
    expect(result(done, "output/validation.csv")).toBe(csv(REFERENCE_VALIDATION, "1,1000,40.0,,20.0,,,,,"));
  });

  it("takes every flag of the reference and says what W&B lacks", async () => {
    const done = await run(
      [
        ...["-i", "train.log", "-o", "out", "--verbose", "--publish-group-logs", "--wandb-project", "ru-en"],
        ...[
          "--wandb-artifacts",
          ".",
          "--wandb-group",
          "g",
          "--wandb-run-name",
          "teacher-1",
          "--wandb-publication",
        ],
        ...["--taskcluster-secret", "project/x", "--tags", "one", "two"],
      ],
      { folder: freshFolder({ "train.log": LOG }) },
    );
    check(done, {
      code: 0,
      stderr: /nothing is published to Weights & Biases: no W&B API key was found/,
    });
    expect(result(done, "out/training.csv")).toContain(referenceRow(2000));
  });

  it.each([
    ["true", /no W&B API key was found/],
    ["True", /no W&B API key was found/],
    ["false", /give --wandb-publication or set WANDB_PUBLICATION=true/],
    ["", /give --wandb-publication or set WANDB_PUBLICATION=true/],
    ["anything", /give --wandb-publication or set WANDB_PUBLICATION=true/],
  ])("with WANDB_PUBLICATION=%j", async (value, stderr) => {
    const env = { WANDB_PUBLICATION: value, TASKCLUSTER_SECRET: "project/x" };
    check(
      await run(["-i", "train.log", "--wandb-project", "ru-en"], {
        env,
        folder: freshFolder({ "train.log": LOG }),
      }),
      {
        code: 0,
        stderr,
      },
    );
  });

  it("of a file that isn't there fails, but not in automation", async () => {
    const stderr = /^no\.log\n {2}ERROR {6}there is no such file\n/;
    check(await run(["-i", "no.log"]), { code: 1, stderr });
    check(await run(["-i", "no.log"], { env: { MOZ_AUTOMATION: "1" } }), { code: 0, stderr });
  });
});

describe.concurrent("--fail-unfinished", () => {
  const finished = `${LOG}[2024-07-03 11:00:00] Training finished\n`;
  const died = `${LOG}[2024-07-03 11:00:00] Error: CUDA error 2 'out of memory'\n`;
  const automation = { MOZ_AUTOMATION: "1" };
  const byVariable = { MARIAN_TRACKING_FAIL_UNFINISHED: "1" };

  it.each([
    ["the training finished", finished, ["--fail-unfinished"], {}, 0],
    ["it died", died, ["--fail-unfinished"], {}, 4],
    ["it died, in automation", died, ["--fail-unfinished"], automation, 4],
    ["it died, by the variable", died, [], { ...automation, ...byVariable }, 4],
    ["it died, and nobody asked", died, [], {}, 0],
    ["the log just ends", LOG, ["--fail-unfinished"], automation, 4],
    [
      "Marian did not even start",
      "bash: marian: command not found\n",
      [],
      { ...automation, ...byVariable },
      4,
    ],
    ["it died, and the variable says no", died, [], { MARIAN_TRACKING_FAIL_UNFINISHED: "0" }, 0],
  ])("behind a training: %s", async (_, stdin, flags, env, code) => {
    const done = await runBinary("parse_tc_logs", ["--from-stream", ...flags], { stdin, env });
    expect([done.code, done.stdout]).toEqual([code, stdin]);
  });

  it("an error of publishing comes first outside automation, and last within", async () => {
    const asked = ["--from-stream", "--fail-unfinished", "--wandb-publication", "--wandb-project", "p"];
    const wandb = {
      WANDB_API_KEY: "x".repeat(40),
      WANDB_BASE_URL: "http://127.0.0.1:9",
      WANDB_MODE: "online",
    };
    const run = (env: Record<string, string>) =>
      runBinary("parse_tc_logs", [...asked, "--retry-for", "0s"], { stdin: died, env: { ...wandb, ...env } });
    expect((await run({})).code).toBe(3);
    expect((await run(automation)).code).toBe(4);
  });

  it("parse has it, too", async () => {
    const read = async (log: string, ...args: string[]) =>
      (
        await runHere("run", ["parse", "train.log", "-q", ...args], {
          folder: freshFolder({ "train.log": log }),
        })
      ).code;
    expect(await read(died, "--fail-unfinished")).toBe(4);
    expect(await read(finished, "--fail-unfinished")).toBe(0);
    expect(await read(died)).toBe(0);
  });
});

describe.concurrent("wrong use", () => {
  it("neither a file nor a stream", async () => {
    check(await run([]), {
      code: 2,
      stderr: /parse_tc_logs: error: one of --input-file and --from-stream must be given/,
    });
  });

  it("an unknown flag without a stream", async () => {
    check(await run(["--bogus", "-i", "a.log"]), {
      code: 2,
      stderr: /parse_tc_logs: error: unrecognized arguments: --bogus; see parse_tc_logs --help/,
    });
  });

  it.each([
    [["--from-stream", "--bogus"]],
    [["-s", "surplus"]],
    [["-vs", "--bogus"]],
    [["-s", "-o"]],
    [["-i", "a.log", "--from-stream"]],
  ])("%j passes standard input through", async (args) => {
    const done = await run(args, { stdin: ODD });
    expect(done.bytes.equals(ODD)).toBe(true);
    check(done, {
      code: 2,
      stdout: ODD.toString(),
      stderr: /standard input is passed through and not read\susage: /,
    });
  });

  it("an unknown flag with a stream gives 0 in automation", async () => {
    const done = await run(["--from-stream", "--bogus"], { stdin: LOG, env: { MOZ_AUTOMATION: "1" } });
    check(done, { code: 0, stdout: LOG, stderr: /unrecognized arguments: --bogus/ });
  });
});

describe.concurrent("--from-stream", () => {
  it("echoes byte for byte and writes CSV and NDJSON", async () => {
    const bytes = Buffer.concat([Buffer.from(LOG), ODD]);
    const done = await run(["--from-stream", "--verbose"], { stdin: bytes });
    expect(done.bytes.equals(bytes)).toBe(true);
    check(done, { code: 0, stdout: bytes.toString(), stderr: /wrote {6}output\/measurements\.ndjson\n/ });
    expect(filesBelow(join(done.folder, "output"))).toEqual([
      "measurements.ndjson",
      "training.csv",
      "validation.csv",
    ]);
    expect(result(done, "output/training.csv")).toBe(
      csv(REFERENCE_TRAINING, referenceRow(1000), referenceRow(2000)),
    );
    expect(result(done, "output/validation.csv")).toBe(csv(REFERENCE_VALIDATION, "1,1000,40.0,,20.0,,,,,"));
    const types = result(done, "output/measurements.ndjson")
      .trimEnd()
      .split("\n")
      .map((line) => /"type":"(\w+)"/.exec(line)?.[1]);
    expect(types).toEqual(["segment", "training", "validation", "validation", "training"]);
  });

  it("replaces older files", async () => {
    const old = "old\n".repeat(10_000);
    const folder = freshFolder({
      "output/training.csv": old,
      "output/validation.csv": old,
      "output/measurements.ndjson": old,
    });
    const done = await run(["-s"], { folder, stdin: train(1000) });
    check(done, { code: 0, stdout: train(1000), stderr: /./ });
    expect(result(done, "output/training.csv")).toBe(csv(REFERENCE_TRAINING, referenceRow(1000)));
    expect(result(done, "output/validation.csv")).toBe(csv(REFERENCE_VALIDATION));
    expect(result(done, "output/measurements.ndjson").split("\n")).toHaveLength(2);
  });

  it("has every row on disk while standard input is open, and after SIGKILL", async () => {
    const live = startBinary("parse_tc_logs", ["-s"], { stdin: LOG });
    await eventually(() => rowsOnDisk(live, "training.csv").endsWith(`${referenceRow(2000)}\r\n`), live);
    await eventually(() => rowsOnDisk(live, "validation.csv").endsWith("1,1000,40.0,,20.0,,,,,\r\n"), live);
    expect(rowsOnDisk(live, "training.csv")).toBe(
      csv(REFERENCE_TRAINING, referenceRow(1000), referenceRow(2000)),
    );
    // A point that is open has no row yet, but its record is in the NDJSON.
    live.child.stdin.write(valid(2000, "chrf", 41) + chatter());
    await eventually(
      () => rowsOnDisk(live, "measurements.ndjson").includes('"up":2000,"metric":"chrf","value":41}\n'),
      live,
    );
    expect(rowsOnDisk(live, "validation.csv")).not.toContain("41.0");
    // New columns: labels, a further metric, the segment.
    live.child.stdin.write(
      "Ep. 1 : Up. 3000 : Sen. 3 : Cost 1.5 * 10 @ 5 after 20 : Time 1.00s : 2.00 words/s : gNorm 1.0625 : L.r. 3.0000e-04\n" +
        start({ metrics: ["ter"] }) +
        train(4000) +
        valid(4000, "ter", 50, "stalled 1 times (last best: 49)"),
    );
    await eventually(() => rowsOnDisk(live, "validation.csv").endsWith(",50.0,1.0,1\r\n"), live);
    live.child.kill("SIGKILL");
    const done = await live.done;
    expect(done.signal).toBe("SIGKILL");
    expect(filesBelow(done.folder)).toEqual(
      ["measurements.ndjson", "training.csv", "validation.csv"].map((name) => `output/${name}`),
    );
    const header = `${REFERENCE_TRAINING},labels,batch_labels,total_labels,segment`;
    expect(result(done, "output/training.csv")).toBe(
      csv(
        header,
        `${referenceRow(1000)},,,,0`,
        `${referenceRow(2000)},,,,0`,
        "1,3000,3,1.5,1.0,2.0,1.0625,0.0003,10,5,20,0",
        `${referenceRow(4000)},,,,1`,
      ),
    );
    expect(result(done, "output/validation.csv")).toBe(
      csv(
        `${REFERENCE_VALIDATION},ter,ter_stalled,segment`,
        "1,1000,40.0,,20.0,,,,,,,,0",
        "1,2000,41.0,,,,,,,,,,0",
        "1,4000,,,,,,,,,50.0,1.0,1",
      ),
    );
    expect(result(done, "output/measurements.ndjson").split("\n")).toHaveLength(11);
  });

  it("echoes half lines at once", async () => {
    const live = startBinary("parse_tc_logs", ["-s"], { stdin: "half a" });
    await live.until((stdout) => stdout === "half a");
    live.child.stdin.end(" line");
    check(await live.done, { code: 1, stdout: "half a line", stderr: /contains no/ });
  });

  it("goes on echoing when the files can't be written", async () => {
    const folder = freshFolder({ output: "in the way" });
    const long = Array.from({ length: 20_000 }, (_, up) => train(up + 1)).join("");
    const blocked = /NOT WRITTEN NDJSON: output can't be made[\s\S]*NOT WRITTEN CSV: output can't be made/;
    check(await run(["-s"], { folder, stdin: long }), { code: 3, stdout: long, stderr: blocked });
    check(await run(["-s"], { folder, stdin: long, env: { MOZ_AUTOMATION: "1" } }), {
      code: 0,
      stdout: long,
      stderr: blocked,
    });
  });

  it("goes on reading when nobody takes the echo, so that the training doesn't notice", async () => {
    const folder = freshFolder({
      "a.log": Array.from({ length: 20_000 }, (_, up) => train(up + 1)).join(""),
    });
    const script = `{ cat a.log && echo "all taken" >&2; } | { "$0" "$1" -s; echo "code $?" >&2; } | head -1`;
    const done = await runShell(script, [process.execPath, binaryPath("parse_tc_logs")], { folder });
    check(done, { code: 0, stdout: train(1), stderr: /all taken\n[\s\S]*code 0\n$/ });
    expect(result(done, "output/training.csv").split("\r\n")).toHaveLength(20_002);
  });

  it("goes on when nobody reads what it says", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const script = `exec 3>&1; cat a.log | { "$0" "$1" -s --wandb-project x 2>&1 >&3; echo "code $?" >&3; } | exec true`;
    const done = await runShell(script, [process.execPath, binaryPath("parse_tc_logs")], { folder });
    check(done, { code: 0, stdout: `${LOG}code 0\n` });
    expect(result(done, "output/training.csv")).toBe(
      csv(REFERENCE_TRAINING, referenceRow(1000), referenceRow(2000)),
    );
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s: what came is written, in automation too", async (signal, code) => {
    const env = { MOZ_AUTOMATION: "1" };
    const live = startBinary("parse_tc_logs", ["-s"], { stdin: train(1000) + valid(1000, "chrf", 5), env });
    await live.until((stdout) => stdout.endsWith(valid(1000, "chrf", 5)));
    live.child.kill(signal);
    live.child.stdin.end();
    const done = await live.done;
    check(done, {
      code,
      stdout: train(1000) + valid(1000, "chrf", 5),
      stderr: new RegExp(`stopped by ${signal}\n$`),
    });
    expect(result(done, "output/validation.csv")).toBe(csv(REFERENCE_VALIDATION, "1,1000,5.0,,,,,,,"));
  });
});
