import { rm, stat } from "node:fs/promises";
import type { RequestScope } from "../../http/index.js";
import { Budget, isObject } from "../../http/index.js";
import { publishArtifact } from "../client/artifact.js";
import { ConsoleText } from "../client/console-text.js";
import { isWandbError, messageOf, WandbError } from "../client/errors.js";
import type { ExistingRun } from "../client/existing-run.js";
import { findRun } from "../client/existing-run.js";
import { FileStream } from "../client/file-stream.js";
import { type JsonObject, stringifyJson } from "../client/format/json.js";
import { runUrl } from "../client/format/names.js";
import { tableReferences } from "../client/format/table.js";
import { RunFiles } from "../client/run-files.js";
import type { RunOptions } from "../client/run-options.js";
import { RUN_FILES_AT_END } from "../client/run-options.js";
import { RunSummary } from "../client/run-summary.js";
import type { WandbSettings } from "../client/settings.js";
import { type StartedRun, startRun, updateRunConfig } from "../client/start-run.js";
import type { WandbClient } from "../client/wandb-client.js";
import { type StreamName, writeDelivered, writeDeliveryState } from "../offline/delivery-state.js";
import { OfflineReader } from "../offline/offline-reader.js";
import type { RunRecord } from "../offline/records.js";
import { isSynced, markSynced } from "../offline/run-directory.js";
import { artifactSpec } from "./artifact-source.js";
import {
  checkLines,
  type DeliveryPlan,
  type DeliverySituation,
  planDelivery,
  planWithoutServer,
  STREAMS,
} from "./delivery-plan.js";

import { LinePlacer } from "./line-placer.js";
import { LineSender } from "./line-sender.js";
import { firstLineFrom, type Placers, type RunContent, readContent } from "./run-content.js";
import { ReceiptDraft, type SyncReceipt } from "./sync-receipt.js";

/** How offline files are sent. */
export interface SyncOptions {
  readonly client: WandbClient;
  /** Send also what was delivered before. */
  readonly force?: boolean | undefined;
  /** Put the rows after those of an existing run. */
  readonly append?: boolean | undefined;
  /** Find out what would be sent, and send nothing. */
  readonly dryRun?: boolean | undefined;
  /** How long to retry without progress. Default 5 minutes. */
  readonly budget?: Budget | undefined;
  /** Ends the work at once; what was acknowledged is noted. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of lines in a request. Default 2 MiB. */
  readonly requestBytes?: number | undefined;
}

/**
 * Sends one offline file. Never rejects because of the file or the server: the receipt says what happened. Running it
 * again after any interruption gives the same run on the server, no row twice and none lost.
 */
export async function syncTransactionLog(transactionLog: string, options: SyncOptions): Promise<SyncReceipt> {
  const receipt = new ReceiptDraft(transactionLog);
  try {
    if (options.force !== true && (await isSynced(transactionLog))) return receipt.end("skipped");
    return await new FileSync(transactionLog, options, receipt).run();
  } catch (error) {
    // Another try may help with what W&B answered, but not with a damaged file or a bad name in it.
    const lasting =
      !(error instanceof WandbError) ||
      isWandbError(error, "invalid-name", "sync-refused", "artifact-source");
    if (isWandbError(error, "undelivered")) options.budget?.set(0);
    return receipt.end(lasting ? "failed" : "undelivered", messageOf(error));
  }
}

/** What is known without a server: where offline files would go. */
export interface PreviewOptions {
  readonly settings: WandbSettings;
  readonly force: boolean;
  readonly append: boolean;
}

/**
 * What would be sent of one offline file if the server holds exactly the lines that it has acknowledged. Asks nobody, so
 * it needs no key.
 */
export async function previewTransactionLog(
  transactionLog: string,
  { settings, force, append }: PreviewOptions,
): Promise<SyncReceipt> {
  const receipt = new ReceiptDraft(transactionLog);
  try {
    if (!force && (await isSynced(transactionLog))) return receipt.end("skipped");
    const reader = await OfflineReader.open(transactionLog);
    const run = await runOf(reader);
    receipt.runId = run.runId;
    receipt.project = run.project;
    const { delivery: stored, delivery } = reader;
    const entity = delivery?.entity ?? (run.entity || settings.entity);
    const { baseUrl, uiUrl } = settings;
    const situation = { stored, run, entity, existing: undefined, baseUrl, force, append };
    const plan = planWithoutServer(situation);
    const content = await readContent(reader, run, placers(plan, situation), plan.state.anchorStep);
    receipt.note(content, plan);
    if (entity !== undefined) receipt.url = runUrl(uiUrl, entity, run.project, run.runId);
    receipt.planned(content);
    receipt.warnings.push(
      "without an API key, the server is not asked: the numbers assume that it holds exactly what it acknowledged",
    );
    return receipt.end("planned");
  } catch (error) {
    return receipt.end("failed", messageOf(error));
  }
}

