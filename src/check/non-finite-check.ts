/** `nan`: values that are NaN or infinite, and what Marian says about them. */
import { Check, type LogPosition, type Severity } from "./finding.js";
import { counted, formatValue, updates } from "./format.js";
import { positionOf, type TrainingRow, type ValidationRow } from "./records.js";

/** So many records in a row without a number are an error, even if a number follows. */
const STAYS = 3;
/** From this time on in one start of Marian, such values are frequent. */
const OFTEN = 4;
/** So many skipped updates, or complaints about cost scaling, in one start of Marian are an error. */
const MANY = 10;

/** Records in a row without a number: one finding. */
interface Run {
  readonly position: LogPosition;
  readonly severity: Severity;
  readonly value: number;
  last: number;
  records: number;
}

/** The state of a field since the start of Marian. */
interface Field {
  /** The run that has not ended. */
  run: Run | undefined;
  /** The number of runs. */
  times: number;
  /** Short runs that a number followed, until it is known whether they are frequent. */
  passing: Run[];
}

/** A message that Marian repeats. */
interface Complaint {
  readonly position: LogPosition;
  readonly text: string;
  last: number;
  count: number;
}

/**
 * A cost that is often missing, or for long, is an error: nothing is learned. A norm may overflow now and then if costs
 * are scaled.
 */
const FIELDS: readonly (readonly [name: keyof TrainingRow & string, severity: Severity])[] = [
  ["cost", "error"],
  ["gnorm", "warning"],
  ["learning_rate", "warning"],
  ["rate", "info"],
  ["time", "info"],
];

/** Finds NaN and infinity, each run of them once. */
export class NonFiniteCheck extends Check {
  readonly #fields = new Map<string, Field>();
  readonly #complaints = new Map<"skip" | "scale", Complaint>();

  training(row: TrainingRow): void {
    for (const [name, severity] of FIELDS) {
      const value = row[name];
      if (typeof value === "number") this.#take(name, value, row, severity);
    }
  }

  validation(row: ValidationRow): void {
    this.#take(row.metric, row.value, row, "error");
  }

  /** Marian skipped an update, or can't scale the cost any lower. */
  mark(kind: "skip" | "scale", position: LogPosition, text: string): void {
    const known = this.#complaints.get(kind);
    if (known === undefined) this.#complaints.set(kind, { position, text, last: position.line, count: 1 });
    else {
      known.last = position.line;
      known.count += 1;
    }
  }

  /** A new part of the log, or its end. */
  end(ofLog: boolean): void {
    for (const [name, { run, passing }] of this.#fields) {
      for (const one of passing) this.#reportRun(name, one, "warning", false);
      if (run !== undefined) this.#reportRun(name, run, run.severity, ofLog);
    }
    for (const [kind, complaint] of this.#complaints) this.#reportComplaint(kind, complaint);
    this.#fields.clear();
    this.#complaints.clear();
  }

  #take(name: string, value: number, row: TrainingRow | ValidationRow, severity: Severity): void {
    const known = this.#fields.get(name);
    if (Number.isFinite(value)) {
      if (known?.run !== undefined) this.#recover(name, known, known.run);
      return;
    }
    const field = known ?? { run: undefined, times: 0, passing: [] };
    if (known === undefined) this.#fields.set(name, field);
    if (field.run === undefined) {
      field.times += 1;
      field.run = { position: positionOf(row), severity, value, last: row.up, records: 1 };
    } else {
      field.run.last = row.up;
      field.run.records += 1;
    }
  }

  #recover(name: string, field: Field, run: Run): void {
    field.run = undefined;
    if (run.severity === "error" && run.records < STAYS && field.times < OFTEN) {
      field.passing.push(run);
      return;
    }
    if (field.times >= OFTEN) {
      for (const one of field.passing) this.#reportRun(name, one, one.severity, false);
      field.passing = [];
    }
    this.#reportRun(name, run, run.severity, false);
  }

  #reportRun(metric: string, run: Run, severity: Severity, open: boolean): void {
    const { position, value, last, records } = run;
    const many = records === 1 ? "" : ` (${counted(records, "record")})`;
    const after = open ? "; no number came after" : "";
    this.report(position, {
      kind: "nan",
      severity,
      metric,
      words: `${metric} is ${formatValue(value)} ${updates(position.up, last, false)}${many}${after}`,
      numbers: { value, records, last_up: last },
    });
  }

  #reportComplaint(kind: "skip" | "scale", { position, text, last, count }: Complaint): void {
    const more = count === 1 ? "" : ` (${count} times, up to line ${last})`;
    this.report(position, {
      kind: "nan",
      severity: count >= MANY ? "error" : "warning",
      ...(kind === "skip" ? { metric: "cost" } : {}),
      words: `Marian says: ${text}${more}`,
      numbers: { times: count },
    });
  }
}
