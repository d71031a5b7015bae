/** Reads logs into files or one output, each into publishers of its own as well. */
import { join } from "node:path";
import { fileSource, inputLocation, type OpenedInputs } from "../archive/input-source.js";
import type { ParserOptions } from "../core/log-parser.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import { resultFolders, STDIN } from "../io/inputs.js";
import { BucketFolder } from "../io/objects/bucket-folder.js";
import { isBucketUrl } from "../io/objects/object-url.js";
import type { Source } from "../io/source.js";
import { type Echo, StdinSource } from "../io/stdin.js";
import { say } from "../io/terminal.js";
import { wholeLines } from "../io/whole-lines.js";
import { type FileFormat, filePublisher, livePublishers, standardOutput } from "../publishers/files.js";
import { NdjsonPublisher } from "../publishers/ndjson.js";
import { type PrintedTable, TablePrinter } from "../publishers/table-printer.js";
import type { Compression } from "../publishers/tables/compression.js";
import type { UpdatePublisher } from "../publishers/update-publisher.js";
import { outputErrorText } from "./error-text.js";
import type { InputReceipt } from "./input-receipt.js";
import { type LogControl, publishLog } from "./publish-log.js";
import { ownPublishers, runInWorkers, threadCount } from "./worker-pool.js";

/** A log that is about to be read, for those who make its publishers. */
export interface OpenedLog {
  /** As the user gave it. */
  readonly name: string;
  readonly source: Source;
  /** Whether it is the log of a training that goes on. */
  readonly live: boolean;
  /** All logs of the command. */
  readonly names: readonly string[];
  /** Scores of the trained model; absent if the command does not know them. */
  readonly evaluations?: readonly Evaluation[];
}

/** Makes a publisher for each log; undefined if a log is not for it. */
export type PublisherOpener = (
  log: OpenedLog,
) => UpdatePublisher | undefined | Promise<UpdatePublisher | undefined>;

/** The publishers that the openers make for a log. */
export async function openPublishers(
  openers: readonly PublisherOpener[],
  log: OpenedLog,
): Promise<readonly UpdatePublisher[]> {
  const publishers = await Promise.all(openers.map((open) => open(log)));
  return publishers.filter((publisher) => publisher !== undefined);
}

/** Where the rows go. */
export type RowOutput =
  /** Files, with a folder for each of several logs. */
  | { readonly kind: "folder"; readonly folder: string }
  /** NDJSON on standard output. */
  | { readonly kind: "lines" }
  /** One table on standard output. */
  | ({ readonly kind: "table" } & PrintedTable)
  /** To the other publishers only. */
  | { readonly kind: "none" };

/** What is read, and where it goes. */
export interface ParseRequest {
  readonly names: readonly string[];
  readonly inputs: OpenedInputs;
  readonly format: FileFormat;
  /** Of Parquet; Snappy by default. */
  readonly compression?: Compression | undefined;
  readonly output: RowOutput;
  /** One set of files for all logs. */
  readonly combine: boolean;
  /** Standard input passes through to it. */
  readonly echo?: Echo | undefined;
  /** The logs are files that grow; they are read until the signal. */
  readonly follow: boolean;
  readonly options: ParserOptions;
  /** If absent, the size of the logs decides, up to the number of cores. */
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  progress(bytes: number): void;
  /** Of the program. */
  readonly version: string;
  /** Milliseconds without a record after which a training is silent. Default: by the distances of its records. */
  readonly silentAfter?: number | undefined;
  /** Publishers of each log besides the files. */
  readonly openers: readonly PublisherOpener[];
}

/** What became of it. */
export interface ParseResult {
  readonly receipts: readonly InputReceipt[];
  /** Errors of the output that all logs share. */
  readonly errors: readonly string[];
}

