/** What a start of Marian was told about its course: how often it prints, when it ends. */
import { type ConfigValue, validMetrics } from "../run/marian-config.js";
import type { Segment } from "../run/segment.js";

/** What the configuration says; absent where it does not. */
export interface Schedule {
  /** Updates between two training rows; 0 where Marian counts sentences, labels or epochs. */
  readonly displayUpdates?: number;
  /** How often the deciding metrics may stall; 0 means forever. */
  readonly earlyStopping?: number;
  /** Which metrics decide. */
  readonly earlyStoppingOn: "first" | "any" | "all";
  /** In the order of the configuration. */
  readonly metrics?: readonly string[];
  readonly lastUpdate?: number;
  readonly lastEpoch?: number;
}

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
  const metrics = validMetrics(config) ?? validMetrics(options as typeof config);
  return {
    ...(displayed === undefined ? {} : { displayUpdates: displayed.unit === "u" ? displayed.count : 0 }),
    ...(earlyStopping === undefined ? {} : { earlyStopping }),
    earlyStoppingOn: on === "any" || on === "all" ? on : "first",
    ...(metrics === undefined ? {} : { metrics }),
    ...(lastUpdate === undefined ? {} : { lastUpdate }),
    ...(lastEpoch === undefined ? {} : { lastEpoch }),
  };
}

/** `500`, `500u`, `1e`, `10Mt`: a number and what it counts, updates where nothing is said. */
function quantity(value: ConfigValue | undefined): { count: number; unit: string } | undefined {
  const [, digits, factor = "", unit = ""] = /^(\d+)([kMG]?)([a-z]?)$/.exec(String(value)) ?? [];
  if (digits === undefined) return undefined;
  const scale = { "": 1, k: 1e3, M: 1e6, G: 1e9 }[factor] ?? 1;
  return { count: Number(digits) * scale, unit: unit === "" ? "u" : unit };
}

function count(value: ConfigValue | undefined): number | undefined {
  return /^\d+$/.test(String(value)) ? Number(value) : undefined;
}
