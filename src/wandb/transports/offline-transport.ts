/** A run that goes to the official offline file only. */
import type { JsonObject } from "../client/format/json.js";
import { OfflineRun } from "../offline/offline-run.js";
import type { LogLine, RunDescription, RunOutcome, Transport } from "./transport.js";

/** Where an offline run lies, and where its rows go later. */
export interface OfflinePlace {
  readonly dir: string;
  /** The server that it is for. */
  readonly baseUrl: string;
  /** Whether its rows begin at the first line of the run, or behind those that the server holds at the upload. */
  readonly resume: "overwrite" | "append";
}

/** Writes a run below `dir`/wandb. */
export class OfflineTransport implements Transport {
  readonly #run: OfflineRun;
  readonly #startedAt: number;
  #rows = 0;
  #timestamp: number;

  private constructor(run: OfflineRun, startedAt: number) {
    this.#run = run;
    this.#startedAt = startedAt;
    this.#timestamp = startedAt;
  }

  /** @throws Error of Node's when the folder can't be written. */
  static async start(
    description: RunDescription,
    { dir, baseUrl, resume }: OfflinePlace,
  ): Promise<OfflineTransport> {
    const startedAt = description.startedAt ?? Date.now() / 1000;
    const run = await OfflineRun.start({
      ...description,
      dir,
      baseUrl,
      resume,
      displayName: description.id,
      startedAt: new Date(startedAt * 1000),
    });
    return new OfflineTransport(run, startedAt);
  }

  /** The folder, for `marian-tracking sync`. */
  get directory(): string {
    return this.#run.directory;
  }

  async history(...[values, { step, timestamp }, tables]: Parameters<Transport["history"]>): Promise<void> {
    this.#rows += 1;
    this.#timestamp = timestamp;
    await this.#run.history(values, { step, timestamp, runtime: this.#runtime(timestamp) }, tables);
  }

  show(...[rows]: Parameters<NonNullable<Transport["show"]>>): void {
    this.#run.show(
      rows.map(({ values: row, position: { step, timestamp } }) => ({
        row,
        at: { step, timestamp, runtime: this.#runtime(timestamp) },
      })),
    );
  }

  async console(lines: readonly LogLine[]): Promise<void> {
    for (const { text, timestamp } of lines) {
      const written = this.#run.consoleLine(text, timestamp ?? this.#timestamp);
      if (written !== undefined) await written;
    }
  }

  async systemMetrics(...parameters: Parameters<NonNullable<Transport["systemMetrics"]>>): Promise<void> {
    await this.#run.systemMetrics(...parameters);
  }

  async flush(): Promise<void> {
    await this.#run.flush();
  }

  updateConfig(values: JsonObject): void {
    // A fault shows at the next awaited call.
    this.#run.config(values).catch(() => {});
  }

  summary(values: JsonObject): void {
    this.#run.summary(values).catch(() => {});
  }

  async directoryArtifact(name: string, type: string, directory: string): Promise<void> {
    await this.#run.directoryArtifact(name, type, directory);
  }

  async finish(exitCode: number | null): Promise<RunOutcome> {
    await this.#run.finish(exitCode);
    return {
      rows: { sent: 0, acknowledged: 0, spooled: this.#rows },
      spool: this.#run.directory,
      problems: [],
      requests: 0,
      complete: true,
    };
  }

  /** Seconds since the start of the run. */
  #runtime(timestamp: number): number {
    return Math.max(0, timestamp - this.#startedAt);
  }
}
