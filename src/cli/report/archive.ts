/** Archives of trainings as the content of a report. */
import { type Archive, openArchive } from "../../archive/archive.js";
import { LOCAL_FILES } from "../../archive/read-group.js";
import { readable } from "../../io/source.js";
import { groupFilesSource } from "../../pipeline/groups/group-source.js";
import type { ReportContent } from "./content.js";

/**
 * Reads archives, one after the other, into a report.
 *
 * @throws InputError with the path, where one can't be opened or holds no run.
 */
export async function readArchives(
  paths: readonly string[],
  content: ReportContent,
  signal: AbortSignal,
): Promise<void> {
  for (const path of paths) {
    let archive: Archive;
    try {
      archive = await openArchive(path, { signal });
    } catch (error) {
      throw new Error(`${path}: ${readable(error).message}`, { cause: error });
    }
    const { groups, problems } = archive;
    try {
      if (groups.length === 0) throw new Error(`${path}: it holds no archive of trainings`);
      await content.readGroups(groupFilesSource(groups, problems, LOCAL_FILES));
    } finally {
      await archive.close();
    }
  }
}
