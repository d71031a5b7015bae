/** The commands that publish, each with what it reads, and the rows that are to come of it. */
import { trainingLog } from "../live/training-log.js";
import { IDS } from "../taskcluster/client/ids.js";
import type { Signals, Target } from "./fault-case.js";

/** How a command gets its log: all of it is there, through a pipe, in a file that grows, from a task that runs. */
export type Feed = "whole" | "pipe" | "file" | "task";

/** A command that publishes. */
export interface Scene {
  readonly name: string;
  readonly binary: "run" | "parse_tc_logs" | "parse_tc_group" | "parse_experiment_dir";
  readonly args: readonly string[];
  /** Run before it, without faults and without a server of W&B. */
  readonly before?: readonly string[];
  readonly feed: Feed;
  readonly targets: readonly Target[];
  readonly signals: readonly Signals[];
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** The log of each run, by `project/id`. */
  readonly logs: Readonly<Record<string, Buffer>>;
  /** Where Taskcluster is: nowhere, at its address, or behind the proxy of the task that the command is in. */
  readonly taskcluster?: "address" | "proxy";
  /** Whether a signal leaves no row out, because every log is read by then. */
  readonly wholeAfterStop: boolean;
}

/** The log of every training. */
export const LOG = trainingLog(7, { updates: 24 }).bytes;
const OTHER = trainingLog(8, { updates: 9 }).bytes;

const WANDB: readonly Target[] = ["graphql", "file_stream", "upload", "W&B"];
const BOTH: readonly Target[] = [...WANDB, "api", "content", "Taskcluster"];
const ALL: readonly Signals[] = ["none", "SIGTERM", "SIGINT twice"];
/** Given to the command on trial, so that nobody has to wait long for the end of its tries. */
export const SOON = ["--retry-for", "2s"];

const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";
const ARCHIVE = {
  [`archive/logs/en-hu/${GROUP}/student/train.log`]: LOG,
  [`archive/logs/en-hu/${GROUP}/teacher-1/train.log`]: OTHER,
  [`archive/models/en-hu/${GROUP}/evaluation/student/flores_devtest.metrics`]: "30.5\n60.5\n0.85\n",
  [`archive/models/en-hu/${GROUP}/evaluation/quantized/flores_devtest.metrics.json`]:
    '{"bleu":{"score":29.5,"details":{}},"metricx":{"score":1.5}}',
  [`archive/experiments/en-hu/${GROUP}/config.yml`]: "experiment:\n  name: base\n  src: en\n  trg: hu\n",
};
const ARCHIVED = { "en-hu/student_aY25-": LOG, "en-hu/teacher-1_aY25-": OTHER };
const PLACE = ["--wandb-project", "nb-en", "--wandb-run-name", "teacher"];

/** Every command that publishes. */
export const SCENES: readonly Scene[] = [
  {
    name: "parse",
    binary: "run",
    args: ["parse", "student/train.log", "--wandb-project", "nb-en"],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: { "student/train.log": LOG },
    logs: { "nb-en/student": LOG },
    wholeAfterStop: true,
  },
  {
    name: "parse of many",
    binary: "run",
    args: ["parse", "student/train.log", "backwards/train.log", "--wandb-project", "nb-en"],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: { "student/train.log": LOG, "backwards/train.log": OTHER },
    logs: { "nb-en/student": LOG, "nb-en/backwards": OTHER },
    wholeAfterStop: false,
  },
  {
    name: "parse --follow",
    binary: "run",
    args: ["parse", "--follow", "train.log", "-o", "out", ...PLACE],
    feed: "file",
    targets: WANDB,
    // It ends by a signal only.
    signals: ["SIGTERM", "SIGINT twice"],
    files: {},
    logs: { "nb-en/teacher": LOG },
    wholeAfterStop: true,
  },
  {
    name: "parse --tee",
    binary: "run",
    args: ["parse", "--tee", ...PLACE],
    feed: "pipe",
    targets: WANDB,
    signals: ALL,
    files: {},
    logs: { "nb-en/teacher": LOG },
    wholeAfterStop: true,
  },
  {
    name: "parse_tc_logs --from-stream",
    binary: "parse_tc_logs",
    args: ["--from-stream", "--wandb-publication", ...PLACE],
    feed: "pipe",
    targets: WANDB,
    signals: ALL,
    files: {},
    logs: { "nb-en/teacher": LOG },
    wholeAfterStop: true,
  },
  {
    name: "parse_tc_logs in a task",
    binary: "parse_tc_logs",
    args: ["--from-stream", "--wandb-publication", "--publish-group-logs"],
    feed: "pipe",
    targets: [...WANDB, "api", "Taskcluster"],
    signals: ALL,
    files: {},
    logs: { "nb-en/teacher-2_ZowUk": LOG },
    taskcluster: "proxy",
    wholeAfterStop: true,
  },
  {
    name: "parse_tc_logs of a file",
    binary: "parse_tc_logs",
    args: ["-i", "train.log", "--wandb-publication", ...PLACE],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: { "train.log": LOG },
    logs: { "nb-en/teacher": LOG },
    wholeAfterStop: true,
  },
  {
    name: "archive",
    binary: "run",
    args: ["archive", "archive"],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: ARCHIVE,
    logs: ARCHIVED,
    wholeAfterStop: false,
  },
  {
    name: "publish",
    binary: "run",
    before: ["plan", "archive", "-o", "manifest.ndjson"],
    args: ["publish", "--from", "manifest.ndjson", "--ledger", "ledger.ndjson"],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: ARCHIVE,
    logs: ARCHIVED,
    wholeAfterStop: false,
  },
  {
    name: "group",
    binary: "run",
    args: ["group", IDS.fjord, "--no-recursive-lookup"],
    feed: "whole",
    targets: BOTH,
    signals: ALL,
    files: {},
    logs: {
      "nb-en/student_ZowUk": LOG,
      "nb-en/teacher-1_ZowUk": LOG,
      // Its training failed; the log goes as far as the others.
      "nb-en/finetune-student_ZowUk": LOG,
    },
    taskcluster: "address",
    wholeAfterStop: false,
  },
  {
    name: "task",
    binary: "run",
    args: ["task", IDS.student],
    feed: "whole",
    targets: BOTH,
    signals: ALL,
    files: {},
    logs: { "nb-en/student_ZowUk": LOG },
    taskcluster: "address",
    wholeAfterStop: false,
  },
  {
    name: "task --follow",
    binary: "run",
    args: ["task", IDS.teacher2, "--follow", "-o", "out"],
    feed: "task",
    targets: BOTH,
    signals: ALL,
    files: {},
    logs: { "nb-en/teacher-2_ZowUk": LOG },
    taskcluster: "address",
    wholeAfterStop: true,
  },
  {
    name: "eval",
    binary: "run",
    args: ["eval", "--metrics-json", "a.metrics.json"],
    feed: "whole",
    targets: [...WANDB, "api", "Taskcluster"],
    signals: ALL,
    files: { "a.metrics.json": '{"bleu":{"score":35.25},"chrf":{"score":61.5}}' },
    logs: {},
    taskcluster: "proxy",
    wholeAfterStop: false,
  },
  {
    name: "sync",
    binary: "run",
    before: ["parse", "student/train.log", "--wandb-project", "nb-en"],
    args: ["sync", "wandb"],
    feed: "whole",
    targets: WANDB,
    signals: ALL,
    files: { "student/train.log": LOG },
    logs: { "nb-en/student": LOG },
    wholeAfterStop: false,
  },
];
