/** CSV files: training.csv, validation.csv, patterns.csv. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lookAt } from "../../core/look-at.js";
import { POINT, POINT_WIDTH, type PointCsv, VALUE, VALUE_WIDTH } from "../../core/points.js";
import { ColumnNames, stalledColumn } from "../../run/metric-columns.js";
import { hasLabels, isMeasured, type RunUpdate } from "../../run/run-reader.js";
import { pointTimes } from "../../run/validation-point.js";
import { PATTERNS, patternRows } from "../pattern-rows.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "../update-publisher.js";
import { LABELS, metricRule, TIMESTAMP, TRAINING, VALIDATION } from "./columns.js";
import { CsvFile, type WriteMode } from "./csv-file.js";
import { csvLines, csvStart } from "./csv-text.js";
import { formatCount } from "./float.js";

/** How CSV files are written. */
export interface CsvOptions {
  readonly folder: string;
  readonly mode: WriteMode;
  /** One set of files for several runs: the first column is the source. */
  readonly combine: boolean;
  /** Whether the user defined patterns. */
  readonly patterns: boolean;
  /** Writes what the reference does: no times, and files of headers only if nothing was measured. */
  readonly reference?: boolean | undefined;
}

/** Writes the CSV files of one folder: of one run, or with `combine` of several, one after the other. */
export class CsvPublisher implements UpdatePublisher {
  readonly name = "CSV";
  readonly #options: CsvOptions;
  readonly #training: CsvFile;
  readonly #validation: CsvFile;
  readonly #patterns: CsvFile;
  /** What stands last in both tables. */
  readonly #times: readonly string[];
  readonly #trainingSegments: SegmentColumn;
  readonly #validationSegments: SegmentColumn;
  readonly #metrics: ColumnNames;
  #source = "";
  #labels = false;
  #matched = false;
  #measured = false;

  constructor(options: CsvOptions) {
    this.#options = options;
    const source = options.combine ? ["source"] : [];
    const file = (name: string, columns: readonly string[]) =>
      new CsvFile(join(options.folder, name), columns, options.mode);
    this.#times = options.reference === true ? [] : [TIMESTAMP];
    this.#training = file("training.csv", [...source, ...TRAINING, ...this.#times]);
    this.#validation = file("validation.csv", [...source, ...VALIDATION, ...this.#times]);
    this.#trainingSegments = new SegmentColumn(this.#times.length);
    this.#validationSegments = new SegmentColumn(this.#times.length);
    this.#metrics = new ColumnNames(metricRule(this.#validation.columns));
    this.#patterns = file("patterns.csv", PATTERNS);
  }

  open({ source }: OpenedRun): void {
    this.#source = source;
  }

