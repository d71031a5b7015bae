/** Groups into tables and to Weights & Biases. */
import type { Group, Problem } from "../../archive/group.js";
import type { GroupSource } from "./group-source.js";
import { type GroupTablesRequest, makeTables, type TablesReceipt } from "./group-tables.js";
import { type GroupReceipt, type GroupsRequest, publishGroups } from "./publish-groups.js";

/** What is to be done; one of the two at least. */
export interface GroupsWork {
  readonly tables: GroupTablesRequest | undefined;
  readonly publication: GroupsRequest | undefined;
  readonly signal: AbortSignal;
}

/** What was done. */
export interface GroupsResult {
  /** What is wrong with the source: an archive's files, a group's tasks. */
  readonly problems: readonly Problem[];
  /** What was published; absent if W&B is switched off. */
  readonly published?: readonly GroupReceipt[];
  /** Absent without an output folder. */
  readonly tables?: TablesReceipt;
  /** The signal that stopped the command. */
  readonly signal?: "SIGINT" | "SIGTERM";
}

/**
 * Writes the tables of all groups, then publishes the groups. Each group is read once; what is needed for both is kept
 * in memory.
 */
export async function processGroups(
  source: GroupSource,
  { tables: request, publication, signal }: GroupsWork,
): Promise<GroupsResult> {
  const problems = [...source.problems];
  const found = noteProblems(source.groups(), problems);
  let groups: AsyncIterable<Group> | readonly Group[] = found;
  if (request !== undefined && publication !== undefined) {
    const read: Group[] = [];
    for await (const group of found) read.push(group);
    groups = read;
  }
  const tables = request === undefined ? undefined : await makeTables(groups, request);
  const published =
    publication === undefined || signal.aborted ? undefined : await publishGroups(groups, publication);
  return {
    problems,
    ...(tables === undefined ? {} : { tables }),
    ...(published === undefined ? {} : { published }),
  };
}

/** Adds what is wrong with each group to the list, every problem once. */
async function* noteProblems(groups: AsyncIterable<Group>, problems: Problem[]): AsyncGenerator<Group> {
  const known = new Set<string>();
  for await (const group of groups) {
    for (const problem of group.problems) {
      const key = JSON.stringify(problem);
      if (!known.has(key)) problems.push(problem);
      known.add(key);
    }
    yield group;
  }
}
