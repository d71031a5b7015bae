/** From the files of an archive to the lines of a manifest, and from those back to groups. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { groupsOfFolder } from "../../archive/archive.js";
import { type GroupFilter, groupFilter } from "../../archive/filter.js";
import type { FoundFile, NamedFile } from "../../archive/folder-walk.js";
import type { Problem } from "../../archive/group.js";
import type { ArchivedGroup, EvaluationFile, GroupFiles } from "../../archive/group-files.js";
import type { ArchiveMode } from "../../archive/layout.js";
import { openObjectArchive } from "../../archive/object-archive.js";
import type { GroupAccess } from "../../archive/read-group.js";
import { readEvaluationFileName } from "../../evaluation/naming/evaluation-file.js";
import { groupBy } from "../../group-by.js";
import { compareText } from "../../io/file-name.js";
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
  /** Called with each group, chosen or not. */
  group(): void;
  problem(problem: Problem): void;
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
 * Lists the runs that are chosen, by project, group, and the path of the log; then those with evaluations only. Memory
 * does not grow with the runs of an archive in a folder.
 *
 * @throws InputError, without the name of the archive, if there is nothing to read.
 */
export async function* planRuns(source: string, request: PlanRequest): AsyncGenerator<ManifestRun> {
  if (isObjectUrl(source)) return yield* planObjects(source, request);
  if (await isFile(source))
    throw new InputError("what is in a tar can't be read by others: unpack it first, and name the folder");
  // Those of the whole archive come after those of its groups, in the order of their paths.
  const problems: Problem[] = [];
  const groups = groupsOfFolder(source, (problem) => problems.push(problem), request);
  yield* runsOfGroups(groups, request, localReference, true);
  for (const problem of problems.sort((a, b) => compareText(a.source, b.source))) request.problem(problem);
}

async function* planObjects(source: string, request: PlanRequest): AsyncGenerator<ManifestRun> {
  const { mode, signal } = request;
  const archive = await openObjectArchive(source, request.store(), { mode, signal });
  try {
    const reference: Reference = ({ path }) => {
      const { url, size, etag } = archive.objectAt(path) ?? { url: path };
      return {
        uri: url,
        ...(size === undefined ? {} : { size }),
        ...(etag === undefined ? {} : { etag }),
      };
    };
    yield* runsOfGroups(archive.groups, request, reference, false);
    for (const problem of archive.problems) request.problem(problem);
  } finally {
    await archive.close();
  }
}

async function* runsOfGroups(
  groups: AsyncIterable<ArchivedGroup> | Iterable<ArchivedGroup>,
  request: PlanRequest,
  reference: Reference,
  withLogs: boolean,
): AsyncGenerator<ManifestRun> {
  const chosen = groupFilter(request);
  for await (const group of groups) {
    request.group();
    for (const part of chosen(group)) {
      yield* runsOf(part, reference, withLogs);
      for (const problem of part.problems) request.problem(problem);
    }
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
  const scoresOf = groupBy(evaluations, ({ run }) => run);
  return group.runs.map(({ id, name, log, validationLog }): ManifestRun => {
    const files = [log, validationLog].filter((file) => file !== undefined);
    const scores = scoresOf.get(name) ?? [];
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
