/** A run that is made of tables, which several programs may complete at the same time. */

import type { RequestScope } from "../http/index.js";
import { BUDGET_AFTER_STOP, Budget } from "../http/index.js";
import type { Note, PublisherOutcome } from "../publishers/update-publisher.js";
import { isNotTaken, messageOf } from "./client/errors.js";
import { type ExistingRun, findRun } from "./client/existing-run.js";
import { type JsonObject, parseJson } from "./client/format/json.js";
import type { TableData } from "./client/format/table.js";
import { PublicApi, type RunFileInfo } from "./client/public-api.js";
import type { WandbClient } from "./client/wandb-client.js";
import type { RowPosition } from "./client/wandb-run.js";
import { publisherOutcome } from "./outcome.js";
import type { WandbPlace } from "./publication.js";
import { describeRun, openRun } from "./transports/open-run.js";
import type { RunOutcome, RunWriter, Transport } from "./transports/transport.js";

/** How often a run is written and read back before it is given up. */
const MAX_ATTEMPTS = 12;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 20_000;

/** A file with a table that was logged in a run. */
export interface TableFile {
  /** Path of the file in the run. */
  readonly path: string;
  /** Key of the history under which the table was logged. */
  readonly key: string;
  read(): Promise<TableData>;
}

/** What the server has of a run, read again. */
export interface RunState {
  readonly existing: ExistingRun | null;
  /** Every table that was ever logged in the run, the oldest first. */
  readonly files: readonly TableFile[];
}

/** What to write; undefined if the run is as it should be. */
type Completion =
  | {
      readonly config: JsonObject;
      work(run: RunWriter): Promise<void>;
    }
  | undefined;

/** Milliseconds that the server has for a run which is begun after the order to stop: the runs before it had theirs. */
const BUDGET_BEGUN_AFTER_STOP = 1000;

/**
 * Completes a run. W&B has no way to change a run only if nobody else has, so two programs that do it at once may take
 * each other's tables out of its summary. But a file that was uploaded stays: so the run is read back after each
 * writing, and written again as long as a file says more than the summary. Whoever writes last sees the files of all
 * others, so in the end everything is there.
 */
export class TableRun {
  readonly #place: WandbPlace;
  readonly #id: string;
  readonly #outcomes: RunOutcome[] = [];
  readonly #notes: Note[] = [];
  readonly #scope: RequestScope | undefined;
  #transport: Transport | undefined;
  #held = 0;
  #offline: boolean;

  constructor(place: WandbPlace, id: string) {
    const { client, budget } = place;
    this.#place = place;
    this.#id = id;
    this.#offline = client === undefined;
    if (client !== undefined)
      this.#scope = { budget: new Budget(budget, client.http.clock), signal: undefined, requests: 0 };
  }

  /** Adds a note for the receipt. */
  note(note: string | Note): void {
    this.#notes.push(typeof note === "string" ? { text: note } : note);
  }