/** Reads all logs: in threads if each has files of its own and that is faster, else one after the other. */
export async function parseLogs(request: ParseRequest): Promise<ParseResult> {
  const { output } = request;
  if (output.kind === "folder" && isBucketUrl(output.folder))
    return await parseIntoBucket(request, output.folder);
  const { follow, echo } = request;
  const combined = follow ? undefined : await combinedOutput(request);
  const { receipts, errors } =
    combined === undefined
      ? { receipts: await (follow ? parseGrowing(request) : parseApart(request)), errors: [] }
      : await parseCombined(request, combined);
  if (request.output.kind === "folder" && !request.signal.aborted) {
    for (const { error, counts, publishers } of receipts) {
      const isUnopened = error !== undefined && counts.bytes === 0;
      if (
        isUnopened &&
        !publishers.some(({ outputs, nothingWritten }) => nothingWritten || outputs.length > 0)
      )
        publishers.push({ name: request.format, outputs: [], nothingWritten: true, errors: [] });
    }
  }
  const lost = echo?.fault === undefined ? [] : [`standard output: ${outputErrorText(echo.fault)}`];
  return { receipts, errors: [...errors, ...lost] };
}

/** The same for a folder in a bucket: what could not be uploaded is an error, and no receipt names it. */
async function parseIntoBucket(request: ParseRequest, address: string): Promise<ParseResult> {
  const place = await BucketFolder.make(address);
  try {
    const result = await parseLogs({ ...request, output: { kind: "folder", folder: place.folder } });
    const { addresses, errors } = await place.upload();
    for (const { publishers } of result.receipts)
      for (const [index, publisher] of publishers.entries()) {
        const outputs = publisher.outputs.map((path) => place.named(path));
        const own = publisher.outputs.map((path) => path.startsWith(place.folder));
        const there = outputs.filter((output, at) => !own[at] || addresses.includes(output));
        const failed = publisher.errors.map((error) => place.named(error));
        publishers[index] = { ...publisher, outputs: there, errors: failed };
      }
    return { ...result, errors: [...result.errors.map((error) => place.named(error)), ...errors] };
  } finally {
    await place.remove();
  }
}

/** Every log into files of its own, or into none. */
async function parseApart(request: ParseRequest): Promise<InputReceipt[]> {
  const { names, inputs, format, compression, output, options, openers, version, silentAfter } = request;
  const folderOf = output.kind === "folder" ? outputFolders(names, output.folder) : undefined;
  // Functions don't pass to threads, and the runs of one W&B project share a connection.
  const isAlone = openers.length > 0 || names.some((name) => isLive(request, name));
  const threads = isAlone ? 1 : threadCount(request.threads, names.length, inputs.bytes);
  if (threads > 1) {
    const tasks = names.map((name) => {
      const place = inputLocation(name);
      const folder = folderOf?.(name);
      const files = { folder, format, compression, options, version };
      return { source: name, ...(place && { place }), ...files, silentAfter };
    });
    return runInWorkers(tasks, threads, request);
  }
  const receipts: InputReceipt[] = [];
  for (const name of names) {
    if (controlOf(request, name).signal?.aborted) continue;
    const own = await ownPublishers({ folder: folderOf?.(name), format, compression, options, version });
    receipts.push(await parseLog(request, name, own));
  }
  return receipts;
}

/** All logs at once, since none ends before the signal: into files of its own, or line by line into one output. */
async function parseGrowing(request: ParseRequest): Promise<InputReceipt[]> {
  const { names, output, options, signal } = request;
  const stdout = output.kind === "lines" ? standardOutput() : undefined;
  const folderOf = output.kind === "folder" ? outputFolders(names, output.folder) : undefined;
  return Promise.all(
    names.map(async (name) => {
      const lines = stdout === undefined ? undefined : new NdjsonPublisher(stdout);
      const files =
        folderOf === undefined ? [] : livePublishers(folderOf(name), { patterns: hasPatterns(options) });
      const own = lines === undefined ? files : [lines];
      const receipt = await parseLog(request, name, own);
      if (receipt.error === undefined) return receipt;
      await lines?.fail(receipt.error).catch(() => {});
      // The receipt comes when the last log has ended.
      if (names.length > 1 && !signal.aborted) say(`${name}: no longer followed: ${receipt.error}`);
      return receipt;
    }),
  );
}

