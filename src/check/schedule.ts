/** How often a start of Marian prints, and when it ends. */
import type { ConfigValue } from "../run/config-value.js";
import { validMetrics } from "../run/marian-config.js";
import type { Segment } from "../run/segment.js";

/** What the configuration says. */
export interface Schedule {
  /** Updates between two training rows; 0 if Marian counts sentences, labels or epochs. */
  readonly displayUpdates?: number;
  /** How often the deciding metrics may stall; 0 means forever. */
  readonly earlyStopping?: number;
  /** Which metrics decide. */
  readonly earlyStoppingOn: "first" | "any" | "all";
  /** In the order of the configuration. */
  readonly metrics?: readonly string[];
  readonly lastUpdate?: number;
  readonly lastEpoch?: number;
  /** Whether it also ends after a number of labels, which the log does not show. */
  readonly otherEnd: boolean;
  /** Whether the training data come from standard input, which may end. */
  readonly stdin: boolean;
  /** Updates between two validations; absent if Marian counts something else. */
  readonly validUpdates?: number;
}

/** Names of the standard input, and of pipes that shells make. */
const STDIN = /^(?:stdin|-|\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/self\/fd\/\d+)$/;

/** Reads the schedule of a segment: its configuration, else its command line. */
export function readSchedule({ config = {}, arguments: options = {} }: Segment): Schedule {
  const value = (name: string): ConfigValue | undefined => {
    const given = config[name] ?? options[name];
    return given === true ? undefined : given;
  };
  const displayed = quantity(value("disp-freq"));
  const earlyStopping = count(value("early-stopping"));
  const on = value("early-stopping-on");
  // `after` has several ends at once: `10e,1000000u`.
  const ends = String(value("after") ?? "")
    .split(",")
    .map((end) => quantity(end));
  const lastUpdate =
    ends.find((end) => end?.unit === "u")?.count || count(value("after-batches")) || undefined;
  const lastEpoch = ends.find((end) => end?.unit === "e")?.count || count(value("after-epochs")) || undefined;
  const validated = quantity(value("valid-freq"));
  const metrics = validMetrics(config) ?? validMetrics(options as typeof config);
  return {
    ...(displayed === undefined ? {} : { displayUpdates: displayed.unit === "u" ? displayed.count : 0 }),
    ...(earlyStopping === undefined ? {} : { earlyStopping }),
    earlyStoppingOn: on === "any" || on === "all" ? on : "first",
    ...(metrics === undefined ? {} : { metrics }),
    ...(lastUpdate === undefined ? {} : { lastUpdate }),
    ...(lastEpoch === undefined ? {} : { lastEpoch }),
    otherEnd: ends.some((end) => end !== undefined && end.count > 0 && end.unit !== "u" && end.unit !== "e"),
    stdin: [config["train-sets"] ?? options["train-sets"] ?? options["t"] ?? []]
      .flat()
      .some((name) => STDIN.test(String(name))),
    ...(validated?.unit === "u" ? { validUpdates: validated.count } : {}),
  };
}

/** Whether a start is one of a training: Marian's other programs print the same banner. */
export function trains({ command_line: command = "" }: Segment): boolean {
  const [program = ""] = command.split(" ", 1);
  return !/marian-(?:decoder|scorer|server|embedder|conv|vocab)$/.test(program);
}

/** How often a metric has stalled. */
export interface Stall {
  readonly metric: string;
  readonly stalled: number;
}

/**
 * The stall that Marian compares with `early-stopping`: that of the first metric, of the one that stalled most (`any`) or
 * least (`all`). Undefined if nothing was validated.
 *
 * @param stalls By metric, in the order of the log; a metric without a validation has not stalled.
 */
export function decidingStall(
  schedule: Schedule | undefined,
  stalls: ReadonlyMap<string, number>,
): Stall | undefined {
  const { earlyStoppingOn: on = "first", metrics = [...stalls.keys()] } = schedule ?? {};
  if (stalls.size === 0) return undefined;
  const all = metrics.map((metric) => ({ metric, stalled: stalls.get(metric) ?? 0 }));
  if (on === "first") return all[0];
  const worse = (one: Stall, other: Stall) =>
    (on === "any" ? other.stalled > one.stalled : other.stalled < one.stalled) ? other : one;
  return all.length === 0 ? undefined : all.reduce(worse);
}

/** Whether the configured end was reached. Only the start of the next epoch shows that an epoch is over. */
export function reachedLimits(
  schedule: Schedule | undefined,
  epoch: number | undefined,
  lastUpdate: number | undefined,
): boolean {
  const { lastUpdate: updates, lastEpoch } = schedule ?? {};
  if (updates !== undefined && lastUpdate !== undefined && lastUpdate >= updates) return true;
  return lastEpoch !== undefined && epoch !== undefined && epoch > lastEpoch;
}

/** How far a finished training came. */
export interface Reached {
  /** Of its last training row. */
  readonly lastUpdate: number | undefined;
  readonly epoch: number | undefined;
  /** The maximum distance between two training rows, in updates. */
  readonly distance: number;
  /** The same in epochs. */
  readonly epochs: number;
  /** The maximum stalled count of the metrics; undefined if nothing was validated. */
  readonly stalled: number | undefined;
}

/**
 * The limits of a finished training as text, if it certainly reached none of them. It may have made updates after the
 * last row, finished the epoch of the last row, and stalled in validations of another log.
 */
export function missedLimits(schedule: Schedule | undefined, reached: Reached): string | undefined {
  const { lastUpdate, lastEpoch, earlyStopping = 0, displayUpdates = 0, validUpdates } = schedule ?? {};
  const { epoch, distance, stalled } = reached;
  if (schedule === undefined || schedule.otherEnd) return undefined;
  const between = Math.max(displayUpdates, distance);
  // Updates after the last row are not shown; there may have been as many as between two rows.
  if (between === 0) return undefined;
  const most = (reached.lastUpdate ?? 0) + between;
  const limits: string[] = [];
  if (lastUpdate !== undefined) {
    if (most >= lastUpdate) return undefined;
    limits.push(`${lastUpdate} updates`);
  }
  if (lastEpoch !== undefined) {
    if (epoch === undefined || epoch + reached.epochs >= lastEpoch) return undefined;
    limits.push(`${lastEpoch} epochs`);
  }
  if (earlyStopping > 0) {
    const possible =
      stalled === undefined
        ? validUpdates === undefined || most >= validUpdates * earlyStopping
        : stalled >= earlyStopping;
    if (possible) return undefined;
    limits.push(`early-stopping ${earlyStopping}`);
  }
  // Training files are read over and over.
  if (lastUpdate === undefined && lastEpoch === undefined && !schedule.stdin) return undefined;
  return limits.length === 0 ? undefined : limits.join(", ");
}

/** `500`, `500u`, `1e`, `10Mt`: a number and its unit, by default updates. */
function quantity(value: ConfigValue | undefined): { count: number; unit: string } | undefined {
  const [, digits, factor = "", unit = ""] = /^(\d+)([kMG]?)([a-z]?)$/.exec(String(value)) ?? [];
  if (digits === undefined) return undefined;
  const scale = { "": 1, k: 1e3, M: 1e6, G: 1e9 }[factor] ?? 1;
  return { count: Number(digits) * scale, unit: unit === "" ? "u" : unit };
}

function count(value: ConfigValue | undefined): number | undefined {
  return /^\d+$/.test(String(value)) ? Number(value) : undefined;
}
