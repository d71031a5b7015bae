/**
 * The tables of an archive or a group, defined once. They have these columns, types and order whatever the data, the
 * format and the command.
 */
import type { Column, ColumnType, TableName } from "./columns.js";

/**
 * Semantic: a new optional column at the end of a table is a minor version; any other change of columns, types, order,
 * keys or meaning is a major one.
 */
export const SCHEMA_VERSION = "1.0.0";

/** A column, and what it means. */
export interface SchemaColumn extends Column {
  readonly unit?: string;
  /** Markdown. */
  readonly description: string;
}

/** A table. */
export interface TableSchema {
  readonly name: TableName;
  /** What a row is. */
  readonly row: string;
  /** The columns that no two rows have in common; one that is absent counts as a value of its own. */
  readonly key: readonly string[];
  /** Parquet files say so of every row group whose rows are sorted by these columns, as archives mostly are. */
  readonly order: readonly string[];
  readonly columns: readonly SchemaColumn[];
}

/** A column that every row has. */
function required(type: ColumnType, name: string, description: string, unit?: string): SchemaColumn {
  return { name, type, optional: false, ...(unit === undefined ? {} : { unit }), description };
}

function optional(type: ColumnType, name: string, description: string, unit?: string): SchemaColumn {
  return { ...required(type, name, description, unit), optional: true };
}

/** What every table starts with: the name of the run. */
export const RUN_COLUMNS: readonly SchemaColumn[] = [
  required("text", "project", "the language pair (`en-cs`), or `ci`"),
  required("text", "group", "the experiment: `<name>_<group id>`, or the name of the folder"),
  required("text", "run", "the run as Weights & Biases calls it: `teacher-1_aY25-`; unique in its project"),
];

/** What rows of logs have in common. */
const POSITION = [
  required("count", "segment", "the start of Marian in this log: 0, then 1 more after each restart"),
  required(
    "count",
    "line",
    "the line of the record in its log, from 1 on; of a validation, its first record's. Lines that `valid.log` adds to a log count",
  ),
  optional(
    "timestamp",
    "timestamp",
    "when that record was printed, in UTC; Marian's clock is taken for UTC if the log tells no zone and `--time-zone` is not given",
  ),
];

const KNOWN = [
  ["chrf", "chrF"],
  ["ce_mean_words", "`ce-mean-words`, the cross-entropy per word"],
  ["bleu_detok", "`bleu-detok`, BLEU of detokenised text"],
  ["perplexity", "perplexity"],
] as const;

const training: TableSchema = {
  name: "training",
  row: "a training record: a line `Ep. … : Up. … : Sen. … : Cost …`",
  key: ["project", "group", "run", "segment", "up", "line"],
  order: ["project", "group", "run", "segment", "line"],
  columns: [
    ...RUN_COLUMNS,
    ...POSITION,
    required("epoch", "epoch", "the epoch, from 1 on; with decimals if logical epochs are on", "epochs"),
    required("count", "up", "the update", "updates"),
    required("count", "sen", "sentences read in this epoch", "sentences"),
    required("float", "cost", "the cost, as `--cost-type` says; may be NaN or infinite"),
    optional("float", "time", "time since the record before", "seconds"),
    optional("float", "rate", "speed since the record before", "words per second"),
    optional("float", "gnorm", "norm of the gradient"),
    optional("float", "learning_rate", "learning rate"),
    optional("count", "labels", "labels since the record before: the number after `Cost … *`", "labels"),
    optional("count", "batch_labels", "labels of the batch: the number after `@`", "labels"),
    optional("count", "total_labels", "labels up to now: the number after `after`", "labels"),
  ],
};

const validation: TableSchema = {
  name: "validation",
  row: "a validation: all metrics of one update",
  key: ["project", "group", "run", "segment", "up", "line"],
  order: ["project", "group", "run", "segment", "line"],
  columns: [
    ...RUN_COLUMNS,
    ...POSITION,
    optional("epoch", "epoch", "the epoch; Marian before 1.5 does not print it", "epochs"),
    required("count", "up", "the update", "updates"),
    ...KNOWN.map(([name, text]) => optional("float", name, text)),
    ...KNOWN.map(([name]) =>
      optional(
        "float",
        `${name}_stalled`,
        `for how many validations in a row \`${name}\` has not improved; absent for a new best`,
        "validations",
      ),
    ),
    optional(
      "metrics",
      "further",
      "every other metric by its name, in which `-` is `_` (`cross_entropy`), and its stalls as `<name>_stalled`",
    ),
  ],
};

