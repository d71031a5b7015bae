/** What `logs` does: the log of a task to standard output. */
import type { Writable } from "node:stream";
import { EXIT } from "../../exit-code.js";
import { decompress } from "../../io/packed/decompress.js";
import type { Source } from "../../io/source.js";
import { say } from "../../io/terminal.js";
import { nodeCore } from "../../node-core.js";
import { type TaskAddress, TaskclusterError } from "../../taskcluster/client/index.js";
import { CurrentLogSource } from "../../taskcluster/current-log.js";
import { finishedLog, TASK_LOGS } from "../../taskcluster/finished-log.js";
import { LiveLogSource } from "../../taskcluster/live-log.js";
import { isOver } from "../../taskcluster/status-poll.js";
import { noSuchRun } from "../../taskcluster/task.js";
import type { TaskclusterAccess } from "./client.js";
import { liveLogSpeaker } from "./live.js";
import { PrefixStripper, TerminalText } from "./log-text.js";

/** What is asked for. */
export interface LogsRequest {
  readonly address: TaskAddress;
  readonly follow: boolean;
  readonly strip: boolean;
}

/** Whether the reader of the output is still there. */
type Flow = "open" | "closed";

/** Prints the log and returns the exit code. */
export async function printLog(request: LogsRequest, { queue, store }: TaskclusterAccess): Promise<number> {
  const address = await queue.resolve(request.address);
  const { taskId, runId } = address;
  const out = new LogOutput(process.stdout, request.strip);
  if (!request.follow) {
    const { source, note } = await finishedOrCurrent(address, { queue, store });
    await copy(source, out);
    if (note !== undefined) say(note);
    return out.fault === undefined ? EXIT.ok : EXIT.publisher;
  }
  if (runId !== undefined) {
    const status = await queue.status(taskId);
    const next = isOver(status.state) ? undefined : status.runs.length;
    if (runId !== next && !status.runs.some((run) => run.runId === runId)) throw noSuchRun(runId, status);
  }
  const tell = liveLogSpeaker(taskId, say);
  const source = new LiveLogSource(queue, store, {
    taskId,
    ...(runId === undefined ? {} : { runId }),
    onEvent: tell,
  });
  if ((await copy(source, out)) === "closed") return out.fault === undefined ? EXIT.ok : EXIT.publisher;
  if (source.incomplete) return EXIT.input;
  return source.finalState === "completed" ? EXIT.ok : EXIT.taskFailed;
}

/** The log of a finished run, or what a running one has written so far. */
async function finishedOrCurrent(
  { taskId, runId }: TaskAddress,
  { queue, store }: Pick<TaskclusterAccess, "queue" | "store">,
): Promise<{ readonly source: Source; readonly note?: string }> {
  const status = await queue.status(taskId);
  const { runs, state } = status;
  const run = runId === undefined ? runs.at(-1) : runs.find((one) => one.runId === runId);
  if (run === undefined && runId !== undefined) throw noSuchRun(runId, status);
  if (run === undefined || run.state === "pending") {
    const what =
      runId === undefined
        ? `task ${taskId} has not begun (${state})`
        : `run ${runId} of task ${taskId} has not begun`;
    throw new TaskclusterError("not-found", `${what}: --follow waits for it`, { status: 404 });
  }
  if (!isOver(run.state)) {
    const note = `${taskId}: still running: --follow goes on`;
    return { source: new CurrentLogSource(queue, taskId, run.runId), note };
  }
  const { log, reason, errors } = await finishedLog(store, { taskId, runId: run.runId }, TASK_LOGS);
  if (log === undefined)
    throw errors[0] ?? new TaskclusterError("not-found", `task ${taskId} has left no log`, { status: 404 });
  return { source: log, ...(reason === undefined ? {} : { note: `${taskId}: ${reason}` }) };
}

async function copy(source: Source, out: LogOutput): Promise<Flow> {
  for await (const chunk of decompress(source.chunks())) {
    if ((await out.write(chunk)) === "closed") return "closed";
  }
  return out.end();
}

/** Standard output: byte for byte; for a terminal, without control characters. */
class LogOutput {
  readonly #out: Writable;
  readonly #stripper: PrefixStripper | undefined;
  readonly #terminal: TerminalText | undefined;
  #fault: Error | undefined;

  constructor(out: Writable & { readonly isTTY?: boolean }, strip: boolean) {
    this.#out = out;
    this.#stripper = strip ? new PrefixStripper(nodeCore()) : undefined;
    this.#terminal = out.isTTY ? new TerminalText() : undefined;
    // The callback of `write` gets errors; oclif's own listener throws.
    out.removeAllListeners("error");
    out.on("error", () => {});
  }

  /** Why the output failed. A reader that has seen enough (`head`) is no failure. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  write(chunk: Uint8Array): Promise<Flow> {
    const stripped = this.#stripper?.take(chunk) ?? chunk;
    return this.#give(this.#terminal?.take(stripped) ?? stripped);
  }

  end(): Promise<Flow> {
    const held = this.#stripper?.end() ?? Buffer.alloc(0);
    if (this.#terminal === undefined) return this.#give(held);
    return this.#give(Buffer.concat([this.#terminal.take(held), this.#terminal.end()]));
  }

  async #give(bytes: Uint8Array): Promise<Flow> {
    if (bytes.length === 0) return "open";
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) =>
      this.#out.write(bytes, resolve),
    );
    if (!error) return "open";
    if (error.code !== "EPIPE") this.#fault = error;
    return "closed";
  }
}
