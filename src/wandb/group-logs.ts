/** Publishes the run of a group: the experiment's configuration, all evaluations, and the logs. */

import type { Evaluation } from "../evaluation/evaluation.js";
import { forEachLimited } from "../http/index.js";
import type { PublisherOutcome } from "../publishers/update-publisher.js";
import { WandbError } from "./client/errors.js";

import type { ExistingRun } from "./client/existing-run.js";
import { type JsonObject, type JsonValue, stringifyJson } from "./client/format/json.js";
import { artifactNameOf } from "./client/format/names.js";
import type { RowTable } from "./client/format/row-table.js";
import type { TableData } from "./client/format/table.js";
import { objectAt, optionalText } from "./client/reply.js";
import { evaluationsOfRuns } from "./group-runs.js";
import { GroupTable } from "./group-table.js";
import type { WandbPlace } from "./publication.js";
import { tableState } from "./run-tables.js";
import { nextPosition, type RunState, type TableFile, TableRun } from "./table-run.js";

/** A group, as its run shows it. */
export interface GroupLogsPublication extends WandbPlace {
  readonly group: string;
  /** What the ids of the group's runs end with. */
  readonly suffix: string;
  /** The experiment's configuration. */
  readonly config?: JsonObject;
  readonly evaluations: readonly Evaluation[];
  /** The run of the evaluations, if the table calls models by their runs, as the reference does in tasks. */
  readonly run?: string;
  /** Takes in evaluations that runs of the group hold and its table lacks, such as those of a task that was killed. */
  readonly fromRuns?: boolean;
  /** Becomes an artifact that is called like the group. */
  readonly logsFolder?: string;
}

/** Key of the reference's table. */
const METRICS = "metrics";
/** Key of the table of further metrics. */
const FURTHER = "group_metrics";

/** As many tables are read of a run; what the older ones hold is in the newer ones. */
const MAX_TABLES = 100;
const DOWNLOADS_AT_ONCE = 8;

/**
 * Creates the run `group_logs<suffix>` or completes it: rows that are in its table stay, those of the same model and
 * dataset are updated, new ones are added. Several tasks may do that at the same moment. Published again, the same
 * group adds no row to the run's history.
 *
 * @throws WandbError with a sentence for the user.
 */
export async function publishGroupLogs(publication: GroupLogsPublication): Promise<PublisherOutcome> {
  const { group, suffix, config = {}, logsFolder, transport } = publication;
  const id = `group_logs${suffix}`;
  const run = new TableRun(publication, id);
  const completion = new TableCompletion(publication, (text) => run.note(text));
  return run.settle(async (state, again) => {
    const existing = state?.existing ?? null;
    if (transport === "sdk" && existing !== null) {
      run.note(`@wandb/sdk does not publish tables: nothing was added to the run ${id}`);
      return undefined;
    }
    const tables = await completion.next(state);
    const known =
      existing !== null && Object.entries(config).every(([key, value]) => isStored(existing, key, value));
    if (tables.length === 0 && again) return undefined;
    if (tables.length === 0 && known && logsFolder === undefined) {
      run.note(`the run ${id} has all of this already`);
      return undefined;
    }
    return {
      config,
      work: async (writer) => {
        if (tables.length > 0) await writer.history({}, nextPosition(existing), tables);
        if (logsFolder !== undefined && !again) {
          const name = artifactNameOf(group);
          if (name !== group) run.note(`the artifact of ${group} is called ${name}, as W&B takes names`);
          await writer.directoryArtifact(name, "logs", logsFolder);
        }
      },
    };
  });
}

/** The tables of a group as they should be, from what they are and what others make of them in the meantime. */
class TableCompletion {
  readonly #publication: GroupLogsPublication;
  readonly #own: GroupTable;
  readonly #note: (text: string) => void;
  readonly #reference: LoggedTable;
  readonly #further: LoggedTable;
  #lookedAtRuns = false;

