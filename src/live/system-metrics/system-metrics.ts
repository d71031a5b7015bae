/** How the machine does while a training runs: a sample now and then. */
import { GpuMetrics } from "./gpu-metrics.js";
import { MachineMetrics } from "./machine-metrics.js";
import { ProcessMetrics } from "./process-metrics.js";
import type { MetricsPart, Sample } from "./sample.js";

const INTERVAL = 15_000;

/** How samples are taken; all but `input` is for tests. */
export interface SystemMetricsOptions {
  /** The pipe at whose other end the training is, as /proc names it: `pipe:[4711]`. */
  readonly input?: string | undefined;
  readonly parts?: readonly MetricsPart[];
  readonly interval?: number;
}

/** Takes samples, the first at once, until it is stopped. */
export class SystemMetrics {
  readonly #take: (sample: Sample) => void;
  readonly #parts: readonly MetricsPart[];
  readonly #interval: number;
  /** Parts whose last sample has not come yet. */
  readonly #busy = new Set<MetricsPart>();
  #timer: NodeJS.Timeout | undefined;

  /** @param take Gets each sample. */
  constructor(
    take: (sample: Sample) => void,
    {
      input,
      parts = [new MachineMetrics(), new ProcessMetrics(input), new GpuMetrics()],
      interval = INTERVAL,
    }: SystemMetricsOptions = {},
  ) {
    this.#take = take;
    this.#parts = parts;
    this.#interval = interval;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#sample(), this.#interval).unref();
    void this.#sample();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const part of this.#parts) part.stop?.();
  }

  /** A part that hangs is left out of the sample, and not asked again before it answers. */
  async #sample(): Promise<void> {
    const asked = this.#parts.filter((part) => !this.#busy.has(part));
    const answers: Sample[] = [];
    const all = asked.map(async (part) => {
      this.#busy.add(part);
      try {
        answers.push(await part.sample());
      } catch {
        // A chart is missing; nothing else is.
      } finally {
        this.#busy.delete(part);
      }
    });
    await Promise.race([Promise.all(all), pause(this.#interval / 2)]);
    const sample = Object.assign({}, ...answers.splice(0)) as Sample;
    if (Object.keys(sample).length > 0) this.#take(sample);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
