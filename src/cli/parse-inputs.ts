/** What `parse` does: inputs to files or standard output, with a receipt. */
import { join } from "node:path";
import type { ParserOptions } from "../core/log-parser.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { FollowSource } from "../io/follow.js";
import { fileSource, inputLocation, resultFolders, STDIN } from "../io/inputs.js";
import type { Source } from "../io/source.js";
import { Echo, StdinSource } from "../io/stdin.js";
import { dataText, say } from "../io/terminal.js";
import { wholeLines } from "../io/whole-lines.js";
import { outputErrorText } from "../pipeline/error-text.js";
import { planSource } from "../pipeline/plan-source.js";
import {
  filePublishers,
  type InputReceipt,
  type LogControl,
  livePublishers,
  type PublisherFactory,
  publishLog,
} from "../pipeline/publish-log.js";
import { runInWorkers, threadCount } from "../pipeline/worker-pool.js";
import { CsvFolder, CsvPublisher } from "../publishers/csv/csv-publisher.js";
import { errorLine, LineFile, type LineOutput, NdjsonPublisher } from "../publishers/ndjson.js";
import type { PublisherMaker } from "../publishers/publisher.js";
import { PublisherQueue } from "../publishers/publisher-queue.js";
import { runFolders } from "../publishers/tensorboard/run-folders.js";
import type { StepUnit } from "../publishers/tensorboard/tags.js";
import { TensorboardPublisher } from "../publishers/tensorboard/tensorboard-publisher.js";
import type { UpdatePublisher } from "../publishers/update-publisher.js";
import type { WandbTarget } from "./flags/wandb-flags.js";
import type { StopSignal } from "./stop-signal.js";
import type { Plot } from "./terminal/plot.js";
import { startProgress } from "./terminal/progress.js";

/** What is asked for. */
export interface ParseRequest {
  readonly names: readonly string[];
  readonly format: "csv" | "ndjson";
  /** Where files go; without it NDJSON goes to standard output. */
  readonly folder: string | undefined;
  readonly combine: boolean;
  readonly tee: boolean;
  /** The one input is a file that grows; it is read until a signal comes. */
  readonly follow: boolean;
  readonly options: ParserOptions;
  readonly threads: number | undefined;
  readonly quiet: boolean;
  readonly stop: StopSignal;
  /** Publishes every run to W&B as well. */
  readonly wandb: WandbTarget | undefined;
  /** Publishers of the user's own. */
  readonly makers: readonly PublisherMaker[];
  /** Gathers curves of every run. */
  readonly plot: Plot | undefined;
  /** TensorBoard's log directory: every run gets a folder below it. */
  readonly tensorboard: { readonly folder: string; readonly step: StepUnit } | undefined;
}

/** What came of it. */
export interface ParseResult {
  readonly receipts: readonly InputReceipt[];
  /** Faults of the sink that all inputs share. */
  readonly sinkErrors: readonly string[];
}

/** Reads all inputs. */
export async function parseInputs(request: ParseRequest): Promise<ParseResult> {
  const { names, stop } = request;
  const files = names.filter((name) => name !== STDIN).map(fileSource);
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const bar = await startProgress(
    { bytes },
    process.stderr,
    request.quiet || request.follow || names.includes(STDIN),
  );
  const control = { progress: bar.add, signal: stop.signal };
  const echo = request.tee ? new Echo(process.stdout) : undefined;
  const source = (name: string) => openSource(name, request, files, echo);
  try {
    const result = await readInputs(request, bytes, source, control);
    return { ...result, sinkErrors: [...result.sinkErrors, ...echoFaults(echo)] };
  } finally {
    bar.stop();
  }
}

/** What the echo of standard input could not pass on, in words. */
export function echoFaults(echo: Echo | undefined): string[] {
  return echo?.fault === undefined ? [] : [`standard output: ${outputErrorText(echo.fault)}`];
}

type Control = { progress(bytes: number): void; readonly signal: AbortSignal };

