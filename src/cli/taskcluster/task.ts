/** What `task` does: one task, over or running, to Weights & Biases and into tables or files. */

import type { WriteStream } from "node:tty";
import type { Group } from "../../archive/group.js";
import { completeLog } from "../../archive/validation-log/join.js";
import { EXIT } from "../../exit-code.js";
import { say } from "../../io/terminal.js";
import { BufferedPublisher } from "../../live/buffered-publisher.js";
import { type StopRequest, signalsDelivered } from "../../live/pipe-signals.js";
import { groupsSource } from "../../pipeline/groups/group-source.js";
import type { InputReceipt } from "../../pipeline/input-receipt.js";
import { publishLog } from "../../pipeline/publish-log.js";
import { livePublishers } from "../../publishers/files.js";
import { type TaskAddress, taskAddress } from "../../taskcluster/client/index.js";
import { TRAINING_LOGS } from "../../taskcluster/finished-log.js";
import { LiveLogSource } from "../../taskcluster/live-log.js";
import { readTask, type SingleTask, taskAsGroup } from "../../taskcluster/task.js";
import type { Command } from "../command.js";
import { type GroupFlagValues, type GroupsJob, prepareGroups, runGroups } from "../groups/run-groups.js";
import { commandLine } from "../receipts/next-command.js";
import { report } from "../receipts/report.js";
import { FollowStatus } from "../terminal/follow-status.js";
import { canRedraw, showLive } from "../terminal/live-view.js";
import { Plot, printCharts } from "../terminal/plot.js";
import {
  addressesOf,
  printProblems,
  type TaskclusterAccess,
  type TaskclusterFlagValues,
  withTaskcluster,
} from "./client.js";
import { OFFLINE_TAG } from "./group.js";
import { liveLogSpeaker } from "./live.js";

/** The values of the flags of `task`. */
export interface TaskFlagValues extends GroupFlagValues, TaskclusterFlagValues {
  readonly quiet: boolean;
  readonly follow: boolean;
  readonly run: number | undefined;
  readonly plot: string[] | undefined;
}

/** Does what the flags ask for and returns the exit code. */
export async function runTaskCommand(text: string, flags: TaskFlagValues, command: Command): Promise<number> {
  const { usage } = command;
  if (flags.follow && flags.format?.includes("parquet") === true)
    usage(
      "--follow writes CSV and NDJSON, row by row: for Parquet, run this again without --follow when the task is over",
    );
  const addresses = addressesOf([text], taskAddress, command);
  const [named = { taskId: "" }] = addresses;
  const noKey = { what: `the task ${named.taskId}`, refuse: command.usageLine };
  const job = await prepareGroups(flags, [OFFLINE_TAG], command.config.version, usage, noKey);
  return withTaskcluster(command, addresses, flags, async (access) => {
    const found = await access.queue.resolve(named);
    const address = flags.run === undefined ? found : { ...found, runId: flags.run };
    const task = await readTask(access.queue, address.taskId, address.runId);
    if (task.stage === undefined) {
      say(`${address.taskId}: ${task.task.task.metadata.name} is neither a training nor an evaluation`);
      return EXIT.input;
    }
    if (flags.plot !== undefined && task.stage !== "training")
      usage("--plot draws trainings, and this task is an evaluation");
    if (!flags.follow) return publishTask(address, task, access, job, flags);
    if (task.stage !== "training")
      usage("--follow is for trainings: an evaluation is published when it is over");
    return followTask(address, task, access, job, flags);
  });
}

async function publishTask(
  { taskId, runId }: TaskAddress,
  task: SingleTask,
  { store, stop, progress }: TaskclusterAccess,
  job: GroupsJob,
  flags: TaskFlagValues,
): Promise<number> {
  const { state } = task.task.status;
  if (state !== "completed") {
    const advice =
      task.stage === "evaluation"
        ? "it has no scores"
        : state === "running" || state === "pending" || state === "unscheduled"
          ? "--follow publishes it while it runs"
          : "--follow publishes what its log holds";
    say(
      `${taskId}: ${runId === undefined ? "" : `run ${runId} of `}the task is not completed (${state}): ${advice}`,
    );
    return EXIT.input;
  }
  const group = await taskAsGroup(task, store);
  progress.stop();
  const plotted =
    flags.plot === undefined ? undefined : await plotRun(group, new Plot(flags.plot), job, flags, stop);
  if (job.target === undefined && flags["output-dir"] === undefined) {
    printProblems(group.problems);
    return plotted ?? EXIT.input;
  }
  // A training's run stands for itself; an evaluation is also a row of its group's table.
  const only = task.stage === "training" ? "training" : "evaluations";
  const code = await runGroups(taskId, groupsSource([group], []), {
    ...job,
    flags: { ...job.flags, only },
    next: task.stage === "training" ? commandLine("report --from task", taskId) : undefined,
  });
  return code === EXIT.ok && plotted === EXIT.usage ? plotted : code;
}

