/** What `compare` compares: logs, folders, reports, and groups of Taskcluster. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Problem } from "../../archive/group.js";
import { fileSource, openInputs } from "../../archive/input-source.js";
import { logInputs } from "../../archive/log-inputs.js";
import { groupBy } from "../../group-by.js";
import { kindOfName } from "../../io/file-name.js";
import { inputNames, STDIN } from "../../io/inputs.js";
import { isBucketUrl, isObjectUrl } from "../../io/objects/object-url.js";
import { StdinSource } from "../../io/stdin.js";
import { inputErrorText } from "../../pipeline/error-text.js";
import { groupsSource } from "../../pipeline/groups/group-source.js";
import { problem } from "../../pipeline/input-receipt.js";
import { modelTitles } from "../../report/evaluations.js";
import type { ReportRun } from "../../report/report-data.js";
import { reportOfPage } from "../../report/report-page.js";
import { displayNames } from "../../report/run-names.js";
import { isId, isRoute } from "../../taskcluster/client/address.js";
import { type GroupAddress, groupAddress, TaskclusterError } from "../../taskcluster/client/index.js";
import { readGroups } from "../../taskcluster/group.js";
import { groupIdOf } from "../../taskcluster/listed-group.js";
import { inputProblem } from "../flags/addresses.js";
import { ReportContent } from "../report/content.js";
import type { TaskclusterAccess } from "../taskcluster/client.js";
import { startProgress } from "../terminal/progress.js";
import type { ScoreSource } from "./scores.js";

/** One thing that the user named. */
export type ComparedInput =
  /** A log, a folder, a tar, a quoted pattern, an object, or standard input. */
  | { readonly kind: "log"; readonly name: string }
  | { readonly kind: "report"; readonly name: string }
  | { readonly kind: "group"; readonly name: string; readonly address: GroupAddress };

/**
 * What a text names: a file if there is one, else a group.
 *
 * @throws TaskclusterError (`address`) if it can be neither.
 */
