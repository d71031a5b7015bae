/** From the files of an archive to the lines of a manifest, and from those back to groups. */
import { resolve } from "node:path";
import type { FoundFile, NamedFile } from "../../archive/folder-walk.js";
import type { EvaluationFile, GroupFiles, RunFiles } from "../../archive/group-files.js";
import { readEvaluationFileName } from "../../evaluation/naming/evaluation-file.js";
import type { ManifestFile, ManifestRun } from "./manifest.js";

/** What a manifest calls a file; size and time are known of logs alone. */
export type Reference = (file: NamedFile & Partial<FoundFile>) => ManifestFile;

/** What tells one content of a local file from another. */
export function fileEtag(size: number, mtimeMs: number): string {
  // File systems differ in what they keep below a millisecond.
  return `${size}-${Math.trunc(mtimeMs)}`;
}

/** A local file, by its absolute path. */
export const localReference: Reference = ({ path, size, mtimeMs }) => ({
  uri: resolve(path),
  ...(size === undefined || mtimeMs === undefined ? {} : { size, etag: fileEtag(size, mtimeMs) }),
});

/**
 * The runs of an archive in its own order: by project, group, and the path of the log; then those of which only
 * evaluations are known.
 *
 * @param withLogs Whether the folders of the groups' logs can be read where the manifest is.
 */
export function planRuns(
  groups: readonly GroupFiles[],
  reference: Reference,
  withLogs: boolean,
): ManifestRun[] {
  return groups.flatMap(({ project, name: group, runs, evaluations, config, logsFolder }) =>
    runs.map(({ id, name, log, validationLog }): ManifestRun => {
      const files = [log, validationLog].filter((file) => file !== undefined);
      const scores = evaluations.filter(({ run }) => run === name);
      return {
        run_id: id,
        project,
        group,
        name,
        files: files.map(reference),
        evaluations: scores.map(({ path, name: called }) => reference({ path, name: called })),
        ...(config === undefined ? {} : { config: { uri: reference(config).uri } }),
        ...(withLogs && logsFolder !== undefined
          ? { logs: reference({ path: logsFolder, name: logsFolder }) }
          : {}),
      };
    }),
  );
}

/** The groups that runs of a manifest make up, in the order in which these first come. */
export function groupsOf(runs: readonly ManifestRun[]): GroupFiles[] {
  const groups = new Map<string, ManifestRun[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.project, run.group]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [run]);
    else known.push(run);
  }
  return [...groups.values()].map(groupOf);
}

function groupOf(runs: readonly ManifestRun[]): GroupFiles {
  const { project = "", group = "" } = runs[0] ?? {};
  const config = runs.find((run) => run.config !== undefined)?.config;
  const logs = runs.find((run) => run.logs !== undefined)?.logs;
  return {
    project,
    name: group,
    mode: "taskcluster",
    suffix: suffixOf(runs),
    runs: runs.map(runOf),
    evaluations: runs.flatMap(({ name, evaluations }) => evaluations.map((file) => scoresOf(name, file))),
    ...(config === undefined ? {} : { config: foundFile(config) }),
    ...(logs === undefined ? {} : { logsFolder: logs.uri }),
    problems: [],
  };
}

/** What the ids of a group's runs end with. */
function suffixOf(runs: readonly ManifestRun[]): string {
  const run = runs.find(({ run_id: id, name }) => id !== name && id.startsWith(name));
  return run === undefined ? "" : run.run_id.slice(run.name.length);
}

function runOf({ run_id: id, name, files }: ManifestRun): RunFiles {
  const [log, validationLog] = files.map(foundFile);
  return {
    model: name,
    name,
    id,
    ...(log === undefined ? {} : { log }),
    ...(validationLog === undefined ? {} : { validationLog }),
    changed: 0,
  };
}

/** A file of scores: the run is known, and its name says the rest. */
function scoresOf(run: string, { uri }: ManifestFile): EvaluationFile {
  const { kind, dataset, metric } = readEvaluationFileName(decodedBase(uri));
  return {
    path: uri,
    name: uri,
    ...dataset,
    ...(metric === undefined ? {} : { metric }),
    kind,
    run,
  };
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

function foundFile({ uri, size }: ManifestFile): FoundFile {
  return { path: uri, name: uri, size: size ?? 0, mtimeMs: 0 };
}
