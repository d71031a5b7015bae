/** A run that has everything, and logs of a training. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { Source } from "../../../src/io/source.js";
import type { RowTable } from "../../../src/wandb/client/format/row-table.js";
import type { RunDescription, RunOutcome, Transport } from "../../../src/wandb/transports/transport.js";
import { Stage, type TransportName } from "./transports.js";

/** Start of the sample run in seconds since 1970. */
export const START = 1_694_867_541;

/** Who the sample run is. */
export const RUN = {
  id: "student",
  project: "cs-en",
  group: "exp_Abcdefghijklmnopqrstuv",
  tags: ["taskcluster", "author:me"],
  config: { marian: { layers: [6, 2] }, lr: 0.5 },
  startedAt: START,
} satisfies RunDescription;

/** Its rows: step, seconds since the start, values. */
export const ROWS = [
  { step: 1000, runtime: 60.5, values: { cost: 8.25, chrf: 21.5 } },
  { step: 2000, runtime: 120.5, values: { cost: Number.NaN, gnorm: Infinity, low: -Infinity } },
  { step: 3000, runtime: 180.5, values: { cost: 2.5 } },
];

/** Its table. */
export const TABLE = {
  columns: ["Name", "Count"],
  data: [
    ["opus", 1500],
    ["mtdata", null],
  ] as (readonly (string | number | null)[])[],
};

/** Its console lines. */
export const LINES = ["[marian] Marian v1.12.14", "[training] finished"];

const EVENTS = ["SIGTERM", "SIGINT", "beforeExit"] as const;

/** What became of the sample run. */
export interface WholeRun {
  readonly stage: Stage;
  readonly outcome: RunOutcome;
  /** Handlers of signals and of the program's end that the transport had added while it ran, and left behind. */
  readonly handlers: { readonly during: number; readonly after: number };
  /** How often the program's own handler heard of the SIGTERM that came before the first row. */
  readonly signals: number;
}

/** Gives the sample run's rows to a transport, with some tables in the last one. */
export async function sendRows(transport: Transport, tables: readonly RowTable[] = []): Promise<void> {
  for (const row of ROWS) {
    const position = { step: row.step, timestamp: START + row.runtime };
    await transport.run.history({ ...row.values }, position, row === ROWS.at(-1) ? tables : []);
  }
}

/** Handlers that were there before any transport. */
const testRunnersOwn = new Set(process.listeners("SIGTERM"));

const published = new Map<TransportName, Promise<WholeRun>>();

/** Publishes the sample run, once for each transport. */
export function wholeRun(transport: TransportName): Promise<WholeRun> {
  const known = published.get(transport) ?? publishWholeRun(transport);
  published.set(transport, known);
  return known;
}

async function publishWholeRun(transport: TransportName): Promise<WholeRun> {
  const stage = await Stage.open(transport);
  const before = countHandlers();
  const opened = await stage.start(RUN);
  const during = countHandlers() - before;
  const signals = await terminate();
  const chart = { label: "Name", value: "Count", title: "Datasets" };
  await sendRows(opened, [{ name: "Datasets", table: TABLE, chart }]);
  await opened.run.console(LINES.map((text) => ({ text, timestamp: START })));
  await opened.run.directoryArtifact("logs", "logs", logsFolder());
  const outcome = await opened.finish(0);
  await stage.deliver();
  return { stage, outcome, signals, handlers: { during, after: countHandlers() - before } };
}

/** Sends SIGTERM to this process, as if the handler here were the program's only one. */
async function terminate(): Promise<number> {
  // In a thread, the signal would end the whole test run.
  if (!isMainThread) throw new Error("this measurement needs vitest's pool of processes");
  let heard = 0;
  const known = process.listeners("SIGTERM").filter((listener) => testRunnersOwn.has(listener));
  for (const listener of known) process.off("SIGTERM", listener);
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => {
      heard += 1;
      resolve();
    });
    process.kill(process.pid, "SIGTERM");
  });
  // A moment for whatever else the signal has set going.
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (const listener of known) process.on("SIGTERM", listener);
  return heard;
}

function countHandlers(): number {
  return EVENTS.reduce((sum, event) => sum + process.listenerCount(event), 0);
}

/** The one file of the sample's artifact. */
export const ARTIFACT_FILE = { name: "sub/train.log", text: "[marian] a log\n" };

function logsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "logs-"));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, ARTIFACT_FILE.name), ARTIFACT_FILE.text);
  return folder;
}

/** The text of a training from one update to another. */
export function trainingText(from: number, to: number): string {
  let text = "[2024-03-04 09:00:00] [marian] Marian v1.12.14 2d067af\n";
  for (let up = from; up <= to; up += 1)
    text += `[2024-03-04 10:00:${String(up).padStart(2, "0")}] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost ${costOf(up).toFixed(8)}\n`;
  return text;
}

/** The cost of an update of these trainings. */
export function costOf(up: number): number {
  return 10 - up / 8;
}

/** A log as a file. */
export function logFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "log-")), "train.log");
  writeFileSync(path, text);
  return path;
}

/** A training that runs. */
export function running(text: string): Source {
  return {
    name: "-",
    async *chunks() {
      yield new TextEncoder().encode(text);
    },
  };
}
