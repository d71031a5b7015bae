/** Files whose reads and writes never wait for long, so that they may be synchronous: signals get through in between. */
import { closeSync, constants, fstatSync, openSync, readSync, statfsSync, statSync } from "node:fs";

/**
 * File systems of this machine, by the numbers that Linux has for them. A network that is down would hold up a read, and
 * with it the whole thread.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x794c7630, // overlay
  0x01021994, // tmpfs
]);

/** Whether a path that is there lies on a disk of this machine; false if that is not known. */
export function isLocal(path: string): boolean {
  try {
    return LOCAL.has(statfsSync(path).type);
  } catch {
    return false;
  }
}

/** Bytes that are there without waiting. */
export interface LocalBytes extends Disposable {
  /** How many there were at first. */
  readonly size: number;
  /**
   * Reads the next bytes and returns their number; 0 at the end.
   *
   * @throws Error of Node's.
   */
  read(into: Uint8Array): number;
}

/** A regular file on a disk of this machine. */
export class LocalFile implements LocalBytes {
  readonly size: number;
  readonly #fd: number;

  private constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  /** Opens a file; undefined if it is another kind of file, lies elsewhere, or can't be opened. */
  static open(path: string): LocalFile | undefined {
    try {
      // A named pipe would notice that it is opened.
      if (!statSync(path).isFile() || !isLocal(path)) return undefined;
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const info = fstatSync(fd);
      if (info.isFile()) return new LocalFile(fd, info.size);
      closeSync(fd);
    } catch {
      // Whoever reads it another way says why.
    }
    return undefined;
  }

  read(into: Uint8Array): number {
    return readSync(this.#fd, into);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
