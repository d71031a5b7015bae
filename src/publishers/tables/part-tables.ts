/** The training and validation tables of some runs: parts that are joined to those of all runs. */
import { hasLabels, type RunUpdate } from "../../run/run-reader.js";
import {
  LABEL_COLUMNS,
  RUN_COLUMNS,
  type RunName,
  SEGMENT,
  type TableFormat,
  TRAINING_COLUMNS,
  VALIDATION_COLUMNS,
} from "./columns.js";
import { PartFiles, type PartTableName, type TablePart } from "./part-files.js";
import { csvHead, jsonHead } from "./row-text.js";
import { putTraining, trainingJson } from "./training-rows.js";
import {
  putValidation,
  type ValidationRow,
  ValidationRows,
  validationCsv,
  validationJson,
} from "./validation-rows.js";

/** A part, but for its runs. */
export type PartTablesSummary = Readonly<Record<PartTableName, TablePart>>;

/** Where a run's rows have come from up to now. */
interface RunState {
  readonly name: RunName;
  readonly csvHead: string;
  readonly csvHeadBytes: Uint8Array;
  readonly jsonHead: string;
  /** The segment of the first row in each table. */
  readonly first: { training?: number; validation?: number };
}

/** Writes the part's files into a folder that is there; one run after the other. */
export class PartTables {
  readonly #training: TrainingPart;
  readonly #validation: ValidationPart;

  constructor(folder: string, formats: readonly TableFormat[]) {
    this.#training = new TrainingPart(new PartFiles(folder, "training", formats, TRAINING_COLUMNS));
    this.#validation = new ValidationPart(new PartFiles(folder, "validation", formats, VALIDATION_COLUMNS));
  }

  /** Begins a run: its updates go to the function that is returned, which throws what the disk says. */
  startRun(name: RunName): (update: RunUpdate) => void {
    const head = csvHead(name);
    const run: RunState = {
      name,
      csvHead: head,
      csvHeadBytes: new TextEncoder().encode(head),
      jsonHead: jsonHead(name),
      first: {},
    };
    return (update) => {
      this.#training.add(run, update);
      this.#validation.add(run, update);
    };
  }

  /** Ends the part: its files are complete. */
  close(): PartTablesSummary {
    try {
      this.#training.files.close();
    } finally {
      this.#validation.files.close();
    }
    return { training: this.#training.summary, validation: this.#validation.summary };
  }
}

class TrainingPart {
  readonly files: PartFiles;
  #labels = false;
  #segments = false;

  constructor(files: PartFiles) {
    this.files = files;
  }

  add({ name, csvHeadBytes, jsonHead: head, first }: RunState, { batch }: RunUpdate): void {
    const rows = batch.training.length;
    if (rows === 0) return;
    const segment = batch.training.segment[0] ?? 0;
    first.training ??= segment;
    // Segments only grow within a log.
    const last = batch.training.segment[rows - 1];
    if (first.training !== last) this.#segments = true;
    if (hasLabels(batch)) this.#labels = true;
    // What is known to be a column of the whole table is written at once, but not out of its order.
    const shown = { labels: this.#labels, segment: segment !== last || (this.#segments && this.#labels) };
    const columns = [
      ...TRAINING_COLUMNS,
      ...(shown.labels ? LABEL_COLUMNS : []),
      ...(shown.segment ? [SEGMENT] : []),
    ];
    const names = columns.map((column) => column.name);
    this.files.csv?.add(batch.trainingCsv(shown, csvHeadBytes), names, segment);
    this.files.ndjson?.add(trainingJson(batch, head, shown.segment), names, segment);
    this.files.columns?.add([name.project, name.group, name.run], rows, (from, to, put) =>
      putTraining(batch, from, to, put),
    );
  }

  get summary(): TablePart {
    return { labels: this.#labels, segments: this.#segments, metrics: [], ...this.files.summary };
  }
}

class ValidationPart {
  readonly files: PartFiles;
  readonly #rows = new ValidationRows();
  #segments = false;

  constructor(files: PartFiles) {
    this.files = files;
  }

  add(run: RunState, update: RunUpdate): void {
    if (update.points.length === 0) return;
    const { rows, added } = this.#rows.take(update);
    this.files.columns?.addColumns(added);
    // Each stretch of rows from one segment by itself.
    for (let from = 0, to = 0; from < rows.length; from = to) {
      const segment = rows[from]?.segment ?? 0;
      while (to < rows.length && rows[to]?.segment === segment) to += 1;
      run.first.validation ??= segment;
      if (run.first.validation !== segment) this.#segments = true;
      this.#write(run, rows.slice(from, to), segment);
    }
  }

  #write(
    { name, csvHead: csv, jsonHead: json }: RunState,
    rows: readonly ValidationRow[],
    segment: number,
  ): void {
    const { columns } = this.#rows;
    const names = [...RUN_COLUMNS, ...columns].map((column) => column.name);
    this.files.csv?.add(validationCsv(columns, rows, csv), names, segment);
    this.files.ndjson?.add(validationJson(columns, rows, json), names, segment);
    this.files.columns?.add([name.project, name.group, name.run], rows.length, (from, to, put) =>
      putValidation(columns, rows.slice(from, to), put),
    );
  }

  get summary(): TablePart {
    return {
      labels: false,
      segments: this.#segments,
      metrics: [...this.#rows.metrics],
      ...this.files.summary,
    };
  }
}