  async publish(update: RunUpdate): Promise<void> {
    this.#measured ||= isMeasured(update.batch);
    await this.#publishTraining(update);
    await this.#publishValidation(update);
    if (this.#options.patterns) await this.#publishPatterns(update);
  }

  async close(): Promise<PublisherOutcome> {
    if (!this.#measured && this.#options.reference !== true) {
      await this.discard();
      return { outputs: [], nothingWritten: true };
    }
    const written = [this.#training, this.#validation];
    if (this.#matched) written.push(this.#patterns);
    else if (this.#options.patterns) await rm(this.#patterns.path, { force: true });
    await this.#settle();
    for (const file of written) await file.end();
    // One right after the other: a kill between them would leave files of two runs.
    await Promise.all(written.map((file) => file.commit()));
    return { outputs: written.map((file) => file.path) };
  }

  /** In a file that nobody has seen yet, metrics get the columns that don't depend on their order. */
  async #settle(): Promise<void> {
    if (this.#options.mode === "live") return;
    const { renamed } = this.#metrics;
    if (renamed.size > 0) await this.#validation.rename(renamed);
  }

  async discard(): Promise<void> {
    for (const file of [this.#training, this.#validation, this.#patterns]) await file.discard();
  }

  async #publishTraining({ batch }: RunUpdate): Promise<void> {
    if (batch.training.length === 0) return;
    if (!this.#labels && hasLabels(batch)) {
      this.#labels = true;
      await this.#training.addColumns(LABELS, "", this.#trainingSegments.trailing);
    }
    if (lookAt(batch, ({ training }) => this.#trainingSegments.differs(training.segment)))
      await this.#trainingSegments.show(this.#training);
    const prefix = this.#options.combine ? csvStart([this.#source]) : "";
    const columns = {
      labels: this.#labels,
      segment: this.#trainingSegments.shown,
      timestamp: this.#times.length > 0,
    };
    await this.#training.writeView(() => batch.viewTrainingCsv(columns, new TextEncoder().encode(prefix)));
  }

  async #publishValidation({ closed, metricNames }: RunUpdate): Promise<void> {
    if (closed.length === 0) return;
    if (this.#validationSegments.differs(closed.points, POINT.segment, POINT_WIDTH))
      await this.#validationSegments.show(this.#validation);
    const met = new Set<number>();
    for (let at = VALUE.metric; at < closed.values.length; at += VALUE_WIDTH) met.add(closed.values[at] ?? 0);
    let index = 0;
    for (const metric of metricNames) {
      if (!met.has(index++)) continue;
      const column = this.#metrics.add(metric);
      const columns = [column, stalledColumn(column)];
      const added = this.#validation.columns.includes(column) ? [] : columns;
      await this.#validation.addColumns(added, "", this.#validationSegments.trailing);
    }
    const times = this.#times.length > 0 ? pointTimes(closed) : new Float64Array(0);
    await this.#validation.writeView(() => closed.viewCsv(this.#pointColumns(metricNames), times));
  }

  /** Where the values of each metric stand. */
  #pointColumns(metricNames: ReadonlySet<string>): PointCsv {
    const { columns } = this.#validation;
    const first = columns.indexOf("up") + 1;
    const cells = new Float64Array(2 * metricNames.size).fill(columns.length);
    let index = 0;
    for (const metric of metricNames) {
      const column = this.#metrics.columns.get(metric);
      if (column !== undefined)
        cells.set([columns.indexOf(column) - first, columns.indexOf(stalledColumn(column)) - first], index);
      index += 2;
    }
    return {
      cells,
      width: columns.length - first - this.#validationSegments.trailing,
      names: "",
      segment: this.#validationSegments.shown,
      timestamp: this.#times.length > 0,
      prefix: new TextEncoder().encode(this.#options.combine ? csvStart([this.#source]) : ""),
    };
  }

  async #publishPatterns({ batch }: RunUpdate): Promise<void> {
    const rows: string[][] = [];
    for (const { line, up, name, groups } of patternRows(batch)) {
      const fresh = [...groups.keys()].filter((column) => !this.#patterns.columns.includes(column));
      if (fresh.length > 0) {
        await this.#patterns.write(csvLines(rows.splice(0)));
        await this.#patterns.addColumns(fresh, "");
      }
      const update = up === undefined ? "" : formatCount(up);
      const columns = this.#patterns.columns.slice(PATTERNS.length);
      rows.push([
        this.#source,
        String(line),
        update,
        name,
        ...columns.map((column) => groups.get(column) ?? ""),
      ]);
    }
    if (rows.length === 0) return;
    this.#matched = true;
    await this.#patterns.write(csvLines(rows));
  }
}

/** The column `segment`, which follows all others but the times, if rows come from two segments or more. */
class SegmentColumn {
  readonly #after: number;
  #first: number | undefined;
  #shown = false;

  /** @param after How many columns follow it. */
  constructor(after: number) {
    this.#after = after;
  }

  get shown(): boolean {
    return this.#shown;
  }

  /** How many columns other new ones go before. */
  get trailing(): number {
    return this.#after + (this.#shown ? 1 : 0);
  }

  /**
   * Whether the column has to be shown now, because a row is from another segment than the first. Looks at every number
   * from `from` on that is `width` after the one before.
   */
  differs(numbers: Float64Array, from = 0, width = 1): boolean {
    if (this.#shown) return false;
    for (let at = from; at < numbers.length; at += width) {
      const segment = numbers[at] ?? 0;
      this.#first ??= segment;
      if (segment !== this.#first) return true;
    }
    return false;
  }

  async show(file: CsvFile): Promise<void> {
    this.#shown = true;
    await file.addColumns(["segment"], formatCount(this.#first ?? 0), this.#after);
  }
}
