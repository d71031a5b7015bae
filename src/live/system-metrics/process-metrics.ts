/** Memory and threads of the training: of the processes that write the log. */
import { readdir, readlink } from "node:fs/promises";
import { totalmem } from "node:os";
import { type MetricsPart, numberOf, percent, readProc, type Sample } from "./sample.js";

const KB = 1024;
const MB = 1 << 20;

/** Measures the processes whose standard output or error is the pipe that is read; together if there are several. */
export class ProcessMetrics implements MetricsPart {
  readonly #pipe: string | undefined;
  #writers: readonly string[] = [];
  /** Samples until the writers are looked for again: others may have come. */
  #rest = 0;

  /** @param pipe As /proc names it: `pipe:[4711]`; absent if unknown. */
  constructor(pipe: string | undefined) {
    this.#pipe = pipe?.startsWith("pipe:") ? pipe : undefined;
  }

  async sample(): Promise<Sample> {
    if (this.#pipe === undefined) return {};
    if (this.#writers.length === 0 || this.#rest === 0) {
      this.#writers = await writersOf(this.#pipe);
      this.#rest = 20;
    }
    this.#rest -= 1;
    const texts = await Promise.all(this.#writers.map((pid) => readProc(`/proc/${pid}/status`)));
    const alive = texts.filter((text) => numberOf(text, "VmRSS") !== undefined);
    if (alive.length < texts.length) this.#rest = 0;
    if (alive.length === 0) return {};
    const sum = (name: string) => alive.reduce((total, text) => total + (numberOf(text, name) ?? 0), 0);
    const resident = sum("VmRSS") * KB;
    return {
      "proc.memory.rssMB": resident / MB,
      "proc.memory.percent": percent(resident, totalmem()),
      "proc.cpu.threads": sum("Threads"),
    };
  }
}

/** Processes that write to a pipe; those of other users can't be seen. */
async function writersOf(pipe: string): Promise<string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of pids) {
    const links = await Promise.all(
      ["1", "2"].map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
    );
    if (links.includes(pipe)) found.push(pid);
  }
  return found;
}
