/** What makes an artifact: the files of a folder, their checksums, and the digest over them. */
import { createHash, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

const CLIENT_ID_LENGTH = 128;

/** A file of an artifact as its digest sees it: the path inside (with /), and the base64 md5 of its bytes. */
export interface FileDigest {
  readonly name: string;
  readonly md5: string;
}

/** The digest by which W&B tells artifacts apart: md5 in hex over the names and checksums of the files. */
export function artifactDigest(files: readonly FileDigest[]): string {
  const hash = createHash("md5").update("wandb-artifact-manifest-v1\n");
  for (const { name, md5 } of inOrder(files)) hash.update(`${name}:${md5}\n`);
  return hash.digest("hex");
}

/** By code point, as Python sorts, which JavaScript's own order of UTF-16 units is not. */
export function inOrder<File extends { readonly name: string }>(files: readonly File[]): File[] {
  return files.toSorted((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
}

/** A new client id: 128 characters out of a to z and 0 to 9. */
export function newClientId(): string {
  return Array.from({ length: CLIENT_ID_LENGTH }, () => randomInt(36).toString(36)).join("");
}

/** Base64 md5 of a file's bytes, and how many they are. */
export async function checksumOfFile(path: string): Promise<{ readonly md5: string; readonly size: number }> {
  const hash = createHash("md5");
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    size += bytes.length;
  }
  return { md5: hash.digest("base64"), size };
}

/**
 * Paths (with /) and sizes of all files below a folder, in the order of artifacts. Links are followed; what is neither
 * file nor folder has no bytes and is skipped, and so is what can't be opened because its name is no UTF-8: the discovery of
 * groups reports it.
 *
 * @throws Error when there is a broken link or a circle of links, or something can't be read.
 */
export async function filesBelow(
  folder: string,
): Promise<{ readonly name: string; readonly size: number }[]> {
  const files: { name: string; size: number }[] = [];
  const walk = async (path: string, prefix: string, above: readonly string[]): Promise<void> => {
    const real = await realpath(path);
    if (above.includes(real)) throw new Error(`${path} is a link to a directory above it; remove it`);
    for (const entry of await readdir(real)) {
      const info = await stat(join(path, entry)).catch((error: unknown) => {
        // Node puts U+FFFD in place of bytes that are not UTF-8.
        if (entry.includes("\uFFFD")) return undefined;
        throw error;
      });
      if (info === undefined) continue;
      if (info.isDirectory()) await walk(join(path, entry), `${prefix}${entry}/`, [...above, real]);
      else if (info.isFile()) files.push({ name: `${prefix}${entry}`, size: info.size });
    }
  };
  await walk(folder, "", []);
  return inOrder(files);
}
