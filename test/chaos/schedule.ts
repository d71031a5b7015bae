/** What goes wrong in one run, drawn by a number. */
import { Dice, type Noise } from "../live/training-log.js";

/** The server of Weights & Biases. */
export type WandbFault = "none" | "refused" | "hang" | "429" | "500" | "400" | "cut" | "key";
/** The proxy of the task. */
export type ProxyFault = "none" | "refused" | "html" | "secret" | "hang";
/** The folder of the results. */
export type DiskFault = "none" | "full" | "unwritable" | "limited" | "offline-full";
/** The processes. */
export type ProcessFault = "none" | "kill" | "SIGTERM" | "SIGINT" | "memory";
/** Who takes the echo. */
export type Taker = "reads" | "slow" | "leaves";
/** Where it runs. */
export type Place = "terminal" | "action" | "push";

/** One run with its faults. */
export interface Schedule {
  readonly seed: number;
  readonly wandb: WandbFault;
  /** Whether the server's fault passes before the training ends. */
  readonly heals: boolean;
  readonly proxy: ProxyFault;
  readonly disk: DiskFault;
  readonly process: ProcessFault;
  readonly taker: Taker;
  readonly place: Place;
  readonly noise: Noise;
  readonly updates: number;
  /** Pieces of the log before a signal. */
  readonly stopAfter: number;
}

/** Half of all values are harmless, so that faults meet in all numbers from none to many. */
export function scheduleOf(seed: number): Schedule {
  const dice = new Dice(seed);
  const often = <Value>(harmless: Value, ...faults: Value[]): Value =>
    dice.below(2) === 0 ? harmless : dice.pick(faults);
  const updates = 20 + dice.below(60);
  const wandb = often<WandbFault>("none", "refused", "hang", "429", "500", "400", "cut", "key");
  const heals = dice.below(2) === 0;
  const proxy = often<ProxyFault>("none", "refused", "html", "secret", "hang");
  const disk = often<DiskFault>("none", "full", "unwritable", "limited", "offline-full");
  const taker = often<Taker>("reads", "slow", "leaves");
  const place = dice.pick<Place>(["terminal", "action", "push"]);
  const noise = dice.pick<Noise>(["none", "bytes", "giant", "torn"]);
  const drawn = often<ProcessFault>("none", "kill", "SIGTERM", "SIGINT", "memory");
  // A fault of the server that stays costs a minute at the end of the training, and seconds after a signal.
  const patient = ["refused", "hang", "429", "500", "cut"].includes(wandb) && !heals;
  const process = patient && drawn === "none" && dice.below(4) > 0 ? "SIGTERM" : drawn;
  return {
    seed,
    wandb,
    heals,
    proxy,
    disk,
    process,
    taker,
    place,
    noise,
    updates,
    stopAfter: 1 + dice.below(updates),
  };
}
