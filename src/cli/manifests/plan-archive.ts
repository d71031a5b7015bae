/** Lists the runs of an archive, of this machine or in a bucket. */

import { openArchive } from "../../archive/archive.js";
import { filterGroups, type GroupFilter } from "../../archive/filter.js";
import { fileAt, folderAt } from "../../archive/folder-walk.js";
import type { Problem } from "../../archive/group.js";
import type { ArchiveMode } from "../../archive/layout.js";
import { openObjectArchive } from "../../archive/object-archive.js";
import { InputError } from "../../io/input-error.js";
import type { ObjectStore } from "../../io/objects/object-store.js";
import { isObjectUrl } from "../../io/objects/object-url.js";
import type { ManifestRun } from "../../pipeline/manifests/manifest.js";
import { localReference, planRuns } from "../../pipeline/manifests/plan.js";

/** Which runs are listed. */
export interface PlanRequest extends GroupFilter {
  readonly mode: ArchiveMode | undefined;
  readonly signal: AbortSignal;
  /** Is asked for the store of objects where the archive is in one. */
  store(): ObjectStore;
}

/** What an archive holds. */
export interface PlannedRuns {
  readonly runs: readonly ManifestRun[];
  /** How many groups there are, chosen or not. */
  readonly groups: number;
  readonly problems: readonly Problem[];
}

/**
 * Lists the runs that are chosen, in the archive's own order.
 *
 * @throws InputError, without the name of the archive, where there is nothing to read.
 */
export async function planArchive(source: string, request: PlanRequest): Promise<PlannedRuns> {
  const { mode, signal } = request;
  const isObject = isObjectUrl(source);
  if (!isObject && (await isFile(source)))
    throw new InputError("what is in a tar can't be read by others: unpack it first, and name the folder");
  const objects = isObject ? await openObjectArchive(source, request.store(), { mode, signal }) : undefined;
  const archive = objects ?? (await openArchive(source, { mode, signal }));
  try {
    const reference: typeof localReference =
      objects === undefined
        ? localReference
        : ({ path, size }) => {
            const object = objects.objectAt(path);
            const { url = path, etag } = object ?? {};
            return {
              uri: url,
              ...(size === undefined || object?.size === undefined ? {} : { size: object.size }),
              ...(size === undefined || etag === undefined ? {} : { etag }),
            };
          };
    const chosen = filterGroups(archive.groups, request);
    return {
      runs: planRuns(chosen, reference, !isObject),
      groups: archive.groups.length,
      problems: [...archive.problems, ...chosen.flatMap(({ problems }) => problems)],
    };
  } finally {
    await archive.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  if ((await folderAt(path)) !== undefined) return false;
  return (await fileAt(path, { nameOf: (name) => name, problem: () => {} }, true)) !== undefined;
}
