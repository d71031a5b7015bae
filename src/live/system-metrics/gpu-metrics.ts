/** Utilisation, memory, power and temperature of NVIDIA's GPUs, by nvidia-smi. */
import { type ChildProcess, execFile } from "node:child_process";
import type { MetricsPart, Sample } from "./sample.js";

/** Milliseconds that nvidia-smi has: with a broken driver it hangs. */
const TIMEOUT = 5000;
const MAX_OUTPUT = 1 << 20;
const MIB = 1 << 20;

/** Where numbers come from, in the order of the query, and the official client's names for them. */
const QUERY = [
  ["utilization.gpu", "gpu"],
  ["utilization.memory", "memory"],
  ["memory.used", ""],
  ["memory.total", ""],
  ["temperature.gpu", "temp"],
  ["power.draw", "powerWatts"],
  ["enforced.power.limit", "enforcedPowerLimitWatts"],
  ["clocks.sm", "smClock"],
  ["clocks.mem", "memoryClock"],
  ["fan.speed", "fanSpeed"],
] as const;

/** Asks nvidia-smi, if it is installed. */
export class GpuMetrics implements MetricsPart {
  readonly #program: string;
  readonly #timeout: number;
  #missing = false;
  #running: ChildProcess | undefined;

  constructor(program = "nvidia-smi", timeout = TIMEOUT) {
    this.#program = program;
    this.#timeout = timeout;
  }

  async sample(): Promise<Sample> {
    // A process that not even a kill ends is not joined by others.
    if (this.#missing || this.#running !== undefined) return {};
    const text = await this.#ask();
    return text === undefined ? {} : readGpus(text);
  }

  stop(): void {
    this.#missing = true;
    this.#kill();
  }

  /** Of a process that could not be started, Node's own `kill` would end the whole group of processes: ours. */
  #kill(): void {
    if (this.#running?.pid !== undefined) this.#running.kill("SIGKILL");
  }

  #ask(): Promise<string | undefined> {
    const fields = ["index", ...QUERY.map(([field]) => field)].join(",");
    const args = [`--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#kill();
        resolve(undefined);
      }, this.#timeout);
      const child = execFile(this.#program, args, { maxBuffer: MAX_OUTPUT }, (error, stdout) => {
        if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT") this.#missing = true;
        resolve(error === null ? stdout : undefined);
      });
      child.once("error", () => {});
      child.once("close", () => {
        clearTimeout(late);
        this.#running = undefined;
      });
      // It must not hold up the end of the program.
      child.unref();
      late.unref();
      this.#running = child;
    });
  }
}

/** A line a GPU; `[N/A]` and the like are absent. */
export function readGpus(text: string): Sample {
  const sample: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [index = "", ...cells] = line.split(",").map((cell) => cell.trim());
    if (!/^\d+$/.test(index)) continue;
    const put = (name: string, value: number): void => {
      if (Number.isFinite(value)) sample[`gpu.${index}.${name}`] = value;
    };
    const numbers = QUERY.map((_, at) => Number.parseFloat(cells[at] ?? ""));
    for (const [at, [, name]] of QUERY.entries()) if (name !== "") put(name, numbers[at] ?? Number.NaN);
    const [, , used = Number.NaN, total = Number.NaN, , power = Number.NaN, limit = Number.NaN] = numbers;
    put("memoryAllocated", (used / total) * 100);
    put("memoryAllocatedBytes", used * MIB);
    put("powerPercent", (power / limit) * 100);
  }
  return sample;
}
