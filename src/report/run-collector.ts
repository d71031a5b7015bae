/** Gathers one log's measurements into the tables of a report. */

import type { CheckOptions } from "../check/check-options.js";
import { RunChecker } from "../check/run-checker.js";
import type { Batch } from "../core/batch.js";
import { KIND, PRESENT, TRAINING_COLUMNS } from "../core/layout.js";
import type { PatternMeasurement } from "../core/measurement.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { markOf } from "../run/log-mark.js";
import type { RunTally, RunUpdate } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";
import { patternNumber } from "../run/step-rows.js";
import { isDrawn, type ReportMark, type ReportRun } from "./report-data.js";
import { type Table, TableBuilder } from "./table.js";

/** The names of a run in the report. */
export type RunPlace = Pick<ReportRun, "name" | "source" | "project" | "group">;

const ALWAYS = ["line", "segment", "epoch", "up", "sen", "cost"] as const;
const OPTIONAL = TRAINING_COLUMNS.filter((name) => name in PRESENT && name !== "timestamp") as (
  | "labels"
  | "batch_labels"
  | "total_labels"
  | "time"
  | "rate"
  | "gnorm"
  | "learning_rate"
)[];

/** A log that says nothing but errors must not fill the memory. */
const MAX_MARKS = 10_000;

/** Takes the updates of one run; a row takes about 100 bytes of memory. */
export class RunCollector {
  readonly #time: TimestampFormat;
  readonly #check: RunChecker;
  readonly #segments: Segment[] = [];
  readonly #training = new TableBuilder();
  readonly #validation = new Map<string, TableBuilder>();
  readonly #patterns = new Map<string, TableBuilder>();
  readonly #marks: ReportMark[] = [];
  #clock: ReportRun["clock"];
  #texts = 0;
  #up: number | undefined;

  /** @param options How the run is checked. */
  constructor(time: TimestampFormat, options: CheckOptions = {}) {
    this.#time = time;
    this.#check = new RunChecker(time, options);
  }

  /** The number of pattern values that are not numbers and so are left out of the report. */
  get texts(): number {
    return this.#texts;
  }

  take(update: RunUpdate): void {
    const { batch, segments } = update;
    this.#check.take(update);
    this.#segments.push(...segments.values());
    let training = 0;
    let validation = 0;
    let event = 0;
    for (const kind of batch.order) {
      if (kind === KIND.training) {
        this.#up = batch.training.up[training];
        this.#takeTraining(batch, training++);
      } else if (kind === KIND.validation) this.#takeValidation(batch, validation++);
      else if (kind === KIND.pattern) this.#takePattern(batch.event(event++) as PatternMeasurement);
      else this.#takeEvent(batch, segments, event++);
    }
  }

  /** Ends the run; `error` says why the log was not read to its end. */
  finish(place: RunPlace, tally: RunTally, error?: string): ReportRun {
    return {
      ...place,
      segments: this.#segments,
      training: this.#training.close(),
      validation: closed(this.#validation),
      patterns: closed(this.#patterns),
      ...(this.#clock === undefined ? {} : { clock: this.#clock }),
      counts: tally.counts,
      versions: tally.versions,
      unmatchedSamples: tally.unmatchedSamples,
      warnings: tally.warnings,
      findings: this.#check.finish(error === undefined),
      // A start of Marian is known when its configuration has ended.
      marks: this.#marks.sort((one, other) => one.line - other.line),
      ...(error === undefined ? {} : { error }),
    };
  }

  #takeTraining({ training }: Batch, row: number): void {
    const present = training.present[row] ?? 0;
    const table = this.#training;
    table.next();
    for (const name of ALWAYS) table.set(name, training[name][row] ?? 0);
    for (const name of OPTIONAL) {
      if (present & PRESENT[name]) table.set(name, training[name][row] ?? 0);
    }
    this.#stamp(table, present, training.timestamp[row] ?? 0, training.segment[row] ?? 0);
  }

  #takeValidation(batch: Batch, row: number): void {
    const { validation } = batch;
    const present = validation.present[row] ?? 0;
    const table = opened(this.#validation, batch.metricName(validation.metric[row] ?? 0));
    table.next();
    for (const name of ["line", "segment", "up", "value"] as const) {
      table.set(name, validation[name][row] ?? 0);
    }
    for (const name of ["epoch", "stalled", "best"] as const) {
      if (present & PRESENT[name]) table.set(name, validation[name][row] ?? 0);
    }
    this.#stamp(table, present, validation.timestamp[row] ?? 0, validation.segment[row] ?? 0);
  }

  #takePattern({ name, line, segment, up, values }: PatternMeasurement): void {
    for (const [group, text] of Object.entries(values)) {
      const value = patternNumber(text);
      if (Number.isNaN(value) && !/^[+-]?nan$/i.test(text.trim())) {
        this.#texts += 1;
        continue;
      }
      const table = opened(this.#patterns, `${name}/${group}`);
      table.next();
      table.set("line", line);
      table.set("segment", segment);
      if (up !== undefined) table.set("up", up);
      table.set("value", value);
    }
  }

  /** Keeps what is drawn next to the curves. */
  #takeEvent({ events }: Batch, segments: RunUpdate["segments"], index: number): void {
    const event = events[index];
    if (event === undefined || this.#marks.length >= MAX_MARKS) return;
    const { line, segment, timestamp, present } = event;
    const mark = markOf(event);
    const start = segments.get(index);
    let drawn: Pick<ReportMark, "kind" | "text"> | undefined;
    if (start !== undefined && segment > 0)
      drawn = { kind: "restart", text: `Marian ${start.marian_version ?? ""}`.trim() };
    else if (mark !== undefined && isDrawn(mark.kind)) drawn = { kind: mark.kind, text: mark.text };
    if (drawn === undefined) return;
    this.#marks.push({
      ...drawn,
      line,
      segment,
      ...(present & PRESENT.timestamp
        ? { timestamp: this.#time.absolute(timestamp, (present & PRESENT.utc) !== 0, segment) }
        : {}),
      ...(this.#up === undefined ? {} : { up: this.#up }),
    });
  }

  #stamp(table: TableBuilder, present: number, timestamp: number, segment: number): void {
    if ((present & PRESENT.timestamp) === 0) return;
    const utc = (present & PRESENT.utc) !== 0 || this.#time.isZoned(segment);
    // One line of an unknown zone makes the whole axis one.
    this.#clock = utc && this.#clock !== "local" ? "utc" : "local";
    table.set("timestamp", this.#time.absolute(timestamp, (present & PRESENT.utc) !== 0, segment));
  }
}

function opened(tables: Map<string, TableBuilder>, name: string): TableBuilder {
  let table = tables.get(name);
  if (table === undefined) {
    table = new TableBuilder();
    tables.set(name, table);
  }
  return table;
}

function closed(tables: ReadonlyMap<string, TableBuilder>): ReadonlyMap<string, Table> {
  return new Map([...tables].map(([name, table]) => [name, table.close()]));
}
