/** Collects the runs of all shards of a job. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../io/input-error.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import type { ManifestAccess } from "./access.js";
import { type ManifestRun, manifestLine } from "./manifest.js";
import { readShardManifestName, readShardName } from "./shard.js";

const MANIFEST = /^manifest.*\.ndjson(?:\.gz|\.zst)?$/;

/**
 * The runs of all manifests in a folder and in the folders of its shards, each once; or those of one manifest.
 *
 * @throws InputError if there is no run, a shard is missing, or two manifests contradict each other.
 */
export async function gatherRuns(from: string, access: ManifestAccess): Promise<ManifestRun[]> {
  const runs = new Map<string, { readonly line: string; readonly run: ManifestRun; readonly path: string }>();
  for (const path of await manifestsIn(from)) {
    for await (const run of access.runs(path, undefined)) {
      const key = JSON.stringify([run.project, run.run_id]);
      const line = manifestLine(run);
      const known = runs.get(key);
      if (known !== undefined && known.line !== line)
        throw new InputError(
          `${run.project}/${run.run_id} is in ${known.path} and, with other files, in ${path}: keep only the newer manifest`,
        );
      if (known === undefined) runs.set(key, { line, run, path });
    }
  }
  if (runs.size === 0) throw new InputError(`${from}: its manifests hold no run`);
  return [...runs.values()].map(({ run }) => run);
}

async function manifestsIn(from: string): Promise<string[]> {
  if (isObjectUrl(from)) return [from];
  const info = await stat(from).catch((error: unknown) => {
    throw new InputError(`${from}: ${readable(error).message}`);
  });
  if (!info.isDirectory()) return [from];
  const names = (await readdir(from)).sort();
  const shards = names.filter((name) => readShardName(name) !== undefined);
  checkWhole(from, shards);
  const manifests = names.filter((name) => readShardManifestName(name) !== undefined);
  checkWhole(from, manifests);
  const found = names
    .filter((name) => MANIFEST.test(name) || manifests.includes(name))
    .map((name) => join(from, name));
  for (const shard of shards) {
    const inside = (await readdir(join(from, shard))).filter((name) => MANIFEST.test(name)).sort();
    found.push(...inside.map((name) => join(from, shard, name)));
  }
  if (found.length > 0) return found;
  throw new InputError(
    `${from}: there is no manifest in it, nor in folders shard-i-of-n: name the folder that \`archive --manifest … -o\` or \`plan --shards\` wrote, or a manifest`,
  );
}

/** A group is published as a whole, so all shards must be there. */
function checkWhole(from: string, names: readonly string[]): void {
  const shards = names.flatMap((name) => readShardName(name) ?? readShardManifestName(name) ?? []);
  const [first] = shards;
  if (first === undefined) return;
  if (shards.some(({ count }) => count !== first.count))
    throw new InputError(
      `${from}: there are shards of different jobs (${names[0]}, ${names.at(-1)}): remove the older ones`,
    );
  const there = new Set(shards.map(({ index }) => index));
  const missing = Array.from({ length: first.count }, (_, index) => index + 1).filter(
    (index) => !there.has(index),
  );
  if (missing.length === 0) return;
  const shown = missing.slice(0, 10).join(", ") + (missing.length > 10 ? ", …" : "");
  throw new InputError(
    `${from}: ${missing.length} of ${first.count} shards are missing (${shown}): run them first`,
  );
}
