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

/** Groups whose files are read when their turn comes. */
export function groupFilesSource<File extends NamedFile, Log extends NamedFile & { readonly size?: number }>(
  groups: readonly GroupFiles<File, Log>[],
  problems: readonly Problem[],
  access: GroupAccess<File, Log>,
): GroupSource {
  return sourceOf(groups, problems, async function* () {
    for (const group of groups) yield await readGroup(group, access);
  });
}

/** Groups that have been read. */
export function groupsSource(groups: readonly Group[], problems: readonly Problem[]): GroupSource {
  return sourceOf(groups, problems, async function* () {
    yield* groups;
  });
}

function sourceOf(
  all: readonly { readonly runs: readonly { readonly log?: { readonly size?: number } }[] }[],
  problems: readonly Problem[],
  groups: () => AsyncIterable<Group>,
): GroupSource {
  const logs = all.flatMap(({ runs }) => runs).flatMap(({ log }) => log ?? []);
  return {
    trainings: logs.length,
    bytes: logs.reduce((sum, { size }) => sum + (size ?? 0), 0),
    problems,
    groups,
  };
}
