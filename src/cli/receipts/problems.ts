/** What is wrong with the parts of a group, for people. */
import type { Problem } from "../../archive/group.js";
import { grouped } from "./numbers.js";

/** As many problems with one cause have a line each. */
const MAX_ALONE = 2;
/** Names in the line of the others. */
const NAMED = 3;

/** A line for each problem, or for all that have one cause, at the place of the first. */
export function problemLines(problems: readonly Problem[]): string[] {
  const same = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.severity, problem.cause ?? problem.reason]);
    same.set(key, [...(same.get(key) ?? []), problem]);
  }
  return problems.flatMap((problem) => {
    const { severity, source, reason, cause = reason } = problem;
    const all = same.get(JSON.stringify([severity, cause])) ?? [];
    const word = severity === "failure" ? "ERROR" : "warning:";
    if (all.length <= MAX_ALONE) return [`${word} ${source}: ${reason}`];
    if (all[0] !== problem) return [];
    const names = all.slice(0, NAMED).map((one) => one.source);
    const more = all.length > NAMED ? [`${grouped(all.length - NAMED)} more`] : [];
    const [last = "", ...others] = [...names, ...more].reverse();
    return [`${word} ${grouped(all.length)} times: ${cause}: ${others.reverse().join(", ")} and ${last}`];
  });
}
