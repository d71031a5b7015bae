/** Where a log comes from. */
import { fstatSync, lstatSync, type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { addressText } from "./address.js";
import { fileChunks } from "./chunks.js";
import { isGarbled } from "./file-name.js";
import { InputError } from "./input-error.js";
import { type LocalBytes, LocalFile } from "./local-file.js";
import type { Again } from "./packed/recover.js";

/** A log to read. */
export interface Source {
  /** As the user gave it; what NDJSON and receipts call it. */
  readonly name: string;
  /** The file that holds it, where another thread can read it; absent if there is none. */
  readonly path?: string;
  /** Bytes as stored, for the progress; absent if unknown. */
  readonly size?: number;
  /** Differs whenever the content does, and can be had without reading it; absent if nothing tells. */
  readonly stamp?: string | undefined;
  /**
   * Differs also if the file was replaced, or edited and given its size and time back: its inode, and when that changed
   * last. Absent if nothing tells.
   */
  readonly revision?: string;
  /** When the file was written last, in milliseconds since 1970; absent if unknown. */
  readonly modified?: number;
  /**
   * Whether the log is over: who writes it has closed the pipe. False before, and where the reading was given up; absent
   * where more may always come, as in a file.
   */
  readonly closed?: boolean;
  /**
   * Whether the file is not any more what it was when it was found: a training is writing it, so its last line may be cut
   * and its last record missing. Asked after the reading; absent if nothing tells.
   */
  readonly changed?: boolean;
  /**
   * The bytes, as stored. A chunk holds until the next is asked for.
   *
   * @throws InputError ready to be shown.
   */
  chunks(): AsyncIterable<Uint8Array>;
  /** The file for synchronous reads; undefined if they might wait. Absent if the bytes are not those of a file. */
  openLocal?(): LocalBytes | undefined;
  /** The same a second time, for damaged data; absent if that can't be had, or has to be fetched once more. */
  readonly again?: Again | undefined;
}

/** A file. */
export class FileSource implements Source {
  readonly name: string;
  readonly path: string;
  readonly size?: number;
  readonly revision?: string;
  readonly modified?: number;

  /**
   * @param info Of the file, if known.
   * @param name What the user calls it, if that is not its path.
   */
  constructor(
    path: string,
    info?: { readonly size: number; readonly mtimeMs: number; readonly revision?: string | undefined },
    name = path,
  ) {
    this.name = name;
    this.path = path;
    if (info === undefined) return;
    this.size = info.size;
    this.modified = info.mtimeMs;
    if (info.revision !== undefined) this.revision = info.revision;
  }

  /** Made when it is asked for: an archive may have 100,000 files in memory. */
  get stamp(): string | undefined {
    return this.size === undefined ? undefined : `${this.size} bytes, ${this.modified}`;
  }

  /** A file that is gone was whole when it was read; a FIFO or a device tells nothing by its size and time. */
  get changed(): boolean {
    if (this.stamp === undefined) return false;
    const info = statSync(this.path, { throwIfNoEntry: false });
    return info?.isFile() === true && new FileSource(this.path, info).stamp !== this.stamp;
  }

  get again(): Again | undefined {
    return statSync(this.path, { throwIfNoEntry: false })?.isFile() ? () => this.chunks() : undefined;
  }

  openLocal(): LocalFile | undefined {
    return LocalFile.open(this.path);
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      const info = await stat(this.path);
      if (info.isDirectory()) {
        throw new InputError(
          `this is a directory: name the logs in it, for example '${this.name.replace(/\/$/, "")}/**/*.log'`,
        );
      }
      yield* fileChunks(this.path);
    } catch (error) {
      throw readable(error);
    }
  }
}

/** The {@link Source.revision} of a file. */
export function revisionOf({ ino, ctimeMs }: Pick<Stats, "ino" | "ctimeMs">): string {
  return `${ino}, ${ctimeMs}`;
}

/** What tells one content of a file from another without reading it; undefined if it can't be had. */
export function fileStamp(path: string): string | undefined {
  try {
    const info = statSync(path);
    return info.isFile() ? `${info.size}, ${info.mtimeMs}, ${revisionOf(info)}` : undefined;
  } catch {
    return undefined;
  }
}

/** Whether standard input is something that someone has put there; a directory too, which is then refused by its name. */
export function stdinIsGiven(): boolean {
  try {
    const info = fstatSync(0);
    return info.isFIFO() || info.isFile() || info.isSocket() || info.isDirectory();
  } catch {
    return false;
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read (permission denied)",
  EPERM: "it may not be read (permission denied)",
  ELOOP: "its symbolic links lead in a circle",
  ENOTDIR: "a part of its path is not a directory",
  ENAMETOOLONG: "its path is too long",
  EIO: "the disk could not read it (input/output error)",
  EMFILE: "too many files are open: raise `ulimit -n`",
  ENFILE: "too many files are open on this machine",
};

const DANGLING = "the symbolic link leads nowhere: there is no such file";

const GARBLED =
  "its name, or that of a folder of its path, is not UTF-8, so it can't be opened: rename it (convmv does so for whole folders)";

/** Messages for Node's errors; others stay as they are. */
export function readable(error: unknown): Error {
  const { code = "", path = "" } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const message = (code === "ENOENT" ? missing(path) : undefined) ?? MESSAGES[code];
  return message === undefined ? (error as Error) : new InputError(message, { cause: error });
}

function missing(path: string): string | undefined {
  return isGarbled(path) ? GARBLED : (addressText(path) ?? (isLink(path) ? DANGLING : undefined));
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}
