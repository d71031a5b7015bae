/** Unpacks tars. They may come from anywhere: no entry gets out of the folder that the tar is unpacked to. */

import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as tar from "tar-stream";
import { fileChunks } from "../io/chunks.js";
import { InputError } from "../io/input-error.js";
import { decompress } from "../io/packed/decompress.js";
import { readable } from "../io/source.js";

/** A problem of a tar or of one of its entries. */
export interface TarFault {
  /** Absent for the tar as a whole. */
  readonly entry?: string;
  readonly reason: string;
  readonly severity: "failure" | "warning";
}

/** How a tar is unpacked. */
export interface TarOptions {
  /** Whether a file is useful, by the parts of its path. */
  keep(path: readonly string[]): boolean;
  /** Whether a file without its end is useful. */
  keepPart(path: readonly string[]): boolean;
  readonly signal?: AbortSignal | undefined;
}

type Entry = tar.Extract extends AsyncIterable<infer One> ? One : never;

/**
 * Reads tars from before POSIX, too; the types of the library lack that option. Each write is awaited, so that all of a
 * tar that ends early is taken before its end.
 */
const EXTRACTION: object = { allowUnknownFormat: true, highWaterMark: 1 };
const STOPPED = new Error("the unpacking was stopped");
const FILES = ["file", "contiguous-file"];
/** Links that a message names. */
const MAX_NAMED = 3;

/**
 * Unpacks the useful files. Leaves out links, devices and paths that lead out of the archive. If a tar ends early or is
 * damaged, everything before that is unpacked.
 *
 * @returns What is wrong with the tar.
 * @throws InputError if it is not a tar, or there is no room to unpack it.
 */
export async function unpackTar(file: string, folder: string, options: TarOptions): Promise<TarFault[]> {
  const faults: TarFault[] = [];
  const others: string[] = [];
  const extract = tar.extract(EXTRACTION);
  const stop = () => extract.destroy(STOPPED);
  options.signal?.addEventListener("abort", stop, { once: true });
  const input = new TarInput();
  const fed = input.feed(file, extract, options.signal);
  const iterator = extract[Symbol.asyncIterator]();
  let entries = 0;
  let last = "";
  let fault: unknown;
  try {
    for (;;) {
      const pending = iterator.next();
      let next = await input.orEnd(pending);
      if (next === undefined) {
        // All of the tar has been taken: it has no further entry.
        extract.end(null);
        next = await pending;
      }
      if (next.done) break;
      const entry = next.value;
      entries += 1;
      const { name, type } = entry.header;
      last = name;
      const path = pathOf(name);
      const isFile = FILES.includes(type);
      if (type !== "directory" && !isFile) others.push(name);
      if (isFile && path === undefined)
        faults.push({ entry: name, reason: "its path leads out of the archive", severity: "failure" });
      if (!isFile || path === undefined || !options.keep(path)) entry.resume();
      else {
        const reason = await unpackEntry(entry, join(folder, ...path), input, options.keepPart(path));
        if (reason !== undefined) faults.push({ entry: name, reason, severity: "failure" });
      }
    }
  } catch (error) {
    fault = error;
  } finally {
    options.signal?.removeEventListener("abort", stop);
    extract.destroy(STOPPED);
  }
  await fed;
  options.signal?.throwIfAborted();
  if (fault instanceof InputError) throw fault;
  fault = input.fault ?? fault;
  if (entries === 0) throw noTar(fault);
  if (fault !== undefined) faults.push({ reason: damage(fault, last), severity: "failure" });
  else if (!input.hasEndMark)
    faults.push({
      reason: `the tar has no mark of its end: it may lack what followed ${last}`,
      severity: "warning",
    });
  if (others.length > 0) {
    const names = others.slice(0, MAX_NAMED).join(", ") + (others.length > MAX_NAMED ? ", …" : "");
    const reason = `left out, because only files are unpacked from a tar: ${others.length} links or devices (${names})`;
    faults.push({ reason, severity: "warning" });
  }
  return faults;
}

/** The parts of an entry's path; undefined if it leads out of the archive. */
function pathOf(name: string): string[] | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts;
}

