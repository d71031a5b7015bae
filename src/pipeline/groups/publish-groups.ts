/** Publishes groups: their trainings, the models with evaluations only, and the run of the group. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Group, GroupRun } from "../../archive/group.js";
import { completeLog } from "../../archive/validation-log/join.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { GROUP_LOGS } from "../../evaluation/naming/run-ids.js";
import { type LimitFunction, limitConcurrency } from "../../http/index.js";
import type { Source } from "../../io/source.js";
import type { Note, PublisherOutcome, UpdatePublisher } from "../../publishers/update-publisher.js";
import type { RunPlan } from "../../run/run-plan.js";
import type { Preview } from "../../wandb/index.js";
import { inputErrorText, outputErrorText } from "../error-text.js";
import { type InputReceipt, outputsOf, problem, publisherErrors, publisherNotes } from "../input-receipt.js";
import { planSource } from "../plan-source.js";
import { publishLog } from "../publish-log.js";
import { digestOf, evaluationFacts, type Facts, hashed } from "./digest.js";
import type { Ledger, LedgerEntry } from "./ledger.js";

/** Where the runs of groups go. */
export interface GroupTarget {
  /** Server and entity: part of the key of a ledger's entry. */
  readonly place: string;
  /** What else the runs carry, such as tags. */
  readonly facts: Facts;
  /** Publishes a training, whose log was read before, with its evaluations. */
  training(group: Group, run: GroupRun, source: Source, plan: RunPlan): UpdatePublisher;
  /** Publishes a model with evaluations only. */
  evaluations(run: GroupRun, group: Group): Promise<PublisherOutcome>;
  /** Publishes the run of the group: its configuration, all evaluations and the logs. */
  groupLogs(group: Group): Promise<PublisherOutcome>;
  /** Asks the server what publishing a training would do; changes nothing. */
  preview(group: Group, run: GroupRun, source: Source, plan: RunPlan): Promise<RunPreview>;
}

/** What publishing a training would do. */
export type RunPreview = Pick<Preview, "rows" | "held" | "sent" | "tables" | "notes">;

/**
 * What was done with a run, or would be: `new`, it was not in the ledger; `changed`, the ledger has other content;
 * `unchanged`, nothing was sent; `failed`, its log could not be read to its end; `undelivered`, not everything was
 * acknowledged; `stopped`, the command ended before it.
 */
export type RunState = "new" | "changed" | "unchanged" | "failed" | "undelivered" | "stopped";

