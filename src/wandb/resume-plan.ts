/** How a run is resumed: what of it the server holds, and what is still to be sent. */

import { counted } from "../check/format.js";
import type { Budget } from "../http/index.js";
import type { Note } from "../publishers/update-publisher.js";
import type { StepRow } from "../run/step-rows.js";
import { isNotTaken, WandbError } from "./client/errors.js";
import { type ExistingRun, findRun } from "./client/existing-run.js";
import type { JsonObject } from "./client/format/json.js";
import { type RowTable, rowKey } from "./client/format/row-table.js";
import { tableReferences } from "./client/format/table.js";
import type { WandbClient } from "./client/wandb-client.js";
import { alreadyThere } from "./outcome.js";
import type { WandbPublication } from "./publication.js";
import { RowDigest, storedDigest } from "./row-digest.js";
import { TASK_SECTIONS } from "./run-config.js";
import { chartsOf, tableState } from "./run-tables.js";

/** How a run is resumed. */
export interface ResumePlan {
  readonly id: string;
  /** The run to go on with; null for none. */
  readonly existing: ExistingRun | null;
  /** "replace" begins with an empty run. */
  readonly resume: "allow" | "replace";
  /** Whether rows that the server holds are written over from the first. */
  readonly replaced: boolean;
  /** Rows that the server holds of the run that was asked for. */
  readonly held: number;
  /** Rows and console lines of the log that the server holds already. */
  readonly rows: number;
  readonly lines: number;
  /** Tables to send, with the last row. */
  readonly tables: readonly RowTable[];
  /** Tables that a row which is sent again refers to already. */
  readonly references: { readonly row: number; readonly values: JsonObject };
  readonly notes: readonly Note[];
  /** There is no server, or it gave no answer. */
  readonly offline: boolean;
}

/** As many runs of one name are looked at before it is given up. */
const MAX_NAMES = 20;

/** A run that begins with nothing. */
function fresh(id: string, tables: readonly RowTable[]): ResumePlan {
  const run = { existing: null, resume: "allow", replaced: false, held: 0, rows: 0, lines: 0 } as const;
  return { id, tables, ...run, references: { row: -1, values: {} }, notes: [], offline: false };
}

/**
 * Looks at what the server holds of a run and decides how to go on; without an answer, everything goes to the offline
 * file.
 *
 * @param tables The tables of the run.
 * @param later Names of charts whose tables are made while the rows are sent.
 * @throws WandbError with a sentence for the user if the run can't be published.
 */
export async function planResume(
  publication: WandbPublication,
  tables: readonly RowTable[],
  later: readonly string[],
  budget: Budget | undefined,
): Promise<ResumePlan> {
  const { id, client } = publication;
  if (client === undefined || budget === undefined) return { ...fresh(id, tables), offline: true };
  try {
    return await beginOnline(publication, tables, later, client, budget);
  } catch (error) {
    if (!isNotTaken(error)) throw error;
    return { ...fresh(id, tables), offline: true, notes: [{ text: error.message }] };
  }
}

async function beginOnline(
  publication: WandbPublication,
  tables: readonly RowTable[],
  later: readonly string[],
  client: WandbClient,
  budget: Budget,
): Promise<ResumePlan> {
  const { id, plan, project } = publication;
  const scope = { budget, signal: undefined, requests: 0 };
  const entity = publication.entity ?? client.settings.entity;
  const notes: Note[] = [];
  let held: number | undefined;
  for (let number = 1; number <= MAX_NAMES; number += 1) {
    const runId = number === 1 ? id : `${id}-r${number}`;
    const found = await findRun(client, { entity, project, runId }, scope);
    held ??= found?.rows ?? 0;
    const begin = { ...fresh(runId, tables), held, notes };
    if (found === undefined) return begin;
    if (plan === undefined) return goOnLive(publication, begin, found);
    const kept = plan.rows === 0 ? { rows: found.rows } : await rowsKept(publication, found);
    if (kept?.unsure) notes.push({ text: kept.unsure });
    if (kept !== undefined) return goOn(publication, begin, later, found, kept.rows);
    if (plan.rows >= found.rows) return beginAgain(publication, begin, found);
    // Lines can't be removed from a run, so a shorter one gets a name of its own.
    notes.push({
      text: `the run ${runId} holds ${counted(found.rows, "row")} and this log ${plan.rows}: it is published as ${id}-r${number + 1}`,
    });
  }
  throw new WandbError(
    "refused",
    `${MAX_NAMES} runs called ${id} hold more rows than this log: use another name`,
  );
}

/** Goes on with a training that was interrupted. */
function goOnLive(
  { transport, replayed }: WandbPublication,
  begin: ResumePlan,
  found: ExistingRun,
): ResumePlan {
  if (transport === "sdk" && found.rows > 0)
    throw new WandbError(
      "refused",
      `the run ${begin.id} holds ${counted(found.rows, "row")}, which @wandb/sdk would overwrite: use --wandb-client native, which goes on with it, or another name for the run`,
    );
  const lines = replayed ? found.consoleLines : 0;
  return { ...begin, existing: found, lines, tables: changed(begin.tables, found) };
}

