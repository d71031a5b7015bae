/** Publishes groups: their trainings, the models of which only evaluations are known, and the run of the group. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import pLimit, { type LimitFunction } from "p-limit";
import type { Group, GroupRun } from "../../archive/group.js";
import type { ParserOptions } from "../../core/log-parser.js";
import type { Source } from "../../io/source.js";
import type { PublisherOutcome } from "../../publishers/update-publisher.js";
import type { RunPlan } from "../../run/run-plan.js";
import { inputErrorText, outputErrorText } from "../error-text.js";
import { planSource } from "../plan-source.js";
import { type InputReceipt, type PublisherFactory, problem, publishLog } from "../publish-log.js";
import type { Ledger, LedgerEntry } from "./ledger.js";
import { digestOf, evaluationFacts, type Facts, hashed } from "./run-digest.js";

/** Where the runs of groups go. */
export interface GroupTarget {
  /** Server and entity: what a ledger's entry is about. */
  readonly place: string;
  /** What else the runs carry, such as tags. */
  readonly facts: Facts;
  /** Publishes a training, whose log was read before, with its evaluations. */
  training(group: Group, run: GroupRun, source: Source, plan: RunPlan): PublisherFactory;
  /**
   * Publishes a training that is running, whose log comes from its first byte.
   *
   * @param fate How the training stands when the log ends, or the command leaves.
   */
  live(
    group: Pick<Group, "project" | "name">,
    id: string,
    fate: () => "finished" | "failed" | "running",
  ): PublisherFactory;
  /** Publishes a model of which only evaluations are known. */
  evaluations(group: Group, run: GroupRun): Promise<PublisherOutcome>;
  /** Publishes the run of the group: its configuration, all evaluations and the logs. */
  groupLogs(group: Group): Promise<PublisherOutcome>;
  /** What publishing a training would do, in words; asks the server and changes nothing. */
  preview(group: Group, run: GroupRun, source: Source, plan: RunPlan): Promise<readonly string[]>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** What was done with a run, or would be; or why it was not. */
export type RunState =
  /** It was not in the ledger. */
  | "new"
  /** The ledger knows it with another content. */
  | "changed"
  /** The ledger knows it as it is: nothing was sent. */
  | "unchanged"
  /** Its log could not be read, or not to its end. */
  | "failed"
  /** Not everything was acknowledged. */
  | "undelivered"
  /** The command was stopped before it. */
  | "stopped";

/** What became of one run of a group. */
export interface RunReceipt {
  readonly kind: "training" | "evaluation" | "group_logs";
  readonly run: string;
  /** The log; absent where there is none. */
  readonly source?: string;
  readonly state: RunState;
  /** What the log held; absent where it was not read. */
  readonly log?: InputReceipt;
  readonly evaluations: number;
  readonly outputs: readonly string[];
  readonly errors: readonly string[];
  readonly notes: readonly string[];
}

/** What became of a group. */
export interface GroupReceipt {
  readonly project: string;
  readonly group: string;
  readonly runs: readonly RunReceipt[];
}

/** How groups are published. */
export interface GroupsRequest {
  readonly target: GroupTarget;
  readonly ledger: Ledger;
  readonly parser: ParserOptions;
  /** Publishes what the ledger knows as well. */
  readonly again: boolean;
  /** Sends nothing: the receipts tell what would be done. */
  readonly dryRun: boolean;
  /** What is published of the groups; absent: all. */
  readonly only?: "training" | "evaluations" | undefined;
  readonly signal: AbortSignal;
  /** Runs that are published at once. */
  readonly atOnce: number;
  progress?(bytes: number): void;
  /** Called when a run is done. */
  done?(receipt: RunReceipt): void;
}

/** The log of a run with what its log of validations has beside it. */
export type WholeLog = (run: GroupRun) => Promise<Source>;

/**
 * Publishes group after group, some runs at once. Never rejects for a fault of a run: the receipts tell. What the
 * ledger knows is not sent again; its entry is written when everything of a run was acknowledged.
 */
export async function publishGroups(
  groups: AsyncIterable<Group>,
  wholeLog: WholeLog,
  request: GroupsRequest,
): Promise<GroupReceipt[]> {
  const limit = pLimit(request.atOnce);
  const open = new Set<Promise<void>>();
  const receipts: GroupReceipt[] = [];
  let index = 0;
  for await (const group of groups) {
    const place = index++;
    const work = publishGroup(group, wholeLog, request, limit).then((receipt) => {
      receipts[place] = receipt;
      open.delete(work);
    });
    open.add(work);
    if (open.size >= request.atOnce) await Promise.race(open);
    if (request.signal.aborted) break;
  }
  await Promise.all(open);
  return receipts;
}

async function publishGroup(
  group: Group,
  wholeLog: WholeLog,
  request: GroupsRequest,
  limit: LimitFunction,
): Promise<GroupReceipt> {
  const { only } = request;
  const trainings = only === "evaluations" ? [] : group.runs.filter(({ log }) => log !== undefined);
  const others = only === "training" ? [] : group.runs.filter(({ log }) => log === undefined);
  const publication = new GroupPublication(group, request);
  const runs = await Promise.all([
    ...trainings.map((run) => limit(() => publication.training(run, wholeLog))),
    ...others.map((run) => limit(() => publication.evaluations(run))),
  ]);
  // The run of the group comes last: it stands for all that is there.
  if (only !== "training") runs.push(await limit(() => publication.groupLogs()));
  for (const receipt of runs) request.done?.(receipt);
  return { project: group.project, group: group.name, runs };
}

/** What is published is not remembered. */
class LedgerError extends Error {
  override readonly name = "LedgerError";
}

/** The work on one group. */
class GroupPublication {
  readonly #group: Group;
  readonly #request: GroupsRequest;

