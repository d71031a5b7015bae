/** Chooses runs of an archive. */
import type { ArchivedGroup, ArchivedRun } from "./group-files.js";

/** Which runs are chosen; what is absent chooses all. */
export interface GroupFilter {
  /**
   * A part of `project/group/model`, or a pattern for all of it with `*`, `?`, `[…]`, `{a,b}`; `*` matches any text,
   * slashes included. One of several is enough.
   */
  readonly filter?: readonly string[] | undefined;
  /**
   * Runs whose log or log of validations was last changed then or later; for runs without a log, the evaluations
   * count. The times are those of the files, in a tar those of its entries, because logs are not read here.
   */
  readonly since?: Date | undefined;
  /** `training`: runs with a log. `evaluations`: runs without a log, and groups with any evaluation. */
  readonly only?: "training" | "evaluations" | undefined;
}

/**
 * Keeps the chosen runs, and the groups that have any. Ids do not change, and a group keeps all its evaluations,
 * because its table stands for the whole group.
 */
export function filterGroups(groups: readonly ArchivedGroup[], filter: GroupFilter): ArchivedGroup[] {
  return groups.flatMap(groupFilter(filter));
}

/** The same for one group: returns it with the chosen runs, or nothing. */
export function groupFilter(filter: GroupFilter): (group: ArchivedGroup) => ArchivedGroup[] {
  const matches = (filter.filter ?? []).map(matcher);
  const since = filter.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  return (group) => {
    const isChosen = (run: ArchivedRun) => {
      const path = `${group.project}/${group.name}/${run.name}`;
      if (matches.length > 0 && !matches.some((match) => match(path))) return false;
      return run.changed >= since;
    };
    const inView = group.runs.filter(isChosen);
    const runs = inView.filter(
      ({ log }) => filter.only === undefined || (log !== undefined) === (filter.only === "training"),
    );
    const hasTable = filter.only === "evaluations" && inView.length > 0 && group.evaluations.length > 0;
    return runs.length > 0 || hasTable ? [{ ...group, runs }] : [];
  };
}

function matcher(wanted: string): (path: string) => boolean {
  if (!/[*?[{]/.test(wanted)) return (path) => path.includes(wanted);
  let depth = 0;
  const pattern = wanted.replace(
    /\[(!?)([^\]]+)\]|\*+|[\s\S]/g,
    (part, not: string | undefined, set: string) => {
      if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\^[]/g, "\\$&")}]`;
      if (part.startsWith("*")) return ".*";
      if (part === "?") return ".";
      if (part === "{") {
        depth += 1;
        return "(?:";
      }
      if (part === "}" && depth > 0) {
        depth -= 1;
        return ")";
      }
      if (part === "," && depth > 0) return "|";
      return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    },
  );
  const regex = depth === 0 ? compile(pattern) : undefined;
  return (path) => regex?.test(path) ?? path === wanted;
}

/** Undefined if the text only looks like a pattern: `[z-a]`. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^${pattern}$`, "s");
  } catch {
    return undefined;
  }
}