/** The delivery of one file. */
class FileSync {
  readonly #transactionLog: string;
  readonly #options: SyncOptions;
  readonly #receipt: ReceiptDraft;
  readonly #client: WandbClient;
  readonly #scope: RequestScope;

  constructor(transactionLog: string, options: SyncOptions, receipt: ReceiptDraft) {
    this.#transactionLog = transactionLog;
    this.#options = options;
    this.#receipt = receipt;
    this.#client = options.client;
    const budget = options.budget ?? new Budget(undefined, options.client.http.clock);
    this.#scope = { budget, signal: options.signal, requests: 0 };
  }

  async run(): Promise<SyncReceipt> {
    // Counted by the draft, so that a failure's receipt has them too.
    this.#receipt.requests = () => this.#scope.requests;
    return await this.#run();
  }

  async #run(): Promise<SyncReceipt> {
    const reader = await OfflineReader.open(this.#transactionLog);
    const run = await runOf(reader);
    const entity = reader.delivery?.entity ?? (run.entity || this.#client.settings.entity);
    this.#receipt.runId = run.runId;
    this.#receipt.project = run.project;
    const address = { entity, project: run.project, runId: run.runId };
    const existing = await findRun(this.#client, address, this.#scope);
    const situation: DeliverySituation = {
      stored: reader.delivery,
      run,
      entity,
      existing,
      baseUrl: this.#client.settings.baseUrl,
      force: this.#options.force ?? false,
      append: this.#options.append ?? false,
    };
    const plan = planDelivery(situation);
    const content = await readContent(reader, run, placers(plan, situation), plan.state.anchorStep);
    this.#receipt.note(content, plan);
    const { whole } = checkLines(plan, content, situation);
    if (this.#options.dryRun === true) {
      const owner = entity ?? (await this.#client.entity(this.#scope));
      this.#receipt.url = runUrl(this.#client.settings.uiUrl, owner, run.project, run.runId);
      this.#receipt.planned(content);
      return this.#receipt.end("planned");
    }
    // An interrupted `--force` must not leave a file that counts as delivered.
    await rm(syncedMark(this.#transactionLog), { force: true });
    const options = this.#runOptions(content, situation, whole && content.recorded);
    const started = await startRun({ ...options, existing: existing ?? null });
    for (const [key, spec] of Object.entries(chartsOf(content))) started.config.visualize(key, spec);
    const { address: place } = started;
    this.#receipt.requests = () => this.#scope.requests + started.scope.requests;
    this.#receipt.url = runUrl(this.#client.settings.uiUrl, place.entity, place.project, place.runId);
    const state = { ...plan.state, entity: place.entity };
    if (reader.delivery?.anchor === null && existing !== undefined)
      await completeLastRow(this.#client, started, existing, content.repeatedRow);
    // The official client keeps none.
    if (reader.delivery === null) await writeDeliveryState(reader.directory, state);
    await writeDelivered(reader.directory, state);
    return await this.#deliver(reader, content, { ...plan, state }, situation, started, options);
  }

  async #deliver(
    reader: OfflineReader,
    content: RunContent,
    plan: DeliveryPlan,
    situation: DeliverySituation,
    started: StartedRun,
    options: RunOptions,
  ): Promise<SyncReceipt> {
    const receipt = this.#receipt;
    const summary = new RunSummary(started.resumed ? (started.existing?.summary as JsonObject) : undefined);
    summary.put(newOf(content, started));
    const console = new ConsoleText(this.#client);
    const first = (name: StreamName): number =>
      firstLineFrom(content.lines[name].ranges, plan.state.acknowledged[name]) ??
      plan.state.acknowledged[name];
    const sender = new LineSender({
      stream: {
        client: this.#client,
        scope: started.scope,
        entity: started.address.entity,
        project: started.address.project,
        runId: started.address.runId,
        gzip: started.gzip,
        requestBytes: this.#options.requestBytes,
        heldRows: async () => (await findRun(this.#client, started.address, started.scope))?.rows ?? 0,
        summary: () => summary.toJson(),
      },
      directory: reader.directory,
      state: plan.state,
      anchor: plan.anchor,
      first: { history: first("history"), events: first("events"), console: first("console") },
      openConsoleFrom: content.exitCode === undefined ? openConsoleFrom(content) : undefined,
    });
    try {
      await this.#sendLines(reader, plan, placers(plan, situation), sender, console);
      if (sender.failure === undefined) await this.#sendArtifacts(content, started);
      if (sender.failure === undefined) {
        await this.#sendConfig(options, started);
        const files = new RunFiles(this.#client, started.scope, started.address);
        receipt.missing.push(
          ...(await addRunFiles(files, {
            content,
            started,
            summary: summary.toJson(),
            console,
            consoleStart: plan.anchor.console + (content.lines.console.ranges[0]?.from ?? 0),
          })),
        );
        sender.uploaded(await files.upload());
        receipt.files.push(...files.uploaded);
        receipt.failedFiles.push(...files.failed);
        if (files.gaveUp) started.scope.budget.set(0);
        sender.touchSummary();
        await sender.finish(content.exitCode);
      }
    } finally {
      await sender.close();
      await console.dispose();
      receipt.sent(sender);
    }
    return await this.#end(sender, content);
  }

  async #end(sender: LineSender, content: RunContent): Promise<SyncReceipt> {
    const receipt = this.#receipt;
    const { failure } = sender;
    if (isWandbError(failure, "undelivered")) this.#scope.budget.set(0);
    if (failure !== undefined) return receipt.end("undelivered", messageOf(failure));
    if (receipt.failedFiles.length > 0 || receipt.failedArtifacts.length > 0 || receipt.configFailed) {
      return receipt.end("undelivered", "not everything that belongs to the run arrived");
    }
    if (content.exitCode === undefined && !content.closed) {
      receipt.warnings.push(
        "the file has no end: its writer was killed, or still writes. What it holds was sent; run this again when it has grown.",
      );
    } else if (receipt.missing.length === 0) await markSynced(this.#transactionLog);
    return receipt.end("delivered");
  }

  async #sendLines(
    reader: OfflineReader,
    plan: DeliveryPlan,
    streams: Placers,
    sender: LineSender,
    console: ConsoleText,
  ): Promise<void> {
    const { acknowledged } = plan.state;
    for await (const event of reader) {
      if (event.kind === "damage") for (const name of STREAMS) streams[name].damaged();
      if (event.kind !== "history" && event.kind !== "events" && event.kind !== "console") continue;
      const line = streams[event.kind].place(
        event.content,
        event.kind === "history" ? event.step : undefined,
      );
      if (event.kind === "console") await console.add([event]);
      if (line === undefined || line < acknowledged[event.kind]) continue;
      await sender.push(event.kind, line, event.content);
      if (sender.failure !== undefined) return;
    }
    await sender.flush();
  }

  async #sendArtifacts(content: RunContent, started: StartedRun): Promise<void> {
    const { artifacts, failedArtifacts, missing, warnings } = this.#receipt;
    for (const one of content.artifacts) {
      const { artifact } = one;
      try {
        artifacts.push(
          await publishArtifact(this.#client, started.scope, started.address, await artifactSpec(one)),
        );
        if (artifact.tags.length > 0)
          warnings.push(`the artifact ${artifact.name} was sent without its tags`);
      } catch (error) {
        const reason = messageOf(error);
        if (isWandbError(error, "undelivered")) started.scope.budget.set(0);
        const local = isWandbError(error, "artifact-source", "invalid-name");
        if (local) missing.push(`the artifact ${artifact.name} was not sent: ${reason}`);
        else failedArtifacts.push({ name: artifact.name, reason });
      }
    }
  }

  async #sendConfig(options: RunOptions, started: StartedRun): Promise<void> {
    try {
      await updateRunConfig(options, started);
    } catch (error) {
      if (isWandbError(error, "undelivered")) started.scope.budget.set(0);
      this.#receipt.configFailed = true;
      this.#receipt.warnings.push(`the charts were not sent: ${messageOf(error)}`);
    }
  }

  #runOptions(content: RunContent, situation: DeliverySituation, whole: boolean): RunOptions {
    const { run } = content;
    const { _wandb, ...config } = content.config;
    return {
      client: this.#client,
      project: run.project,
      entity: situation.entity,
      id: run.runId,
      displayName: run.displayName,
      group: run.group,
      tags: run.tags.length > 0 ? run.tags : undefined,
      jobType: run.jobType,
      notes: run.notes,
      config,
      host: run.host,
      resume: whole ? "replace" : "allow",
      budget: this.#scope.budget,
      signal: this.#options.signal,
    };
  }
}

/** The run record, or, if that is damaged, what the delivery state says of it. */
async function runOf(reader: OfflineReader): Promise<RunRecord> {
  for await (const event of reader) {
    if (event.kind === "run") return event.run;
    // It is the second record of every file; there is no need to look through all of a damaged one.
    if (event.kind === "history" || event.kind === "exit") break;
  }
  const { delivery } = reader;
  if (delivery === null) throw new WandbError("sync-refused", "the file doesn't say which run it belongs to");
  return { runId: delivery.runId, project: delivery.project, tags: [], config: [] };
}

function placers({ state, held }: DeliveryPlan, { existing }: DeliverySituation): Placers {
  const placer = (name: StreamName): LinePlacer =>
    new LinePlacer(state.spans[name], {
      acknowledged: state.acknowledged[name],
      held: held[name],
      lastStep: name === "history" ? existing?.lastStep : undefined,
      anchorStep: name === "history" ? (state.anchorStep ?? undefined) : undefined,
    });
  return { history: placer("history"), events: placer("events"), console: placer("console") };
}

/** Of a file whose rows are all on the server already, only what nobody else has is new. */
function newOf({ lines, summary }: RunContent, { resumed, existing }: StartedRun): JsonObject {
  if (!resumed || lines.history.repeated === 0 || lines.history.ranges.length > 0) return summary;
  const known = existing?.summary ?? {};
  const fresh = Object.entries(summary).filter(([key]) => !Object.hasOwn(known, key));
  return { ...Object.fromEntries(fresh), ...tableReferences(summary) };
}

/** The last line of each of the two outputs may be half a line yet. */
function openConsoleFrom(content: RunContent): number {
  return Math.max(0, (content.lines.console.ranges.at(-1)?.to ?? 0) - 2);
}

/** The mark of a delivered file, as `markSynced` makes it. */
function syncedMark(transactionLog: string): string {
  return `${transactionLog}.synced`;
}

/** The charts of a configuration. */
function chartsOf(content: RunContent): Readonly<Record<string, JsonObject>> {
  const internal = content.config._wandb;
  const charts = isObject(internal) ? internal.visualize : undefined;
  return isObject(charts) ? (charts as Readonly<Record<string, JsonObject>>) : {};
}

/**
 * Sends the server's last row again, with what a file knows in addition: the training that wrote the row may have ended
 * before the validation of its update. Sent twice it is the same.
 *
 * @throws WandbError when it was not acknowledged.
 */
async function completeLastRow(
  client: WandbClient,
  { address, scope, gzip }: StartedRun,
  existing: ExistingRun,
  row: JsonObject | undefined,
): Promise<void> {
  const held = existing.lastRow as JsonObject;
  const fresh = Object.entries(row ?? {}).filter(([key]) => !Object.hasOwn(held, key));
  if (fresh.length === 0 || existing.rows === 0 || held["_step"] === undefined) return;
  const stream = new FileStream({
    client,
    scope,
    ...address,
    gzip,
    pacing: "bulk",
    offsets: { "wandb-history.jsonl": existing.rows - 1 },
    onUndelivered: () => {},
  });
  await stream.push("wandb-history.jsonl", [stringifyJson({ ...Object.fromEntries(fresh), ...held })]);
  await stream.end();
  if (stream.failure !== undefined) throw stream.failure;
}

/** What the files of a run are made of. */
interface RunFileSources {
  readonly content: RunContent;
  readonly started: StartedRun;
  /** The complete summary as JSON. */
  readonly summary: string;
  readonly console: ConsoleText;
  /** Number of the first console line in the server's run. */
  readonly consoleStart: number;
}

/**
 * Adds the files of an offline run, and those that a run has at its end if the file has none of its own. Returns
 * the files that are gone.
 */
async function addRunFiles(files: RunFiles, sources: RunFileSources): Promise<string[]> {
  const { content, started, summary, console, consoleStart } = sources;
  const names = RUN_FILES_AT_END;
  files.add(names.config, Buffer.from(started.config.toYaml()));
  files.add(names.summary, Buffer.from(summary));
  if (!started.resumed) files.add(names.metadata, metadata(content));
  if (!console.empty) {
    // The lines of a run that goes on are only its later part, which must not replace the file with the earlier one.
    files.add(consoleStart === 0 ? names.console : `logs/output_${consoleStart}.log`, await console.source());
  }
  const missing: string[] = [];
  for (const { path, type, localPath } of content.files) {
    const status = await stat(localPath).catch(() => undefined);
    if (status?.isFile()) files.add(path, { path: localPath, size: status.size });
    // The official client lists some of its own files before it writes them.
    else if (type !== "wandb") missing.push(`the run file ${path} is gone (${localPath})`);
  }
  return missing;
}

function metadata({ run }: RunContent): Buffer {
  const startedAt = run.startTime === undefined ? undefined : new Date(run.startTime * 1000).toISOString();
  return Buffer.from(stringifyJson({ startedAt, host: run.host }));
}
