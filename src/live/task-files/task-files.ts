/** The files of a training task: what Marian and OpusTrainer were configured with. */
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConfigValue } from "../../archive/group.js";
import { fileChunks } from "../../io/chunks.js";
import { InputError } from "../../io/input-error.js";
import { decompress } from "../../io/packed/decompress.js";
import { readable } from "../../io/source.js";
import { isObject } from "../../json.js";
import type { Arguments } from "../../run/command-line.js";
import { readYaml } from "../../run/yaml.js";
import type { TaskFiles } from "../../wandb/index.js";

const OPUSTRAINER = "config.opustrainer.yml";

/** No file belongs to the training. */
const NONE: TaskFiles = {
  model: null,
  training: null,
  opustrainer: null,
  datasetNames: [],
  notes: [],
  countDatasets: async () => ({ lines: new Map(), notes: [] }),
};

/** The files of a training whose command line was given in this folder. */
export async function readTaskFiles(options: Arguments, folder: string): Promise<TaskFiles> {
  return new TaskFolder(folder).read(options);
}

/**
 * The files of a training whose log lies in the folder of its model. Of any other log nothing is read: what lies here
 * under the names in its command line may belong to another training, or to another machine.
 */
export async function readTaskFilesOfLog(options: Arguments, log: string): Promise<TaskFiles> {
  const [model] = values(options, "model", "m");
  if (model === undefined || !isAbsolute(model)) return NONE;
  const real = (path: string) => realpath(dirname(resolve(path))).catch(() => undefined);
  const folder = await real(model);
  if (folder === undefined || folder !== (await real(log))) return NONE;
  return new TaskFolder(undefined).read(options);
}

/** Where the paths of a command line lead. */
class TaskFolder {
  /** Undefined: relative paths lead nowhere. */
  readonly #folder: string | undefined;
  readonly #notes: string[] = [];

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  async read(options: Arguments): Promise<TaskFiles> {
    const paths = values(options, "config", "c");
    const of = (kind: string) =>
      paths.findLast((path) => new RegExp(`(?:^|/)configs/${kind}/`).test(path.replaceAll("\\", "/")));
    const model = await this.#config(of("model"));
    const training = await this.#config(of("training"));
    const path = join(dirname(values(options, "model", "m").at(-1) ?? "./model"), OPUSTRAINER);
    const opustrainer = await this.#config(path, true);
    const datasets = datasetsOf(opustrainer);
    const folder = dirname(this.#resolve(path) ?? path);
    return {
      model,
      training,
      opustrainer,
      datasetNames: [...datasets.keys()],
      notes: this.#notes,
      countDatasets: (signal) => this.#count(datasets, folder, signal),
    };
  }

  #resolve(path: string): string | undefined {
    if (isAbsolute(path)) return path;
    return this.#folder === undefined ? undefined : resolve(this.#folder, path);
  }

  async #config(path: string | undefined, optional = false): Promise<ConfigValue> {
    if (path === undefined) return null;
    const place = this.#resolve(path);
    if (place === undefined) {
      this.#notes.push(`${path} is not read: the log does not say in which folder it is`);
      return null;
    }
    const read = await readConfigFile(place);
    if ("value" in read) return read.value;
    if (!(optional && read.absent)) this.#notes.push(`${path} is not in the configuration: ${read.fault}`);
    return null;
  }

  async #count(
    datasets: ReadonlyMap<string, readonly string[]>,
    folder: string,
    signal: AbortSignal,
  ): Promise<{ lines: Map<string, number>; notes: string[] }> {
    const lines = new Map<string, number>();
    const notes: string[] = [];
    for (const [name, paths] of datasets) {
      let sum = 0;
      for (const path of paths) {
        const counted = await this.#countFile(path, folder, signal);
        if (signal.aborted) return { lines, notes };
        if (typeof counted === "number") sum += counted;
        else {
          notes.push(`the dataset ${name} is not counted: ${path}: ${counted.fault}`);
          sum = Number.NaN;
        }
      }
      if (!Number.isNaN(sum)) lines.set(name, sum);
    }
    return { lines, notes };
  }

  /** OpusTrainer finds datasets from the folder of its configuration; a path may also be meant from the task's. */
  async #countFile(path: string, folder: string, signal: AbortSignal) {
    const counted = await countLines(resolve(folder, path), signal);
    if (typeof counted === "number" || !counted.absent || this.#folder === undefined) return counted;
    return countLines(resolve(this.#folder, path), signal);
  }
}

/** All values of an option under its long and its short name. */
function values(options: Arguments, ...names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = options[name];
    return value === undefined || value === true ? [] : typeof value === "string" ? [value] : [...value];
  });
}

/** Paths of OpusTrainer's datasets by name. */
function datasetsOf(opustrainer: ConfigValue): Map<string, readonly string[]> {
  const datasets = new Map<string, readonly string[]>();
  const listed = isObject(opustrainer) ? opustrainer["datasets"] : undefined;
  for (const [name, value] of Object.entries(isObject(listed) ? listed : {})) {
    const paths = (Array.isArray(value) ? value : [value]).filter((path) => typeof path === "string");
    if (paths.length > 0) datasets.set(name, paths);
  }
  return datasets;
}

const NEWLINE = 10;
/** Milliseconds of counting, after which as many belong to everybody else. */
const SLICE = 10;

/**
 * The number of lines of a file, which may be packed; an unterminated last line counts. Half of the time is left to
 * others. Never rejects; when the signal is aborted, what it gives is of no use.
 */
export async function countLines(
  path: string,
  signal: AbortSignal,
): Promise<number | { readonly fault: string; readonly absent: boolean }> {
  try {
    // A pipe or a device would never end.
    if (!(await stat(path)).isFile()) return { fault: "it is not a file", absent: false };
    let lines = 0;
    let last = NEWLINE;
    let begun = performance.now();
    for await (const chunk of decompress(fileChunks(path))) {
      if (signal.aborted) break;
      lines += newlines(chunk);
      last = chunk.at(-1) ?? last;
      if (performance.now() - begun < SLICE) continue;
      await delay(SLICE, undefined, { signal });
      begun = performance.now();
    }
    return last === NEWLINE ? lines : lines + 1;
  } catch (error) {
    const reason = readable(error);
    // Hints are for logs.
    return { fault: reason instanceof InputError ? reason.problem : reason.message, absent: isAbsent(error) };
  }
}

function newlines(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** A configuration, or why it is missing. */
export type ReadConfig =
  | { readonly value: ConfigValue }
  | { readonly fault: string; readonly absent: boolean };

/** No configuration is longer; a path in a log may lead to anything. */
const MAX_BYTES = 1 << 20;

/** Reads a file as YAML 1.1. Never rejects. */
export async function readConfigFile(path: string): Promise<ReadConfig> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { fault: "it is not a file", absent: false };
    if (info.size > MAX_BYTES) return { fault: "it is too long for a configuration", absent: false };
    const read = readYaml(await readFile(path, "utf8"));
    if ("fault" in read) return { fault: `it ${read.fault}`, absent: false };
    return { value: (read.value ?? null) as ConfigValue };
  } catch (error) {
    return { fault: readable(error).message, absent: isAbsent(error) };
  }
}

/** Whether an error says that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
