/**
 * Few descriptors (`ulimit -n 64`): whoever finds none free waits for one. Node's own functions are told so, because the
 * program's modules and its libraries open files too, dozens at once when a command is loaded.
 */
import callbacks, { readFileSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { limitConcurrency } from "../http/concurrency.js";

/** Files that are read or written whole at once: each is open across several turns of the event loop. */
const WHOLE_AT_ONCE = 8;
/** How long a call waits for a descriptor, in milliseconds. */
const LONGEST_WAIT = 30_000;
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 200;
/** Descriptors of Node itself, of the command's own files, and of modules that are being loaded. */
const OWN = 40;

/** Calls that open a file and close it again. */
const WHOLE = ["readFile", "writeFile", "appendFile", "copyFile"] as const;
/** Calls that leave a file open, or open folders. */
const OTHERS = ["open", "opendir", "readdir", "rm"] as const;
/** What streams and libraries call. */
const BY_CALLBACK = ["open", "readFile", "readdir", "opendir"] as const;

type Call = (...args: unknown[]) => Promise<unknown>;
type CallbackCall = (...args: unknown[]) => void;

let done = false;

/** Makes the calls of this thread wait for a descriptor, half a minute at most; a second time does nothing. */
export function waitForDescriptors(): void {
  if (done) return;
  done = true;
  const limit = limitConcurrency(WHOLE_AT_ONCE);
  const table = promises as unknown as Record<string, Call>;
  for (const name of WHOLE) {
    const call = table[name] as Call;
    table[name] = (...args) => limit(() => patient(() => call(...args)));
  }
  for (const name of OTHERS) {
    const call = table[name] as Call;
    table[name] = (...args) => patient(() => call(...args));
  }
  const older = callbacks as unknown as Record<string, CallbackCall>;
  for (const name of BY_CALLBACK) older[name] = patientCallback(older[name] as CallbackCall);
  syncBuiltinESMExports();
}

/**
 * How many of something may go on at once.
 *
 * @param wanted Where descriptors are plenty.
 * @param each Descriptors that one takes.
 */
export function withinDescriptors(wanted: number, each: number): number {
  return Math.max(1, Math.min(wanted, Math.floor((descriptors() - OWN) / each)));
}

/** How many this process may have; without a limit where nothing tells. */
function descriptors(): number {
  try {
    return Number(
      /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? Infinity,
    );
  } catch {
    return Infinity;
  }
}

/** Whether a process, or the whole system, has no descriptor left. */
function isShort(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}

/** The pauses between the tries of one call. */
class Patience {
  #pause = FIRST_PAUSE;
  readonly #end = performance.now() + LONGEST_WAIT;

  /** Calls back later; false if the time is over. */
  later(again: () => void): boolean {
    if (performance.now() + this.#pause > this.#end) return false;
    setTimeout(again, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    return true;
  }
}

async function patient(call: () => Promise<unknown>): Promise<unknown> {
  const patience = new Patience();
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isShort(error)) throw error;
      await new Promise<void>((resolve, reject) => {
        if (!patience.later(resolve)) reject(error);
      });
    }
  }
}

function patientCallback(call: CallbackCall): CallbackCall {
  return (...args) => {
    const callback = args.at(-1);
    // Node says what is wrong with the arguments.
    if (typeof callback !== "function") return call(...args);
    const patience = new Patience();
    const tryOnce = (): void =>
      call(...args.slice(0, -1), (error: unknown, ...results: unknown[]) => {
        if (!isShort(error) || !patience.later(tryOnce)) callback(error, ...results);
      });
    tryOnce();
  };
}