  constructor(group: Group, request: GroupsRequest) {
    this.#group = group;
    this.#request = request;
  }

  async training(run: GroupRun, wholeLog: WholeLog): Promise<RunReceipt> {
    const { request, known, key, facts } = this.#look(run.id, run.evaluations.map(evaluationFacts));
    const about = { kind: "training", run: run.id, source: run.log?.name ?? "", ...NOTHING } as const;
    const evaluations = run.evaluations.length;
    if (request.signal.aborted) return { ...about, evaluations, state: "stopped" };
    try {
      const stamps = [run.log?.stamp, run.validationLog?.stamp ?? "none"];
      const stamp = stamps.includes(undefined) ? "" : digestOf([...stamps, ...facts]);
      if (stamp !== "" && known?.stamp === stamp) return { ...about, evaluations, ...asBefore(known) };
      const source = await wholeLog(run);
      const hash = createHash("sha256");
      const plan = await planSource(hashed(source, hash), request.parser);
      const digest = digestOf(facts, hash);
      if (known?.digest === digest) {
        if (known.error === undefined) await this.#remember({ ...known, stamp });
        return { ...about, evaluations, ...asBefore(known) };
      }
      // Of a log without rows there is nothing to publish, but the receipt says what is in it.
      const empty = plan.rows === 0 && evaluations === 0;
      const factory: PublisherFactory =
        empty || request.dryRun ? () => [] : request.target.training(this.#group, run, source, plan);
      const log = await publishLog(source, request.parser, factory, request);
      const fault = problem(log, false);
      const state = stateOf(log, known, request.signal);
      if (request.dryRun) {
        const notes = empty ? [] : await request.target.preview(this.#group, run, source, plan);
        return { ...about, evaluations, state, log, notes, errors: fault === undefined ? [] : [fault] };
      }
      // Of a damaged log all that can be read has arrived: another time would send the same.
      const grows = log.running === true || source.changed === true;
      // Of a log that grew meanwhile the end may be missing: it is read again the next time.
      if (state !== "undelivered" && state !== "stopped" && !grows) {
        const entry = { key, digest, run: run.id, rows: plan.rows, ...offlineOf(log) };
        // What is wrong may pass without a trace on the file, so such a log is read each time.
        await this.#remember(
          fault === undefined ? { ...entry, stamp } : { ...entry, stamp: "", error: fault },
        );
      }
      return {
        ...about,
        evaluations,
        state,
        log,
        outputs: log.outputs,
        errors: [...(fault === undefined ? [] : [fault]), ...log.sinkErrors],
        notes: grows ? [...log.notes, GROWS] : log.notes,
      };
    } catch (error) {
      if (error instanceof LedgerError)
        return { ...about, evaluations, state: "undelivered", errors: [error.message] };
      return { ...about, evaluations, state: "failed", errors: [inputErrorText(error)] };
    }
  }

  async evaluations(run: GroupRun): Promise<RunReceipt> {
    const about = { kind: "evaluation", run: run.id, evaluations: run.evaluations.length } as const;
    const facts = run.evaluations.map(evaluationFacts);
    return {
      ...about,
      ...(await this.#tables(run.id, facts, (target, group) => target.evaluations(group, run))),
    };
  }

  async groupLogs(): Promise<RunReceipt> {
    const { suffix, evaluations, config, logsFolder, logsStamp } = this.#group;
    const run = `group_logs${suffix}`;
    const facts = [
      ...evaluations.map(evaluationFacts),
      config ?? null,
      logsFolder === undefined ? null : logsStamp,
    ];
    const publish = (target: GroupTarget, group: Group) => target.groupLogs(group);
    return {
      kind: "group_logs",
      run,
      evaluations: evaluations.length,
      ...(await this.#tables(run, facts, publish)),
    };
  }

  /** Publishes what has no log. */
  async #tables(
    id: string,
    facts: Facts,
    publish: (target: GroupTarget, group: Group) => Promise<PublisherOutcome>,
  ): Promise<Omit<RunReceipt, "kind" | "run" | "evaluations">> {
    const { request, known, key, facts: all } = this.#look(id, facts);
    if (request.signal.aborted) return { ...NOTHING, state: "stopped" };
    const digest = digestOf(all);
    if (known?.digest === digest) return { ...NOTHING, state: "unchanged" };
    const state = known === undefined ? "new" : "changed";
    if (request.dryRun) return { ...NOTHING, state };
    try {
      const outcome = await publish(request.target, this.#group);
      const { outputs, notes = [], undelivered } = outcome;
      if (undelivered !== undefined)
        return { state: "undelivered", outputs, notes, errors: [`W&B: ${undelivered}`] };
      await this.#remember({ key, digest, stamp: digest, run: id, rows: 0, ...offlineOf(outcome) });
      return { state, outputs, notes, errors: [] };
    } catch (error) {
      if (error instanceof LedgerError) return { ...NOTHING, state: "undelivered", errors: [error.message] };
      return { ...NOTHING, state: "undelivered", errors: [`W&B: ${outputErrorText(error)}`] };
    }
  }

  /** @throws LedgerError where the ledger can't be written. */
  async #remember(entry: LedgerEntry): Promise<void> {
    await this.#request.ledger.put(entry).catch((error: unknown) => {
      throw new LedgerError(
        `the ledger: ${outputErrorText(error)}; the run is published again the next time`,
        {
          cause: error,
        },
      );
    });
  }

