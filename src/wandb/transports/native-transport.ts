/** A run that goes to the server by our own client; what the server does not take goes to the offline file. */
import type { Budget } from "../../http/index.js";
import type { ExistingRun } from "../client/existing-run.js";
import type { StreamFile, UndeliveredLines } from "../client/file-stream.js";
import type { WandbClient } from "../client/wandb-client.js";
import { WandbRun } from "../client/wandb-run.js";
import { OfflineRun } from "../offline/offline-run.js";
import type { RunDescription, RunOutcome, Transport } from "./transport.js";

const STREAMS: Readonly<Record<StreamFile, "history" | "events" | "console">> = {
  "wandb-history.jsonl": "history",
  "wandb-events.jsonl": "events",
  "output.log": "console",
};

/** How a run is published online. */
interface NativeOptions {
  readonly client: WandbClient;
  /** Folder for the offline file, should it be needed. */
  readonly dir: string;
  /** What the server holds of the run; null for nothing. */
  readonly existing: ExistingRun | null;
  /** "replace" writes over its rows from the first. */
  readonly resume: "allow" | "replace";
  readonly pacing: "live" | "bulk";
  /** How long to go on without any progress. */
  readonly budget: Budget;
}

/** Publishes a run online. */
export class NativeTransport implements Transport {
  readonly kind = "native";
  readonly run: WandbRun;
  readonly #description: RunDescription;
  readonly #options: NativeOptions;
  readonly #problems: string[] = [];
  /** The offline is made when it is needed; its work is one chain, because lines keep their order. */
  #offline: Promise<OfflineRun | undefined> | undefined;
  #offlineWork: Promise<void> = Promise.resolve();
  #spooledRows = 0;

  private constructor(
    run: WandbRun,
    description: RunDescription,
    options: NativeOptions,
    spooled: { lines: UndeliveredLines[] },
  ) {
    this.run = run;
    this.#description = description;
    this.#options = options;
    for (const lines of spooled.lines) this.#spool(lines);
  }

  /** @throws WandbError with a sentence for the user. */
  static async start(description: RunDescription, options: NativeOptions): Promise<NativeTransport> {
    const early: { lines: UndeliveredLines[]; transport?: NativeTransport } = { lines: [] };
    const run = await WandbRun.start({
      ...description,
      // Without tags the run keeps those that it has; an empty list would take them away.
      tags: description.tags.length === 0 ? undefined : description.tags,
      client: options.client,
      displayName: description.id,
      existing: options.existing,
      resume: options.resume,
      pacing: options.pacing,
      program: "marian-tracking",
      budget: options.budget,
      onUndelivered: (lines) =>
        early.transport === undefined ? early.lines.push(lines) : early.transport.#spool(lines),
      onShownUndelivered: (lines) => {
        if (early.transport !== undefined) early.transport.#spoolShown(lines);
      },
      onUndeliveredFile: async (name, source) => {
        const { transport } = early;
        if (transport === undefined) return;
        transport.#keep((offline) => offline.file(name, source));
        await transport.#offlineWork;
      },
    });
    const transport = new NativeTransport(run, description, options, early);
    early.transport = transport;
    return transport;
  }

  async flush(): Promise<void> {
    await this.run.flush();
    await this.#offlineWork;
    // What is wrong with the offline file is told at the end.
    await (await this.#offline)?.flush().catch(() => {});
  }

  async finish(exitCode: number | null): Promise<RunOutcome> {
    const receipt = await this.run.finish(exitCode);
    for (const table of receipt.failedTables) {
      this.#keep(async (offline) => {
        await offline.table(table);
        offline.summary({ [table.key]: table.reference });
      });
    }
    await this.#offlineWork;
    const offline = await this.#offline;
    if (offline !== undefined) {
      const end = async (): Promise<void> => {
        offline.updateConfig(receipt.set.config);
        offline.summary(receipt.set.summary);
        await offline.finish(exitCode);
      };
      await end().catch((error: Error) => this.#problems.push(error.message));
    }
    if (receipt.failure !== undefined) this.#problems.push(receipt.failure);
    for (const { name, reason } of [...receipt.failedFiles, ...receipt.failedArtifacts]) {
      this.#problems.push(`${name}: ${reason}`);
    }
    return {
      url: receipt.url,
      rows: { sent: receipt.rows.sent, acknowledged: receipt.rows.acknowledged, spooled: this.#spooledRows },
      ...(offline === undefined ? {} : { spool: offline.directory }),
      problems: [
        ...this.#problems,
        // One cause is named once.
        ...receipt.warnings.flatMap(({ text, reason }) =>
          reason !== undefined && reason === receipt.failure ? [] : [text],
        ),
      ],
      requests: receipt.requests,
      complete: receipt.complete,
    };
  }

  #spool({ file, offset, lines }: UndeliveredLines): void {
    this.#keep(async (offline) => {
      await offline.undelivered(STREAMS[file], offset, lines);
      if (file === "wandb-history.jsonl") this.#spooledRows += lines.length;
    });
  }

  /** Rows that may still change: there, until the next row comes. */
  #spoolShown({ offset, lines }: UndeliveredLines): void {
    if (lines.length === 0 && this.#offline === undefined) return;
    this.#keep(async (offline) => offline.showUndelivered(offset, lines));
  }

  #keep(write: (offline: OfflineRun) => Promise<void>): void {
    this.#offline ??= this.#openOffline();
    this.#offlineWork = this.#offlineWork.then(async () => {
      const offline = await this.#offline;
      if (offline === undefined) return;
      try {
        await write(offline);
      } catch (error) {
        this.#problems.push(`the offline file could not be written: ${(error as Error).message}`);
      }
    });
  }

  async #openOffline(): Promise<OfflineRun | undefined> {
    try {
      const { entity, project, runId } = this.run.address;
      return await OfflineRun.start({
        ...this.#description,
        id: runId,
        project,
        entity,
        displayName: this.#description.id,
        dir: this.#options.dir,
        baseUrl: this.#options.client.settings.baseUrl,
        startedAt: this.#description.startedAt ?? Date.now() / 1000,
      });
    } catch (error) {
      this.#problems.push(`the offline file could not be made: ${(error as Error).message}`);
      return undefined;
    }
  }
}
