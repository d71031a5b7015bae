/** `nan`: values that are NaN or infinite, and what Marian says of them. */
import type { LogPosition, ReportFinding, Severity } from "./finding.js";
import { counted, formatValue, updates } from "./format.js";
import { positionOf, type TrainingRow, type ValidationRow } from "./records.js";

/** Records in a row after which a value has stayed broken, though a number came in the end. */
const STAYS = 3;
/** The time from which a value comes back often: the fourth in one start of Marian. */
const OFTEN = 4;
/** So many updates skipped, or complaints of cost scaling, in one start of Marian are an error. */
const MANY = 10;

/** A field that stays broken for long is one finding. */
interface Run {
  readonly position: LogPosition;
  readonly severity: Severity;
  readonly value: number;
  last: number;
  records: number;
}

/** What is known of a field since the start of Marian. */
interface Field {
  /** What it is broken by now. */
  run: Run | undefined;
  /** How often it was. */
  times: number;
  /** Short runs that a number followed, as long as it is not known whether they come back often. */
  passing: Run[];
}

/** What Marian says again and again. */
interface Complaint {
  readonly position: LogPosition;
  readonly text: string;
  last: number;
  count: number;
}

/**
 * Without a cost there is no training, if it stays away or does so often; a norm may overflow now and then where costs
 * are scaled.
 */
const FIELDS: readonly (readonly [name: keyof TrainingRow & string, severity: Severity])[] = [
  ["cost", "error"],
  ["gnorm", "warning"],
  ["learning_rate", "warning"],
  ["rate", "info"],
  ["time", "info"],
];

/** Finds values that are none, each run of them once. */
export class NonFiniteCheck {
  readonly #report: ReportFinding;
  readonly #fields = new Map<string, Field>();
  readonly #complaints = new Map<"skip" | "scale", Complaint>();

  constructor(report: ReportFinding) {
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
      for (const one of passing) this.#tell(name, one, "warning", false);
      if (run !== undefined) this.#tell(name, run, run.severity, ofLog);
    }
    for (const [kind, complaint] of this.#complaints) this.#complain(kind, complaint);
    this.#fields.clear();
    this.#complaints.clear();
  }

  #see(name: string, value: number, row: TrainingRow | ValidationRow, severity: Severity): void {
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
      for (const one of field.passing) this.#tell(name, one, one.severity, false);
      field.passing = [];
    }
    this.#tell(name, run, run.severity, false);
  }

  #tell(metric: string, run: Run, severity: Severity, open: boolean): void {
    const { position, value, last, records } = run;
    const many = records === 1 ? "" : ` (${counted(records, "record")})`;
    const after = open ? "; no number came after" : "";
    this.#report(position, {
      kind: "nan",
      severity,
      metric,
      words: `${metric} is ${formatValue(value)} ${updates(position.up, last, false)}${many}${after}`,
      numbers: { value, records, last_up: last },
    });
  }

  #complain(kind: "skip" | "scale", { position, text, last, count }: Complaint): void {
    const more = count === 1 ? "" : ` (${count} times, up to line ${last})`;
    this.#report(position, {
      kind: "nan",
      severity: count >= MANY ? "error" : "warning",
      ...(kind === "skip" ? { metric: "cost" } : {}),
      words: `Marian says: ${text}${more}`,
      numbers: { times: count },
    });
  }
}