  /** What the ledger knows of a run, and what is to be compared with it. */
  #look(id: string, facts: Facts) {
    const request = this.#request;
    const { project, name } = this.#group;
    const key = JSON.stringify([request.target.place, project, name, id]);
    const known: LedgerEntry | undefined = request.ledger.get(key);
    return {
      request,
      key,
      known: request.again ? undefined : known,
      facts: [request.target.facts, key, ...facts],
    };
  }
}

const GROWS = "the log changed while it was read: its run is running, and is published again the next time";

const NOTHING = { outputs: [], errors: [], notes: [] } as const;

/** What is in an offline file alone is published only as long as that is there. */
function offlineOf({
  offlineFiles,
}: {
  readonly offlineFiles?: readonly string[];
}): Pick<LedgerEntry, "offline"> {
  return offlineFiles === undefined ? {} : { offline: offlineFiles.map((path) => resolve(path)) };
}

/** A run that is as it was when it was published. */
function asBefore({ error }: LedgerEntry): Pick<RunReceipt, "state" | "errors"> {
  return error === undefined ? { state: "unchanged", errors: [] } : { state: "failed", errors: [error] };
}

function stateOf(log: InputReceipt, known: LedgerEntry | undefined, signal: AbortSignal): RunState {
  if (signal.aborted) return "stopped";
  if (log.sinkErrors.length > 0) return "undelivered";
  if (problem(log, false) !== undefined) return "failed";
  return known === undefined ? "new" : "changed";
}
