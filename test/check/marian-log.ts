/** A training as Marian prints it, put together line by line, and checked. */
import type { CheckOptions } from "../../src/check/check-options.js";
import type { Finding } from "../../src/check/finding.js";
import { checkRun } from "../../src/index.js";

const START = Date.UTC(2024, 6, 3, 8);

/** What a training row holds besides its update; absent fields are not printed. */
export interface RowFields {
  readonly cost?: number | string;
  readonly rate?: number | string;
  readonly gnorm?: number | string;
  readonly epoch?: number | string;
  /** Seconds since the row before, on the clock and in the row. */
  readonly seconds?: number;
}

/** Writes the lines of a log; its clock goes on with every row. */
export class MarianLog {
  #text = "";
  #lines = 0;
  #clock = START;
  prefix = "";

  /** The line that is written next. */
  get next(): number {
    return this.#lines + 1;
  }

  get text(): string {
    return this.#text;
  }

  line(text: string): this {
    const time = new Date(this.#clock).toISOString().slice(0, 19).replace("T", " ");
    return this.raw(`${this.prefix}[${time}] ${text}`);
  }

  raw(text: string): this {
    this.#text += `${text}\n`;
    this.#lines += 1;
    return this;
  }

  wait(seconds: number): this {
    this.#clock += seconds * 1000;
    return this;
  }

  /** A start of Marian with its configuration, up to `Training started` if it is the program that trains. */
  start(config: Readonly<Record<string, string | number>> = {}, program = "/opt/marian"): this {
    this.line("[marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500");
    this.line("[marian] Running on box as process 7 with command line:").line(
      `[marian] ${program} --type s2s`,
    );
    for (const [key, value] of Object.entries({ type: "s2s", ...config }))
      this.line(`[config] ${key}: ${value}`);
    this.line("[data] Loading");
    return program === "/opt/marian" ? this.line("Training started") : this;
  }

  row(up: number, { cost = 3, rate = 1000, gnorm, epoch = 1, seconds = 100 }: RowFields = {}): this {
    const more = gnorm === undefined ? "" : ` : gNorm ${gnorm}`;
    this.wait(seconds);
    return this.line(
      `Ep. ${epoch} : Up. ${up} : Sen. ${up * 10} : Cost ${cost} : Time ${seconds}.00s : ${rate} words/s${more}`,
    );
  }

  /** Rows at `from`, `from + step`, … up to `to`. */
  rows(from: number, to: number, step: number, fields: (index: number) => RowFields = () => ({})): this {
    for (let up = from; up <= to; up += step) this.row(up, fields((up - from) / step));
    return this;
  }

  valid(up: number, metric: string, value: number | string, stalled = 0, best = 30): this {
    const tail = stalled === 0 ? "new best" : `stalled ${stalled} times (last best: ${best})`;
    return this.line(`[valid] Ep. 1 : Up. ${up} : ${metric} : ${value} : ${tail}`);
  }

  finished(): this {
    return this.line("Training finished").line("Saving model weights and runtime parameters to model.npz");
  }
}

/** The findings of a log. */
export async function check(
  log: MarianLog | string,
  options: CheckOptions = {},
): Promise<readonly Finding[]> {
  const text = typeof log === "string" ? log : log.text;
  return (await checkRun(new TextEncoder().encode(text), options)).findings;
}

/** Findings as lines, to compare at a glance. */
export async function said(log: MarianLog | string, options: CheckOptions = {}): Promise<string[]> {
  return (await check(log, options)).map(
    ({ line, kind, severity, words }) => `${line}: ${kind}: ${words} [${severity}]`,
  );
}