/**
 * Draws the charts of a finished training and returns the exit code; undefined without a log. Where nothing else is done
 * with the log, the receipt is here, too.
 */
async function plotRun(
  { runs: [run] }: Group,
  plot: Plot,
  { target, parser, started }: GroupsJob,
  flags: TaskFlagValues,
  stop: StopRequest,
): Promise<number | undefined> {
  if (run?.log === undefined) return undefined;
  const source = await completeLog(run.log, run.validationLog);
  const receipt = await publishLog(source, parser, [plot.publisher(run.id)], { signal: stop.signal });
  await printCharts(plot, flags.json ? process.stderr : process.stdout);
  for (const fault of plot.faults) say(fault);
  const isAll = target === undefined && flags["output-dir"] === undefined;
  const code = isAll ? await reportLog(receipt, flags, started, stop) : EXIT.ok;
  return code === EXIT.ok && plot.faults.length > 0 ? EXIT.usage : code;
}

/** Prints the receipt of a log and returns its exit code. */
async function reportLog(
  receipt: InputReceipt,
  flags: TaskFlagValues,
  started: number,
  stop: StopRequest,
): Promise<number> {
  await signalsDelivered();
  const verdict = {
    strict: false,
    publisherErrors: [],
    ...(stop.received === undefined ? {} : { signal: stop.received }),
  };
  const detail = flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal";
  return report([receipt], verdict, { detail, json: flags.json, stdoutTaken: false, started });
}

/** Publishes a training while it runs, from its first run to its end. */
async function followTask(
  { taskId, runId }: TaskAddress,
  { experiment, id, problems }: SingleTask,
  { queue, store, stop, progress }: TaskclusterAccess,
  { target, parser, started }: GroupsJob,
  flags: TaskFlagValues,
): Promise<number> {
  progress.stop();
  printProblems(problems);
  const tell = liveLogSpeaker(taskId, say);
  const source = new LiveLogSource(queue, store, {
    taskId,
    // Earlier runs are read again, because they may have been published.
    runId: runId ?? 0,
    onlyRun: runId !== undefined,
    wholeLines: true,
    logs: TRAINING_LOGS,
    onEvent: tell,
  });
  const folder = flags["output-dir"];
  const plot = flags.plot === undefined ? undefined : new Plot(flags.plot);
  const status = flags.quiet || flags.json || !canRedraw(process.stderr) ? undefined : new FollowStatus();
  const publishers = [
    ...(folder === undefined ? [] : livePublishers(folder)),
    ...(target === undefined
      ? []
      : [
          new BufferedPublisher(
            "W&B",
            Promise.resolve(() => target.live(experiment, id, () => source.trainingState)),
            { parser, stop: stop.signal },
          ),
        ]),
    ...(plot === undefined ? [] : [plot.publisher(id)]),
    ...(status === undefined ? [] : [status.publisher(id)]),
  ];
  // The receipt as JSON needs standard output.
  const terminal: WriteStream = flags.json ? process.stderr : process.stdout;
  const view = showLive({ charts: plot === undefined ? undefined : { plot, terminal }, status });
  try {
    const receipt = await publishLog(source, { ...parser, live: true }, publishers, {
      signal: stop.signal,
      growing: true,
    }).finally(() => view.stop());
    if (plot !== undefined) await printCharts(plot, terminal);
    const code = await reportLog(receipt, flags, started, stop);
    // Of a log that was not read to its end nobody knows what it lacks.
    if (stop.received === undefined) for (const fault of plot?.faults ?? []) say(fault);
    if (code !== EXIT.ok) return code;
    if (source.incomplete) return EXIT.input;
    return source.finalState === "completed" ? EXIT.ok : EXIT.taskFailed;
  } finally {
    await target?.close();
  }
}
