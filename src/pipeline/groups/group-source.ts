/** Where groups come from: an archive, a manifest, Taskcluster. */
import type { NamedFile } from "../../archive/folder-walk.js";
import type { Group, Problem } from "../../archive/group.js";
import type { GroupFiles } from "../../archive/group-files.js";
import { type GroupAccess, readGroup } from "../../archive/read-group.js";

/** Groups to be read one after the other. */
export interface GroupSource {
  /** Trainings, and bytes of their logs as far as they are known, for the progress. */
  readonly trainings: number;
  readonly bytes: number;
  /** What is wrong apart from the groups themselves. */
  readonly problems: readonly Problem[];
  groups(): AsyncIterable<Group>;
}

/** What the groups of a source come to. */
export class Extent {
  trainings = 0;
  bytes = 0;

  add({ runs }: { readonly runs: readonly { readonly log?: { readonly size?: number } }[] }): void {
    for (const { log } of runs) {
      if (log === undefined) continue;
      this.trainings += 1;
      this.bytes += log.size ?? 0;
    }
  }
}

/** Groups whose files are read when their turn comes. */
export function groupFilesSource<File extends NamedFile, Log extends NamedFile & { readonly size?: number }>(
  groups: readonly GroupFiles<File, Log>[],
  problems: readonly Problem[],
  access: GroupAccess<File, Log>,
): GroupSource {
  const extent = new Extent();
  for (const group of groups) extent.add(group);
  return storedGroupsSource(groups, extent, problems, access);
}

/** The same for groups that need not be in memory. */
export function storedGroupsSource<
  File extends NamedFile,
  Log extends NamedFile & { readonly size?: number },
>(
  groups: AsyncIterable<GroupFiles<File, Log>> | Iterable<GroupFiles<File, Log>>,
  { trainings, bytes }: Extent,
  problems: readonly Problem[],
  access: GroupAccess<File, Log>,
): GroupSource {
  return {
    trainings,
    bytes,
    problems,
    async *groups() {
      for await (const group of groups) yield await readGroup(group, access);
    },
  };
}

/** Groups that have been read. */
export function groupsSource(groups: readonly Group[], problems: readonly Problem[]): GroupSource {
  const extent = new Extent();
  for (const group of groups) extent.add(group);
  const { trainings, bytes } = extent;
  return {
    trainings,
    bytes,
    problems,
    async *groups() {
      yield* groups;
    },
  };
}