/** Chooses between one sink for all inputs and files for each. */
async function readInputs(
  request: ParseRequest,
  bytes: number,
  source: (name: string) => Source,
  control: Control,
): Promise<ParseResult> {
  const { folder, format, combine, options } = request;
  if (folder === undefined) return runShared(request, source, control, standardOutput(), undefined);
  if (!combine) return { receipts: await runApart(request, folder, bytes, source, control), sinkErrors: [] };
  if (format === "ndjson") {
    const lines = new LineFile(join(folder, "measurements.ndjson"), "whole");
    return runShared(request, source, control, lines, undefined);
  }
  const patterns = (options.patterns?.length ?? 0) > 0;
  const csv = new CsvFolder({ folder, mode: "whole", combine: true, patterns });
  return runShared(request, source, control, undefined, csv);
}

/** Every input into files of its own; in threads where that is worth it. */
async function runApart(
  request: ParseRequest,
  folder: string,
  bytes: number,
  source: (name: string) => Source,
  control: Control,
): Promise<InputReceipt[]> {
  const { names, format, options } = request;
  const folders = names.length === 1 ? undefined : resultFolders(names);
  const place = (name: string) => join(folder, folders?.get(name) ?? "");
  // Runs of one W&B project share a connection, and so a thread; functions don't pass to another.
  const { wandb, makers, plot, tensorboard } = request;
  const others = wandb !== undefined || makers.length > 0 || plot !== undefined || tensorboard !== undefined;
  const alone = names.some((name) => isLive(name, request)) || others;
  const threads = alone ? 1 : threadCount(request.threads, names.length, bytes);
  if (threads > 1) {
    const tasks = names.map((name) => {
      const lies = inputLocation(name);
      return {
        source: name,
        ...(lies === undefined ? {} : { place: lies }),
        folder: place(name),
        format,
        options,
      };
    });
    return runInWorkers(tasks, threads, control);
  }
  const receipts: InputReceipt[] = [];
  for (const name of names) {
    if (controlOf(name, request, control).signal?.aborted) continue;
    const patterns = (options.patterns?.length ?? 0) > 0;
    const factory = request.follow
      ? livePublishers(name, place(name), patterns)
      : filePublishers(name, place(name), format, patterns);
    const log = source(name);
    const job = await withOthers(log, factory, request);
    const live = isLive(name, request);
    receipts.push(await publishLog(log, { ...options, live }, job, controlOf(name, request, control)));
  }
  return receipts;
}

/** All inputs, one after the other, into one sink: lines or CSV files. */
async function runShared(
  request: ParseRequest,
  source: (name: string) => Source,
  control: Control,
  lines: LineOutput | undefined,
  csv: CsvFolder | undefined,
): Promise<ParseResult> {
  const receipts: InputReceipt[] = [];
  const sinkErrors: string[] = [];
  for (const name of request.names) {
    if (sinkErrors.length > 0) break;
    if (controlOf(name, request, control).signal?.aborted) continue;
    const factory: PublisherFactory = ({ time }) => [
      ...(lines === undefined ? [] : [new NdjsonPublisher(name, lines, time, false)]),
      ...(csv === undefined ? [] : [new CsvPublisher(name, csv, false)]),
    ];
    const log = source(name);
    const publishers = await withOthers(log, factory, request);
    const receipt = await publishLog(
      log,
      { ...request.options, live: isLive(name, request) },
      publishers,
      controlOf(name, request, control),
    );
    receipts.push(receipt);
    // Once the shared sink has failed, what it holds is not whole.
    const shared = receipt.sinkErrors.filter((error) => /^(CSV|NDJSON): /.test(error));
    sinkErrors.push(...shared);
    receipt.sinkErrors = receipt.sinkErrors.filter((error) => !shared.includes(error));
    if (receipt.error !== undefined) await lines?.write(errorLine(name, receipt.error)).catch(() => {});
  }
  const sink = lines ?? csv;
  const outputs: string[] = [];
  const live = request.names.some((name) => isLive(name, request));
  const keep = sinkErrors.length === 0 && (live || !control.signal.aborted);
  try {
    if (keep) outputs.push(...((await sink?.close()) ?? []));
    else await sink?.discard().catch(() => {});
  } catch (error) {
    sinkErrors.push(outputErrorText(error));
  }
  for (const receipt of receipts) receipt.outputs.push(...outputs);
  return { receipts, sinkErrors };
}

