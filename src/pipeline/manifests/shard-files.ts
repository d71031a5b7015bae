/** The files of a shard: its folder is complete or absent. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../io/file-system.js";
import { BucketFolder, outputPath } from "../../io/objects/bucket-folder.js";
import { isBucketUrl } from "../../io/objects/object-url.js";
import { objectStore } from "../../io/objects/process-store.js";
import { isOfTheGone, OWNER, sweep } from "../../io/owner.js";
import { LineFile } from "../../publishers/ndjson.js";
import type { TableFormat } from "../../publishers/tables/columns.js";
import { outputErrorText } from "../error-text.js";
import { problem } from "../input-receipt.js";
import { type EvaluationRow, PARTS, type TableReceipt, type TableRun, writeTables } from "../tables/job.js";
import {
  fileNames,
  fileSize,
  finishedShard,
  localPlace,
  rowsName,
  type ShardPlace,
  shardInputs,
} from "./finished-shard.js";
import { MANIFEST, type ManifestRun, manifestLine } from "./manifest.js";
import { hasTooManyErrors } from "./max-errors.js";
import { evaluationsOf } from "./rows.js";
import { readUnfinishedShardName, type Shard, shardName, unfinishedShardName } from "./shard.js";
import { failurePath, METRICS, type ShardRecord, ShardRecorder, shardRecordOf } from "./shard-record.js";
import { type ManifestTally, type ManifestWork, mustEnd, writeRuns } from "./work.js";

/**
 * In the hidden folder of a worker, the folder that becomes the shard's. Engines that look for tables in every folder of a
 * job, hidden ones too, don't find those of a worker that was killed: they lie deeper.
 */
const FILES = "files";
/** Is among the parts while they may lack a file that could not be had. */
const LACKING = "lacking";

/**
 * Writes the files of the runs into the folder, those of a shard into a folder of its own below it. A record says what was
 * done: beside the tables, or beside the shard's folder if the work has failed.
 *
 * @param elsewhere Where the files of before are, if not in the folder.
 * @returns The record of before if nothing has changed since; then nothing was done.
 */
export async function writeShardFiles(
  work: ManifestWork,
  folder: string,
  tally: ManifestTally,
  elsewhere?: ShardPlace,
): Promise<ShardRecord | undefined> {
  if (isBucketUrl(folder)) return await writeIntoBucket(work, folder, tally);
  const { shard, access } = work;
  const place = shard === undefined ? folder : join(folder, shardName(shard));
  const hidden = shard === undefined ? folder : join(folder, unfinishedShardName(shard, OWNER));
  const building = shard === undefined ? folder : join(hidden, FILES);
  const record = new ShardRecorder(work, tally);
  const runs: ManifestRun[] = [];
  try {
    for await (const run of work.runs) runs.push(run);
  } catch (error) {
    if (shard !== undefined && !work.signal.aborted)
      await record.writeFailure(place, (error as Error).message);
    throw error;
  }
  // Before they are read: a log that grows meanwhile is another one the next time.
  const inputs = shardInputs(work, runs);
  const before = elsewhere ?? localPlace(place);
  const finished = await finishedShard(work, runs, inputs, before);
  if (finished !== undefined) {
    if (shard !== undefined) await sweepShard(folder, shard);
    await rm(failurePath(place), { force: true }).catch(() => {});
    return finished;
  }
  work.watch.extent(runs);
  try {
    if (shard === undefined) await rm(join(place, METRICS), { force: true });
    else await takeOver(folder, shard, hidden);
    await makeFolder(building);
    if (hidden !== place) {
      await removeAllBut(FILES, hidden);
      // The parts of tables need not be read again.
      await removeAllBut(PARTS, building);
    }
    await writeAll(work, runs, building, tally);
    if (isComplete(work, tally)) {
      await writeWhole(join(building, MANIFEST), (file) => file.write(runs.map(manifestLine).join("")));
      const isKnown = inputs !== undefined && access.retryable.size + access.unavailable.size === 0;
      const known = isKnown ? { inputs, files: await sizesOf(building, fileNames(work)) } : {};
      await writeWhole(join(building, METRICS), (file) => file.write(record.text("done", known)));
      if (hidden !== place) {
        // Another worker may have been faster. A shard that is the same stays: there is no moment without it.
        const faster = await finishedShard(work, runs, inputs, localPlace(place));
        if (faster === undefined) await replace(building, place);
        await rm(hidden, { recursive: true, force: true });
      }
      await rm(failurePath(place), { force: true });
    }
  } catch (error) {
    tally.outputErrors.push(outputErrorText(error));
  }
  // What was read of a file that is to be read again must not be taken for the file.
  if (access.hasFailed || hasTooManyErrors(tally, work.maxErrors))
    await rm(hidden === place ? join(place, PARTS) : hidden, { recursive: true, force: true });
  if (shard !== undefined && !work.signal.aborted && !isComplete(work, tally))
    await record.writeFailure(place);
  return undefined;
}

