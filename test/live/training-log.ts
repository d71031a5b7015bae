/** A training that never was: its log, and the rows that W&B is to have of it. */

/** Numbers that look random and are the same each time. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0;
  }

  /** From 0 up to, not including, `end`. */
  below(end: number): number {
    // Numerical Recipes' generator; its upper half is good enough for dice.
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick");
    return item;
  }
}

/** What lies between the lines of a training. */
export type Noise = "none" | "bytes" | "giant" | "torn";

/** A log in pieces, as it is written, and its rows by update. */
export interface TrainingLog {
  readonly pieces: readonly Buffer[];
  readonly bytes: Buffer;
  readonly rows: ReadonlyMap<number, Readonly<Record<string, number>>>;
}

/** How a log is made. */
export interface TrainingOptions {
  readonly updates: number;
  readonly noise?: Noise;
  /** The first update; a resumed training prints some again. */
  readonly from?: number;
}

const EVERY = 100;
const METRICS = ["chrf", "ce-mean-words", "bleu-detok"] as const;
const COMMAND =
  "/opt/marian --type transformer --model model.npz --valid-metrics chrf ce-mean-words bleu-detok --sync-sgd";

/** Updates are trained every {@link EVERY}; each third is validated. The numbers depend on the update alone. */
export function trainingLog(
  seed: number,
  { updates, noise = "none", from = 1 }: TrainingOptions,
): TrainingLog {
  const dice = new Dice(seed);
  const pieces: Buffer[] = [Buffer.from(head())];
  const rows = new Map<number, Record<string, number>>();
  for (let number = from; number <= updates; number += 1) {
    const up = number * EVERY;
    const row = trained(number);
    const values = { ...row };
    pieces.push(noiseOf(noise, dice));
    pieces.push(
      Buffer.from(
        line(
          `${position(up)} : Sen. ${row["sen"]} : Cost ${row["cost"]?.toFixed(8)} : Time ${row["time"]?.toFixed(2)}s : ${row["rate"]?.toFixed(2)} words/s : gNorm ${row["gnorm"]?.toFixed(4)}`,
        ),
      ),
    );
    if (number % 3 === 0) {
      for (const metric of METRICS) {
        const value = number + metric.length / 16;
        values[metric.replaceAll("-", "_")] = value;
        pieces.push(
          Buffer.from(line(`[valid] ${position(up)} : ${metric} : ${value.toFixed(5)} : new best`)),
        );
      }
    }
    rows.set(up, values);
  }
  pieces.push(Buffer.from(line("Training finished")));
  return { pieces, bytes: Buffer.concat(pieces), rows };
}

function head(): string {
  return [
    "[marian] Marian v1.12.14 2d067afb 2024-02-16 11:44:13 -0500",
    "[marian] Running on box as process 7 with command line:",
    `[marian] ${COMMAND}`,
    "[config] type: transformer",
    "[config] valid-metrics:",
    ...METRICS.map((metric) => `[config]   - ${metric}`),
    "Training started",
  ]
    .map(line)
    .join("");
}

function line(text: string): string {
  return `[2026-11-23 10:00:00] ${text}\n`;
}

function position(up: number): string {
  return `Ep. 1 : Up. ${up}`;
}

function trained(number: number): Record<string, number> {
  return {
    epoch: 1,
    sen: number * 5000,
    cost: 10 - number / 256,
    time: 12.5,
    rate: 8000.25 + number,
    gnorm: 1 + number / 16,
  };
}

function noiseOf(noise: Noise, dice: Dice): Buffer {
  switch (noise) {
    case "none":
      return Buffer.alloc(0);
    case "bytes":
      return Buffer.concat([
        Buffer.from([0, 0xff, 0xfe, 0xc3, 0x28, dice.below(256), 0xed, 0xa0, 0x80]),
        Buffer.from("\r\n"),
      ]);
    case "giant":
      return dice.below(8) === 0
        ? Buffer.from(`${"x[ ".repeat(500_000 + dice.below(1000))}\n`)
        : Buffer.alloc(0);
    case "torn":
      return Buffer.from(
        line("[data] Shuffling data ")
          .slice(0, 5 + dice.below(30))
          .concat("\n"),
      );
  }
}
