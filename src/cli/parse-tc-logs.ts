/** `parse_tc_logs`: its flags, and what it does. */
import { EXIT } from "../exit-code.js";
import { resultFolder } from "../io/artifact-folder.js";
import { stdinIs } from "../io/stdin.js";
import { say } from "../io/terminal.js";
import { isReader, READY, TRIAL } from "../live/channel.js";
import { ParentChannel } from "../live/parent-channel.js";
import { automationCode } from "../live/pipe.js";
import { deadline, signalsDelivered, watchPipeSignals } from "../live/pipe-signals.js";
import { readTaskLog } from "../live/task-log.js";
import type { CommandContext, PlainCommand, ReadArguments } from "./command-context.js";
import { failUnfinishedFlag } from "./flags/fail-unfinished.js";
import { Flags } from "./flags/flag.js";
import { targetRequest, taskSecretFlag, wandbFlags } from "./flags/wandb-flags.js";
import { report } from "./receipts/report.js";
import { refuseArguments } from "./refuse-arguments.js";
import { watchStopSignals } from "./stop-signal.js";

/** Milliseconds in which the queue is to say what has started the task's group. */
const TRIAL_TIMEOUT = 60_000;

const W_AND_B = "WEIGHTS & BIASES";

const flags = {
  "input-file": Flags.string({
    char: "i",
    description: "the log to read",
    exclusive: ["from-stream"],
    helpValue: "FILE",
  }),
  "from-stream": Flags.boolean({ char: "s", description: "read standard input and pass it through" }),
  "output-dir": Flags.string({
    char: "o",
    aliases: ["output"],
    description:
      "folder of training.csv and validation.csv  [default: output; in a task, output in the folder of its artifacts]",
    helpValue: "DIR",
  }),
  verbose: Flags.boolean({ char: "v", description: "every sample in the receipt" }),
  "publish-group-logs": Flags.boolean({
    description: "W&B: create or complete the run of the task's group",
    helpGroup: W_AND_B,
  }),
  ...wandbFlags,
  // As in the Python command, one flag takes all words up to the next flag.
  tags: Flags.string({
    multiple: true,
    description: "W&B: tags of the run",
    helpGroup: W_AND_B,
    helpValue: "TAG",
  }),
  "wandb-publication": Flags.boolean({
    description: "W&B: publish",
    env: "WANDB_PUBLICATION",
    helpGroup: W_AND_B,
  }),
  ...taskSecretFlag,
  ...failUnfinishedFlag,
};

/** The long options of the Python command. */
export const PARSE_TC_LOGS_OPTIONS = [
  "--input-file",
  "--from-stream",
  "--output-dir",
  "--verbose",
  "--publish-group-logs",
  "--wandb-project",
  "--wandb-artifacts",
  "--wandb-group",
  "--wandb-run-name",
  "--wandb-publication",
  "--taskcluster-secret",
  "--tags",
];

export const parseTcLogsCommand: PlainCommand<typeof flags> = {
  flags,
  args: {},
  strict: true,
  reference: PARSE_TC_LOGS_OPTIONS,
  run,
};

async function run(
  { flags }: ReadArguments<typeof parseTcLogsCommand.flags>,
  context: CommandContext,
): Promise<number> {
  const started = performance.now();
  const input = flags["input-file"];
  if (input === undefined && !flags["from-stream"]) {
    const hint = stdinIs("directory") ? "standard input is a directory: " : "";
    return refuseArguments("parse_tc_logs", [], `${hint}one of --input-file and --from-stream must be given`);
  }
  const pipe = ParentChannel.ofProcess(process.env);
  const stop = pipe === undefined ? watchStopSignals() : watchPipeSignals(pipe.gone);
  if (pipe !== undefined) {
    // What is wrong with one part must not end the others.
    process.on("uncaughtException", (error) => say(`parse_tc_logs: internal error: ${error.message}`));
    pipe.tell(READY);
  }
  const trial = askTrial(stop.signal, pipe);
  const detail = flags.verbose ? "verbose" : "normal";
  const receipt = await readTaskLog({
    wanted: { ...targetRequest(flags), source: input ?? "-" },
    folder: flags["output-dir"] ?? resultFolder(process.env),
    consent: flags["wandb-publication"],
    groupLogs: flags["publish-group-logs"],
    artifacts: flags["wandb-artifacts"],
    stop,
    pipe,
    warn: context.warn,
  });
  await signalsDelivered();
  await context.warned();
  const verdict = {
    strict: false,
    publisherErrors: [],
    ...(stop.received ? { signal: stop.received } : {}),
    // In automation the other errors are none.
    ...(flags["fail-unfinished"]
      ? { unfinished: process.env["MOZ_AUTOMATION"] ? ("first" as const) : ("last" as const) }
      : {}),
  };
  const code = report([receipt], verdict, {
    detail,
    json: false,
    stdoutTaken: input === undefined,
    started,
  });
  // What the code means in automation is for the process to say that the training is waiting for.
  const shown = code === EXIT.ok || (await trial);
  return isReader() || stop.received !== undefined ? code : automationCode(code, process.env, shown);
}

/** Asks whether faults are to show; who passes standard input on hears of it at once, in case this process dies. */
async function askTrial(signal: AbortSignal, pipe: ParentChannel | undefined): Promise<boolean> {
  if (!process.env["MOZ_AUTOMATION"]) return false;
  const { isTrial } = await import("../live/task-context.js");
  const trial = await isTrial(process.env, deadline(TRIAL_TIMEOUT, signal)).catch(() => false);
  if (trial) pipe?.tell(TRIAL);
  return trial;
}
