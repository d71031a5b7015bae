/** From the files of an archive to the lines of a manifest, and from those back to groups. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { openArchive } from "../../archive/archive.js";
import { filterGroups, type GroupFilter } from "../../archive/filter.js";
import type { FoundFile, NamedFile } from "../../archive/folder-walk.js";
import type { Problem } from "../../archive/group.js";
import type { EvaluationFile, GroupFiles } from "../../archive/group-files.js";
import type { ArchiveMode } from "../../archive/layout.js";
import { openObjectArchive } from "../../archive/object-archive.js";
import type { GroupAccess } from "../../archive/read-group.js";
import { readEvaluationFileName } from "../../evaluation/naming/evaluation-file.js";
import { groupBy } from "../../group-by.js";
import { InputError } from "../../io/input-error.js";
import type { ObjectStore } from "../../io/objects/object-store.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { type GroupSource, groupFilesSource } from "../groups/group-source.js";
import type { ManifestFile, ManifestRun } from "./manifest.js";

/** Which runs are listed. */
export interface PlanRequest extends GroupFilter {
  readonly mode: ArchiveMode | undefined;
  readonly signal: AbortSignal;
  /** Opens the store of an archive in a bucket. */
  store(): ObjectStore;
}

/** The runs of an archive. */
export interface PlannedRuns {
  readonly runs: readonly ManifestRun[];
  /** The number of groups, chosen or not. */
  readonly groups: number;
  readonly problems: readonly Problem[];
}

/** A file of a manifest as groups are read from it. */
export type NamedManifestFile = ManifestFile & NamedFile;

/** What a manifest calls a file; of local files, size and time are known of logs only. */
type Reference = (file: NamedFile & Partial<FoundFile>) => ManifestFile;

/** Tells one content of a local file from another. */
export function fileEtag(size: number, mtimeMs: number): string {
  // File systems differ in what they keep below a millisecond.
  return `${size}-${Math.trunc(mtimeMs)}`;
}

/**
 * Lists the runs that are chosen, by project, group, and the path of the log; then those with evaluations only.
 *
 * @throws InputError, without the name of the archive, if there is nothing to read.
 */
export async function planArchive(source: string, request: PlanRequest): Promise<PlannedRuns> {
  const { mode, signal } = request;
  const isObject = isObjectUrl(source);
  if (!isObject && (await isFile(source)))
    throw new InputError("what is in a tar can't be read by others: unpack it first, and name the folder");
  const objects = isObject ? await openObjectArchive(source, request.store(), { mode, signal }) : undefined;
  const archive = objects ?? (await openArchive(source, { mode, signal }));
  try {
    const reference: Reference =
      objects === undefined
        ? localReference
        : ({ path }) => {
            const { url, size, etag } = objects.objectAt(path) ?? { url: path };
            return {
              uri: url,
              ...(size === undefined ? {} : { size }),
              ...(etag === undefined ? {} : { etag }),
            };
          };
    const chosen = filterGroups(archive.groups, request);
    return {
      runs: chosen.flatMap((group) => runsOf(group, reference, !isObject)),
      groups: archive.groups.length,
      problems: [...archive.problems, ...chosen.flatMap(({ problems }) => problems)],
    };
  } finally {
    await archive.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}

/** A local file, by its absolute path. */
const localReference: Reference = ({ path, size, mtimeMs }) => ({
  uri: resolve(path),
  ...(size === undefined || mtimeMs === undefined ? {} : { size, etag: fileEtag(size, mtimeMs) }),
});

/** @param withLogs Whether the folder of the group's logs can be read by whoever reads the manifest. */
function runsOf(group: GroupFiles, reference: Reference, withLogs: boolean): ManifestRun[] {
  const { project, name: groupName, evaluations, config, logsFolder } = group;
  return group.runs.map(({ id, name, log, validationLog }): ManifestRun => {
    const files = [log, validationLog].filter((file) => file !== undefined);
    const scores = evaluations.filter(({ run }) => run === name);
    return {
      run_id: id,
      project,
      group: groupName,
      name,
      files: files.map(reference),
      evaluations: scores.map(({ path, name: called }) => reference({ path, name: called })),
      ...(config === undefined ? {} : { config: reference({ path: config.path, name: config.name }) }),
      ...(withLogs && logsFolder !== undefined
        ? { logs: reference({ path: logsFolder, name: logsFolder }) }
        : {}),
    };
  });
}

/** The groups of these runs, for the commands that publish groups. */
export function manifestSource(
  runs: readonly ManifestRun[],
  problems: readonly Problem[],
  access: GroupAccess<NamedManifestFile, NamedManifestFile>,
): GroupSource {
  return groupFilesSource(groupsOf(runs), problems, access);
}

/** The groups of these runs, in the order of their first runs. */
export function groupsOf(runs: readonly ManifestRun[]): GroupFiles<NamedManifestFile, NamedManifestFile>[] {
  return [...groupBy(runs, ({ project, group }) => JSON.stringify([project, group])).values()].map(groupOf);
}

function groupOf(runs: readonly ManifestRun[]): GroupFiles<NamedManifestFile, NamedManifestFile> {
  const { project = "", group = "" } = runs[0] ?? {};
  const config = runs.find((run) => run.config !== undefined)?.config;
  const logs = runs.find((run) => run.logs !== undefined)?.logs;
  const suffixed = runs.find(({ run_id: id, name }) => id !== name && id.startsWith(name));
  return {
    project,
    name: group,
    suffix: suffixed === undefined ? "" : suffixed.run_id.slice(suffixed.name.length),
    runs: runs.map(({ run_id: id, name, files }) => {
      const [log, validationLog] = files.map(named);
      return {
        name,
        id,
        ...(log === undefined ? {} : { log }),
        ...(validationLog === undefined ? {} : { validationLog }),
      };
    }),
    evaluations: runs.flatMap(evaluationFilesOf),
    ...(config === undefined ? {} : { config: named(config) }),
    ...(logs === undefined ? {} : { logsFolder: logs.uri }),
    problems: [],
  };
}

/** The files of scores of a run; their names say on what it was evaluated. */
export function evaluationFilesOf({ name, evaluations }: ManifestRun): EvaluationFile<NamedManifestFile>[] {
  return evaluations.map((file) => {
    const { kind, dataset, metric } = readEvaluationFileName(decodedBase(file.uri));
    return { ...named(file), ...dataset, kind, ...(metric === undefined ? {} : { metric }), run: name };
  });
}

function decodedBase(uri: string): string {
  if (!/^(?:https?|file):\/\//i.test(uri)) return uri.slice(uri.lastIndexOf("/") + 1);
  const path = URL.canParse(uri) ? new URL(uri).pathname : uri;
  const base = path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(base);
  } catch {
    return base;
  }
}

function named(file: ManifestFile): NamedManifestFile {
  return { ...file, path: file.uri, name: file.uri };
}
