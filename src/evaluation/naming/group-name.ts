/** Names of groups and projects, and the suffix of the ids of a group's runs. */

/** A group's folder: the experiment, and the id of the task group if the folder's name ends with one. */
export interface GroupFolder {
  /** The experiment; without an id, the folder's whole name. */
  readonly name: string;
  readonly groupId: string | undefined;
}

/** A slug has 22 letters, digits, `-` and `_`. Slugs have a capital in practice; words of an experiment's name may lack it. */
const WITH_GROUP_ID = /^(.+)_(?=[^A-Z]*[A-Z])([A-Za-z0-9_-]{22})$/s;

/** Reads the name of a group's folder: `baseline_enhu_aY25-4fXTcuJNuMcWXUYtQ` is `baseline_enhu` and the id. */
export function readGroupFolder(folder: string): GroupFolder {
  const [, name = folder, groupId] = WITH_GROUP_ID.exec(folder) ?? [];
  return { name, groupId };
}

/** The name of an experiment's group, which is also its folder's: `<experiment>_<group id>`. */
export function groupNameOf(experiment: string, groupId: string): string {
  return `${experiment}_${groupId}`;
}

/** What the ids of a group's runs end with: `_` and the first five of the group id, else `_<experiment>`. */
export function suffixOf(experiment: string, groupId?: string): string {
  return `_${groupId?.slice(0, 5) ?? experiment}`;
}

/** The project of trial runs: pull requests, which have no configuration, and experiments of this name. */
export const CI_PROJECT = "ci";

/** The project of an experiment: its language pair, `<source>-<target>`, or `ci`. */
export function projectOf(source: string, target: string, experiment: string): string {
  return experiment === CI_PROJECT ? CI_PROJECT : `${source}-${target}`;
}
