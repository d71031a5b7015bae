/** Sends the rows of a log to its run, each at its place. */
import type { RunPlan } from "../run/run-plan.js";
import type { StepRow } from "../run/step-rows.js";
import type { ExistingRun } from "./client/existing-run.js";
import type { JsonObject } from "./client/format/json.js";
import type { RowPosition, RunLine } from "./client/wandb-run.js";
import type { ResumePlan } from "./resume-plan.js";
import { DIGEST_KEY, RowDigest } from "./row-digest.js";
import type { TaskSections } from "./task-sections.js";
import type { RunWriter, Transport } from "./transports/transport.js";

/** Rows that may be shown at a time, generously. */
const MAX_SHOWN = 64;

/** The rows and the text of one log on their way into one run. */
export class RowSender {
  readonly transport: Transport;
  readonly #run: RunWriter;
  readonly #resumePlan: ResumePlan;
  /** Absent while the training runs. */
  readonly #plan: RunPlan | undefined;
  readonly #task: TaskSections;
  #digest: RowDigest | undefined;
  /** The checksum by the rows that a run with it has, as long as a request may ask for it. */
  readonly #digests = new Map<number, string>();
  #rows = 0;
  #lines = 0;
  #before = 0;
  /** Time of the last row, in seconds since 1970. */
  #timestamp: number | undefined;
  /** Time of the last line of text; before the first that has one, when the log begins. */
  #printed: number | undefined;

  constructor(transport: Transport, resumePlan: ResumePlan, plan: RunPlan | undefined, task: TaskSections) {
    this.transport = transport;
    this.#run = transport.run;
    this.#resumePlan = resumePlan;
    this.#plan = plan;
    this.#task = task;
    if (plan?.startedAt !== undefined) this.#printed = plan.startedAt / 1000;
    const { existing } = resumePlan;
    const goesOn = plan === undefined && existing !== null && existing.rows > 0;
    this.#digest = goesOn ? digestOf(existing) : RowDigest.empty();
    this.#run.summaryOf?.((rows) => this.#digestAt(rows));
  }

  /** Rows of the log so far, those that the server held included. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows that were left out because an earlier run of the program has sent them. */
  get before(): number {
    return this.#before;
  }

  /** Sends the next row of a log that is known to its end. */
  async send(row: StepRow): Promise<void> {
    const last = this.#rows + 1 === this.#plan?.rows;
    // Tables belong to the last row.
    await this.#send(row, last, last ? () => this.#task.table(true) : undefined);
  }

  /** Sends rows of a training that runs. `end`: they are its last ones. */
  async sendLive(rows: readonly StepRow[], end: boolean): Promise<void> {
    const fresh = await this.#notBefore(rows);
    for (const [index, row] of fresh.entries())
      await this.#send(row, end && index === fresh.length - 1, () => this.#task.table(false));
  }

  /** Shows rows that may still change. */
  show(rows: readonly StepRow[]): void {
    const { existing } = this.#resumePlan;
    const fresh = rows.filter(({ step }) => step > (existing?.lastStep ?? -1));
    const digest = this.#digest?.fork();
    for (const row of fresh) {
      digest?.add(row);
      this.#keep(digest);
    }
    this.#run.show?.(fresh.map((row) => ({ values: row.values, position: this.#positionOf(row) })));
  }

  /** Sends the tables of a log without rows. */
  async sendTables(): Promise<void> {
    const { existing, tables } = this.#resumePlan;
    if (this.#rows > 0 || tables.length === 0) return;
    if ((existing?.rows ?? 0) > 0) await this.#run.completeLastRow?.({}, tables);
    else await this.#run.history({}, { step: 0, timestamp: this.#now() }, tables);
  }

  /** Sends lines of text, without those that the server holds. */
  async print(lines: readonly RunLine[]): Promise<void> {
    const held = Math.max(0, this.#resumePlan.lines - this.#lines);
    const timed = lines.map((line) => this.#timed(line));
    const fresh = held > 0 ? timed.slice(held) : timed;
    this.#lines += lines.length;
    if (held > 0) await this.#run.heldConsole?.(lines.slice(0, held));
    if (fresh.length > 0) await this.#run.console(fresh);
  }

  /** A line that does not say when it was printed came with the one before it. */
  #timed(line: RunLine): RunLine {
    this.#printed = line.timestamp ?? this.#printed;
    if (line.timestamp !== undefined) return line;
    const timestamp = this.#printed ?? this.#timestamp;
    return timestamp === undefined ? line : { ...line, timestamp };
  }

  async #send(
    row: StepRow,
    last: boolean,
    datasets?: () => ReturnType<TaskSections["table"]>,
  ): Promise<void> {
    const { rows: held, references, tables } = this.#resumePlan;
    const position = this.#positionOf(row);
    this.#timestamp = position.timestamp;
    const index = this.#rows;
    this.#rows += 1;
    // The checksum goes first: of too many rows it still tells that those which arrived are right.
    this.#digest?.add(row);
    this.#keep(this.#digest);
    this.#run.summary({ [DIGEST_KEY]: this.#digest?.toJson() ?? null });
    if (index < held) return;
    const chart = await datasets?.();
    const all = [...(last ? tables : []), ...(chart === undefined ? [] : [chart])];
    const values = index === references.row ? { ...row.values, ...references.values } : row.values;
    await this.#run.history(values, position, all);
  }

  /** Of a training that goes on, without the updates that were sent in an earlier run of the program. */
  async #notBefore(rows: readonly StepRow[]): Promise<StepRow[]> {
    const { existing } = this.#resumePlan;
    const lastStep = existing?.lastStep ?? -1;
    for (const { step, values } of rows) {
      if (step > lastStep) break;
      // The earlier run may have ended before the validation of its last update.
      const held = existing?.lastRow ?? {};
      if (step < lastStep || Object.keys(values).every((key) => Object.hasOwn(held, key))) {
        this.#before += 1;
        continue;
      }
      await this.#run.completeLastRow?.(values);
      this.#digest?.replaceLast({ step, values: { ...values, ...measurementsOf(held) } });
      this.#keep(this.#digest);
    }
    return rows.filter(({ step }) => step > lastStep);
  }

  #keep(digest: RowDigest | undefined): void {
    if (digest !== undefined && this.#run.summaryOf !== undefined)
      this.#digests.set(digest.rows + 1, digest.toJson());
  }

  /** The checksum of a run that has so many rows. Later requests are not for fewer, but for those that were shown. */
  #digestAt(rows: number): JsonObject {
    const digest = this.#digests.get(rows);
    for (const known of this.#digests.keys()) {
      if (known >= rows - MAX_SHOWN) break;
      this.#digests.delete(known);
    }
    return digest === undefined ? {} : { [DIGEST_KEY]: digest };
  }

  #positionOf({ step, timestamp }: StepRow): RowPosition {
    return { step, timestamp: timestamp === undefined ? this.#now() : timestamp / 1000 };
  }

  #now(): number {
    return this.#timestamp ?? Date.now() / 1000;
  }
}

/** The checksum of a run that a training goes on with; undefined if the run has none. */
function digestOf({ lastStep: step, lastRow, rows, summary }: ExistingRun): RowDigest | undefined {
  return RowDigest.of(summary, rows, { step, values: measurementsOf(lastRow) });
}

/** What a row of the server holds of the log: neither its times nor its tables. */
function measurementsOf(row: Readonly<Record<string, unknown>>): JsonObject {
  const values = Object.entries(row).filter(
    ([key, value]) => !key.startsWith("_") && typeof value !== "object",
  );
  return Object.fromEntries(values) as JsonObject;
}
