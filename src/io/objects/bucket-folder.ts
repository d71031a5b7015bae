/** Folders of buckets as places for results. */
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { makeTemporaryFolder, removeTemporaryFolder } from "../temporary-folder.js";
import { isBucketUrl } from "./object-url.js";
import { objectStore } from "./process-store.js";

/** Files that were uploaded, and why others were not. */
export interface UploadedFiles {
  /** Their addresses, in the order of their paths. */
  readonly addresses: readonly string[];
  readonly errors: readonly string[];
}

/** The path or the address of a file of results in a folder, which may lie in a bucket. */
export function outputPath(folder: string, name: string): string {
  return isBucketUrl(folder) ? `${folder.replace(/\/+$/, "")}/${name}` : join(folder, name);
}

/** A folder of this machine that stands for one in a bucket: what is written into it is uploaded when it is whole. */
export class BucketFolder {
  /** The folder in the bucket, without a slash at its end. */
  readonly address: string;
  /** The folder of this machine. */
  readonly folder: string;

  private constructor(address: string, folder: string) {
    this.address = address.replace(/\/+$/, "");
    this.folder = folder;
  }

  static async make(address: string): Promise<BucketFolder> {
    return new BucketFolder(address, await makeTemporaryFolder());
  }

  /** Text that names addresses instead of files of this machine. */
  named(text: string): string {
    return text.replaceAll(this.folder, () => this.address);
  }

  /** Uploads all files, one after the other, by their paths, but `last` at the end, and only if all before them are there. */
  async upload(...last: readonly string[]): Promise<UploadedFiles> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, path = parentPath, name }) => relative(this.folder, join(path, name)));
    const names = paths.map((path) => path.split(sep).join("/")).sort();
    const addresses: string[] = [];
    const errors: string[] = [];
    const store = await objectStore();
    const first = names.filter((name) => !last.includes(name));
    for (const name of [...first, ...last.filter((one) => names.includes(one))]) {
      if (last.includes(name) && errors.length > 0) break;
      try {
        await store.put(outputPath(this.address, name), join(this.folder, name));
        addresses.push(outputPath(this.address, name));
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    return { addresses: addresses.sort(), errors };
  }

  async remove(): Promise<void> {
    await removeTemporaryFolder(this.folder);
  }
}
