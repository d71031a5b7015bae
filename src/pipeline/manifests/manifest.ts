/** Manifests: the runs of an archive, one a line, for machines that share the work. */

import { addressText, schemeOf } from "../../io/address.js";
import { InputError } from "../../io/input-error.js";
import { STDIN } from "../../io/inputs.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { decompress } from "../../io/packed/decompress.js";
import { readable, type Source } from "../../io/source.js";
import { isObject } from "../../json.js";

/** The manifest of the runs that are in a folder of tables, for `publish`. */
export const MANIFEST = "manifest.ndjson";

/** A file of a run. */
export interface ManifestFile {
  /** A path, a `file:` URL, `gs://bucket/object`, or an `https:` URL. */
  readonly uri: string;
  /** Bytes as stored. */
  readonly size?: number;
  /**
   * Changes with the file's content: `<size>-<milliseconds of its last change>` of a file, the generation of an object
   * in Cloud Storage, `ETag` or `Last-Modified` of any other object.
   */
  readonly etag?: string;
}

/** A run in a manifest. */
export interface ManifestRun {
  /** The id and name of the run, unique in the project: `teacher-1_aY25-`. */
  readonly run_id: string;
  readonly project: string;
  readonly group: string;
  /** The id without the group's suffix: `teacher-1`. */
  readonly name: string;
  /** The training's log, then Marian's log of validations if there is one; empty for a model with evaluations only. */
  readonly files: readonly ManifestFile[];
  /** Files of scores; their names have the dataset. */
  readonly evaluations: readonly ManifestFile[];
  /** The configuration of the group. */
  readonly config?: ManifestFile;
  /** The folder of the group's logs, which are published with the group; only of an archive in a folder. */
  readonly logs?: ManifestFile;
}

/** The line of a run. */
export function manifestLine(run: ManifestRun): string {
  const { run_id, project, group, name, files, evaluations, config, logs } = run;
  return `${JSON.stringify({ run_id, project, group, name, files, evaluations, config, logs })}\n`;
}

/**
 * Reads a line.
 *
 * @param place Names the line in an error.
 * @throws InputError if the line is not a run.
 */
export function readManifestLine(line: string, place: string): ManifestRun {
  const fail = (reason: string): never => {
    throw new InputError(`${place}: ${reason}; make the manifest with \`marian-tracking plan\``);
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail("this line is not JSON");
  }
  if (!isObject(value)) return fail("this line is not an object");
  const text = (key: string): string => {
    const field = (value as Record<string, unknown>)[key];
    return typeof field === "string" && field !== "" ? field : fail(`${key} is missing or not a text`);
  };
  const list = (key: string): readonly ManifestFile[] => {
    const field = (value as Record<string, unknown>)[key] ?? [];
    if (!Array.isArray(field)) return fail(`${key} is no list`);
    return field.map((file) => readFile(file) ?? fail(`${key} has an entry without a uri`));
  };
  const one = (key: string): ManifestFile | undefined => {
    const field = (value as Record<string, unknown>)[key] ?? undefined;
    return field === undefined ? undefined : (readFile(field) ?? fail(`${key} has no uri`));
  };
  const [config, logs] = [one("config"), one("logs")];
  const files = list("files");
  const evaluations = list("evaluations");
  for (const { uri } of [...files, ...evaluations, ...(config ? [config] : []), ...(logs ? [logs] : [])])
    if (schemeOf(uri) !== undefined && !isObjectUrl(uri) && schemeOf(uri) !== "file")
      throw new InputError(`${place}: ${addressText(uri)}`);
  if (files.length > 2) return fail("files are a log and its log of validations, not more");
  return {
    run_id: text("run_id"),
    project: text("project"),
    group: text("group"),
    name: text("name"),
    files,
    evaluations,
    ...(config === undefined ? {} : { config }),
    ...(logs === undefined ? {} : { logs }),
  };
}

function readFile(value: unknown): ManifestFile | undefined {
  if (!isObject(value) || typeof value["uri"] !== "string" || value["uri"] === "") return undefined;
  const { size, etag } = value;
  return {
    uri: value["uri"],
    ...(typeof size === "number" && size >= 0 ? { size } : {}),
    ...(typeof etag === "string" && etag !== "" ? { etag } : {}),
  };
}

/**
 * The runs of a manifest, one as soon as its line is read; empty lines are skipped.
 *
 * @throws InputError, which names the manifest, if it can't be read, a line is not a run, or a run is there twice.
 */
export async function* readManifest(source: Source): AsyncGenerator<ManifestRun> {
  const name = source.name === STDIN ? "standard input" : source.name;
  const seen = new Map<string, number>();
  let number = 0;
  for await (const line of lines(source, name)) {
    number += 1;
    if (line.trim() === "") continue;
    const run = readManifestLine(line, `${name}, line ${number}`);
    // Ids are unique within a project.
    const key = `${run.project}/${run.run_id}`;
    const before = seen.get(key);
    if (before !== undefined)
      throw new InputError(
        `${name}: lines ${before} and ${number} are the same run, ${key}: remove one of them`,
      );
    seen.set(key, number);
    yield run;
  }
}

async function* lines(source: Source, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  const chunks = decompress(source.chunks());
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        const reason = readable(error).message;
        throw new InputError(`the manifest ${name} can't be read: ${reason}`, { cause: error });
      });
      if (next.done) break;
      const parts = (rest + decoder.decode(next.value, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    await chunks.return(undefined);
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
