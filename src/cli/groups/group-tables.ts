/** The tables of groups: written when something has changed since the last time. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Group } from "../../archive/group.js";
import type { Ledger } from "../../pipeline/groups/ledger.js";
import { digestOf, evaluationFacts, type Facts } from "../../pipeline/groups/run-digest.js";
import {
  type EvaluationRow,
  type TableRun,
  type TablesOptions,
  writeTables,
} from "../../pipeline/tables/job.js";
import { TABLES } from "../../publishers/tables/columns.js";
import { TABLES_FORM } from "../../publishers/tables/form.js";
import type { TablesReceipt } from "../receipts/group-receipt.js";

/** How tables are made. */
export interface TablesRequest extends TablesOptions {
  readonly only: "training" | "evaluations" | undefined;
  /** Writes the tables though nothing has changed. */
  readonly again: boolean;
  /** Writes nothing: the receipt tells whether anything has changed. */
  readonly dryRun: boolean;
  readonly ledger: Ledger;
}

/** What goes into the tables. */
interface Content {
  readonly runs: readonly TableRun[];
  readonly evaluations: readonly EvaluationRow[];
  /** Differs when any of it does; absent where that can't be told. */
  readonly digest: string | undefined;
}

/** What the ledger calls the tables. */
const KEY = "tables";

/**
 * Writes the tables of all groups into the folder, unless the ledger and the files show that they are there as they
 * would be. Faults of the logs that went into them are told again then.
 */
export async function makeTables(
  groups: AsyncIterable<Group>,
  request: TablesRequest,
): Promise<TablesReceipt> {
  const { folder, formats, ledger, dryRun } = request;
  const { runs, evaluations, digest } = await contentOf(groups, request);
  const files = TABLES.flatMap((table) => formats.map((format) => join(folder, `${table}.${format}`)));
  const about = { evaluations: evaluations.length, errors: [] };
  const known = request.again ? undefined : ledger.get(KEY);
  if (known !== undefined && known.digest === digest && known.stamp === (await stampOf(files)))
    return { ...about, state: "unchanged", logs: [], faults: readFaults(known.error), outputs: files };
  const state = known === undefined ? "new" : "changed";
  if (dryRun) return { ...about, state, logs: [], faults: [], outputs: files };
  const { logs, outputs, errors } = await writeTables(runs, evaluations, request);
  const faults = logs.flatMap(({ log, error }) =>
    error === undefined ? [] : [{ source: log.source, reason: error }],
  );
  const stamp = await stampOf(files);
  // Of a log that a training is writing, the end may be missing: the tables are made again the next time.
  const whole = logs.every(({ log }) => log.running !== true);
  if (errors.length === 0 && whole && digest !== undefined && stamp !== undefined) {
    const entry = { key: KEY, digest, stamp, run: "", rows: runs.length };
    await ledger.put(faults.length === 0 ? entry : { ...entry, error: JSON.stringify(faults) });
  }
  return { ...about, state, logs, faults, outputs, errors };
}

async function contentOf(groups: AsyncIterable<Group>, request: TablesRequest): Promise<Content> {
  const { only, version, formats, parser } = request;
  const runs: TableRun[] = [];
  const evaluations: EvaluationRow[] = [];
  const facts: Facts[] = [[TABLES_FORM, version, formats, only ?? null, parser]];
  let known = true;
  for await (const { project, name: group, runs: found, evaluations: scores, suffix } of groups) {
    const ids = new Map<string, string>();
    for (const { id, model, log, validationLog } of found) {
      ids.set(model, ids.get(model) ?? id);
      if (only !== undefined && (log !== undefined) !== (only === "training")) continue;
      runs.push({ project, group, run: id, log, validationLog });
      facts.push([project, group, id, log?.name ?? null, log?.stamp ?? null, validationLog?.stamp ?? null]);
      known &&= log === undefined || log.stamp !== undefined;
    }
    if (only === "training") continue;
    for (const evaluation of scores) {
      const run = ids.get(evaluation.run) ?? `${evaluation.run}${suffix}`;
      evaluations.push({ project, group, run, evaluation });
      facts.push([project, group, run, ...evaluationFacts(evaluation)]);
    }
  }
  return { runs, evaluations, digest: known ? digestOf(facts) : undefined };
}

function readFaults(text: string | undefined): TablesReceipt["faults"] {
  return text === undefined ? [] : (JSON.parse(text) as TablesReceipt["faults"]);
}

/** Sizes and times of files; undefined where one is missing. */
async function stampOf(paths: readonly string[]): Promise<string | undefined> {
  const stamps: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) return undefined;
    stamps.push(`${info.size} ${info.mtimeMs}`);
  }
  return stamps.join(", ");
}
