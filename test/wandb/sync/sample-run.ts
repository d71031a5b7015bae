/** One run, published online by the client or written to an offline file, and what the stand-in then holds of it. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WandbRun } from "../../../src/wandb/client/index.js";
import {
  readDeliveryState,
  type StreamCounts,
  writeDelivered,
} from "../../../src/wandb/offline/delivery-state.js";
import { OfflineRun, type OfflineRunOptions } from "../../../src/wandb/offline/offline-run.js";
import { parseLine, type StandInServer } from "../../servers/wandb/index.js";

/** Start of the sample run, seconds since 1970. */
export const START = 1_694_867_541;

/** Who the sample run is, for both ways. */
export const IDENTITY = {
  project: "ru-en",
  id: "student_MjcJG",
  displayName: "student",
  group: "exp_MjcJGroup",
  tags: ["taskcluster", "author:me"],
  jobType: "train",
  notes: "two\nlines",
  host: "worker-7",
  config: { marian: { layers: [6, 2], "mini-batch": Number.NaN }, lr: 0.5 },
};

const TABLE = {
  columns: ["Name", "Count"],
  data: [
    ["a", 1.5],
    ["b", null],
  ],
};
const DATASETS = {
  name: "Datasets",
  table: TABLE,
  chart: { label: "Name", value: "Count", title: "Datasets" },
};
const LAST_VALUES = { cost: 1.25, chrf: 50 };

/** Values of row `index` (from 0), and where it belongs. */
export function row(index: number) {
  const values = {
    epoch: 1 + index / 8,
    cost: 8 / (index + 1),
    gnorm: index % 3 === 0 ? Number.NaN : Number.POSITIVE_INFINITY,
    text: "é".repeat(50),
  };
  const runtime = index + 0.25;
  return { values, at: { step: 1000 * (index + 1), timestamp: START + runtime, runtime } };
}

/** A folder with two files, one of them empty. */
export function logsFolder(parent: string): string {
  const folder = join(parent, "logs");
  mkdirSync(join(folder, "sub"), { recursive: true });
  writeFileSync(join(folder, "train.log"), "[marian] a log\n");
  writeFileSync(join(folder, "sub", "empty"), "");
  return folder;
}

/** Publishes the sample run with so many plain rows. */
export async function publishOnline(run: WandbRun, rows: number, logs: string): Promise<void> {
  for (let index = 0; index < rows; index += 1) {
    const { values, at } = row(index);
    await run.history(values, at);
    await run.console([{ text: `line ${index}`, timestamp: at.timestamp, error: index === 1 }]);
  }
  await run.systemMetrics({ "system.cpu": 3.5 }, START + 15);
  const { at } = row(rows);
  await run.history(LAST_VALUES, at, [DATASETS]);
  run.summary({ best: { chrf: 50.1 } });
  run.updateConfig({ late: ["yes"] });
  await run.file("notes/readme.txt", Buffer.from("hello"));
  await run.directoryArtifact("logs", "logs", logs);
  await run.finish(0);
}

/** Opens an offline file for the sample run. */
export function startOffline(dir: string, options: Partial<OfflineRunOptions> = {}): Promise<OfflineRun> {
  return OfflineRun.start({ dir, ...IDENTITY, startedAt: START, ...options });
}

/** Writes the sample run from row `first` on; lines before that were published online. */
export async function writeOffline(
  run: OfflineRun,
  rows: number,
  logs: string,
  { first = 0, finish = true }: { readonly first?: number; readonly finish?: boolean } = {},
): Promise<void> {
  for (let index = first; index < rows; index += 1) {
    const { values, at } = row(index);
    await run.history(values, { ...at, line: index });
    await run.console([{ text: `line ${index}`, timestamp: at.timestamp, error: index === 1 }], index);
  }
  await run.systemMetrics({ "system.cpu": 3.5 }, START + 15);
  const { at } = row(rows);
  await run.history(LAST_VALUES, at, [DATASETS]);
  run.summary({ best: { chrf: 50.1 } });
  run.updateConfig({ late: ["yes"] });
  await run.file("notes/readme.txt", Buffer.from("hello"));
  await run.directoryArtifact("logs", "logs", logs);
  if (finish) await run.finish(0);
  else await run.flush();
}

/** All that readers can see of a run. Random ids, and what differs between the two writers by design, are left out. */
export function picture(server: StandInServer, id = IDENTITY.id, project = IDENTITY.project) {
  const run = server.run(project, id);
  const plain = (text: string) => text.replace(/wandb-client-artifact:\/\/[a-z0-9]{128}/g, "client-artifact");
  return {
    history: run.lines["wandb-history.jsonl"].map(plain),
    events: run.lines["wandb-events.jsonl"],
    console: run.lines["output.log"],
    summary: parseLine(plain(run.summary)),
    config: parseLine(run.config),
    displayName: run.displayName,
    group: run.group,
    tags: run.tags,
    jobType: run.jobType,
    notes: run.notes,
    host: run.host,
    state: run.state,
    exitCode: run.exitCode,
    files: [...run.visible].sort(),
    contents: ["notes/readme.txt", "output.log", ...tablePaths(run.visible)].map((name) =>
      run.uploads.get(name)?.bytes.toString(),
    ),
    artifacts: server.store.artifacts
      .filter((artifact) => artifact.state === "COMMITTED")
      .map(({ collection, type, runId, digest, historyStep, aliases }) => ({
        collection,
        type,
        runId,
        historyStep,
        aliases: [...aliases],
        digest: type === "run_table" ? "by its own writer" : digest,
      }))
      .sort((left, right) => (left.collection < right.collection ? -1 : 1)),
  };
}

function tablePaths(names: ReadonlySet<string>): string[] {
  return [...names].filter((name) => name.startsWith("media/table/"));
}

/** Notes, as a delivery does, that a server has the lines below these numbers. */
export async function acknowledge({ directory }: OfflineRun, counts: Partial<StreamCounts>): Promise<void> {
  const state = await readDeliveryState(directory);
  if (state === null) throw new Error(`${directory} has no delivery state`);
  await writeDelivered(directory, { ...state, acknowledged: { ...state.acknowledged, ...counts } });
}
