/** What `report` does: inputs to one page, with a receipt. */
import { resolve } from "node:path";
import { sinkFault } from "../jobs/parse-job.js";
import type { ParserOptions } from "../parser/log-parser.js";
import type { ReportData } from "../publishers/report/report-data.js";
import { reportPage } from "../publishers/report/report-page.js";
import { reportSummary } from "../publishers/report/summary.js";
import { fileSource, STDIN } from "../sources/inputs.js";
import { StdinSource } from "../sources/stdin.js";
import { startProgress } from "./progress.js";
import { type Detail, size } from "./receipt.js";
import { report } from "./report.js";
import { readArchives } from "./report-archive.js";
import { ReportContent } from "./report-data.js";
import { openFile, readViewer, writeWhole } from "./report-files.js";
import { reportInputs } from "./report-inputs.js";
import type { StopSignal } from "./stop-signal.js";

/** What is asked for. */
export interface ReportOptions {
  /** The package's own folder, which holds the viewer. */
  readonly root: string;
  /** Whether inputs are archives. */
  readonly archive: boolean;
  readonly output: string;
  /** A file, or `-` for standard output. */
  readonly summary: string | undefined;
  readonly title: string | undefined;
  readonly open: boolean;
  readonly options: ParserOptions;
  readonly strict: boolean;
  readonly json: boolean;
  readonly detail: Detail;
  readonly stop: StopSignal;
  /** `performance.now()` at the start. */
  readonly started: number;
  /** Ends the command with its message. */
  usage(message: string): never;
}

/** Makes the report, prints the receipt and returns the exit code. */
export async function makeReport(names: readonly string[], request: ReportOptions): Promise<number> {
  const { stop, detail } = request;
  const content = await readContent(names, request).catch((error: Error) => request.usage(error.message));
  const stopped = stop.received;
  const written =
    stopped === undefined ? await writeReport(content, request) : { outputs: [], sinkErrors: [], notes: [] };
  // What was refused is in the report by name only.
  for (const receipt of content.receipts)
    if (receipt.counts.bytes > 0) receipt.outputs.push(...written.outputs);
  const verdict = {
    strict: request.strict,
    sinkErrors: written.sinkErrors,
    ...(stopped === undefined ? {} : { signal: stopped }),
  };
  const stdoutTaken = request.summary === "-";
  const code = report(content.receipts, verdict, {
    detail,
    json: request.json,
    stdoutTaken,
    started: request.started,
  });
  if (detail !== "quiet" && !request.json)
    for (const note of written.notes) process.stderr.write(`${note}\n`);
  return code;
}

async function readContent(names: readonly string[], request: ReportOptions): Promise<ReportContent> {
  const { stop, options, strict } = request;
  const inputs = request.archive ? { inputs: [], faults: [] } : await reportInputs(names);
  const files = inputs.inputs.filter(({ name }) => name !== STDIN).map(({ name }) => fileSource(name));
  const bytes = files.reduce((sum, { size: length = 0 }) => sum + length, 0);
  const bar = await startProgress(
    { bytes },
    process.stderr,
    request.detail === "quiet" || names.includes(STDIN),
  );
  if (names.includes(STDIN)) {
    stop.signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  }
  const content = new ReportContent({ options, strict, signal: stop.signal, progress: bar.add });
  try {
    if (request.archive) await readArchives(names, content, stop.signal);
    else {
      await content.readInputs(inputs, (name) =>
        name === STDIN ? new StdinSource(process.stdin) : fileSource(name),
      );
    }
    return content;
  } finally {
    bar.stop();
  }
}

interface Written {
  readonly outputs: readonly string[];
  /** What could not be written, in words. */
  readonly sinkErrors: readonly string[];
  /** What deserves a word. */
  readonly notes: readonly string[];
}

/** Writes the page and the summary; a fault of one leaves the other. */
async function writeReport(content: ReportContent, request: ReportOptions): Promise<Written> {
  const { output, summary } = request;
  const { runs, evaluations, problems, passedOver } = content;
  const data: ReportData = {
    title: request.title ?? titleOf(content),
    created: new Date().toISOString(),
    runs,
    evaluations,
    problems,
  };
  const outputs: string[] = [];
  const sinkErrors: string[] = [];
  const notes =
    passedOver > 0 ? [`${passedOver} logs of folders hold no measurement and are passed over`] : [];
  const attempt = async (write: () => Promise<void>) => {
    try {
      await write();
    } catch (error) {
      sinkErrors.push(sinkFault(error));
    }
  };
  const viewer = await readViewer(request.root);
  await attempt(async () => {
    const page = reportPage(viewer, data);
    await writeWhole(output, page);
    outputs.push(output);
    notes.push(
      `${output}: ${runs.length} runs, ${evaluations.length} evaluations, ${size(Buffer.byteLength(page))}`,
    );
    const fault = request.open ? await openFile(resolve(output)) : undefined;
    if (fault !== undefined) notes.push(`${output}: ${fault}`);
  });
  if (summary === "-") process.stdout.write(reportSummary(data));
  else if (summary !== undefined) {
    await attempt(async () => {
      await writeWhole(summary, reportSummary(data));
      outputs.push(summary);
    });
  }
  return { outputs, sinkErrors, notes };
}

function titleOf({ runs, evaluations }: ReportContent): string {
  const [first] = runs;
  if (first !== undefined) return runs.length === 1 ? first.name : `${runs.length} trainings`;
  return evaluations.length > 0 ? `${evaluations.length} evaluations` : "No training";
}
