/** What `download` does: a group into the folders of an archive. */

import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Group, Problem } from "../../archive/group.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { evaluationTitle, parseDataset } from "../../evaluation/naming/dataset.js";
import { readEvaluationFileName } from "../../evaluation/naming/evaluation-file.js";
import { forEachLimited } from "../../http/index.js";
import { makeFolder } from "../../io/file-system.js";
import { InputError } from "../../io/input-error.js";
import { writeWhole } from "../../io/output-file.js";
import { decompress } from "../../io/packed/decompress.js";
import { readable } from "../../io/source.js";
import { outputErrorText } from "../../pipeline/error-text.js";
import { writeYaml } from "../../run/yaml.js";
import { type ArtifactStore, artifactRef } from "../../taskcluster/artifact-store.js";
import { hasCode } from "../../taskcluster/client/index.js";

/** Files that are written at once. */
const AT_ONCE = 8;

/** A file to be written. */
interface Wanted {
  /** Below the output folder. */
  readonly path: string;
  /** The artifact; `configuration` for the input of the action. */
  readonly source: string;
  /** What became of a training whose log is not whole. */
  readonly unfinished?: "failed" | "running" | undefined;
  write(path: string): Promise<void>;
}

/** What was written. */
export interface Downloaded {
  /** Paths below the output folder, and their artifacts; `unfinished` is there for the log of such a training. */
  readonly files: readonly Pick<Wanted, "path" | "source" | "unfinished">[];
  readonly problems: readonly Problem[];
}

/**
 * Writes the logs, scores and configurations of groups as `archive` reads them. Existing files are replaced. An artifact
 * that can't be fetched is a problem.
 */
export async function downloadGroups(
  groups: readonly Group[],
  folder: string,
  store: ArtifactStore,
): Promise<Downloaded> {
  const problems: Problem[] = [];
  const wanted = new Map<string, Wanted>();
  for (const group of groups) {
    for (const file of filesOf(group, store)) {
      const taken = wanted.get(file.path);
      if (taken !== undefined) {
        const reason = `it is not written: ${file.path} is the same of ${file.source}, which is newer`;
        problems.push({ source: taken.source, reason, severity: "warning" });
      }
      wanted.set(file.path, file);
    }
  }
  const files: Downloaded["files"][number][] = [];
  const download = async ({ path, source, unfinished, write }: Wanted) => {
    const target = join(folder, path);
    try {
      await makeFolder(dirname(target)).catch((error: unknown) => {
        throw new InputError(outputErrorText(error), { cause: error });
      });
      await writeWhole(target, write);
      files.push({ path, source, ...(unfinished === undefined ? {} : { unfinished }) });
    } catch (error) {
      if (hasCode(error, "stopped")) throw error;
      problems.push({ source, reason: readable(error).message, severity: "failure" });
    }
  };
  await forEachLimited([...wanted.values()], AT_ONCE, download);
  return { files: files.sort((one, other) => (one.path < other.path ? -1 : 1)), problems };
}

function* filesOf(group: Group, store: ArtifactStore): Generator<Wanted> {
  const { project, name, config } = group;
  const place = [project, name].map(safeSegment).join("/");
  if (config !== undefined) {
    const write = (path: string) => writeFile(path, writeYaml(config));
    yield { path: `experiments/${place}/config.yml`, source: "configuration", write };
  }
  for (const run of group.runs) {
    const model = safeSegment(run.name);
    for (const [log, file] of [
      [run.log, "train.log"],
      [run.validationLog, "valid.log"],
    ] as const) {
      if (log === undefined) continue;
      const write = (path: string) => pipeline(decompress(log.chunks()), createWriteStream(path));
      const { unfinished } = run;
      yield { path: `logs/${place}/${model}/${file}`, source: log.name, unfinished, write };
    }
    for (const source of run.configFiles ?? []) {
      const chunks = () => decompress(store.chunks(artifactRef(source)));
      const write = (path: string) => pipeline(chunks(), createWriteStream(path));
      const file = safeSegment(source.slice(source.lastIndexOf("/") + 1));
      yield { path: `logs/${place}/${model}/${file}`, source, write };
    }
    for (const evaluation of run.evaluations) {
      const { source: first, furtherSources = [] } = evaluation;
      for (const [index, source] of [first, ...furtherSources].entries()) {
        const write = async (path: string) => writeFile(path, await store.bytes(artifactRef(source)));
        const file = scoresFile(evaluation, source, index);
        yield { path: `models/${place}/evaluation/${model}/${file}`, source, write };
      }
    }
  }
}

/** `flores_aug-mix_devtest.metrics.json`; in the form of a label if that would be read as another dataset. */
function scoresFile(evaluation: Evaluation, source: string, index: number): string {
  const ending = source.endsWith(".json") ? ".metrics.json" : ".metrics";
  const { metric } = readEvaluationFileName(source.slice(source.lastIndexOf("/") + 1));
  const part = metric ?? (index === 0 ? undefined : String(index + 1));
  const title = evaluationTitle(evaluation);
  const { importer, dataset, augmentation } = parseDataset(title);
  const same =
    importer === evaluation.importer &&
    dataset === evaluation.dataset &&
    augmentation === evaluation.augmentation;
  return safeSegment(
    `${same ? title : `eval_${evaluation.run}_${title}`}${part === undefined ? "" : `__${part}`}${ending}`,
  );
}

/** Makes any name the name of one file or folder. */
function safeSegment(name: string): string {
  return name.replace(/[/\\\p{Cc}]/gu, "_").replace(/^\.+/, (dots) => "_".repeat(dots.length)) || "_";
}
