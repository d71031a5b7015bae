/** Ids of the runs of an archive or of task groups: unique within a project. */

import { compareText } from "../../io/file-name.js";

/** A run without an id. */
export interface NamedModel {
  /** `teacher-1`; the folder's own name if that names no known model. */
  readonly model: string;
  /** The source of the run: its log, or the folder of its evaluations. */
  readonly path: string;
  /** Whether it comes after all others: it may still be replaced by one of them. */
  readonly isLast?: boolean;
}

/** A group whose runs have no ids. */
export interface NamedGroup {
  readonly project: string;
  readonly name: string;
  /** The wanted end of the ids: `_<first 5 of the group id>` or `_<experiment>`. */
  readonly suffix: string;
  readonly groupId?: string;
  readonly models: readonly NamedModel[];
}

/** Why an id is not `<model><suffix>`. */
export interface NamingNote {
  /** The run's path, or the group's project and name. */
  readonly source: string;
  readonly reason: string;
}

/** The ids of a group's runs. */
export interface GroupRunIds {
  /** What they end with, and the group's `group_logs` too. */
  readonly suffix: string;
  /** One for each model, in the order of the models. */
  readonly ids: readonly string[];
  readonly notes: readonly NamingNote[];
}

/** The run with the configuration, the table and the logs of a group, before its suffix. */
export const GROUP_LOGS = "group_logs";

const LONGEST_ID = 128;
const LONGEST_SUFFIX = 64;

/** Characters that W&B refuses in ids, control characters and lone surrogates. */
const FORBIDDEN = /[:;,#?/'\\\p{Cc}\p{Cs}\u2028\u2029]/gu;
const ALLOWED = `W&B takes ids of at most ${LONGEST_ID} characters without : ; , # ? / ' \\ and control characters`;

/**
 * Gives the runs of groups their ids: `<model><suffix>`. If a group has several models of one name, the first by path
 * keeps it, the others get `<model>-2<suffix>`, `-3`. If groups of a project would share an id, the first by name keeps
 * its ids, and the others' end with their whole group id. The order of groups and models does not matter.
 *
 * @returns One entry for each group, in the order of the groups.
 */
export function assignRunIds(groups: readonly NamedGroup[]): readonly GroupRunIds[] {
  return new RunIds().assign(groups);
}

/** The ids of the runs of many groups, which come in the order of their names. */
export class RunIds {
  readonly #owners = new Map<string, Map<string, string>>();

  /** The ids of these groups' runs; those of a project with the same name have to come together. */
  assign(groups: readonly NamedGroup[]): readonly GroupRunIds[] {
    const assigned: GroupRunIds[] = [];
    for (const [index, group] of [...groups.entries()].sort(([, a], [, b]) => byNameAndPath(a, b))) {
      const taken = this.#owners.get(group.project) ?? new Map<string, string>();
      this.#owners.set(group.project, taken);
      const ids = idsOf(group, taken);
      for (const id of [GROUP_LOGS + ids.suffix, ...ids.ids]) taken.set(id, group.name);
      assigned[index] = ids;
    }
    return assigned;
  }
}

/** @param taken The names of the groups that have an id, by the id. */
function idsOf(
  { project, name, models, ...group }: NamedGroup,
  taken: ReadonlyMap<string, string>,
): GroupRunIds {
  const wanted = validSuffix(group.suffix);
  const suffixes = [wanted, ...(group.groupId === undefined ? [] : [validSuffix(`_${group.groupId}`)])];
  let other: string | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const suffix = suffixes[attempt] ?? `${wanted}-${attempt - suffixes.length + 2}`;
    const { ids, notes } = idsWith(suffix, models);
    const owner = [GROUP_LOGS + suffix, ...ids].map((id) => taken.get(id)).find((name) => name !== undefined);
    other ??= owner;
    if (owner !== undefined) continue;
    if (suffix === group.suffix) return { suffix, ids, notes };
    const why =
      other === undefined
        ? `: ${ALLOWED}`
        : `, because the group ${other} of the same project has one with ${group.suffix}`;
    const reason = `the ids of its runs end with ${suffix}${why}`;
    return { suffix, ids, notes: [{ source: `${project}/${name}`, reason }, ...notes] };
  }
}

function idsWith(suffix: string, models: readonly NamedModel[]): Pick<GroupRunIds, "ids" | "notes"> {
  const ids: string[] = [];
  const notes: NamingNote[] = [];
  const owners = new Map([[GROUP_LOGS + suffix, "the run of the group's logs"]]);
  const assign = (index: number, path: string, id: string) => {
    ids[index] = id;
    owners.set(id, path);
  };
  // Every name goes to its first run before numbers are assigned: `student-2` may be a model of its own.
  const others = [...models.entries()]
    .sort(
      ([, a], [, b]) => Number(a.isLast ?? false) - Number(b.isLast ?? false) || compareText(a.path, b.path),
    )
    .filter(([index, { model, path }]) => {
      const id = idOf(model, suffix);
      if (owners.has(id)) return true;
      assign(index, path, id);
      if (id !== model + suffix) notes.push({ source: path, reason: `its run is ${id}: ${ALLOWED}` });
      return false;
    });
  for (const [index, { model, path }] of others) {
    let number = 2;
    while (owners.has(idOf(model, suffix, `-${number}`))) number += 1;
    const id = idOf(model, suffix, `-${number}`);
    const first = idOf(model, suffix);
    notes.push({ source: path, reason: `its run is ${id}, because ${first} is ${owners.get(first)}` });
    assign(index, path, id);
  }
  return { ids, notes };
}

function validSuffix(suffix: string): string {
  return cut(suffix.replace(FORBIDDEN, "-"), LONGEST_SUFFIX).trimEnd();
}

function idOf(model: string, suffix: string, number = ""): string {
  const end = number + suffix;
  const name = cut(model.replace(FORBIDDEN, "-").trimStart(), LONGEST_ID - end.length);
  return ((name || "run") + end).trimEnd();
}

/** Cuts a text, but not within a character. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}

function byNameAndPath(a: NamedGroup, b: NamedGroup): number {
  const keys = ({ name, models, suffix, groupId = "" }: NamedGroup) => [
    name,
    models.map(({ path }) => path).sort()[0] ?? "",
    suffix,
    groupId,
  ];
  const others = keys(b);
  return keys(a).reduce((order, key, index) => order || compareText(key, others[index] ?? ""), 0);
}
