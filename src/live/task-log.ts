/** What `parse_tc_logs` does with the log of a training task: files, and the run in Weights & Biases. */

import { fileSource } from "../archive/input-source.js";
import type { Source } from "../io/source.js";
import { StdinSource } from "../io/stdin.js";
import { wholeLines } from "../io/whole-lines.js";
import type { InputReceipt } from "../pipeline/input-receipt.js";
import { publishLog } from "../pipeline/publish-log.js";
import { WholeLogPublisher } from "../pipeline/whole-log-publisher.js";
import { filePublisher, livePublishers } from "../publishers/files.js";
import type { UpdatePublisher } from "../publishers/update-publisher.js";
import type { WandbPublication } from "../wandb/index.js";
import { BufferedPublisher, type PublisherOpening } from "./buffered-publisher.js";
import type { ParentChannel } from "./parent-channel.js";
import type { StopRequest } from "./pipe-signals.js";
import type { RunTarget, TargetRequest } from "./run-target.js";
import { taskFileReader } from "./task-files/task-file-reader.js";

/** What is asked for. */
export interface TaskLogRequest {
  /** Where the run is to go. Its `source` is the log: a file, or `-`, which another process passes on. */
  readonly wanted: TargetRequest;
  /** Folder of the results. */
  readonly folder: string;
  /** Whether the user agrees to publishing. */
  readonly consent: boolean;
  readonly groupLogs: boolean;
  /** A folder to publish as the artifact `logs`. */
  readonly artifacts: string | undefined;
  readonly stop: StopRequest;
  /** The process that passes the log on; absent if a file is read. */
  readonly pipe?: ParentChannel | undefined;
  /** Takes what deserves a word at once. */
  readonly warn: (text: string) => void;
}

/** Reads the log to its end. Whatever is wrong with it or with a publisher is in the receipt. */
export function readTaskLog(request: TaskLogRequest): Promise<InputReceipt> {
  return request.wanted.source === "-" ? readStream(request) : readFile(request);
}

/** A running training: the target of its run is determined while the log is read. */
async function readStream(request: TaskLogRequest): Promise<InputReceipt> {
  const opening = openLive(request).catch((error: unknown) => {
    request.warn(
      `nothing is published to Weights & Biases: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  });
  const { stop, pipe } = request;
  const stdin = new StdinSource(process.stdin);
  let closed = false;
  const publishers = [
    ...livePublishers(request.folder, { reference: true }),
    new BufferedPublisher("W&B", opening, { stop: stop.signal, closed: () => closed }),
  ];
  // The process that passes the log on may have been killed, too.
  const ended = async function* (log: AsyncIterable<Uint8Array>) {
    yield* log;
    closed = stdin.closed && (pipe === undefined || (await pipe.logIsWhole()));
  };
  // A training that was asked to end may have been killed within a line.
  const source: Source = {
    name: stdin.name,
    chunks: () => wholeLines(ended(stdin.chunks()), () => closed && !stop.signal.aborted),
    get closed() {
      return closed;
    },
  };
  return await publishLog(source, { live: true }, publishers);
}

async function readFile(request: TaskLogRequest): Promise<InputReceipt> {
  const { wanted, folder, stop } = request;
  const files = await filePublisher(folder, "csv", { reference: true });
  const wandb = await openWhole(request);
  const publishers = wandb === undefined ? [files] : [files, wandb];
  return await publishLog(fileSource(wanted.source), {}, publishers, stop);
}

async function openLive(request: TaskLogRequest): Promise<PublisherOpening | undefined> {
  const target = await targetOf(request);
  if (target === undefined) return undefined;
  const { LiveRun } = await import("./live-run.js");
  const { stop, groupLogs } = request;
  return (trainingState) =>
    new LiveRun(target, { stop, groupLogs, publication: { ...filesOf(request), trainingState } });
}

/** A log that is whole, unless there is nothing in it. */
async function openWhole(request: TaskLogRequest): Promise<UpdatePublisher | undefined> {
  const target = await targetOf(request);
  if (target === undefined) return undefined;
  const { source } = request.wanted;
  const { WandbPublisher } = await import("../wandb/index.js");
  const publication = {
    ...target.place,
    id: target.id,
    extraConfig: { logs_file: source },
    override: false,
    ...filesOf(request),
  };
  return new WholeLogPublisher("W&B", {
    again: () => fileSource(source),
    parser: {},
    stop: request.stop.signal,
    make: (plan, rows) => new WandbPublisher({ ...publication, plan, rows }),
  });
}

/** Publication needs a project and consent; what is missing is said and does no harm. */
async function targetOf({
  wanted,
  consent,
  groupLogs,
  stop,
  warn,
}: TaskLogRequest): Promise<RunTarget | undefined> {
  if (!consent) {
    if (groupLogs) warn("--publish-group-logs is ignored, as nothing is published to Weights & Biases");
    if (wanted.project !== undefined || wanted.secret !== undefined)
      warn(
        "nothing is published to Weights & Biases: give --wandb-publication or set WANDB_PUBLICATION=true",
      );
    return undefined;
  }
  const { findTarget } = await import("./run-target.js");
  const target = await findTarget(wanted, { environment: process.env, stop: stop.signal, warn });
  if (groupLogs && target !== undefined && target.task === undefined)
    warn("--publish-group-logs is ignored: the task and its group are not known");
  return target;
}

/** What of the disk belongs to the run. */
function filesOf({ wanted, artifacts }: TaskLogRequest): Pick<WandbPublication, "artifacts" | "taskFiles"> {
  const taskFiles = taskFileReader(wanted.source, process.env);
  return {
    ...(artifacts === undefined ? {} : { artifacts }),
    ...(taskFiles === undefined ? {} : { taskFiles }),
  };
}