/** Writes an entry. @returns What is wrong with it. */
async function unpackEntry(
  entry: Entry,
  path: string,
  input: TarInput,
  keepPart: boolean,
): Promise<string | undefined> {
  const file = await makeFile(path).catch(writeFault);
  let reason = typeof file === "string" ? file : undefined;
  let isWhole = false;
  try {
    const chunks = entry[Symbol.asyncIterator]();
    // An entry that can't be written is still read: leaving it would end the tar.
    for (;;) {
      const next = await input.orEnd(chunks.next()).catch(() => undefined);
      isWhole = next?.done === true;
      if (next === undefined || next.done) break;
      if (typeof file !== "string" && reason === undefined)
        reason = await file.appendFile(next.value as Uint8Array).then(() => undefined, writeFault);
    }
    const { mtime } = entry.header;
    if (typeof file !== "string" && Number.isFinite(mtime.getTime()))
      await file.utimes(mtime, mtime).catch(() => {});
  } finally {
    if (typeof file !== "string") await file.close();
  }
  if (isWhole || reason !== undefined) return reason;
  if (!keepPart) await rm(path, { force: true });
  return keepPart ? "it was read to where the tar ends" : "the tar ends in it: it is left out";
}

async function makeFile(path: string): Promise<FileHandle> {
  return await open(path, "w").catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true });
    return await open(path, "w");
  });
}

/** @throws InputError if the other entries can't be written either. */
function writeFault(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOSPC" || error.code === "EDQUOT")
    throw new InputError("there is no room to unpack it: set TMPDIR to a folder with more", { cause: error });
  return `it could not be unpacked: ${readable(error).message}`;
}

function noTar(fault: unknown): Error {
  if (fault instanceof InputError) {
    // Hints are for logs.
    if (fault.hint === undefined) return fault;
    return new InputError(fault.problem, { cause: fault, hint: "unpack it and name the folder" });
  }
  const fromTheSystem = fault instanceof Error && "syscall" in fault;
  return fromTheSystem
    ? readable(fault)
    : new InputError("this is neither a folder nor a tar", { cause: fault });
}

function damage(fault: unknown, last: string): string {
  if (fault instanceof InputError) return `${fault.message} (the last entry is ${last})`;
  const message = fault instanceof Error ? fault.message : String(fault);
  const what = /unexpected end/i.test(message) ? "ends early" : "is damaged";
  return `the tar ${what}: what came before was read, to ${last}`;
}

/** A stream that takes the bytes of a tar, and emits `drain` when it has taken a write. */
interface Extraction {
  readonly destroyed: boolean;
  write(chunk: Uint8Array): boolean;
  on(event: "drain" | "close", listener: () => void): unknown;
}

/** A tar ends with this many zeros. */
const END_MARK = 1024;

/** The bytes of a tar on their way to the extraction. */
class TarInput {
  /** What is wrong with the tar; undefined if it was read to its end. */
  fault: unknown;
  /** Whether the bytes end with the mark of a tar's end. */
  hasEndMark = true;
  #isTaken = false;
  #onTaken = () => {};

  /** Settles when the extraction has all bytes, to the end or to an error. */
  async feed(file: string, extraction: Extraction, signal: AbortSignal | undefined): Promise<void> {
    let end = Buffer.alloc(0);
    let wake = () => {};
    extraction.on("drain", () => wake());
    extraction.on("close", () => wake());
    try {
      for await (const chunk of decompress(fileChunks(file), () => fileChunks(file))) {
        if (extraction.destroyed || signal?.aborted) break;
        end = Buffer.concat([end, chunk.subarray(-END_MARK)]).subarray(-END_MARK);
        // The extraction keeps parts of the chunk, whose buffer is reused.
        const isTaken = extraction.write(Buffer.from(chunk));
        if (isTaken || extraction.destroyed) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } catch (error) {
      this.fault = error;
    }
    this.hasEndMark = end.every((byte) => byte === 0);
    this.#isTaken = true;
    this.#onTaken();
  }

  /** The extraction's next result; undefined if it waits for more after the input has ended. */
  orEnd<Next>(pending: Promise<Next>): Promise<Next | undefined> {
    return new Promise((resolve, reject) => {
      pending.then(resolve, reject);
      // Results that the extraction has already come first.
      this.#onTaken = () => setImmediate(() => resolve(undefined));
      if (this.#isTaken) this.#onTaken();
    });
  }
}