const evaluations: TableSchema = {
  name: "evaluations",
  row: "an evaluation of a model on a dataset",
  key: ["project", "group", "run", "importer", "dataset", "augmentation"],
  order: ["project", "group", "run"],
  columns: [
    ...RUN_COLUMNS,
    required("text", "model", "the run without the suffix of its group: `teacher-1`, `student`, `quantized`"),
    required(
      "text",
      "importer",
      "where the dataset comes from: `flores`, `sacrebleu`; `unknown` if that is not known",
    ),
    optional("text", "dataset", "the dataset: `devtest`, `wmt19`; absent for an importer with a single one"),
    optional("text", "augmentation", "how the dataset was changed: `aug-mix`; absent if it was not"),
    optional("float", "bleu_detok", "BLEU", "0 to 100"),
    optional("float", "chrf", "chrF", "0 to 100"),
    optional("float", "comet", "COMET times 100"),
    optional("metrics", "further", "every other metric by its own name and scale"),
  ],
};

const runs: TableSchema = {
  name: "runs",
  row: "a run; without a log it has its name and kind alone",
  key: ["project", "group", "run"],
  order: ["project", "group", "run"],
  columns: [
    ...RUN_COLUMNS,
    required("text", "run_id", "the id at Weights & Biases, which is the name of the run"),
    required("text", "kind", "`training`, or `evaluation` for a model that has evaluations and no log"),
    optional("text", "source", "the log: a path or a URL"),
    optional("text", "marian_version", "of the last segment with records: `v1.12.14`"),
    optional("count", "segments", "starts of Marian in the log"),
    optional(
      "timestamp",
      "started",
      "when the first start or record was printed, in UTC as `timestamp` of `training`",
    ),
    optional("timestamp", "ended", "when the last record was printed"),
    optional("epoch", "last_epoch", "of the last training record, or validation if there is none", "epochs"),
    optional("count", "last_update", "likewise", "updates"),
    optional("count", "training_rows", "rows in `training`"),
    optional("count", "validation_points", "rows in `validation`"),
    optional("count", "partial_points", "those among them that lack a metric"),
    optional("count", "unmatched", "lines that look like records and could not be read", "lines"),
    optional("text", "error", "what is wrong with the files of the run; absent if nothing is"),
    optional(
      "boolean",
      "finished",
      "whether the log says that the training has finished; absent if it was not read to its end",
    ),
    optional(
      "metrics",
      "further",
      "for each metric of `validation` whose direction is known its best value, `best_<name>`, and the update of that, `best_<name>_update`, which is absent if only Marian's `last best` shows the value",
    ),
  ],
};

/** The tables by their names. */
export const SCHEMA: Readonly<Record<TableName, TableSchema>> = { training, validation, evaluations, runs };

/** The columns of a table. */
export function columnsOf(table: TableName): readonly SchemaColumn[] {
  return SCHEMA[table].columns;
}

/** By which column the files of a table are divided into folders; undefined if they are not. */
export type PartitionColumn = "project" | undefined;

/** A table as its files hold it. A column by which they are divided is in the names of their folders. */
export function fileSchema(
  table: TableName,
  partitionBy: PartitionColumn,
): Pick<TableSchema, "columns" | "order"> {
  const { columns, order } = SCHEMA[table];
  if (partitionBy === undefined) return { columns, order };
  return {
    columns: columns.filter(({ name }) => name !== partitionBy),
    order: order.filter((name) => name !== partitionBy),
  };
}

/** What every Parquet file of a table says of itself. `inputs` is a digest of what it was made of. */
export function tableMetadata(
  table: TableName,
  version: string,
  inputs: string,
  partitionBy?: PartitionColumn,
): Record<string, string> {
  return {
    "marian_tracking.version": version,
    "marian_tracking.table": table,
    "marian_tracking.schema_version": SCHEMA_VERSION,
    "marian_tracking.inputs": inputs,
    ...(partitionBy === undefined ? {} : { "marian_tracking.partition_by": partitionBy }),
  };
}
