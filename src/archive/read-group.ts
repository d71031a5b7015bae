/** Reads the files of a group, except the logs of its trainings. */

import { createHash } from "node:crypto";
import { TextDecoder } from "node:util";
import type { Evaluation } from "../evaluation/evaluation.js";
import { readEvaluationLog } from "../evaluation/evaluation-log.js";
import { readScores } from "../evaluation/score-file.js";
import { fileChunks } from "../io/chunks.js";
import { isGarbled } from "../io/file-name.js";
import { InputError } from "../io/input-error.js";
import { LocalFile } from "../io/local-file.js";
import { decompress } from "../io/packed/decompress.js";
import { FileSource, readable, type Source } from "../io/source.js";
import { isObject } from "../json.js";
import { nodeCore } from "../node-core.js";
import { readYaml } from "../run/yaml.js";
import { type FoundFile, fileAt, filesBelow, folderAt, type NamedFile } from "./folder-walk.js";
import type { Config, Group, GroupRun, Problem } from "./group.js";
import type { EvaluationFile, GroupFiles } from "./group-files.js";
import { mergeEvaluations, type ReadEvaluation } from "./merge-evaluations.js";

/** Longer than any configuration or log of an evaluation. */
const LONGEST = 64 * 1024 * 1024;
/** Most of the files are shorter. */
const BUFFER = 16 * 1024;
/** Small files that are open at once. */
const AT_ONCE = 16;

/** Opens the files of a group. */
export interface GroupAccess<File extends NamedFile = NamedFile, Log extends NamedFile = FoundFile> {
  /** The bytes of a small file, as stored. */
  bytes(file: File): AsyncIterable<Uint8Array>;
  log(file: Log): Source;
}

/** Opens files of this machine. */
export const LOCAL_FILES: GroupAccess = {
  bytes: ({ path }) => smallFile(path),
  log: ({ path, name, size, mtimeMs, revision }) => new FileSource(path, { size, mtimeMs, revision }, name),
};

/** The bytes of a small file. To wait for a disk of this machine would cost more than the reading. */
async function* smallFile(path: string): AsyncGenerator<Uint8Array> {
  using file = LocalFile.open(path);
  if (file === undefined) return yield* fileChunks(path, BUFFER);
  for (;;) {
    const buffer = new Uint8Array(Math.min(file.size + 1, 1 << 20));
    const length = file.read(buffer);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

/**
 * Reads a group's configuration and evaluations. A file that can't be read is one of the group's problems. The
 * evaluations are those of the whole group, even if only some of its runs were chosen.
 */
export async function readGroup<File extends NamedFile, Log extends NamedFile>(
  files: GroupFiles<File, Log>,
  access: GroupAccess<File, Log>,
): Promise<Group> {
  const { project, name, suffix, logsFolder } = files;
  const problems = [...files.problems];
  const evaluations = await readEvaluations(files.evaluations, access, problems);
  const config = files.config === undefined ? undefined : await readConfig(files.config, problems, access);
  const runs = files.runs.map(({ name: run, id, log, validationLog }): GroupRun => {
    return {
      name: run,
      id,
      ...(log === undefined ? {} : { log: access.log(log) }),
      ...(validationLog === undefined ? {} : { validationLog: access.log(validationLog) }),
      evaluations: evaluations.filter((evaluation) => evaluation.run === run),
    };
  });
  return {
    project,
    name,
    suffix,
    ...(config === undefined ? {} : { config }),
    // If no evaluation of a run can be read, there is nothing to publish.
    runs: runs.filter((run) => run.log !== undefined || run.evaluations.length > 0),
    evaluations,
    ...(logsFolder === undefined ? {} : { logsFolder, logsStamp: await stampOf(logsFolder, problems) }),
    problems,
  };
}

/** Reads files of scores, and makes one evaluation of all that belong to one; adds what is wrong to the problems. */
export async function readEvaluations<File extends NamedFile>(
  files: readonly EvaluationFile<File>[],
  access: Pick<GroupAccess<File, never>, "bytes">,
  problems: Problem[],
): Promise<Evaluation[]> {
  const read: ReadEvaluation[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const part = files.slice(at, at + AT_ONCE);
    read.push(...(await Promise.all(part.map((file) => readEvaluation(file, access)))));
  }
  return mergeEvaluations(read, problems);
}

async function readEvaluation<File extends NamedFile>(
  file: EvaluationFile<File>,
  access: Pick<GroupAccess<File, never>, "bytes">,
): Promise<ReadEvaluation> {
  try {
    const text = await readText(access.bytes(file));
    if (file.kind === "log") return { file, metrics: readEvaluationLog(text, nodeCore()) };
    const { metrics, faults } = readScores(file, text);
    return { file, metrics, warnings: faults };
  } catch (error) {
    return { file, failure: failureOf(error) };
  }
}

async function readConfig<File extends NamedFile>(
  file: File,
  problems: Problem[],
  access: Pick<GroupAccess<File, never>, "bytes">,
): Promise<Config | undefined> {
  const failed = (reason: string, severity: Problem["severity"] = "failure") => {
    problems.push({ source: file.name, reason, severity });
    return undefined;
  };
  try {
    const read = readYaml(await readText(access.bytes(file)));
    if ("fault" in read)
      return failed(`the configuration ${read.fault}`, read.isTooLarge ? "warning" : "failure");
    const { value } = read;
    return isObject(value) ? (value as Config) : failed("the configuration is not a map");
  } catch (error) {
    return failed(failureOf(error));
  }
}

/** The text of a small file, compressed or not. */
async function readText(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of decompress(bytes)) {
    length += chunk.length;
    if (length > LONGEST)
      throw new InputError(
        `it is longer than ${LONGEST / 1024 / 1024} MiB, too long for scores or a configuration`,
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Says what is wrong with a file. @throws Any other error. */
function failureOf(error: unknown): string {
  const failure = readable(error);
  const isOfFile = failure instanceof InputError || "code" in failure;
  if (!isOfFile) throw error;
  return failure.message;
}

const NOT_PUBLISHED = "its name is not UTF-8: it is not published with the group's logs; rename it";

/** Differs when a file of the folder does. Of what can't be read, only names are problems: publishing reports the rest. */
async function stampOf(path: string, problems: Problem[]): Promise<string> {
  const folder = await folderAt(path);
  const walk = { nameOf: (name: string) => name, problem: () => {} };
  const files = folder === undefined ? [] : await filesBelow(folder, walk, () => true);
  const hash = createHash("sha256");
  for (const { path: file, folders, base } of files) {
    const info = await fileAt(file, walk);
    if (info === undefined && isGarbled(base))
      problems.push({ source: file, reason: NOT_PUBLISHED, severity: "failure" });
    hash.update(`${JSON.stringify([folders, base, info?.size, info?.mtimeMs])}\n`);
  }
  return hash.digest("hex");
}