async function sizesOf(folder: string, names: readonly string[]): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of names) sizes[name] = (await fileSize(folder, name)) ?? -1;
  return sizes;
}

/**
 * The same for a folder in a bucket. The manifest goes there last: a shard without one is not complete. Another worker may
 * be writing the same shard; then both write the same, and neither takes the manifest away.
 */
async function writeIntoBucket(
  work: ManifestWork,
  address: string,
  tally: ManifestTally,
): Promise<ShardRecord | undefined> {
  const local = await BucketFolder.make(address);
  try {
    const folder = work.shard === undefined ? address : outputPath(address, shardName(work.shard));
    const place = bucketPlace(folder);
    const finished = await writeShardFiles(work, local.folder, tally, place);
    if (finished !== undefined) return finished;
    const shard = work.shard === undefined ? "" : `${shardName(work.shard)}/`;
    const manifest = `${shard}${MANIFEST}`;
    const path = join(local.folder, manifest);
    for (const [index, error] of tally.outputErrors.entries()) tally.outputErrors[index] = local.named(error);
    if (!existsSync(path) || mustEnd(work, tally)) return undefined;
    const store = await objectStore();
    const old = await objectText(outputPath(address, manifest));
    if (old !== undefined && old !== readFileSync(path, "utf8"))
      await store.remove(outputPath(address, manifest));
    // It would say that files of two attempts, if this one is killed, are whole.
    if ((await place.record()) !== undefined) await store.remove(outputPath(folder, METRICS));
    const { addresses, errors } = await local.upload(`${shard}${METRICS}`, manifest);
    tally.outputErrors.push(...errors);
    if (shard === "" || errors.length > 0) return undefined;
    // Files of another form, from before.
    for await (const { url } of store.list(outputPath(address, shard)))
      if (!addresses.includes(url)) await store.remove(url);
  } catch (error) {
    tally.outputErrors.push(outputErrorText(error));
  } finally {
    await local.remove();
  }
  return undefined;
}

function bucketPlace(address: string): ShardPlace {
  let sizes: Map<string, number | undefined> | undefined;
  return {
    async record() {
      const text = await objectText(outputPath(address, METRICS));
      try {
        return text === undefined ? undefined : shardRecordOf(text);
      } catch {
        return undefined;
      }
    },
    async size(name) {
      if (sizes === undefined) {
        sizes = new Map();
        try {
          for await (const object of (await objectStore()).list(outputPath(address, "")))
            sizes.set(object.url, object.size);
        } catch {
          // As if they were missing: the work says what is wrong with the bucket.
        }
      }
      return sizes.get(outputPath(address, name));
    },
  };
}

/** The text of an object; undefined if it can't be had. */
async function objectText(url: string): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of (await objectStore()).source(url).chunks()) chunks.push(Buffer.from(chunk));
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function isComplete(work: ManifestWork, tally: ManifestTally): boolean {
  return !mustEnd(work, tally) && !hasTooManyErrors(tally, work.maxErrors);
}

async function writeAll(
  work: ManifestWork,
  runs: readonly ManifestRun[],
  building: string,
  tally: ManifestTally,
): Promise<void> {
  const { form, formats, table } = work;
  const writeLines = (name: string) =>
    writeWhole(
      join(building, name),
      (file) => writeRuns({ ...work, runs, formats: ["tsv"] }, tally, file),
      () => isComplete(work, tally),
    );
  if (form === "measurements") return await writeLines("measurements.ndjson");
  const tables = formats.filter((format) => format !== "tsv");
  if (formats.includes("tsv")) await writeLines(rowsName(table));
  if (tables.length > 0 && isComplete(work, tally))
    await tablesOf(runs, work, tables, building, tally, tables.length === formats.length);
}

