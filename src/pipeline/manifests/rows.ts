/** A run of a manifest as rows of all tables. */

import type { Problem } from "../../archive/group.js";
import { readEvaluations } from "../../archive/read-group.js";
import { completeLog } from "../../archive/validation-log/join.js";
import type { ParserOptions } from "../../core/log-parser.js";
import type { Source } from "../../io/source.js";
import type { RunName, TableName } from "../../publishers/tables/columns.js";
import type { RowLines } from "../../publishers/tables/stream-rows.js";
import type { UpdatePublisher } from "../../publishers/update-publisher.js";
import { RunExtentReader } from "../../run/run-extent.js";
import { outputErrorText } from "../error-text.js";
import { type InputReceipt, problem, publisherErrors } from "../input-receipt.js";
import { type LogControl, publishLog } from "../publish-log.js";
import { outcomeOf } from "../tables/outcome.js";
import type { PartLog } from "../tables/part.js";
import { evaluationRow, runRow } from "../tables/rows.js";
import type { ManifestAccess } from "./access.js";
import type { ManifestRun } from "./manifest.js";
import { evaluationFilesOf } from "./plan.js";

/** Where rows go. */
export interface RowOutput {
  readonly lines: RowLines;
  /** The only table that is asked for; absent: all. */
  readonly table: TableName | undefined;
  /** Bytes need not hold longer than until they are written. */
  write(lines: string | Uint8Array): Promise<void>;
}

/** What became of a run. */
export interface RowsReceipt {
  /** Absent if the run has no log, or its table was not asked for. */
  readonly log?: InputReceipt;
  /** What is wrong with its files; the row of the table of runs has it too. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Why rows could not be written. */
  readonly outputErrors: readonly string[];
}

/**
 * Writes the rows of a run: training, validation, evaluations, and the run's own, with what is wrong with it. Their
 * order depends on the files alone. An error of a file is in the receipt.
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
  const receipt = log === undefined ? undefined : await publishLog(log, options, rows.publishers, control);
  const outputErrors = receipt === undefined ? [] : publisherErrors(receipt);
  const error = receipt === undefined ? undefined : problem(receipt, false);
  const asksScores = !access.hasFailed && (asks("evaluations") || asks("runs"));
  const scores = asksScores ? await evaluationsOf(run, access) : NO_SCORES;
  const errors = [...(error === undefined ? [] : [error]), ...scores.errors];
  let text = "";
  if (asks("evaluations")) {
    const cells = scores.evaluations.map((evaluation) => evaluationRow({ ...name, evaluation }));
    text += output.lines.rows("evaluations", cells);
  }
  if (asks("runs")) {
    const read = receipt && { facts: rows.facts, receipt, outcome: outcomeOf(receipt, receipt.summary) };
    text += output.lines.rows("runs", [runRow({ ...name, log, errors: scores.errors }, read)]);
  }
  try {
    const isWhole = control.signal?.aborted !== true && !access.hasFailed;
    if (isWhole && outputErrors.length === 0) {
      for (const lines of rows.validation) await output.write(lines);
      if (text !== "") await output.write(text);
    }
  } catch (reason) {
    outputErrors.push(outputErrorText(reason));
  }
  const { warnings } = scores;
  return { ...(receipt === undefined ? {} : { log: receipt }), errors, warnings, outputErrors };
}

/** The log of a run, completed by its log of validations; undefined for a run with evaluations only. */
export async function logOf(
  { files }: ManifestRun,
  access: Pick<ManifestAccess, "source">,
): Promise<Source | undefined> {
  const [log, validationLog] = files.map((file) => access.source(file));
  return log === undefined ? undefined : await completeLog(log, validationLog);
}

/** The rows of a log. Validation rows wait for its end: the order of all must not depend on the chunks. */
class LogRows {
  readonly publishers: readonly UpdatePublisher[];
  readonly #reader = new RunExtentReader();
  readonly #validation: Uint8Array[] = [];

  constructor(name: RunName, output: RowOutput, asks: (table: TableName) => boolean) {
    const points = asks("validation") ? output.lines.points(name) : undefined;
    const asksTraining = asks("training");
    const publisher: UpdatePublisher = {
      name: "rows",
      publish: async (update) => {
        this.#reader.see(update);
        // The lines hold until the core is called again.
        if (points !== undefined && update.closed.length > 0)
          this.#validation.push(points.lines(update).slice());
        if (!asksTraining || update.batch.training.length === 0) return;
        await output.write(output.lines.training(name, update.batch));
      },
      close: async () => ({ outputs: [] }),
      discard: async () => {},
    };
    this.publishers = [publisher];
  }

  get facts(): PartLog["facts"] {
    return this.#reader.facts;
  }

  /** All validation rows as lines. */
  get validation(): readonly Uint8Array[] {
    return this.#validation;
  }
}

/** What is known of evaluations that nobody asks for. */
export const NO_SCORES = { evaluations: [], errors: [], warnings: [] } as const;

/** The evaluations of a run, and what is wrong with their files. */
export async function evaluationsOf(run: ManifestRun, access: ManifestAccess) {
  const problems: Problem[] = [];
  const evaluations = await readEvaluations(evaluationFilesOf(run), access, problems);
  const reasons = (wanted: Problem["severity"]) =>
    problems
      .filter(({ severity }) => severity === wanted)
      .map(({ source, reason }) => `${source}: ${reason}`);
  return { evaluations, errors: reasons("failure"), warnings: reasons("warning") };
}