/** Resumes the run after the rows that can stay. */
function goOn(
  publication: WandbPublication,
  begin: ResumePlan,
  later: readonly string[],
  found: ExistingRun,
  kept: number,
): ResumePlan {
  const tables = changed(begin.tables, found);
  const joined = tables.length > 0 || later.some((name) => chartsOf(found)[name] === undefined);
  const total = publication.plan?.rows ?? 0;
  // Tables belong to the last row of the log, which is then sent again.
  const rows = joined && kept === total ? Math.max(0, kept - 1) : kept;
  const again = total > 0 && rows < found.rows;
  const notes = found.rows === 0 ? [] : [alreadyThere(found.rows, "row")];
  return {
    ...begin,
    existing: again ? { ...found, rows, lastStep: stepBefore(publication, rows) } : found,
    rows,
    lines: found.consoleLines,
    tables,
    references: { row: rows, values: again ? tableReferences(found.lastRow) : {} },
    notes: [...begin.notes, ...notes],
  };
}

/**
 * Writes over the rows of a run. Unless that was asked for, it keeps what only others know of it: tables that are not
 * sent now, and the sections of the training task.
 */
function beginAgain(publication: WandbPublication, begin: ResumePlan, found: ExistingRun): ResumePlan {
  const { plan, override, transport } = publication;
  const replaced = found.rows > 0;
  const notes = replaced ? [{ text: `the rows of the run ${begin.id} are replaced` }] : [];
  const again = { ...begin, replaced, notes: [...begin.notes, ...notes] };
  if (override || transport === "sdk") return { ...again, existing: found, resume: "replace" };
  const sent = new Set(begin.tables.map(rowKey));
  const values = Object.fromEntries(
    Object.entries(tableReferences(found.summary)).filter(([key]) => !sent.has(key)),
  );
  const stays = new Set<string>(["_wandb", ...TASK_SECTIONS]);
  const config = Object.fromEntries(Object.entries(found.config).filter(([key]) => stays.has(key)));
  const nothing = {
    rows: 0,
    consoleLines: 0,
    lastStep: -1,
    lastRow: {},
    lastTimestamp: undefined,
    runtime: 0,
  };
  return {
    ...again,
    existing: { ...found, ...nothing, config, summary: values },
    references: { row: (plan?.rows ?? 0) - 1, values },
  };
}

/** Tables that the server does not hold as they are. */
function changed(tables: readonly RowTable[], found: ExistingRun): RowTable[] {
  return tables.filter((table) => tableState(found, table) !== "unchanged");
}

/** The rows of a run that can stay. */
interface Kept {
  readonly rows: number;
  /** Why that is not certain for all of them. Absent if it is. */
  readonly unsure?: string;
}

/**
 * How many rows of a run can stay, because they are the first ones of the log; undefined if they are not. The last
 * of them is one less where the log says more of it by now.
 */
async function rowsKept(publication: WandbPublication, found: ExistingRun): Promise<Kept | undefined> {
  const held = found.rows;
  const { override, transport, plan, rows } = publication;
  // The SDK begins at the first row, so it gets all of them.
  if (override || transport === "sdk") return undefined;
  if (held === 0) return { rows: 0 };
  if (held > (plan?.rows ?? 0) || rows === undefined) return undefined;
  const stored = storedDigest(found.summary);
  const digest = RowDigest.empty();
  let ours: StepRow | undefined;
  let matches: boolean | undefined;
  let count = 0;
  for await (const row of rows()) {
    digest.add(row);
    count += 1;
    if (digest.rows === stored?.rows) matches = digest.crc32 === stored.crc32;
    if (count === held) ours = row;
    if (count >= held && count > (stored?.rows ?? 0)) break;
  }
  if (matches === false || ours === undefined) return undefined;
  const same = isRow(ours, found);
  // The checksum says nothing of the last row, which a longer log may have changed.
  const kept = { rows: same ? held : held - 1 };
  const checked = matches === true ? (stored?.rows ?? 0) : 0;
  if (matches === true && checked >= held - 1) return kept;
  if (!same && !isBeginningOf(found, ours)) return undefined;
  if (checked >= held - 1) return kept;
  const which = checked === 0 ? "" : ` after the first ${checked}`;
  return {
    ...kept,
    unsure: `the run has no checksum of its rows${which}, so a value that has changed above its last row is not noticed this time; --override-runs sends all rows`,
  };
}

/** Whether the last row of a run is this one, whole. */
function isRow(ours: StepRow, found: ExistingRun): boolean {
  const values = Object.entries(ours.values);
  return (
    isBeginningOf(found, ours) &&
    values.every(([key, value]) => Object.is(found.lastRow[key], value)) &&
    found.lastStep === ours.step
  );
}

/** Whether the last row of a run holds nothing else than this one. */
function isBeginningOf({ lastRow, lastStep }: ExistingRun, ours: StepRow): boolean {
  return (
    lastStep === ours.step &&
    Object.entries(lastRow).every(
      ([key, value]) =>
        key.startsWith("_") || typeof value === "object" || Object.is(ours.values[key], value),
    )
  );
}

/** The step of the last of the first rows of a log; -1 if there is none. */
function stepBefore({ plan }: WandbPublication, rows: number): number {
  return rows === 0 ? -1 : (plan?.steps[rows - 1] ?? -1);
}
