/** Files and servers that examples of the help and of the documentation may mean, and what runs such a command. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { split } from "shlex";
import { expect } from "vitest";
import { zstdFrame } from "../browser/zstd-frame.js";
import { ObjectServer } from "../servers/objects/server.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { type Binary, binaryPath, freshFolder } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { chatter, start, train, valid } from "./sample-logs.js";

export const BINARIES: Readonly<Record<string, Binary>> = {
  "marian-tracking": "run",
  parse_tc_logs: "parse_tc_logs",
  parse_experiment_dir: "parse_experiment_dir",
  parse_tc_group: "parse_tc_group",
};

const LOG = [
  start({ metrics: ["chrf"] }),
  ...Array.from({ length: 20 }, (_, at) => train(at + 1)),
  valid(10, "chrf", 50),
  valid(20, "chrf", 51),
  chatter("Training finished"),
].join("");
const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";

/** What examples find in their folder. */
const FILES = {
  "train.log": LOG,
  "live_backing.log": LOG.replace(/^/gm, "[task 2026-01-01T10:00:00.000Z] "),
  "config.yml": "",
  "flores_devtest.metrics.json": '{"bleu":{"score":35.2,"details":{}}}',
  "logs/teacher.log": LOG,
  "logs/student/train.log.gz": gzipSync(LOG),
  "student-a/train.log": LOG,
  "student-b/train.log": LOG,
  "models/teacher/train.log": LOG,
  "models/student/train.log": LOG,
  "models/student-2/train.log.gz": gzipSync(LOG),
  [`experiments/logs/en-hu/${GROUP}/student/train.log`]: LOG,
  [`experiments/models/en-hu/${GROUP}/evaluation/student/flores_devtest.metrics`]: "30.5\n60.5\n0.85\n",
  ".config/fish/conf.d/other.fish": "",
};

/** Programs of others that examples name. */
const PROGRAMS = {
  marian: "cat train.log",
  "opustrainer-train": "cat train.log",
  tensorboard: ":",
  "xdg-open": ":",
};

export interface ExampleWorld {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly wandb: StandInServer;
  /** The task that publishes its own scores. */
  readonly evaluationTask: string;
  close(): Promise<unknown>;
}

/** Starts the servers, and makes the folder that each example gets a copy of. */
export async function startExampleWorld(): Promise<ExampleWorld> {
  const wandb = await StandInServer.start();
  const fjord = ownGroup("fjord");
  const taskcluster = await TaskclusterStandIn.start({
    groups: [fjord, ownGroup("coast"), ownGroup("brook")],
  });
  const objects = await ObjectServer.start();
  for (const [name, content] of Object.entries(FILES))
    if (name.startsWith("experiments/"))
      objects.put("releng-translations-dev", name.replace("experiments/", ""), content);
  objects.put("my-bucket", "models/student/train.log", LOG);
  const folder = freshFolder(FILES);
  mkdirSync(join(folder, "bin"));
  const programs = Object.entries(BINARIES).map(([name, binary]) => [
    name,
    `exec ${process.execPath} ${binaryPath(binary)} "$@"`,
  ]);
  for (const [name = "", script] of [...Object.entries(PROGRAMS), ...programs])
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const evaluation = fjord.tasks.find(({ task: { metadata } }) => metadata.name.startsWith("evaluate-"));
  const env: Record<string, string> = {
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    WANDB_BASE_URL: wandb.url,
    WANDB_API_KEY: wandb.apiKey,
    TASKCLUSTER_ROOT_URL: taskcluster.url,
    TASKCLUSTER_PROXY_URL: taskcluster.url,
    STORAGE_EMULATOR_HOST: objects.url,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
    GITHUB_STEP_SUMMARY: "summary.md",
    SHELL: "/bin/bash",
  };
  execFileSync("tar", ["-cf", "archive.tar", "-C", "experiments", "."], { cwd: folder });
  writeFileSync(join(folder, "archive.tar.zst"), zstdFrame(readFileSync(join(folder, "archive.tar"))));
  // What earlier commands have left.
  const offline = ["--wandb-project", "p", "--wandb-client", "offline", "-q"];
  for (const args of [
    ["report", "models", "-o", "report.html"],
    ["plan", "experiments", "-o", "manifest.ndjson"],
    ["archive", "--manifest", "manifest.ndjson", "-o", "tables"],
    ["archive", "--manifest", "manifest.ndjson", "--shard", "1/1", "-o", "tables"],
    ["parse", "train.log", "-o", "earlier", ...offline],
  ])
    expect(await runHere("run", args, { folder, env: { ...env, HOME: folder } })).toMatchObject({ code: 0 });
  const [run = ""] = readdirSync(join(folder, "wandb")).filter((name) => name.startsWith("offline-run-"));
  renameSync(join(folder, "wandb", run), join(folder, "wandb/offline-run-20260101_120000-student_MjcJG"));
  return {
    folder,
    env,
    wandb,
    evaluationTask: evaluation?.status.taskId ?? "",
    close: () => Promise.all([wandb.close(), taskcluster.close(), objects.close()]),
  };
}

/** A command without anything that only a shell can do; undefined for others. */
export function plainCommand(
  example: string,
): { readonly binary: Binary; readonly args: readonly string[] } | undefined {
  const [program = "", ...args] = split(example.replaceAll("\\\n", " "));
  const binary = BINARIES[program];
  // The last runs until it gets a signal.
  const isPlain = !/[|&<>$*]/.test(example.replace(/'[^']*'/g, "")) && !/ parse --follow/.test(example);
  return binary === undefined || !isPlain ? undefined : { binary, args };
}