/**
 * Adds charts, TensorBoard, the user's own publishers, and W&B, for which a file is read twice: first for what it
 * holds.
 */
async function withOthers(
  log: Source,
  factory: PublisherFactory,
  request: ParseRequest,
): Promise<PublisherFactory> {
  const { name } = log;
  const { wandb, options, makers } = request;
  const own = await Promise.all(makers.map((make) => make()));
  const plan =
    wandb === undefined || isLive(name, request) ? undefined : await planSource(fileSource(name), options);
  const closed = () => (plan === undefined ? log.closed === true : log.changed !== true);
  const published = plan?.rows === 0 ? undefined : wandb?.publisher(name, plan, closed);
  return (parser, reader) => [
    ...factory(parser, reader),
    ...pictures(name, parser.time, request),
    ...own.map(
      (publisher) =>
        new PublisherQueue(publisher, name, isLive(name, request), parser.time, () => reader.tally),
    ),
    ...(published?.(parser, reader) ?? []),
  ];
}

function pictures(name: string, time: TimestampFormat, request: ParseRequest): UpdatePublisher[] {
  const { names, plot, tensorboard } = request;
  const publishers: UpdatePublisher[] = [];
  if (plot !== undefined) {
    const legend = names.length === 1 ? name : resultFolders(names).get(name);
    publishers.push(plot.publisher(legend ?? name));
  }
  if (tensorboard !== undefined) {
    const folder = join(tensorboard.folder, runFolders(names).get(name) ?? "");
    const mode = isLive(name, request) ? "live" : "whole";
    publishers.push(new TensorboardPublisher(name, { folder, mode, step: tensorboard.step }, time));
  }
  return publishers;
}

/**
 * How the reading of a log ends: at once with the signal, unless it ends by itself. A file that is followed does so when
 * the signal comes; standard input that is passed on, when who writes it has ended.
 */
function controlOf(name: string, { follow, tee }: ParseRequest, control: Control): LogControl {
  return follow || (tee && name === STDIN) ? { progress: control.progress } : control;
}

/** Whether a log is that of a training which goes on. */
function isLive(name: string, { follow }: ParseRequest): boolean {
  return follow || name === STDIN;
}

function openSource(
  name: string,
  { stop, follow }: ParseRequest,
  files: readonly Source[],
  echo: Echo | undefined,
): Source {
  if (follow) {
    const file = new FollowSource(name, { signal: stop.signal, notice: say });
    // It ends where the signal comes, maybe within a line.
    return { name, chunks: () => wholeLines(file.chunks(), () => false) };
  }
  if (name !== STDIN) return files.find((file) => file.name === name) ?? fileSource(name);
  if (echo === undefined)
    stop.signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  const stdin = new StdinSource(process.stdin, echo);
  return {
    name: stdin.name,
    chunks: () => wholeLines(stdin.chunks(), () => !stop.signal.aborted),
    get closed() {
      return stdin.closed;
    },
  };
}

/** Standard output as a sink. A reader that has seen enough (`head`) closes it: that is no fault. */
export function standardOutput(): LineOutput {
  const echo = new Echo(process.stdout);
  const encoder = new TextEncoder();
  return {
    get closed() {
      return echo.closed;
    },
    write: async (lines) => {
      await echo.write(encoder.encode(dataText(lines)));
      if (echo.fault !== undefined) throw echo.fault;
    },
    close: async () => [],
    discard: async () => {},
  };
}
