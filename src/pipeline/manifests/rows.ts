/** Reads a run of a manifest and gives its rows, of all tables. */

import { readGroup } from "../../archive/read-group.js";
import { joinValidations } from "../../archive/validation-log/join.js";
import type { ParserOptions } from "../../core/log-parser.js";
import type { Source } from "../../io/source.js";
import {
  RUN_COLUMNS,
  RUNS_COLUMNS,
  type RunName,
  SEGMENT,
  type TableName,
} from "../../publishers/tables/columns.js";
import { RunFactsReader } from "../../publishers/tables/run-facts.js";
import type { RowLines } from "../../publishers/tables/stream-rows.js";
import { type ValidationRow, ValidationRows } from "../../publishers/tables/validation-rows.js";
import { outputErrorText } from "../error-text.js";
import {
  type InputReceipt,
  type LogControl,
  type PublisherFactory,
  problem,
  publishLog,
} from "../publish-log.js";
import type { PartLog } from "../tables/part.js";
import { evaluationTable, runRows } from "../tables/rows.js";
import type { ManifestAccess } from "./access.js";
import type { ManifestRun } from "./manifest.js";
import { groupsOf } from "./plan.js";

/** Where rows go. */
export interface RowOutput {
  readonly lines: RowLines;
  /** The only table that is asked for; absent: all. */
  readonly table: TableName | undefined;
  write(lines: string): Promise<void>;
}

/** What became of a run. */
export interface RowsReceipt {
  readonly run: ManifestRun;
  /** Absent where the run has no log, or it was not asked for. */
  readonly log?: InputReceipt;
  /** What is wrong with its files; rows tell it too, where those of the table of runs are asked for. */
  readonly faults: readonly string[];
  readonly remarks: readonly string[];
  /** Why rows could not be written. */
  readonly sinkErrors: readonly string[];
}

/**
 * Writes the rows of a run: of training, of validation, of evaluations, and one for the run, with what is wrong with it.
 * Their order depends on the files alone. Never throws for a fault of a file.
 */
export async function writeRunRows(
  run: ManifestRun,
  access: ManifestAccess,
  output: RowOutput,
  options: ParserOptions,
  control: LogControl,
): Promise<RowsReceipt> {
  const { project, group, run_id } = run;
  const name = { project, group, run: run_id };
  const asks = (table: TableName) => output.table === undefined || output.table === table;
  const log = run.files.length > 0 && output.table !== "evaluations" ? await logOf(run, access) : undefined;
  const rows = new LogRows(name, output, asks);
  const receipt = log === undefined ? undefined : await publishLog(log, options, rows.factory, control);
  const sinkErrors = [...(receipt?.sinkErrors ?? [])];
  const fault = receipt === undefined ? undefined : problem(receipt, false);
  const asksScores = access.troubles.length === 0 && (asks("evaluations") || asks("runs"));
  const scores = asksScores ? await evaluationsOf(run, access) : NO_SCORES;
  const faults = [...(fault === undefined ? [] : [fault]), ...scores.faults];
  let text = rows.validation();
  if (asks("evaluations")) {
    const table = evaluationTable(scores.evaluations.map((evaluation) => ({ ...name, evaluation })));
    text += output.lines.rows("evaluations", table.columns, table.rows);
  }
  if (asks("runs")) {
    const logs: PartLog[] = receipt === undefined ? [] : [{ facts: rows.facts, receipt }];
    const cells = runRows([{ ...name, log }], logs).map((row) => withError(row, faults));
    text += output.lines.rows("runs", RUNS_COLUMNS, cells);
  }
  try {
    const isWhole = control.signal?.aborted !== true && access.troubles.length === 0;
    if (isWhole && sinkErrors.length === 0 && text !== "") await output.write(text);
  } catch (error) {
    sinkErrors.push(outputErrorText(error));
  }
  const { remarks } = scores;
  return { run, ...(receipt === undefined ? {} : { log: receipt }), faults, remarks, sinkErrors };
}

/** The log of a run with what its log of validations has beside it. */
export async function logOf({ files }: ManifestRun, access: ManifestAccess): Promise<Source | undefined> {
  const [log, validationLog] = files.map((file) => access.source(file));
  if (log === undefined || validationLog === undefined) return log;
  return await joinValidations(log, validationLog);
}

/** The rows of a log. Those of validation wait for its end: how chunks fall must not change the order. */
class LogRows {
  readonly factory: PublisherFactory;
  readonly #name: RunName;
  readonly #output: RowOutput;
  readonly #asksValidation: boolean;
  readonly #table = new ValidationRows();
  readonly #rows: ValidationRow[] = [];
  #reader: RunFactsReader | undefined;

  constructor(name: RunName, output: RowOutput, asks: (table: TableName) => boolean) {
    this.#name = name;
    this.#output = output;
    this.#asksValidation = asks("validation");
    const asksTraining = asks("training");
    this.factory = ({ time }) => {
      const reader = new RunFactsReader(time);
      this.#reader = reader;
      return [
        {
          name: "rows",
          publish: async (update) => {
            reader.see(update);
            if (this.#asksValidation) this.#rows.push(...this.#table.take(update).rows);
            if (!asksTraining || update.batch.training.length === 0) return;
            await output.write(output.lines.training(name, update.batch));
          },
          close: async () => ({ outputs: [] }),
          discard: async () => {},
        },
      ];
    };
  }

  get facts(): PartLog["facts"] {
    return this.#reader?.facts ?? {};
  }

  /** All validation rows as lines. */
  validation(): string {
    const { project, group, run } = this.#name;
    const columns = this.#table.settled;
    const rows = this.#rows.map(({ segment, cells }) => {
      const row = columns.map((_column, index) => cells[index]);
      return [project, group, run, ...row, segment];
    });
    return this.#output.lines.rows("validation", [...RUN_COLUMNS, ...columns, SEGMENT], rows);
  }
}

const NO_SCORES = { evaluations: [], faults: [], remarks: [] } as const;

/** The evaluations of a run, and what is wrong with their files. */
export async function evaluationsOf(run: ManifestRun, access: ManifestAccess) {
  if (run.evaluations.length === 0) return NO_SCORES;
  access.know(run);
  const [files] = groupsOf([{ ...run, files: [] }]);
  if (files === undefined) return NO_SCORES;
  const { config: _config, logsFolder: _logs, ...scores } = files;
  const { evaluations, problems } = await readGroup(scores, access);
  access.forget(run);
  const said = (wanted: string) =>
    problems
      .filter(({ severity }) => severity === wanted)
      .map(({ source, reason }) => `${source}: ${reason}`);
  return { evaluations, faults: said("failure"), remarks: said("warning") };
}

function withError(row: (string | number | undefined)[], faults: readonly string[]) {
  if (faults.length === 0) return row;
  const cells = RUNS_COLUMNS.map((_column, index) => row[index]);
  cells[RUNS_COLUMNS.length - 1] = faults.join("; ");
  return cells;
}
