/** Reads what a group's files say, but for the logs of its trainings. */
import { createHash } from "node:crypto";
import { TextDecoder } from "node:util";
import { readEvaluationLog } from "../evaluation/evaluation-log.js";
import { EvaluationError, readScores } from "../evaluation/score-file.js";
import { fileChunks } from "../io/chunks.js";
import { isGarbled } from "../io/file-name.js";
import { InputError } from "../io/input-error.js";
import { decompress } from "../io/packed/decompress.js";
import { FileSource, readable, type Source } from "../io/source.js";
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

/** How the files of a group are read. */
export interface GroupAccess {
  /** The bytes of a small file, as stored. */
  bytes(file: NamedFile): AsyncIterable<Uint8Array>;
  log(file: FoundFile): Source;
}

/** Files of this machine. */
const LOCAL: GroupAccess = {
  bytes: ({ path }) => fileChunks(path, BUFFER),
  log: ({ path, name, size, mtimeMs }) => new FileSource(path, { size, mtimeMs }, name),
};

/**
 * Reads a group's configuration and evaluations. Never rejects for what is wrong with a file: the group's problems
 * tell. Its evaluations are those of the whole group, also where only some of its runs were chosen.
 */
export async function readGroup(files: GroupFiles, access: GroupAccess = LOCAL): Promise<Group> {
  const problems = [...files.problems];
  const read: ReadEvaluation[] = [];
  for (let at = 0; at < files.evaluations.length; at += AT_ONCE) {
    const part = files.evaluations.slice(at, at + AT_ONCE);
    read.push(...(await Promise.all(part.map((file) => readEvaluation(file, access)))));
  }
  const evaluations = mergeEvaluations(read, problems);
  const config = files.config === undefined ? undefined : await readConfig(files.config, problems, access);
  const runs = files.runs.map(({ model, name, id, log, validationLog }): GroupRun => {
    return {
      model,
      id,
      ...(log === undefined ? {} : { log: access.log(log) }),
      ...(validationLog === undefined ? {} : { validationLog: access.log(validationLog) }),
      evaluations: evaluations.filter((evaluation) => evaluation.run === name),
    };
  });
  const { logsFolder } = files;
  return {
    project: files.project,
    name: files.name,
    suffix: files.suffix,
    ...(config === undefined ? {} : { config }),
    // What can't be read of an evaluation leaves nothing to publish.
    runs: runs.filter((run) => run.log !== undefined || run.evaluations.length > 0),
    evaluations,
    ...(logsFolder === undefined ? {} : { logsFolder, logsStamp: await stampOf(logsFolder, problems) }),
    problems,
  };
}

async function readEvaluation(file: EvaluationFile, access: GroupAccess): Promise<ReadEvaluation> {
  try {
    const text = await readText(file, access);
    if (file.kind === "log") return { file, metrics: readEvaluationLog(text, nodeCore()) };
    const { metrics, faults } = readScores(file, text);
    return { file, metrics, remarks: faults };
  } catch (error) {
    return { file, fault: faultOf(error) };
  }
}

async function readConfig(
  file: NamedFile,
  problems: Problem[],
  access: GroupAccess,
): Promise<Config | undefined> {
  const failed = (reason: string, severity: Problem["severity"] = "failure") => {
    problems.push({ source: file.name, reason, severity });
    return undefined;
  };
  try {
    const read = readYaml(await readText(file, access));
    if ("fault" in read)
      return failed(`the configuration ${read.fault}`, read.isTooLarge ? "warning" : "failure");
    const { value } = read;
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? (value as Config) : failed("the configuration is no map of keys and values");
  } catch (error) {
    return failed(faultOf(error));
  }
}

/** The text of a small file, compressed or not. */
async function readText(file: NamedFile, access: GroupAccess): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of decompress(access.bytes(file))) {
    length += chunk.length;
    if (length > LONGEST)
      throw new InputError(`it is longer than ${LONGEST / 1024 / 1024} MiB: this is no such file`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @throws what is no fault of a file. */
function faultOf(error: unknown): string {
  const fault = readable(error);
  const isOfFile = fault instanceof InputError || fault instanceof EvaluationError || "code" in fault;
  if (!isOfFile) throw error;
  return fault.message;
}

const NOT_PUBLISHED = "its name is not UTF-8: it is not published with the group's logs; rename it";

/** Differs when a file of a folder does. What can't be read there is told by those who publish it, but for names. */
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
