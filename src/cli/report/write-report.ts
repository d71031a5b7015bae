/** What `report` does: inputs to one page, with a receipt. */

import { spawn } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileSource, openInputs } from "../../archive/input-source.js";
import type { LogInputs } from "../../archive/log-inputs.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { EXIT } from "../../exit-code.js";
import { STDIN } from "../../io/inputs.js";
import { isBucketUrl } from "../../io/objects/object-url.js";
import { objectStore } from "../../io/objects/process-store.js";
import { type OutputFile, openOutputFile, writing } from "../../io/output-file.js";
import { Echo, StdinSource } from "../../io/stdin.js";
import { printText, say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { outputErrorText } from "../../pipeline/error-text.js";
import { hasMeasurement } from "../../pipeline/input-receipt.js";
import type { ReportData } from "../../report/report-data.js";
import { reportPage } from "../../report/report-page.js";
import { reportSummary } from "../../report/summary.js";
import type { Command } from "../command.js";
import { STDOUT } from "../flags/row-output.js";
import { count, size } from "../receipts/numbers.js";
import { type Detail, NOTHING_WRITTEN } from "../receipts/receipt.js";
import { report } from "../receipts/report.js";
import { startProgress } from "../terminal/progress.js";
import { ReportContent } from "./content.js";

/** What is asked for. */
export interface ReportOptions {
  /** What the inputs are: files and folders, archives, or groups or tasks of Taskcluster. */
  readonly from: "files" | "archive" | "group" | "task";
  /** A file, or `-` for standard output. */
  readonly output: string;
  /** A file, or `-` for standard output. */
  readonly summary: string | undefined;
  readonly title: string | undefined;
  readonly open: boolean;
  readonly options: ParserOptions;
  readonly strict: boolean;
  readonly json: boolean;
  readonly detail: Detail;
  readonly stop: StopRequest;
  /** `performance.now()` at the start. */
  readonly started: number;
  readonly command: Command;
}

/** Makes the report, prints the receipt and returns the exit code. */
export async function makeReport({ names, folders }: LogInputs, request: ReportOptions): Promise<number> {
  const { stop, detail } = request;
  const { content, refused } = await readContent(names, request);
  if (refused !== EXIT.ok) return refused;
  const stopped = stop.received;
  const written: Written =
    stopped === undefined
      ? await writeReport(content, request)
      : { outputs: [], outputErrors: [], notes: [] };
  // What was refused is in the report by name only.
  const { outputs, nothingWritten } = written;
  for (const receipt of content.receipts)
    if (nothingWritten) receipt.publishers.push({ name: "report", outputs, nothingWritten, errors: [] });
    else if (receipt.counts.bytes > 0) receipt.publishers.push({ name: "report", outputs, errors: [] });
  const verdict = {
    strict: request.strict,
    publisherErrors: written.outputErrors,
    ...(stopped === undefined ? {} : { signal: stopped }),
  };
  const stdoutTaken = request.summary === STDOUT || request.output === STDOUT;
  const code = report(content.receipts, verdict, {
    detail,
    json: request.json,
    stdoutTaken,
    started: request.started,
    folders,
  });
  if (detail !== "quiet" && !request.json) for (const note of written.notes) say(note);
  return code;
}

interface Read {
  readonly content: ReportContent;
  /** The exit code if there is nothing to report on, else 0. */
  readonly refused: number;
}

async function readContent(names: readonly string[], request: ReportOptions): Promise<Read> {
  const { stop, options, strict, from, command } = request;
  const { signal } = stop;
  const { sources, bytes } = openInputs(from === "files" ? names : []);
  const quiet = request.detail === "quiet" || names.includes(STDIN);
  const bar = startProgress({ bytes }, process.stderr, quiet);
  if (names.includes(STDIN)) signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  const content = new ReportContent({ options, strict, signal, progress: bar.add });
  let refused: number = EXIT.ok;
  try {
    if (from === "files") {
      await content.readInputs(names, (name) =>
        name === STDIN ? new StdinSource(process.stdin) : (sources.get(name) ?? fileSource(name)),
      );
    } else if (from === "archive") {
      const { readArchives } = await import("./groups.js");
      await readArchives(names, content, signal).catch((error: Error) => {
        if (!signal.aborted) command.usage(error.message);
      });
    } else {
      const { readTaskGroups, readTasks } = await import("./groups.js");
      refused = await (from === "group" ? readTaskGroups : readTasks)(names, content, command);
    }
    return { content, refused };
  } finally {
    bar.stop();
  }
}

interface Written {
  readonly outputs: readonly string[];
  /** Nothing was measured, so existing files stay. */
  readonly nothingWritten?: true;
  /** Messages about what could not be written. */
  readonly outputErrors: readonly string[];
  /** What deserves a word. */
  readonly notes: readonly string[];
}

/** Writes the page and the summary; a fault of one leaves the other. */
async function writeReport(content: ReportContent, request: ReportOptions): Promise<Written> {
  const { output, summary } = request;
  const { runs, evaluations, problems } = content;
  const data: ReportData = {
    title: request.title ?? titleOf(content),
    created: new Date().toISOString(),
    runs,
    evaluations,
    problems,
  };
  const outputs: string[] = [];
  const name = output === STDOUT ? "standard output" : output;
  const outputErrors: string[] = [];
  const notes: string[] = [];
  const attempt = async (write: () => Promise<void>) => {
    try {
      await write();
    } catch (error) {
      outputErrors.push(outputErrorText(error));
    }
  };
  if (summary === STDOUT) printText(reportSummary(data));
  if (await keepsOld(content, output)) {
    if (content.receipts.length === 0) notes.push(`${name}: wrote ${NOTHING_WRITTEN}`);
    return { outputs, nothingWritten: true, outputErrors, notes };
  }
  const ready = new Map<string, { readonly place: OutputFile; readonly said: readonly string[] }>();
  await attempt(async () => {
    const page = reportPage(await readViewer(request.command.config.root), data);
    const holds = `${count(runs.length, "run")}, ${count(evaluations.length, "evaluation")}`;
    const said = [`${name}: ${holds}, ${size(Buffer.byteLength(page))}`];
    if (output !== STDOUT) ready.set(output, { place: await writePart(output, page), said });
    else {
      await printPage(page);
      notes.push(...said);
    }
  });
  if (summary !== undefined && summary !== STDOUT)
    await attempt(async () => {
      ready.set(summary, { place: await writePart(summary, reportSummary(data)), said: [] });
    });
  // One right after the other: a kill between them would leave a summary of another report.
  const commits = [...ready].map(([path, { place, said }]) =>
    attempt(async () => {
      try {
        await place.commitNow();
      } catch (error) {
        await place.discard();
        throw error;
      }
      outputs.push(path);
      notes.push(...said);
    }),
  );
  await Promise.all(commits);
  const fault = request.open && outputs.includes(output) ? await openFile(resolve(output)) : undefined;
  if (fault !== undefined) notes.push(`${output}: ${fault}`);
  return { outputs, outputErrors, notes };
}

/**
 * Whether nothing is written: nothing was measured, and there is nothing to show, or a report to keep. A training that
 * died before its first update is shown where there was no report.
 */
async function keepsOld({ runs, evaluations, receipts }: ReportContent, output: string): Promise<boolean> {
  if (evaluations.length > 0 || receipts.some(hasMeasurement)) return false;
  if (runs.length === 0) return true;
  if (output === STDOUT) return false;
  return fileExists(output);
}

async function fileExists(path: string): Promise<boolean> {
  return (isBucketUrl(path) ? objectStore().then((store) => store.find(path)) : stat(path)).then(
    (info) => "url" in info || info.isFile(),
    () => false,
  );
}

/** @throws Error of Node's if it could not be printed; a reader that has seen enough is no error. */
async function printPage(page: string): Promise<void> {
  const out = new Echo(process.stdout);
  await out.write(new TextEncoder().encode(page));
  if (out.fault !== undefined) throw out.fault;
}

function titleOf({ runs, evaluations }: ReportContent): string {
  const [first] = runs;
  if (first !== undefined) return runs.length === 1 ? first.name : `${runs.length} trainings`;
  return evaluations.length > 0 ? `${evaluations.length} evaluations` : "No training";
}

/**
 * The viewer's page, as the build made it.
 *
 * @throws Error with a message for the user.
 */
async function readViewer(root: string): Promise<string> {
  const path = join(root, "dist", "viewer.html");
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Error(`the viewer's page ${path} is not there: run \`npm run build\``, { cause: error });
  }
}

/**
 * Writes a temporary file next to its final path.
 *
 * @throws Error of Node's when it can't be written; then nothing is left.
 */
async function writePart(path: string, text: string): Promise<OutputFile> {
  const place = await openOutputFile(path);
  try {
    await writing(path, writeFile(place.part, text));
  } catch (error) {
    await place.discard();
    throw error;
  }
  return place;
}

/** Opens a file in the system's browser. @returns What went wrong; undefined if it was opened. */
function openFile(path: string): Promise<string | undefined> {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  return new Promise((resolve) => {
    const child = spawn(command, [...args, path], { stdio: "ignore", detached: true });
    child.once("error", ({ message }) => resolve(`it could not be opened: ${command}: ${message}`));
    child.once("spawn", () => {
      child.unref();
      resolve(undefined);
    });
  });
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["explorer.exe"],
};
