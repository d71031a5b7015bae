/** The files of a shard: a folder that is there whole or not at all. */
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../io/folder.js";
import { outputErrorText } from "../../pipeline/error-text.js";
import { type ManifestRun, manifestLine } from "../../pipeline/manifests/manifest.js";
import { evaluationsOf } from "../../pipeline/manifests/rows.js";
import { shardName } from "../../pipeline/manifests/shard.js";
import { problem } from "../../pipeline/publish-log.js";
import { type EvaluationRow, PARTS, type TableRun, writeTables } from "../../pipeline/tables/job.js";
import { LineFile } from "../../publishers/ndjson.js";
import type { ManifestRequest, ManifestTally } from "./request.js";
import { streamMeasurements, streamRows } from "./stream.js";

/** Beside the tables: the runs that are in them, for `publish`. */
const MANIFEST = "manifest.ndjson";

/** Writes the files of the runs into the folder, a shard's into one of its own below that. */
export async function writeShardFiles(
  request: ManifestRequest,
  folder: string,
  tally: ManifestTally,
): Promise<void> {
  const { shard, stop, inputs } = request;
  const place = shard === undefined ? folder : join(folder, shardName(shard));
  const building = shard === undefined ? folder : `${place}.tmp`;
  const runs: ManifestRun[] = [];
  for await (const run of request.runs) runs.push(run);
  const failed = () =>
    stop.signal.aborted || inputs.access.troubles.length > 0 || tally.sinkErrors.length > 0;
  try {
    await makeFolder(building);
    if (building !== place) await removeRemains(building);
    await writeAll({ ...request, runs }, runs, building, tally);
    if (!failed()) {
      await writeLines(join(building, MANIFEST), runs.map(manifestLine).join(""));
      if (building !== place) await replace(building, place);
    }
  } catch (error) {
    tally.sinkErrors.push(outputErrorText(error));
  }
  // What was read of a file in trouble must not be taken for the file.
  if (inputs.access.troubles.length > 0)
    await rm(building === place ? join(place, PARTS) : building, { recursive: true, force: true });
}

async function writeAll(
  request: ManifestRequest,
  runs: readonly ManifestRun[],
  building: string,
  tally: ManifestTally,
): Promise<void> {
  const { form, formats, table } = request;
  if (form === "measurements") {
    const file = new LineFile(join(building, "measurements.ndjson"), "whole");
    await whole(request, tally, file, (sink) => streamMeasurements(request, tally, sink));
    return;
  }
  const tables = formats.filter((format) => format !== "tsv");
  if (formats.includes("tsv")) {
    const file = new LineFile(join(building, `${table ?? "rows"}.tsv`), "whole");
    await whole(request, tally, file, (sink) => streamRows({ ...request, formats: ["tsv"] }, tally, sink));
  }
  if (tables.length > 0 && tally.sinkErrors.length === 0)
    await tablesOf(runs, { ...request, formats: tables }, building, tally, tables.length === formats.length);
}

/** Keeps a file only when all that belongs into it is there. */
async function whole(
  { stop, inputs }: ManifestRequest,
  tally: ManifestTally,
  file: LineFile,
  fill: (file: LineFile) => Promise<void>,
): Promise<void> {
  try {
    await fill(file);
  } catch (error) {
    await file.discard();
    throw error;
  }
  const good = !stop.signal.aborted && inputs.access.troubles.length === 0 && tally.sinkErrors.length === 0;
  if (good) await file.close();
  else await file.discard();
}

/** @param isFirst Whether nobody has told of the runs yet. */
async function tablesOf(
  runs: readonly ManifestRun[],
  { parser, inputs, stop, version, ...request }: ManifestRequest,
  building: string,
  tally: ManifestTally,
  isFirst: boolean,
): Promise<void> {
  const { access } = inputs;
  const trainings: TableRun[] = [];
  const scores: EvaluationRow[] = [];
  const told = new Map<string, readonly [faults: readonly string[], remarks: readonly string[]]>();
  for (const run of runs) {
    if (stop.signal.aborted || access.troubles.length > 0) return;
    const [log, validationLog] = run.files.map((file) => access.source(file));
    const name = { project: run.project, group: run.group, run: run.run_id };
    trainings.push({ ...name, log, validationLog });
    const { evaluations, faults, remarks } = await evaluationsOf(run, access);
    for (const evaluation of evaluations) scores.push({ ...name, evaluation });
    told.set(JSON.stringify(name), [faults, remarks]);
  }
  if (access.troubles.length > 0) return;
  const trouble = new AbortController();
  access.onTrouble = () => trouble.abort();
  const { logs, errors } = await writeTables(trainings, scores, {
    folder: building,
    formats: request.formats.filter((format) => format !== "tsv"),
    parser,
    version,
    // One process reads one shard: more at once are more shards.
    threads: 1,
    fixed: true,
    signal: AbortSignal.any([stop.signal, trouble.signal]),
    progress: () => {},
  });
  if (access.troubles.length > 0 || stop.signal.aborted) return;
  tally.sinkErrors.push(...errors);
  if (!isFirst) return;
  const read = logs[Symbol.iterator]();
  for (const run of runs) {
    const log = run.files.length === 0 ? undefined : (read.next().value?.log ?? undefined);
    const fault = log === undefined ? undefined : problem(log, false);
    const name = { project: run.project, group: run.group, run: run.run_id };
    const [faults = [], remarks = []] = told.get(JSON.stringify(name)) ?? [];
    tally.add(run, log, [...(fault === undefined ? [] : [fault]), ...faults], remarks);
  }
}

async function writeLines(path: string, text: string): Promise<void> {
  const file = new LineFile(path, "whole");
  await file.write(text);
  await file.close();
}

/** Removes what a killed process has left, but for the parts of tables that need not be read again. */
async function removeRemains(building: string): Promise<void> {
  for (const name of await readdir(building))
    if (name !== PARTS) await rm(join(building, name), { recursive: true, force: true });
}

/** Puts a folder in the place of another. */
async function replace(building: string, place: string): Promise<void> {
  await makeFolder(dirname(place));
  await rm(place, { recursive: true, force: true });
  await rename(building, place);
}