  /** What the server has; undefined without a server, or if it did not answer. */
  async state(): Promise<RunState | undefined> {
    const { client } = this.#place;
    if (client === undefined || this.#scope === undefined || this.#offline) return undefined;
    try {
      return await this.#read(client, this.#scope);
    } catch (error) {
      if (!isNotTaken(error)) throw error;
      this.note(error.message);
      this.#offline = true;
      return undefined;
    }
  }

  /**
   * Writes what `complete` asks for and reads the run back, until there is nothing to write.
   *
   * @param complete Is given what the server holds (undefined: nothing is known), and whether it was written before.
   */
  async settle(
    complete: (state: RunState | undefined, again: boolean) => Promise<Completion>,
  ): Promise<PublisherOutcome> {
    const hurry = (): void => this.#scope?.budget.endWithin(BUDGET_AFTER_STOP);
    if (this.#place.stop?.aborted) this.#scope?.budget.endWithin(BUDGET_BEGUN_AFTER_STOP);
    else this.#place.stop?.addEventListener("abort", hurry, { once: true });
    try {
      return await this.#settle(complete);
    } finally {
      this.#place.stop?.removeEventListener("abort", hurry);
    }
  }

  async #settle(
    complete: (state: RunState | undefined, again: boolean) => Promise<Completion>,
  ): Promise<PublisherOutcome> {
    const first = await this.state();
    this.#held = first?.existing?.rows ?? 0;
    let existing = first?.existing ?? null;
    let completion = await complete(first, false);
    for (let attempt = 1; completion !== undefined; attempt += 1) {
      if (attempt > MAX_ATTEMPTS)
        return this.#outcome(`the run ${this.#id} was changed by others at the same time: publish it again`);
      await this.#write(existing, completion);
      // An offline file can't be read back, and the SDK takes no tables.
      if (!this.#outcomes.at(-1)?.complete || this.#transport?.run.completeLastRow === undefined) break;
      const settled = async (): Promise<boolean> => {
        const state = await this.state();
        existing = state?.existing ?? null;
        completion = state === undefined ? undefined : await complete(state, true);
        return completion === undefined;
      };
      if (await settled()) break;
      // The less time lies between the look and the writing, the less others write in between.
      await this.#pause(attempt);
      await settled();
    }
    return this.#outcome();
  }

  async #read(client: WandbClient, scope: RequestScope): Promise<RunState> {
    const { project, entity = client.settings.entity } = this.#place;
    const address = { entity, project, runId: this.#id };
    const existing = await findRun(client, address, scope);
    if (existing === undefined) return { existing: null, files: [] };
    const api = new PublicApi(client, scope);
    const files = await api.runFiles(address, { pattern: "media/table/%" });
    return { existing, files: files.toSorted(byTime).flatMap((file) => tableFile(api, file)) };
  }

  async #write(existing: ExistingRun | null, { config, work }: NonNullable<Completion>): Promise<void> {
    const transport = await openRun(this.#place, describeRun(this.#place, { id: this.#id, config }), {
      budget: this.#offline ? undefined : this.#scope?.budget,
      existing,
      resume: "allow",
      pacing: "bulk",
      whole: false,
      note: (text) => this.note(text),
    });
    this.#transport = transport;
    try {
      await work(transport.run);
    } catch (error) {
      this.note(messageOf(error));
      await transport.finish(1);
      throw error;
    }
    this.#outcomes.push(await transport.finish(0));
  }

  /** Of those who met, not all are to come back at the same moment. */
  async #pause(attempt: number): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
    await this.#place.client?.http.clock.sleep(Math.random() * longest, this.#place.stop, "conflict");
  }

  #outcome(problem?: string): PublisherOutcome {
    const last = this.#outcomes.at(-1);
    const transport = this.#transport;
    if (last === undefined || transport === undefined) {
      return { outputs: [], notes: [...this.#notes], undelivered: problem };
    }
    const sum = (count: (outcome: RunOutcome) => number) =>
      this.#outcomes.reduce((total, outcome) => total + count(outcome), 0);
    const whole: RunOutcome = {
      ...last,
      rows: {
        sent: sum(({ rows }) => rows.sent),
        acknowledged: sum(({ rows }) => rows.acknowledged),
        spooled: sum(({ rows }) => rows.spooled),
      },
      requests: sum(({ requests }) => requests) + (this.#scope?.requests ?? 0),
    };
    const detail = {
      place: this.#place,
      transport,
      rows: whole.rows.sent,
      held: this.#held,
      notes: this.#notes,
    };
    const outcome = publisherOutcome(whole, detail);
    return problem === undefined ? outcome : { ...outcome, undelivered: problem };
  }
}

/** Where the next row of a run belongs that has no step of its own: after the last one, at the present time. */
export function nextPosition(existing: ExistingRun | null): RowPosition {
  return { step: Math.floor(existing?.lastStep ?? -1) + 1, timestamp: Date.now() / 1000 };
}

/** The oldest first; those of one moment by name, so that every reader has the same order. */
function byTime(one: RunFileInfo, other: RunFileInfo): number {
  const left = `${one.updatedAt ?? ""} ${one.name}`;
  const right = `${other.updatedAt ?? ""} ${other.name}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function tableFile(api: PublicApi, file: RunFileInfo): TableFile[] {
  const [, key] = /^media\/table\/(.+)_\d+_[0-9a-f]{20}\.table\.json$/.exec(file.name) ?? [];
  if (key === undefined) return [];
  const read = async (): Promise<TableData> => readTable((await api.download(file)).toString("utf8"));
  return [{ path: file.name, key, read }];
}

/** @throws SyntaxError when the text is no table. */
export function readTable(text: string): TableData {
  const { columns, data } = (parseJson(text) ?? {}) as Partial<TableData>;
  const whole =
    Array.isArray(columns) &&
    Array.isArray(data) &&
    columns.every((column) => typeof column === "string") &&
    data.every((row) => Array.isArray(row) && row.length === columns.length);
  if (!whole) throw new SyntaxError("this is not a table");
  return { columns, data };
}
