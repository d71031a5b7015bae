/** Parquet files: training.parquet, validation.parquet, patterns.parquet, with the columns of the CSV files. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { instant } from "../core/timestamp.js";
import { settledOrder } from "../run/metric-columns.js";
import { hasLabels, isMeasured, type RunUpdate } from "../run/run-reader.js";
import { LABELS, TRAINING as TRAINING_NAMES, VALIDATION } from "./csv/columns.js";
import { PATTERNS, patternRows } from "./pattern-rows.js";
import { ColumnBuffer } from "./tables/column-buffer.js";
import type { Cell, Column } from "./tables/columns.js";
import { type Compression, loadCompressor } from "./tables/compression.js";
import { LogValidations, putMetrics } from "./tables/log-validations.js";
import { encodeRowGroup, programName, type RowGroup } from "./tables/parquet.js";
import { ParquetFile } from "./tables/parquet-file.js";
import { columnsOf } from "./tables/schema.js";
import { valuesAt } from "./tables/small-table.js";
import { putTraining } from "./tables/training-rows.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "./update-publisher.js";

const SOURCE: Column = { name: "source", type: "text", optional: false };

/** The columns of these names, in this order. */
function trainingColumns(names: readonly string[]): readonly Column[] {
  return names.flatMap((name) => columnsOf("training").find((column) => column.name === name) ?? []);
}

const TRAINING = trainingColumns(TRAINING_NAMES);
const LABEL_COLUMNS = trainingColumns(LABELS);
const [SEGMENT, TIMESTAMP] = trainingColumns(["segment", "timestamp"]) as [Column, Column];

/** How Parquet files are written. */
export interface ParquetOptions {
  readonly folder: string;
  /** One set of files for several runs: the first column is the source. */
  readonly combine: boolean;
  /** Whether the user defined patterns. */
  readonly patterns: boolean;
  /** Of the program, for the files to name. */
  readonly version: string;
  readonly compression: Compression;
}

/** Writes the Parquet files of one folder: of one run, or with `combine` of several, one after the other. */
export class ParquetPublisher implements UpdatePublisher {
  readonly name = "Parquet";
  readonly #options: ParquetOptions;
  readonly #training: TrainingTable;
  readonly #validation: ValidationTable;
  readonly #patterns: PatternTable;
  #source = "";
  #measured = false;

  constructor(options: ParquetOptions) {
    this.#options = options;
    const { folder, combine, version, compression } = options;
    const file = (table: string) =>
      new ParquetFile(join(folder, `${table}.parquet`), { program: programName(version) });
    this.#training = new TrainingTable(file("training"), combine, compression);
    this.#validation = new ValidationTable(file("validation"), combine, compression);
    this.#patterns = new PatternTable(file("patterns"), compression);
  }

  open({ source }: OpenedRun): void {
    this.#source = source;
  }

