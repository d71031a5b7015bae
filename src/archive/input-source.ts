/** Opens what a user names as a source. */
import { statSync } from "node:fs";
import { InputError } from "../io/input-error.js";
import { STDIN } from "../io/inputs.js";
import type { ObjectInfo } from "../io/objects/object-answer.js";
import { isObjectUrl, printableUrl } from "../io/objects/object-url.js";
import { objectStore } from "../io/objects/process-store.js";
import { FileSource, type Source } from "../io/source.js";
import { completeLog } from "./validation-log/join.js";

/**
 * Where an input lies that is not just the file of its name: in a file or an object, maybe with Marian's log of validations
 * beside it, or nowhere, and why.
 */
export type InputLocation =
  | { readonly path: string; readonly validationLog?: string; readonly object?: ObjectInfo }
  | { readonly fault: string };

const locations = new Map<string, InputLocation>();

/** Says where the input of a name lies; without a place the name is its path. */
export function locateInput(name: string, place?: InputLocation): void {
  if (place === undefined) locations.delete(name);
  else locations.set(name, place);
}

/** Where the input of a name lies; undefined if the name is its path. */
export function inputLocation(name: string): InputLocation | undefined {
  return locations.get(name);
}

/** A file, with its size if available, or an object as a source. */
export function fileSource(name: string): Source {
  const place = locations.get(name);
  if (place !== undefined && "fault" in place) return lostSource(name, place.fault);
  const { path, validationLog, object } = place ?? { path: name };
  const log = openFile(path, name, object);
  return validationLog === undefined ? log : joinedLog(log, openFile(validationLog, validationLog));
}

/** Inputs that are opened before they are read, so that it shows if they change. */
export interface OpenedInputs {
  readonly sources: ReadonlyMap<string, Source>;
  /** Their size as stored, as far as it is known. */
  readonly bytes: number;
}

/** Opens all inputs but standard input. */
export function openInputs(names: readonly string[]): OpenedInputs {
  const sources = new Map(names.filter((name) => name !== STDIN).map((name) => [name, fileSource(name)]));
  let bytes = 0;
  for (const { size = 0 } of sources.values()) bytes += size;
  return { sources, bytes };
}

function openFile(path: string, name: string, object?: ObjectInfo): Source {
  if (isObjectUrl(path)) return objectSource(path, object);
  try {
    return new FileSource(path, statSync(path), name);
  } catch {
    return new FileSource(path, undefined, name);
  }
}

/** A training's log with the validations that only the log beside it has; both are read when its bytes are. */
function joinedLog(log: Source, validationLog: Source): Source {
  const joined = () => completeLog(log, validationLog);
  return {
    name: log.name,
    size: log.size ?? 0,
    get changed() {
      return log.changed === true || validationLog.changed === true;
    },
    async *chunks() {
      yield* (await joined()).chunks();
    },
    async *again() {
      yield* (await joined()).again?.() ?? [];
    },
  };
}

function lostSource(name: string, fault: string): Source {
  return {
    name,
    // biome-ignore lint/correctness/useYield: there is nothing to yield
    async *chunks() {
      throw new InputError(fault);
    },
  };
}

/** The HTTP client is loaded only if something is fetched: loading takes longer than a small log. */
function objectSource(url: string, { size, etag }: Partial<ObjectInfo> = {}): Source {
  const known = { ...(size === undefined ? {} : { size }), ...(etag === undefined ? {} : { etag }) };
  return {
    name: printableUrl(url),
    ...(size === undefined ? {} : { size }),
    ...(etag === undefined ? {} : { stamp: etag }),
    async *chunks() {
      yield* (await objectStore()).source(url, known).chunks();
    },
  };
}