export function comparedInput(name: string): ComparedInput {
  if (name === STDIN) return { kind: "log", name };
  if (existsSync(name)) return { kind: isPage(name) ? "report" : "log", name };
  if (isBucketUrl(name)) return { kind: "log", name };
  // An artifact is a file, although its address names a task, too.
  if (isObjectUrl(name) && (name.includes("/artifacts/") || kindOfName(new URL(name).pathname) === "log"))
    return { kind: "log", name };
  const wrong = inputProblem(name);
  if (wrong !== undefined) throw new TaskclusterError("address", wrong);
  if (isId(name) || isRoute(name) || name.includes("://"))
    return { kind: "group", name, address: groupAddress(name) };
  // What looks like a path, or a pattern of paths, is reported when it is read.
  if (/[/\\.*?[{]/.test(name)) return { kind: "log", name };
  throw new TaskclusterError(
    "address",
    `'${name}' is no file and no folder, and not the id of a group: give the 22 characters, or the group's address`,
  );
}

/** Whether a file begins as the pages of `report` do. */
function isPage(name: string): boolean {
  // Opening a named pipe would wait for its writer, and take what it writes.
  if (!statSync(name, { throwIfNoEntry: false })?.isFile()) return false;
  try {
    const file = openSync(name, "r");
    try {
      const head = Buffer.alloc(64);
      readSync(file, head);
      return /^\s*<!doctype html/i.test(head.toString("latin1"));
    } finally {
      closeSync(file);
    }
  } catch {
    // Reading it as a log reports what is wrong.
    return false;
  }
}

/** What is read. */
export interface CompareRequest {
  /** Whether trainings are compared. */
  readonly runs: boolean;
  /** Whether evaluations are compared. */
  readonly evaluations: boolean;
  /** How many steps from the groups asked for related groups are looked for; 0 for none. */
  readonly depth: number;
  readonly signal: AbortSignal;
  warn(message: string): void;
}

/** What there is to compare, in the order of the inputs. */
export interface Compared {
  /** Their names are unique. */
  readonly runs: readonly ReportRun[];
  readonly scores: readonly ScoreSource[];
  readonly problems: readonly Problem[];
}

/** One input's part of a comparison. */
interface Part {
  readonly runs: ReportRun[];
  readonly scores: ScoreSource[];
}

/**
 * Reads everything. An input that can't be read is a problem; the others are compared.
 *
 * @param access Needed for groups.
 * @throws TaskclusterError (`stopped`) when a signal ends it.
 */
export async function readCompared(
  inputs: readonly ComparedInput[],
  request: CompareRequest,
  access: TaskclusterAccess | undefined,
): Promise<Compared> {
  const problems: Problem[] = [];
  const parts: Part[] = inputs.map(() => ({ runs: [], scores: [] }));
  await readLogs(inputs, parts, request, problems);
  const groups = new Set<string>();
  for (const [index, input] of inputs.entries()) {
    const part = parts[index] as Part;
    try {
      if (input.kind === "report") readReport(input.name, part, request);
      else if (input.kind === "group" && access !== undefined)
        problems.push(...(await readGroup(input.address, groups, part, request, access)));
    } catch (error) {
      if (error instanceof TaskclusterError && error.code === "stopped") throw error;
      problems.push({ source: input.name, reason: inputErrorText(error), severity: "failure" });
    }
  }
  return {
    runs: withUniqueNames(
      parts.flatMap(({ runs }, index) => runs.map((run) => ({ run, input: inputs[index] as ComparedInput }))),
    ),
    scores: parts.flatMap(({ scores }) => scores),
    // Related groups are looked for from each of the groups.
    problems: [...new Map(problems.map((one) => [`${one.source}\n${one.reason}`, one])).values()],
  };
}

/** Reads logs and files of scores; names are found for all of them together. */
async function readLogs(
  inputs: readonly ComparedInput[],
  parts: readonly Part[],
  { runs, evaluations, signal, warn }: CompareRequest,
  problems: Problem[],
): Promise<void> {
  const owners = new Map<string, number>();
  const titles = displayNames(inputs.map(({ name }) => name));
  const missing: string[] = [];
  const wanted: string[] = [];
  for (const [index, { kind, name }] of inputs.entries()) {
    if (kind !== "log") continue;
    const { names, unmatched } = await inputNames([name], undefined, process.stdin);
    missing.push(...unmatched);
    const found = await logInputs(names, { scores: evaluations, warn });
    for (const file of found.names) {
      if (owners.has(file) || !(kindOfName(file) === "evaluation" ? evaluations : runs)) continue;
      owners.set(file, index);
      wanted.push(file);
    }
  }
  const { sources, bytes } = openInputs(wanted);
  const bar = startProgress({ bytes }, process.stderr, wanted.includes(STDIN));
  const content = new ReportContent({ options: {}, strict: false, signal, progress: bar.add });
  for (const source of missing) content.refuse({ source, reason: "no file matches this pattern" });
  try {
    await content.readInputs(wanted, (name) =>
      name === STDIN ? new StdinSource(process.stdin) : (sources.get(name) ?? fileSource(name)),
    );
  } finally {
    bar.stop();
  }
  for (const run of content.runs) parts[owners.get(run.source) ?? 0]?.runs.push(run);
  for (const [owner, found] of groupBy(content.evaluations, ({ source }) => owners.get(source) ?? 0)) {
    const models = modelTitles(found);
    const named = found.map((one) => ({ ...one, run: models.get(one) ?? one.run }));
    parts[owner]?.scores.push({ name: titles[owner] ?? "", evaluations: named });
  }
  const told = new Set(content.problems.map(({ source }) => source));
  const failed = new Map<string, string>();
  for (const receipt of content.receipts) {
    const reason = problem(receipt, false);
    if (reason !== undefined) failed.set(receipt.source, reason);
  }
  for (const { source, reason } of content.problems)
    problems.push({ source, reason, severity: failed.has(source) ? "failure" : "warning" });
  // A training that died before its first update is compared by its options only.
  for (const [source, reason] of failed)
    if (!told.has(source)) problems.push({ source, reason, severity: "failure" });
}

function readReport(name: string, part: Part, { runs, evaluations }: CompareRequest): void {
  const report = reportOfPage(readFileSync(name, "utf8"));
  if (runs) part.runs.push(...report.runs);
  if (!evaluations) return;
  const sources = groupBy(report.evaluations, ({ project, group }) => JSON.stringify([project, group]));
  for (const found of sources.values()) {
    const [{ project, group } = {}] = found;
    part.scores.push({
      ...(project === undefined ? {} : { project }),
      name: group ?? titleOf(name),
      evaluations: found,
    });
  }
}

/** Reads a group and those that its trainings build on, but for those that were read before. */
async function readGroup(
  address: GroupAddress,
  known: Set<string>,
  part: Part,
  { runs, evaluations, depth, signal }: CompareRequest,
  { queue, store }: TaskclusterAccess,
): Promise<readonly Problem[]> {
  const only = runs && evaluations ? undefined : runs ? "training" : "evaluations";
  const read = await readGroups(await groupIdOf(queue, address), { queue, store, depth, only });
  const fresh = read.groups.filter(({ project, name }) => !known.has(`${project}/${name}`));
  for (const { project, name } of fresh) known.add(`${project}/${name}`);
  const problems = [...read.problems, ...fresh.flatMap((group) => group.problems)];
  if (runs) {
    const content = new ReportContent({ options: {}, strict: false, signal, progress: () => {} });
    await content.readGroups(
      groupsSource(
        fresh.map((group) => ({ ...group, problems: [] })),
        [],
      ),
    );
    part.runs.push(...content.runs);
    problems.push(...content.problems.map((one) => ({ ...one, severity: "failure" as const })));
  }
  if (evaluations) part.scores.push(...fresh.filter((group) => group.evaluations.length > 0 || !runs));
  return problems;
}

/** A name that several runs share gets a group's or a report's before it, and a number after it if that is not enough. */
function withUniqueNames(
  all: readonly { readonly run: ReportRun; readonly input: ComparedInput }[],
): ReportRun[] {
  const counts = new Map<string, number>();
  for (const { run } of all) counts.set(run.name, (counts.get(run.name) ?? 0) + 1);
  const taken = new Set<string>();
  return all.map(({ run, input }) => {
    const isPlain = counts.get(run.name) === 1 || input.kind === "log";
    const wanted = isPlain ? run.name : `${run.group ?? titleOf(input.name)}/${run.name}`;
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted} (${number})`;
    taken.add(name);
    return { ...run, name };
  });
}

function titleOf(path: string): string {
  return basename(path).replace(/\.html?$/i, "");
}