/** What became of one run of a group. */
export interface RunReceipt {
  readonly kind: "training" | "evaluation" | "group_logs";
  readonly run: string;
  /** The log; absent if there is none. */
  readonly source?: string;
  readonly state: RunState;
  /** What the log held; absent if it was not read. */
  readonly log?: InputReceipt;
  readonly evaluations: number;
  readonly outputs: readonly string[];
  readonly errors: readonly string[];
  readonly notes: readonly Note[];
  /** What publishing the training would do; only of a dry run. */
  readonly preview?: RunPreview;
  /** The log changed while it was read: its run is running, and the next command publishes it again. */
  readonly isGrowing?: true;
  /** How the training stands if it is not finished. */
  readonly unfinished?: "failed" | "running";
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
  /** Publishes what the ledger has, too. */
  readonly again: boolean;
  /** Sends nothing: the receipts say what would be done. */
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

/**
 * Publishes group after group, some runs at once. An error of a run is in its receipt. What the ledger has is not sent
 * again; it gets an entry when everything of a run was acknowledged.
 */
export async function publishGroups(
  groups: AsyncIterable<Group> | Iterable<Group>,
  request: GroupsRequest,
): Promise<GroupReceipt[]> {
  const limit = limitConcurrency(request.atOnce);
  const open = new Set<Promise<void>>();
  const receipts: GroupReceipt[] = [];
  let count = 0;
  for await (const group of groups) {
    const index = count++;
    const work = publishGroup(group, request, limit).then((receipt) => {
      receipts[index] = receipt;
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
  request: GroupsRequest,
  limit: LimitFunction,
): Promise<GroupReceipt> {
  const { only } = request;
  const trainings =
    only === "evaluations"
      ? []
      : group.runs.flatMap((run) => (run.log === undefined ? [] : { run, log: run.log }));
  const others = only === "training" ? [] : group.runs.filter(({ log }) => log === undefined);
  const publication = new GroupPublication(group, request);
  const runs = await Promise.all([
    ...trainings.map(({ log, run }) => limit(() => publication.training(run, log))),
    ...others.map((run) => limit(() => publication.evaluations(run))),
  ]);
  // The run of the group comes last: it stands for all of it.
  if (only !== "training") runs.push(await limit(() => publication.groupLogs()));
  for (const receipt of runs) request.done?.(receipt);
  return { project: group.project, group: group.name, runs };
}

/** The work on one group. */
class GroupPublication {
  readonly #group: Group;
  readonly #request: GroupsRequest;

  constructor(group: Group, request: GroupsRequest) {
    this.#group = group;
    this.#request = request;
  }

  async training(run: GroupRun, trainingLog: Source): Promise<RunReceipt> {
    const { unfinished } = run;
    const standing = unfinished === undefined ? {} : { unfinished };
    // Of a finished training the facts are those that earlier ledgers hold.
    const { request, known, key, facts } = this.#look(run.id, [
      ...run.evaluations.map(evaluationFacts),
      ...(unfinished === undefined ? [] : [[unfinished]]),
    ]);
    const about = {
      kind: "training",
      run: run.id,
      source: trainingLog.name,
      ...NOTHING,
      ...standing,
    } as const;
    const evaluations = run.evaluations.length;
    if (request.signal.aborted) return { ...about, evaluations, state: "stopped" };
    try {
      const stamps = [trainingLog.stamp, run.validationLog?.stamp ?? "none"];
      const revisions = [trainingLog, run.validationLog].flatMap((log) => log?.revision ?? []);
      const stamp = stamps.includes(undefined) ? "" : digestOf([...stamps, ...revisions, ...facts]);
      if (stamp !== "" && known?.stamp === stamp) return { ...about, evaluations, ...asBefore(known) };
      const source = await completeLog(trainingLog, run.validationLog);
      const hash = createHash("sha256");
      const plan = await planSource(hashed(source, hash), request.parser);
      const digest = digestOf(facts, hash);
      if (known?.digest === digest) {
        const fault = known.error === undefined ? await this.#remember({ ...known, stamp }) : undefined;
        return { ...about, evaluations, ...(fault ?? asBefore(known)) };
      }
      // A log without rows is not published, but the receipt says what is in it.
      const empty = plan.rows === 0 && evaluations === 0;
      const publishers =
        empty || request.dryRun ? [] : [request.target.training(this.#group, run, source, plan)];
      const log = await publishLog(source, request.parser, publishers, request);
      const fault = problem(log, false);
      const errors = fault === undefined ? [] : [fault];
      const state = stateOf(log, known, request.signal);
      if (request.dryRun) {
        const receipt = { ...about, evaluations, state, log, errors };
        if (empty) return receipt;
        return { ...receipt, preview: await request.target.preview(this.#group, run, source, plan) };
      }
      const grows = log.running === true || source.changed === true || unfinished === "running";
      // The end of a log that grew meanwhile may be missing: it is read again the next time. All that can be read of a
      // damaged log has arrived: another try would send the same.
      if (state !== "undelivered" && state !== "stopped" && !grows) {
        const entry = { key, digest, run: run.id, rows: plan.rows, ...offlineOf(log.publishers) };
        // What is wrong may pass without changing the file's stamp, so such a log is read each time.
        const unwritten = await this.#remember(
          fault === undefined ? { ...entry, stamp } : { ...entry, stamp: "", error: fault },
        );
        if (unwritten !== undefined) return { ...about, evaluations, ...unwritten };
      }
      return {
        ...about,
        evaluations,
        state,
        log,
        outputs: outputsOf(log),
        errors: [...errors, ...publisherErrors(log)],
        notes: publisherNotes(log),
        ...(grows ? { isGrowing: true } : {}),
      };
    } catch (error) {
      return { ...about, evaluations, state: "failed", errors: [inputErrorText(error)] };
    }
  }

  async evaluations(run: GroupRun): Promise<RunReceipt> {
    const about = { kind: "evaluation", run: run.id, evaluations: run.evaluations.length } as const;
    const facts = run.evaluations.map(evaluationFacts);
    const publish = () => this.#request.target.evaluations(run, this.#group);
    return { ...about, ...(await this.#tables(run.id, facts, publish)) };
  }

  async groupLogs(): Promise<RunReceipt> {
    const { suffix, evaluations, config, logsFolder, logsStamp } = this.#group;
    const about = {
      kind: "group_logs",
      run: `${GROUP_LOGS}${suffix}`,
      evaluations: evaluations.length,
    } as const;
    const logs = logsFolder === undefined ? null : logsStamp;
    const facts = [...evaluations.map(evaluationFacts), config ?? null, logs];
    const publish = () => this.#request.target.groupLogs(this.#group);
    return { ...about, ...(await this.#tables(about.run, facts, publish)) };
  }

  /** Publishes a run without a log. */
  async #tables(
    id: string,
    facts: Facts,
    publish: () => Promise<PublisherOutcome>,
  ): Promise<Omit<RunReceipt, "kind" | "run" | "evaluations">> {
    const { request, known, key, facts: all } = this.#look(id, facts);
    if (request.signal.aborted) return { ...NOTHING, state: "stopped" };
    const digest = digestOf(all);
    if (known?.digest === digest) return { ...NOTHING, state: "unchanged" };
    const state = known === undefined ? "new" : "changed";
    if (request.dryRun) return { ...NOTHING, state };
    try {
      const outcome = await publish();
      const { outputs, notes = [], undelivered } = outcome;
      if (undelivered !== undefined)
        return { state: "undelivered", outputs, notes, errors: [`W&B: ${undelivered}`] };
      const entry = { key, digest, stamp: digest, run: id, rows: 0, ...offlineOf([outcome]) };
      const unwritten = await this.#remember(entry);
      return unwritten === undefined ? { state, outputs, notes, errors: [] } : { ...NOTHING, ...unwritten };
    } catch (error) {
      return { ...NOTHING, state: "undelivered", errors: [`W&B: ${outputErrorText(error)}`] };
    }
  }

  /** Writes an entry into the ledger. @returns What the receipt says if that fails. */
  async #remember(entry: LedgerEntry): Promise<Pick<RunReceipt, "state" | "errors"> | undefined> {
    try {
      await this.#request.ledger.put(entry);
      return undefined;
    } catch (error) {
      const reason = `the ledger: ${outputErrorText(error)}; the run is published again the next time`;
      return { state: "undelivered", errors: [reason] };
    }
  }

  /** The ledger's entry of a run, and what is compared with it. */
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

const NOTHING = { outputs: [], errors: [], notes: [] } as const;

/** A run in an offline file counts as published only while that file exists. */
function offlineOf(
  outcomes: readonly Pick<PublisherOutcome, "offlineFiles">[],
): Pick<LedgerEntry, "offline"> {
  const files = outcomes.flatMap(({ offlineFiles = [] }) => offlineFiles);
  return files.length === 0 ? {} : { offline: files.map((path) => resolve(path)) };
}

/** A run that is as it was when it was published. */
function asBefore({ error }: LedgerEntry): Pick<RunReceipt, "state" | "errors"> {
  return error === undefined ? { state: "unchanged", errors: [] } : { state: "failed", errors: [error] };
}

function stateOf(log: InputReceipt, known: LedgerEntry | undefined, signal: AbortSignal): RunState {
  if (signal.aborted) return "stopped";
  if (publisherErrors(log).length > 0) return "undelivered";
  if (problem(log, false) !== undefined) return "failed";
  return known === undefined ? "new" : "changed";
}
