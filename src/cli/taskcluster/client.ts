/** What the commands that ask Taskcluster share. */
import { Args, Errors, Flags } from "@oclif/core";
import type { Problem } from "../../archive/group.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { InputError } from "../../io/input-error.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { cacheFolder } from "../../taskcluster/artifact-cache.js";
import { ArtifactStore } from "../../taskcluster/artifact-store.js";
import { hasCode, isId, Queue, rootUrlOf, TaskclusterError } from "../../taskcluster/client/index.js";
import type { Command } from "../command.js";
import { watchStopSignals } from "../stop-signal.js";

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
}

/** Bytes, from a number with a unit: 500M, 2G, 1.5GiB. */
function cacheSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  if (number === "") throw new Errors.CLIError(`--cache-size takes a number with a unit, such as 500M or 2G`);
  return Math.round(Number(number) * 1024 ** " KMGT".indexOf(unit.toUpperCase() || " "));
}

/** The argument that names a task or a group. */
export function idArgument(description: string) {
  return Args.string({ description, required: true, ignoreStdin: true, parse: async (text) => text.trim() });
}

/** Arguments in which an id that begins with a dash is no flag: the framework takes what begins with a blank as it is. */
export function withIds(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((arg, at) => (isId(arg) && (end === -1 || at < end) ? ` ${arg}` : arg));
}

/** Ways to a deployment of Taskcluster. */
export interface TaskclusterAccess {
  readonly queue: Queue;
  readonly store: ArtifactStore;
  readonly stop: StopRequest;
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

/**
 * Does the work of a command and returns its exit code. A stop by a signal and what Taskcluster refuses are exit codes
 * and words, not exceptions.
 */
export async function withTaskcluster(
  command: Command,
  addresses: readonly { readonly rootUrl?: string }[],
  { cache, "cache-size": limit }: TaskclusterFlagValues,
  work: (access: TaskclusterAccess) => Promise<number>,
): Promise<number> {
  const stop = watchStopSignals();
  const [rootUrl = ""] = addressesOf([""], () => rootUrlOf(process.env, addresses), command);
  const userAgent = `marian-tracking/${command.config.version}`;
  const queue = new Queue({ rootUrl, userAgent, signal: stop.signal });
  const folder = cache ? cacheFolder(process.env) : undefined;
  const store = new ArtifactStore(queue, { folder, limit });
  try {
    const code = await work({ queue, store, stop });
    return stop.received === undefined ? code : stopCode(stop.received);
  } catch (error) {
    if (stop.received !== undefined) return stopCode(stop.received);
    if (!(error instanceof TaskclusterError) && !(error instanceof InputError)) throw error;
    say(`${command.config.bin}: ${error.message}`);
    return EXIT.input;
  } finally {
    await store.close();
    for (const note of store.notes) command.warn(note);
    await queue.close();
  }
}

/** Prints what is wrong with groups; returns the exit code that it asks for. */
export function printProblems(problems: readonly Problem[]): number {
  for (const { severity, source, reason } of problems)
    say(`${severity === "failure" ? "ERROR" : "warning:"} ${source}: ${reason}`);
  return problems.some(({ severity }) => severity === "failure") ? EXIT.input : EXIT.ok;
}