  constructor(publication: GroupLogsPublication, note: (text: string) => void) {
    const { group, suffix, evaluations, run } = publication;
    this.#publication = publication;
    this.#own = GroupTable.of(group, suffix, evaluations, (model) => run ?? model);
    this.#note = note;
    this.#reference = new LoggedTable(METRICS, suffix, note);
    this.#further = new LoggedTable(FURTHER, suffix, note);
  }

  /** The tables to write: none if the run has them, or there is nothing to show. */
  async next(state: RunState | undefined): Promise<RowTable[]> {
    if (state !== undefined) {
      await this.#reference.read(state);
      await this.#further.read(state);
      await this.#readRuns();
    }
    // Earlier versions had all metrics in one table.
    const further = this.#reference.rows.further.with(this.#further.rows).with(this.#own.further);
    const reference = this.#reference.rows.with(this.#own);
    const whole = [
      { name: METRICS, table: reference.toReferenceData() },
      { name: FURTHER, table: further.toData() },
    ];
    return whole.filter(
      (table) => table.table.data.length > 0 && tableState(state?.existing ?? null, table) !== "unchanged",
    );
  }

  /** Takes in, once, what the runs of the group hold. */
  async #readRuns(): Promise<void> {
    if (this.#lookedAtRuns || !this.#publication.fromRuns) return;
    this.#lookedAtRuns = true;
    try {
      const known = this.#reference.rows.with(this.#own);
      const { group, suffix, run } = this.#publication;
      const found = await evaluationsOfRuns(this.#publication, known);
      const lacking = GroupTable.of(group, suffix, found, (model) =>
        run === undefined ? model : model + suffix,
      );
      this.#reference.rows = this.#reference.rows.with(lacking.reference);
      this.#further.rows = this.#further.rows.with(lacking.further);
    } catch (error) {
      if (!(error instanceof WandbError)) throw error;
      this.#note(`the other runs of the group can't be read: ${error.message}`);
    }
  }
}

/** What was logged under a key of the run, by everybody. */
class LoggedTable {
  rows: GroupTable;
  readonly #key: string;
  readonly #suffix: string;
  readonly #note: (text: string) => void;
  /** Files whose rows are known. */
  readonly #seen = new Set<string>();

  constructor(key: string, suffix: string, note: (text: string) => void) {
    this.rows = new GroupTable(suffix);
    this.#key = key;
    this.#suffix = suffix;
    this.#note = note;
  }

  /** Takes in what was logged since the last look. */
  async read({ existing, files }: RunState): Promise<void> {
    const shown = optionalText(objectAt(existing?.summary, this.#key) ?? {}, "path");
    const tables = files.filter(({ key }) => key === this.#key).slice(-MAX_TABLES);
    const current = tables.find(({ path }) => path === shown) ?? tables.at(-1);
    const first = this.#seen.size === 0;
    const before = this.rows;
    // The one that the run shows comes first: of the others, the newest first, only what it lacks is of interest.
    const ordered = first && current !== undefined ? [current, ...tables.toReversed()] : tables;
    const fresh = [...new Set(ordered)].filter(({ path }) => !this.#seen.has(path));
    const read = new Map<TableFile, TableData>();
    await forEachLimited(fresh, DOWNLOADS_AT_ONCE, async (file) => {
      this.#seen.add(file.path);
      const table = await file.read().catch(() => undefined);
      if (table === undefined) this.#note(`the table ${file.path} can't be read`);
      else read.set(file, table);
    });
    for (const file of fresh) {
      const data = read.get(file);
      if (data === undefined) continue;
      const table = GroupTable.read(this.#suffix, data);
      if (file === current && first) this.rows = table;
      else if (first) this.rows = this.rows.with(table.without(this.rows));
      // Somebody else wrote it since: what he changed counts, what he only knew from before does not.
      else this.rows = this.rows.with(table.changesTo(before));
    }
  }
}

function isStored({ config }: ExistingRun, key: string, value: JsonValue | undefined): boolean {
  const entry = objectAt(config, key);
  const stored = entry !== undefined && "value" in entry ? entry["value"] : entry;
  return stringifyJson((stored ?? null) as JsonValue) === stringifyJson(value ?? null);
}
