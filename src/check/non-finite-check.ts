/** `nan`: values that are NaN or infinite. */
import type { Place, Report, Severity } from "./finding.js";
import { placeOf, type TrainingRow, type ValidationRow } from "./records.js";
import { counted, formatValue, updates } from "./words.js";

/** A field that stays broken for long is one finding. */
interface Run {
  readonly place: Place;
  readonly severity: Severity;
  readonly value: number;
  last: number;
  records: number;
}

/** Without a cost there is no training; a norm may overflow now and then where costs are scaled. */
const FIELDS: readonly (readonly [name: keyof TrainingRow & string, severity: Severity])[] = [
  ["cost", "error"],
  ["gnorm", "warning"],
  ["learning_rate", "warning"],
  ["rate", "info"],
  ["time", "info"],
];

/** Finds values that are none, each run of them once. */
export class NonFiniteCheck {
  readonly #report: Report;
  readonly #runs = new Map<string, Run>();

  constructor(report: Report) {
    this.#report = report;
  }

  training(row: TrainingRow): void {
    for (const [name, severity] of FIELDS) {
      const value = row[name];
      if (typeof value === "number") this.#see(name, value, row, severity);
    }
  }

  validation(row: ValidationRow): void {
    this.#see(row.metric, row.value, row, "error");
  }

  /** A new part of the log, or its end. */
  end(ofLog: boolean): void {
    for (const [name, run] of this.#runs) this.#close(name, run, ofLog);
    this.#runs.clear();
  }

  #see(name: string, value: number, row: TrainingRow | ValidationRow, severity: Severity): void {
    if (Number.isFinite(value)) {
      if (this.#runs.size === 0) return;
      const run = this.#runs.get(name);
      if (run !== undefined && this.#runs.delete(name)) this.#close(name, run, false);
      return;
    }
    const run = this.#runs.get(name);
    if (run === undefined)
      this.#runs.set(name, { place: placeOf(row), severity, value, last: row.up, records: 1 });
    else {
      run.last = row.up;
      run.records += 1;
    }
  }

  #close(metric: string, { place, severity, value, last, records }: Run, open: boolean): void {
    const many = records === 1 ? "" : ` (${counted(records, "record")})`;
    const after = open ? "; no number came after" : "";
    this.#report(place, {
      kind: "nan",
      severity,
      metric,
      words: `${metric} is ${formatValue(value)} ${updates(place.up, last, false)}${many}${after}`,
      numbers: { value, records, last_up: last },
    });
  }
}
