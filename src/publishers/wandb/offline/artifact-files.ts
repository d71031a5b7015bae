/** The files of an artifact: copies beside the offline run, with their digests. */
import { createHash, randomInt } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ArtifactFile } from "./records.js";

/**
 * Copies a directory and lists the copies, sorted by name. The upload may come days later, and the digests have
 * to fit what is uploaded then; where the file system can, a copy shares its blocks with the original.
 * Links are followed; empty files are kept; empty directories are not.
 *
 * @throws Error when there is something that is neither file nor directory, a broken link or a circle of links.
 */
export async function copyDirectory(from: string, to: string): Promise<ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  for (const path of await filesBelow(from, "", [])) {
    const copy = join(to, path);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(from, path), copy, constants.COPYFILE_FICLONE);
    files.push(await artifactFile(path, copy));
  }
  return files;
}

/** The entry of one file that lies at `localPath`. */
export async function artifactFile(path: string, localPath: string): Promise<ArtifactFile> {
  const hash = createHash("md5");
  let size = 0;
  for await (const chunk of createReadStream(localPath)) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    size += bytes.length;
  }
  return { path, digest: hash.digest("base64"), size, localPath };
}

/** Hex digest of an artifact with these files; equal content gives an equal digest on the server. */
export function artifactDigest(files: readonly ArtifactFile[]): string {
  const hash = createHash("md5").update("wandb-artifact-manifest-v1\n");
  for (const file of files.toSorted((a, b) => compareNames(a.path, b.path))) {
    hash.update(`${file.path}:${file.digest}\n`);
  }
  return hash.digest("hex");
}

/** An id as the official client makes them: 128 characters out of a to z and 0 to 9. */
export function randomClientId(): string {
  return Array.from({ length: 128 }, () => randomInt(36).toString(36)).join("");
}

async function filesBelow(root: string, folder: string, above: readonly string[]): Promise<string[]> {
  const real = await realpath(join(root, folder));
  if (above.includes(real))
    throw new Error(`${join(root, folder)} is a link to a directory that contains it`);
  const files: string[] = [];
  for (const name of await readdir(real)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const status = await stat(join(root, path));
    if (status.isDirectory()) files.push(...(await filesBelow(root, path, [...above, real])));
    else if (status.isFile()) files.push(path);
    else throw new Error(`${join(root, path)} is neither a file nor a directory`);
  }
  return files.sort(compareNames);
}

// By code points, as the official client sorts; JavaScript's own order differs beyond the basic plane.
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
