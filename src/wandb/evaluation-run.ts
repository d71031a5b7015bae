/** Publishes the evaluations of a model without its training. */
import type { Evaluation } from "../evaluation/evaluation.js";
import type { PublisherOutcome } from "../publishers/update-publisher.js";
import type { ExistingRun } from "./client/existing-run.js";
import type { JsonObject } from "./client/format/json.js";
import { type RowTable, rowKey } from "./client/format/row-table.js";
import { tableReferences } from "./client/format/table.js";
import { alreadyThere } from "./outcome.js";
import type { WandbPlace } from "./publication.js";
import { chartsOf, evaluationTables, tableState } from "./run-tables.js";
import { nextPosition, type RunState, type TableFile, TableRun } from "./table-run.js";
import type { RunWriter } from "./transports/transport.js";

/** Evaluations of one model. */
export interface EvaluationPublication extends WandbPlace {
  /** The run of the model. */
  readonly id: string;
  readonly evaluations: readonly Evaluation[];
  /** Keys of the configuration. */
  readonly config?: JsonObject;
  /** Sends tables again that are there already. */
  readonly override?: boolean;
}

/**
 * Publishes a table with a bar chart for each evaluation. The run may be there: its rows, charts and tables stay, also
 * those that others add at the same moment, and what is there already is not sent again.
 *
 * @throws WandbError with a sentence for the user.
 */
export async function publishEvaluationRun(publication: EvaluationPublication): Promise<PublisherOutcome> {
  const { id, evaluations, config = {}, override = false, transport } = publication;
  const own = evaluationTables(evaluations);
  const run = new TableRun(publication, id);
  return run.settle(async (state, again) => {
    const existing = state?.existing ?? null;
    if (transport === "sdk" && existing !== null) {
      run.note(`@wandb/sdk does not publish tables: nothing was added to the run ${id}`);
      return undefined;
    }
    const asked = own.filter((table) => (override && !again) || tableState(existing, table) !== "unchanged");
    const tables = again && state !== undefined ? [...asked, ...(await lostTables(state, own))] : asked;
    if (tables.length === 0 && existing !== null) {
      if (!again) run.note(alreadyThere(own.length, "table"));
      return undefined;
    }
    return { config, work: (run) => addTables(run, existing, tables) };
  });
}

/** Rows belong to the training: the tables join its last one. */
async function addTables(
  run: RunWriter,
  existing: ExistingRun | null,
  tables: readonly RowTable[],
): Promise<void> {
  if (existing !== null && existing.rows > 0 && run.completeLastRow !== undefined)
    await run.completeLastRow(tableReferences(existing.summary), tables);
  else await run.history({}, nextPosition(existing), tables);
}

/** Tables of others that were logged and are not in the summary: somebody wrote over it who did not know of them. */
async function lostTables({ existing, files }: RunState, own: readonly RowTable[]): Promise<RowTable[]> {
  const known = new Set(own.map(rowKey));
  const newest = new Map<string, TableFile>();
  for (const file of files)
    if (file.key.endsWith("_table") && !known.has(file.key)) newest.set(file.key, file);
  const lost: RowTable[] = [];
  for (const [key, file] of newest) {
    const name = key.slice(0, -"_table".length);
    if (existing?.summary[key] !== undefined && chartsOf(existing)[name] !== undefined) continue;
    const table = await file.read().catch(() => undefined);
    const [label, value] = table?.columns ?? [];
    // Charts of other kinds were made by somebody else, who knows how to draw them.
    if (table === undefined || label !== "Metric" || value !== "Value") continue;
    lost.push({ name, table, chart: { label, value, title: name } });
  }
  return lost;
}