/** Writes a file; keeps it only if it is complete. */
async function writeWhole(
  path: string,
  fill: (file: LineFile) => Promise<void>,
  isWanted = () => true,
): Promise<void> {
  const file = new LineFile(path, "whole");
  try {
    await fill(file);
  } catch (error) {
    await file.discard();
    throw error;
  }
  if (isWanted()) await file.close();
  else await file.discard();
}

/** @param isFirst Whether the runs have not been tallied yet. */
async function tablesOf(
  runs: readonly ManifestRun[],
  { parser, access, compression, maxErrors, signal, version, watch }: ManifestWork,
  formats: readonly TableFormat[],
  building: string,
  tally: ManifestTally,
  isFirst: boolean,
): Promise<void> {
  const trainings: TableRun[] = [];
  const scores: EvaluationRow[] = [];
  const problems: Awaited<ReturnType<typeof evaluationsOf>>[] = [];
  const manifest = createHash("sha256");
  for (const run of runs) {
    if (signal.aborted || access.hasFailed) return;
    manifest.update(manifestLine(run));
    const [log, validationLog] = run.files.map((file) => access.source(file));
    const name = { project: run.project, group: run.group, run: run.run_id };
    const read = await evaluationsOf(run, access);
    trainings.push({ ...name, log, validationLog, errors: read.errors });
    for (const evaluation of read.evaluations) scores.push({ ...name, evaluation });
    problems.push({ ...read, evaluations: [] });
  }
  if (access.hasFailed) return;
  const lacking = join(building, PARTS, LACKING);
  if (existsSync(lacking)) await rm(join(building, PARTS), { recursive: true });
  const retry = new AbortController();
  access.onUnread = () => {
    if (access.hasFailed) retry.abort();
    else writeFileSync(lacking, "");
  };
  const addRuns = (logs: readonly TableReceipt[]) => {
    const read = logs[Symbol.iterator]();
    for (const [index, run] of runs.entries()) {
      const log = run.files.length === 0 ? undefined : (read.next().value?.log ?? undefined);
      const error = log === undefined ? undefined : problem(log, false);
      const { errors: unread = [], warnings = [] } = problems[index] ?? {};
      tally.add(run, log, [...(error === undefined ? [] : [error]), ...unread], warnings);
    }
  };
  const { errors } = await writeTables(trainings, scores, {
    folder: building,
    formats,
    compression,
    parser,
    version,
    // One process reads one shard: more at once are more shards.
    threads: 1,
    inputs: `sha256:${manifest.digest("hex")}`,
    refuses(logs) {
      if (access.hasFailed || signal.aborted) return true;
      if (isFirst) addRuns(logs);
      return hasTooManyErrors(tally, maxErrors);
    },
    signal: AbortSignal.any([signal, retry.signal]),
    progress: isFirst ? watch.bytes : () => {},
    runsDone: (count) => (isFirst ? watch.runs(count, 0) : undefined),
  });
  if (!access.hasFailed && !signal.aborted) tally.outputErrors.push(...errors);
}

/** Goes on in the folder of a worker of this machine that is gone. */
async function takeOver(folder: string, shard: Shard, building: string): Promise<void> {
  await makeFolder(folder);
  const name = shardName(shard);
  const isOfShard = (left: string) => readUnfinishedShardName(left) === name;
  for (const left of await readdir(folder))
    if (isOfShard(left) && isOfTheGone(left))
      // Of several workers, one can rename it.
      await rename(join(folder, left), building).catch(() => {});
  await sweepShard(folder, shard);
}

/** Removes what workers of a shard that are gone have left. */
async function sweepShard(folder: string, shard: Shard): Promise<void> {
  await sweep(folder, new RegExp(`^\\.${shardName(shard)}\\..*\\.partial$`));
}

async function removeAllBut(kept: string, folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name !== kept) await rm(join(folder, name), { recursive: true, force: true });
}

/** Puts a folder in the place of another. Of two workers that do so at once, the later one's stays, whole. */
async function replace(building: string, place: string): Promise<void> {
  const old = `${building}.old`;
  for (let tries = 1; ; tries += 1) {
    try {
      return await rename(building, place);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR", "EPERM"].includes(code) || tries === 9) throw error;
    }
    // Another worker may have moved it.
    await rename(place, old).catch(() => {});
    await rm(old, { recursive: true, force: true });
  }
}
