/** `collapse`: a validation metric loses what it had reached. */
import { type Better, betterOf, betterTold, isBetter } from "../run/better.js";
import { Check, type LogPosition } from "./finding.js";
import { counted, formatValue } from "./format.js";
import { positionOf, type ValidationRow } from "./records.js";

/** So many validations in a row are a collapse. */
const ROWS = 3;
/** A score has collapsed below its best times this; a cost above its best by this … */
const PART = 0.5;
/** … if it has also lost this part of what was gained since the first validation. */
const LOST = 0.5;
/** Below this a best score is noise: the first validations of a training, in which BLEU is 0.3. */
const MIN_SCORE = 1;
/** The same for scores between 0 and 1. */
const MIN_FRACTION = 0.1;

/** Metrics that a script of the user computes. */
const SCRIPTS: ReadonlySet<string> = new Set(["translation", "valid-script"]);

/** Validations in a row that are far from the best. */
interface Fall {
  readonly position: LogPosition;
  rows: number;
  worst: number;
  last: number;
}

interface Metric {
  better: Better | undefined;
  first: number;
  best: number;
  bestUpdate: number | undefined;
  fall: Fall | undefined;
}

/** Watches validation metrics. After a restart, Marian's `last best` holds what was reached before. */
export class CollapseCheck extends Check {
  readonly #metrics = new Map<string, Metric>();

  validation(row: ValidationRow): void {
    const { metric: name, value, up } = row;
    let metric = this.#metrics.get(name);
    if (metric === undefined) {
      metric = {
        better: betterOf(name),
        first: value,
        best: Number.NaN,
        bestUpdate: undefined,
        fall: undefined,
      };
      this.#metrics.set(name, metric);
    }
    metric.better ??= betterTold(row);
    // Another check reports NaN and infinity. If a script prints no number, Marian takes 0.
    if (!Number.isFinite(value) || (value === 0 && SCRIPTS.has(name))) return;
    if (!Number.isFinite(metric.first)) metric.first = value;
    const { better } = metric;
    if (better === undefined) {
      metric.best = value;
      return;
    }
    // What was reached before this log began counts, too.
    if (
      row.best !== undefined &&
      Number.isFinite(row.best) &&
      !isBetterOrEqual(metric.best, row.best, better)
    )
      [metric.best, metric.bestUpdate] = [row.best, undefined];
    if (isBetterOrEqual(metric.best, value, better) && hasCollapsed(name, metric, value, better)) {
      metric.fall ??= { position: positionOf(row), rows: 0, worst: value, last: up };
      metric.fall.rows += 1;
      metric.fall.last = up;
      if (isBetter(metric.fall.worst, value, better)) metric.fall.worst = value;
      return;
    }
    this.#settle(name, metric, true);
    if (!isBetterOrEqual(metric.best, value, better)) [metric.best, metric.bestUpdate] = [value, up];
  }

  /** A new part of the log, which may be another training; or its end. */
  end(): void {
    for (const [name, metric] of this.#metrics) this.#settle(name, metric, false);
    this.#metrics.clear();
  }

  #settle(name: string, metric: Metric, recovered: boolean): void {
    const { fall, best, bestUpdate, better } = metric;
    metric.fall = undefined;
    if (fall === undefined || fall.rows < ROWS) return;
    const { position, rows, worst, last } = fall;
    const reached = bestUpdate === undefined ? "reached before this log" : `at update ${bestUpdate}`;
    this.report(position, {
      kind: "collapse",
      severity: recovered ? "warning" : "error",
      metric: name,
      words:
        `${name} has ${better === "high" ? "fallen" : "risen"} from its best, ${formatValue(best)} ${reached}, to ` +
        `${formatValue(worst)}, in ${counted(rows, "validation")} up to update ${last}` +
        (recovered ? "; then it came back" : ""),
      numbers: {
        best,
        ...(bestUpdate === undefined ? {} : { best_up: bestUpdate }),
        worst,
        rows,
        last_up: last,
      },
    });
  }
}

function hasCollapsed(name: string, { best, first }: Metric, value: number, better: Better): boolean {
  if (!Number.isFinite(best)) return false;
  if (better === "high") {
    const min = Math.abs(best) <= 1 && /accuracy/i.test(name) ? MIN_FRACTION : MIN_SCORE;
    return best >= min && value < best * PART;
  }
  // A perplexity is the exponent of a cost.
  const cost = (of: number) => (/^perplexity/i.test(name) && of > 0 ? Math.log(of) : of);
  const [now, min, start] = [cost(value), cost(best), cost(first)];
  return min >= 0 && now > min / PART && now - min >= LOST * (start - min);
}

/** A known NaN is worse than any value. */
function isBetterOrEqual(known: number, value: number, better: Better): boolean {
  return Number.isFinite(known) && !isBetter(value, known, better);
}
