/** What the commands that ask Taskcluster share. */
import type { Problem } from "../../archive/group.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { InputError } from "../../io/input-error.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { cacheFolder } from "../../taskcluster/artifact-cache.js";
import { ArtifactStore } from "../../taskcluster/artifact-store.js";
import {
  type Credentials,
  credentialsOf,
  DEFAULT_ROOT_URL,
  hasCode,
  Queue,
  type QueueObserver,
  rootUrlOf,
  TaskclusterError,
} from "../../taskcluster/client/index.js";
import type { Command } from "../command.js";
import { Args, Flags } from "../flags/flag.js";
import { count, grouped, size } from "../receipts/numbers.js";
import { problemLines } from "../receipts/problems.js";
import { watchStopSignals } from "../stop-signal.js";
import { type ProgressLine, showProgress } from "../terminal/progress.js";

/** Flags of all of them. */
export const taskclusterFlags = {
  cache: Flags.boolean({
    allowNo: true,
    default: true,
    description: "keep downloads for the next time, in $XDG_CACHE_HOME or ~/.cache",
    helpGroup: "CACHE",
  }),
  "cache-size": Flags.custom<number>({
    parse: async (text) => cacheSize(text),
    description: "limit of the cache; files unused for longest are removed first  [default: 2G]",
    helpValue: "SIZE",
    helpGroup: "CACHE",
  })(),
};

/** The values of {@link taskclusterFlags}. */
export interface TaskclusterFlagValues {
  readonly cache: boolean;
  readonly "cache-size"?: number | undefined;
  /** Shows no progress. */
  readonly quiet?: boolean;
}

/** The flag of commands that read the trainings of groups. */
export const finishedFlag = {
  "finished-only": Flags.boolean({
    description: "leave out trainings that failed, were cancelled, or still run",
  }),
};

/** Bytes, from a number with a unit: 500M, 2G, 1.5GiB. */
function cacheSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  if (number === "") throw new Error(`--cache-size takes a number with a unit, such as 500M or 2G`);
  return Math.round(Number(number) * 1024 ** " KMGT".indexOf(unit.toUpperCase() || " "));
}

/** The argument that names a task or a group. */
export function idArgument(description: string) {
  return Args.string({ description, required: true, ignoreStdin: true, parse: async (text) => text.trim() });
}

/** Ways to a deployment of Taskcluster. */
export interface TaskclusterAccess {
  readonly queue: Queue;
  readonly store: ArtifactStore;
  readonly stop: StopRequest;
  /** How reading goes; it stops with the command, or sooner if something else is to be shown. */
  readonly progress: ProgressLine;
}

/** What the user named; ends the command with a message where it names nothing. */
export function addressesOf<Address>(
  texts: readonly string[],
  read: (text: string) => Address,
  command: Command,
): Address[] {
  try {
    return texts.map(read);
  } catch (error) {
    if (!hasCode(error, "address")) throw error;
    return command.usage(error.message);
  }
}

/** Counts what was read so far. */
class Counts implements QueueObserver {
  #tasks = 0;
  #wanted = 0;
  #done = 0;
  #bytes = 0;

  tasks(more: number): void {
    this.#tasks += more;
  }

  artifact(state: "wanted" | "done"): void {
    if (state === "wanted") this.#wanted += 1;
    else this.#done += 1;
  }

  bytes(more: number): void {
    this.#bytes += more;
  }

  get text(): string {
    if (this.#tasks + this.#wanted === 0) return "asking Taskcluster";
    const artifacts =
      this.#wanted === 0 ? [] : [`${grouped(this.#done)} of ${count(this.#wanted, "artifact")}`];
    const tasks = this.#tasks === 0 ? [] : [count(this.#tasks, "task")];
    return [...tasks, ...artifacts, ...(this.#bytes === 0 ? [] : [size(this.#bytes)])].join(", ");
  }
}

/**
 * Does the work of a command and returns its exit code. A stop by a signal and what Taskcluster refuses are exit codes
 * and words, not exceptions.
 */
export async function withTaskcluster(
  command: Command,
  addresses: readonly { readonly rootUrl?: string }[],
  { cache, "cache-size": limit, quiet = false }: TaskclusterFlagValues,
  work: (access: TaskclusterAccess) => Promise<number>,
): Promise<number> {
  const stop = watchStopSignals();
  const [rootUrl = ""] = addressesOf([""], () => rootUrlOf(process.env, addresses), command);
  const userAgent = `marian-tracking/${command.config.version}`;
  const observer = new Counts();
  const credentials = await credentialsFor(rootUrl, command);
  const queue = new Queue({ rootUrl, userAgent, credentials, signal: stop.signal, observer });
  const folder = cache ? cacheFolder(process.env) : undefined;
  const store = new ArtifactStore(queue, { folder, limit });
  const progress = showProgress((elapsed) => `${observer.text}, ${elapsed}`, process.stderr, quiet);
  try {
    const code = await work({ queue, store, stop, progress });
    return stop.received === undefined ? code : stopCode(stop.received);
  } catch (error) {
    if (stop.received !== undefined) return stopCode(stop.received);
    if (!(error instanceof TaskclusterError) && !(error instanceof InputError)) throw error;
    say(`${command.config.bin}: ${error.message}`);
    return EXIT.input;
  } finally {
    progress.stop();
    await store.close();
    for (const note of store.notes) command.warn(note);
    await queue.close();
  }
}

/**
 * The user's credentials for a deployment. They are those of the deployment that the environment names, or of
 * Firefox-CI: an address of another one gets no request signed with them.
 */
async function credentialsFor(rootUrl: string, command: Command): Promise<Credentials | undefined> {
  const credentials = await credentialsOf(process.env).catch((error: unknown) => {
    if (!hasCode(error, "credentials")) throw error;
    return command.usage(error.message);
  });
  if (credentials === undefined || process.env["TASKCLUSTER_ROOT_URL"] || rootUrl === DEFAULT_ROOT_URL)
    return credentials;
  command.warn(
    `the credentials of TASKCLUSTER_CLIENT_ID are not used for ${rootUrl}: set TASKCLUSTER_ROOT_URL to it if they are for it`,
  );
  return undefined;
}

/** Prints what is wrong with groups; returns the exit code that it asks for. */
export function printProblems(problems: readonly Problem[]): number {
  for (const line of problemLines(problems)) say(line);
  return problems.some(({ severity }) => severity === "failure") ? EXIT.input : EXIT.ok;
}
