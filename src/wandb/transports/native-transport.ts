/** A run that goes to the server by our own client; what the server does not take goes to the offline file. */
import type { Budget } from "../../http/index.js";
import type { ExistingRun } from "../client/existing-run.js";
import type { StreamFile, UndeliveredLines } from "../client/file-stream.js";
import type { JsonObject } from "../client/format/json.js";
import type { WandbClient } from "../client/wandb-client.js";
import { WandbRun } from "../client/wandb-run.js";
import { OfflineRun } from "../offline/offline-run.js";
import type { LogLine, RunDescription, RunOutcome, Transport } from "./transport.js";

const STREAMS: Readonly<Record<StreamFile, "history" | "events" | "console">> = {
  "wandb-history.jsonl": "history",
  "wandb-events.jsonl": "events",
  "output.log": "console",
};

/** How a run is published online. */
export interface NativeOptions {
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
  readonly #run: WandbRun;
  readonly #description: RunDescription;
  readonly #options: NativeOptions;
  readonly #problems: string[] = [];
  /** The net is made when it is needed; its work is one chain, because lines keep their order. */
  #net: Promise<OfflineRun | undefined> | undefined;
  #netWork: Promise<void> = Promise.resolve();
  #spooledRows = 0;
  /** What the net has to know beside the rows that fall into it. */
  #config: JsonObject = {};
  #summary: JsonObject = {};

  private constructor(
    run: WandbRun,
    description: RunDescription,
    options: NativeOptions,
    spooled: { lines: UndeliveredLines[] },
  ) {
    this.#run = run;
    this.#description = description;
    this.#options = options;
    for (const lines of spooled.lines) this.#spool(lines);
  }

  /** @throws WandbError in words for the user. */
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
        transport.#keep((net) => net.file(name, source));
        await transport.#netWork;
      },
    });
    const transport = new NativeTransport(run, description, options, early);
    early.transport = transport;
    return transport;
  }

  async history(...parameters: Parameters<Transport["history"]>): Promise<void> {
    await this.#run.history(...parameters);
  }

  show(...[rows]: Parameters<NonNullable<Transport["show"]>>): void {
    this.#run.show(rows);
  }

  async completeLastRow(...parameters: Parameters<NonNullable<Transport["completeLastRow"]>>): Promise<void> {
    await this.#run.completeLastRow(...parameters);
  }

  async console(lines: readonly LogLine[]): Promise<void> {
    await this.#run.console(lines);
  }

  async heldConsole(lines: readonly LogLine[]): Promise<void> {
    await this.#run.heldConsole(lines);
  }

  async systemMetrics(...parameters: Parameters<NonNullable<Transport["systemMetrics"]>>): Promise<void> {
    await this.#run.systemMetrics(...parameters);
  }

  async preempting(): Promise<void> {
    await this.#run.preempting();
  }

  async flush(): Promise<void> {
    await this.#run.flush();
    await this.#netWork;
    // What is wrong with the offline file is told at the end.
    await (await this.#net)?.flush().catch(() => {});
  }

  updateConfig(values: JsonObject): void {
    this.#config = { ...this.#config, ...values };
    this.#run.updateConfig(values);
  }

  summary(values: JsonObject): void {
    this.#summary = { ...this.#summary, ...values };
    this.#run.summary(values);
  }

  summaryOf(values: (rows: number) => JsonObject): void {
    this.#run.summaryOf(values);
  }

  async directoryArtifact(name: string, type: string, directory: string): Promise<void> {
    await this.#run.directoryArtifact(name, type, directory);
  }

  async finish(exitCode: number | null): Promise<RunOutcome> {
    const receipt = await this.#run.finish(exitCode);
    for (const table of receipt.failedTables) {
      this.#keep(async (net) => {
        await net.table(table);
        await net.summary({ [table.key]: table.reference });
      });
    }
    await this.#netWork;
    const net = await this.#net;
    if (net !== undefined) {
      const end = async (): Promise<void> => {
        await net.config(this.#config);
        await net.summary(this.#summary);
        await net.finish(exitCode);
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
      ...(net === undefined ? {} : { spool: net.directory }),
      problems: [
        ...this.#problems,
        ...receipt.warnings.filter((warning) => !this.#problems.some((known) => warning.includes(known))),
      ],
      requests: receipt.requests,
      complete: receipt.complete,
    };
  }

  #spool({ file, offset, lines }: UndeliveredLines): void {
    this.#keep(async (net) => {
      await net.undelivered(STREAMS[file], offset, lines);
      if (file === "wandb-history.jsonl") this.#spooledRows += lines.length;
    });
  }

  /** Rows that may still change: there, until the next row comes. */
  #spoolShown({ offset, lines }: UndeliveredLines): void {
    if (lines.length === 0 && this.#net === undefined) return;
    this.#keep(async (net) => net.showUndelivered(offset, lines));
  }

  #keep(write: (net: OfflineRun) => Promise<void>): void {
    this.#net ??= this.#openNet();
    this.#netWork = this.#netWork.then(async () => {
      const net = await this.#net;
      if (net === undefined) return;
      try {
        await write(net);
      } catch (error) {
        this.#problems.push(`the offline file could not be written: ${(error as Error).message}`);
      }
    });
  }

  async #openNet(): Promise<OfflineRun | undefined> {
    try {
      const { entity, project, runId } = this.#run.address;
      return await OfflineRun.start({
        ...this.#description,
        id: runId,
        project,
        entity,
        displayName: this.#description.id,
        dir: this.#options.dir,
        baseUrl: this.#options.client.settings.baseUrl,
        startedAt: new Date((this.#description.startedAt ?? Date.now() / 1000) * 1000),
      });
    } catch (error) {
      this.#problems.push(`the offline file could not be made: ${(error as Error).message}`);
      return undefined;
    }
  }
}