  async publish(update: RunUpdate): Promise<void> {
    this.#measured ||= isMeasured(update.batch);
    const texts = this.#options.combine ? [this.#source] : [];
    await this.#training.add(texts, update);
    await this.#validation.add(texts, update);
    if (this.#options.patterns) await this.#patterns.add(this.#source, update);
  }

  async close(): Promise<PublisherOutcome> {
    if (!this.#measured) {
      await this.discard();
      return { outputs: [], nothingWritten: true };
    }
    const written = [this.#training, this.#validation, ...(this.#patterns.matched ? [this.#patterns] : [])];
    if (this.#options.patterns && !this.#patterns.matched)
      await rm(this.#patterns.file.path, { force: true });
    for (const table of written) await table.end();
    // One right after the other: a kill between them would leave files of two runs.
    await Promise.all(written.map(({ file }) => file.commit()));
    return { outputs: written.map(({ file }) => file.path) };
  }

  async discard(): Promise<void> {
    for (const { file } of [this.#training, this.#validation, this.#patterns]) await file.discard();
  }
}

/** A table of a log: its rows wait in columns until they are enough for a row group. */
abstract class LogTable {
  readonly file: ParquetFile;
  protected readonly head: readonly Column[];
  readonly #compression: Compression;
  #buffer: ColumnBuffer | undefined;
  #firstSegment: number | undefined;
  #segments = false;

  constructor(file: ParquetFile, combine: boolean, compression: Compression) {
    this.file = file;
    this.head = combine ? [SOURCE] : [];
    this.#compression = compression;
  }

  /** The buffer for rows that come from these segments. */
  protected async buffer(segments: ArrayLike<number>, columns: readonly Column[]): Promise<ColumnBuffer> {
    this.#firstSegment ??= segments[0];
    for (let row = 0; row < segments.length && !this.#segments; row += 1)
      this.#segments = segments[row] !== this.#firstSegment;
    const all = [...this.head, ...columns, SEGMENT, TIMESTAMP];
    this.#buffer ??= new ColumnBuffer(await this.file.open(), all, {
      compressor: await loadCompressor(this.#compression),
    });
    return this.#buffer;
  }

  /** Ends the file, with these columns besides those that every table has. */
  protected async endWith(columns: readonly Column[], renamed?: ReadonlyMap<string, string>): Promise<void> {
    this.#buffer?.close();
    const segment = this.#segments ? [SEGMENT] : [];
    const all = [...this.head, ...columns, ...segment, TIMESTAMP];
    await this.file.end(all, this.#buffer?.groups ?? [], renamed);
  }
}

class TrainingTable extends LogTable {
  #labels = false;

  async add(texts: readonly string[], { batch }: RunUpdate): Promise<void> {
    const { length, segment } = batch.training;
    if (length === 0) return;
    this.#labels ||= hasLabels(batch);
    const buffer = await this.buffer(segment, [...TRAINING, ...LABEL_COLUMNS]);
    buffer.add(texts, length, (from, to, filler) => putTraining(batch, from, to, filler));
  }

  end(): Promise<void> {
    return this.endWith([...TRAINING, ...(this.#labels ? LABEL_COLUMNS : [])]);
  }
}

class ValidationTable extends LogTable {
  readonly #rows: LogValidations;

  constructor(file: ParquetFile, combine: boolean, compression: Compression) {
    super(file, combine, compression);
    this.#rows = new LogValidations([...this.head.map(({ name }) => name), ...VALIDATION, TIMESTAMP.name]);
  }

  async add(texts: readonly string[], update: RunUpdate): Promise<void> {
    if (update.points.length === 0) return;
    const known = this.#rows.columns;
    const segments = update.points.map(({ segment }) => segment);
    const buffer = await this.buffer(segments, [...known]);
    const { rows, added } = this.#rows.take(update);
    buffer.addColumns(added);
    buffer.add(texts, rows.length, (from, to, filler) => {
      const some = rows.slice(from, to);
      putMetrics(this.#rows.columns, some, filler);
      const [segment, time] = [filler.number(SEGMENT.name), filler.number(TIMESTAMP.name)];
      for (const row of some) {
        segment?.push(row.segment);
        time?.push(instant(row.timestamp));
      }
    });
  }

  end(): Promise<void> {
    const { columns, renamed } = this.#rows;
    const types = new Map(columns.map((column) => [renamed.get(column.name) ?? column.name, column]));
    const names = settledOrder(
      columns.map(({ name }) => name),
      renamed,
    );
    const settled = names.flatMap((name) => {
      const column = types.get(name);
      return column === undefined ? [] : [{ ...column, name }];
    });
    return this.endWith(settled, renamed);
  }
}

/** Rows of a row group of matches, whose texts are in memory until then. */
const MATCHES = 10_000;

class PatternTable {
  readonly file: ParquetFile;
  readonly #columns: Column[] = [
    SOURCE,
    { name: "line", type: "count", optional: false },
    { name: "up", type: "count", optional: true },
    { name: "name", type: "text", optional: false },
  ];
  readonly #compression: Compression;
  readonly #groups: RowGroup[] = [];
  #rows: Cell[][] = [];

  constructor(file: ParquetFile, compression: Compression) {
    this.file = file;
    this.#compression = compression;
  }

  get matched(): boolean {
    return this.#groups.length > 0 || this.#rows.length > 0;
  }

  async add(source: string, { batch }: RunUpdate): Promise<void> {
    for (const { line, up, name, groups } of patternRows(batch)) {
      for (const group of groups.keys())
        if (!this.#columns.some((column) => column.name === group))
          this.#columns.push({ name: group, type: "text", optional: true });
      const texts = this.#columns.slice(PATTERNS.length).map((column) => groups.get(column.name));
      this.#rows.push([source, line, up, name, ...texts]);
      if (this.#rows.length === MATCHES) await this.#write();
    }
  }

  async end(): Promise<void> {
    await this.#write();
    await this.file.end(this.#columns, this.#groups);
  }

  async #write(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows.splice(0);
    const part = await this.file.open();
    const columns = this.#columns.map((column, index) => ({ ...column, values: valuesAt(rows, index) }));
    const options = { compressor: await loadCompressor(this.#compression) };
    this.#groups.push(encodeRowGroup(columns, rows.length, part.size, options, (bytes) => part.push(bytes)));
  }
}
