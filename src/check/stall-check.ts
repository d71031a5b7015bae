/** `stall`: validation metrics that no longer improve. */
import { type Better, betterOf, betterTold, isBetter } from "../run/better.js";
import type { Thresholds } from "./check-options.js";
import { Check, type LogPosition, type ReportFinding, type Severity } from "./finding.js";
import { counted, formatValue } from "./format.js";
import { positionOf, type ValidationRow } from "./records.js";
import { decidingStall, type Schedule } from "./schedule.js";

/** The limit if `early-stopping` is off or unknown. */
const PATIENCE = 20;

/** When a stall is worth a finding, and how bad it is. */
interface Limit {
  readonly stalled: number;
  readonly severity: Severity;
  readonly note: string;
}

/** The state of one metric. */
interface Metric {
  stalled: number;
  best: number | undefined;
  last: number;
  /** Since when it has been over the limit. */
  over: { readonly position: LogPosition; readonly limit: Limit } | undefined;
}

/** Watches the stalled counts that Marian prints. */
export class StallCheck extends Check {
  readonly #asked: number | undefined;
  readonly #metrics = new Map<string, Metric>();
  /** The best value of each metric in the whole log, across restarts. */
  readonly #held = new Map<string, { better: Better | undefined; value: number | undefined }>();
  #schedule: Schedule | undefined;

  constructor({ stalled }: Thresholds, report: ReportFinding) {
    super(report);
    this.#asked = stalled;
  }

  /** Whether the deciding metrics have stalled so often that Marian stops. */
  get stopsEarly(): boolean {
    const { earlyStopping: limit = 0 } = this.#schedule ?? {};
    const stalls = new Map([...this.#metrics].map(([name, { stalled }]) => [name, stalled]));
    return limit > 0 && (decidingStall(this.#schedule, stalls)?.stalled ?? 0) >= limit;
  }

  /** The maximum stalled count of the metrics; undefined if nothing was validated since the start. */
  get maxStalled(): number | undefined {
    const counts = [...this.#metrics.values()].map(({ stalled }) => stalled);
    return counts.length === 0 ? undefined : Math.max(...counts);
  }

  /** Continues with stalls that records before have shown. */
  resume(stalls: ReadonlyMap<string, number>, schedule: Schedule | undefined): void {
    this.#schedule = schedule;
    for (const [name, stalled] of stalls)
      this.#metrics.set(name, { stalled, best: undefined, last: 0, over: undefined });
  }

  validation(row: ValidationRow): void {
    const { metric: name, stalled = 0, up } = row;
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = { stalled: 0, best: undefined, last: up, over: undefined };
      this.#metrics.set(name, metric);
    }
    // It improved, or a restart reset the count.
    if (stalled < metric.stalled) this.#settle(name, metric, false);
    metric.stalled = stalled;
    metric.best = row.best ?? metric.best;
    metric.last = up;
    this.#hold(row);
    if (metric.over !== undefined) return;
    const limit = this.#limit(name);
    if (stalled >= limit.stalled) metric.over = { position: positionOf(row), limit };
  }

  /** A new part of the log starts, with this schedule if it has one; or the log ends. */
  end(ofLog: boolean, schedule?: Schedule): void {
    for (const [name, metric] of this.#metrics) this.#settle(name, metric, ofLog);
    if (ofLog) return;
    this.#metrics.clear();
    this.#schedule = schedule;
  }

  #hold(row: ValidationRow): void {
    const { metric: name, value } = row;
    const held = this.#held.get(name) ?? { better: betterOf(name), value: undefined };
    this.#held.set(name, held);
    held.better ??= betterTold(row);
    if (!Number.isFinite(value)) return;
    if (held.value === undefined || (held.better !== undefined && isBetter(value, held.value, held.better)))
      held.value = value;
  }

  /** Whether Marian's `last best` was reached before this log began. */
  #isEarlier(name: string, best: number): boolean {
    const { better, value } = this.#held.get(name) ?? {};
    return better !== undefined && (value === undefined || isBetter(best, value, better));
  }

  #limit(name: string): Limit {
    if (this.#asked !== undefined) return { stalled: this.#asked, severity: "warning", note: "" };
    const { earlyStopping, earlyStoppingOn = "first", metrics } = this.#schedule ?? {};
    const [first] = metrics ?? this.#metrics.keys();
    const decides = earlyStoppingOn !== "first" || name === first;
    if (earlyStopping === undefined) return { stalled: PATIENCE, severity: "info", note: "" };
    if (earlyStopping === 0)
      return { stalled: PATIENCE, severity: decides ? "warning" : "info", note: "; early-stopping is off" };
    const on = earlyStoppingOn === "first" ? "" : ` on ${earlyStoppingOn}`;
    const note = decides
      ? `; early-stopping is ${earlyStopping}${on}`
      : "; early-stopping does not look at it";
    return { stalled: earlyStopping, severity: "info", note };
  }

  #settle(name: string, metric: Metric, open: boolean): void {
    const { over, stalled, best, last } = metric;
    metric.over = undefined;
    if (over === undefined) return;
    const { position, limit } = over;
    const before = best !== undefined && this.#isEarlier(name, best) ? ", reached before this log" : "";
    const at = best === undefined ? "" : ` (best ${formatValue(best)}${before})`;
    const until = open ? "up to the end of the log" : `up to update ${last}`;
    this.report(position, {
      kind: "stall",
      severity: limit.severity,
      metric: name,
      words: `${name} did not improve in ${counted(stalled, "validation")}${at}, ${until}${limit.note}`,
      numbers: { stalled, limit: limit.stalled, last_up: last, ...(best === undefined ? {} : { best }) },
    });
  }
}