/** The folder of each log's files: that of the results, or one below it if there are several logs. */
function outputFolders(names: readonly string[], folder: string): (name: string) => string {
  const folders = names.length === 1 ? undefined : resultFolders(names);
  return (name) => join(folder, folders?.get(name) ?? "");
}

/** All logs, one after the other, into one output. */
async function parseCombined(request: ParseRequest, shared: UpdatePublisher): Promise<ParseResult> {
  const { names, signal } = request;
  const receipts: InputReceipt[] = [];
  const errors: string[] = [];
  for (const name of names) {
    // Once the output has failed, what it holds is not whole.
    if (errors.length > 0) break;
    if (controlOf(request, name).signal?.aborted) continue;
    const receipt = await parseLog(request, name, [], shared);
    receipts.push(receipt);
    for (const result of receipt.publishers)
      if (result.shared) errors.push(...result.errors.map((error) => `${result.name}: ${error}`));
    if (receipt.error !== undefined && shared instanceof NdjsonPublisher)
      await shared.fail(receipt.error).catch(() => {});
  }
  const isKept = errors.length === 0 && (names.some((name) => isLive(request, name)) || !signal.aborted);
  try {
    if (!isKept) await shared.discard().catch(() => {});
    else {
      const outcome = await shared.close();
      for (const { publishers } of receipts) publishers.push({ name: shared.name, ...outcome, errors: [] });
    }
  } catch (error) {
    errors.push(outputErrorText(error));
  }
  return { receipts, errors };
}

/** The output that all logs share; undefined if each has its own, or none. */
async function combinedOutput(request: ParseRequest): Promise<UpdatePublisher | undefined> {
  const { output, format, compression, combine, options, version } = request;
  if (output.kind === "lines") return new NdjsonPublisher(standardOutput());
  if (output.kind === "table") return new TablePrinter(output, combine);
  if (output.kind === "none" || !combine) return undefined;
  const { folder } = output;
  return filePublisher(folder, format, {
    patterns: hasPatterns(options),
    combine: true,
    version,
    compression,
  });
}

async function parseLog(
  request: ParseRequest,
  name: string,
  own: readonly UpdatePublisher[],
  shared?: UpdatePublisher,
): Promise<InputReceipt> {
  const { names, options, openers } = request;
  const source = await openSource(request, name);
  const live = isLive(request, name);
  const publishers = [...own, ...(await openPublishers(openers, { name, source, live, names }))];
  return publishLog(source, { ...options, live }, publishers, { ...controlOf(request, name), shared });
}

/**
 * How the reading of a log ends: at once with the signal, unless it ends by itself. A file that is followed ends when
 * the signal comes; standard input that passes through ends when its writer does.
 */
function controlOf(request: ParseRequest, name: string): LogControl {
  const { follow, echo, progress, signal, silentAfter } = request;
  const control = { progress, silentAfter };
  return follow || (echo !== undefined && name === STDIN) ? control : { ...control, signal };
}

function isLive({ follow }: ParseRequest, name: string): boolean {
  return follow || name === STDIN;
}

function hasPatterns({ patterns = [] }: ParserOptions): boolean {
  return patterns.length > 0;
}

async function openSource({ inputs, follow, echo, signal }: ParseRequest, name: string): Promise<Source> {
  if (follow) {
    const { FollowSource } = await import("../io/follow.js");
    const file = new FollowSource(name, { signal, notice: say });
    // It ends when the signal comes, maybe within a line.
    return { name, chunks: () => wholeLines(file.chunks(), () => false) };
  }
  if (name !== STDIN) return inputs.sources.get(name) ?? fileSource(name);
  if (echo === undefined) signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  const stdin = new StdinSource(process.stdin, echo);
  return {
    name: stdin.name,
    chunks: () => wholeLines(stdin.chunks(), () => !signal.aborted),
    get closed() {
      return stdin.closed;
    },
  };
}
