/** Reads logs, evaluations and groups into the content of a report. */
import { readFile } from "node:fs/promises";
import { fileSource } from "../../archive/input-source.js";
import { completeLog } from "../../archive/validation-log/join.js";
import { NO_COUNTS } from "../../core/layout.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { kindOfName } from "../../io/file-name.js";
import type { Source } from "../../io/source.js";
import { inputErrorText } from "../../pipeline/error-text.js";
import type { GroupSource } from "../../pipeline/groups/group-source.js";
import { type InputReceipt, problem } from "../../pipeline/input-receipt.js";
import { publishLog } from "../../pipeline/publish-log.js";
import type { UpdatePublisher } from "../../publishers/update-publisher.js";
import { addEvaluation, readEvaluationFile } from "../../report/evaluations.js";
import type { ReportEvaluation, ReportProblem, ReportRun } from "../../report/report-data.js";
import { RunCollector, type RunPlace } from "../../report/run-collector.js";
import { displayNames, pairOfPath } from "../../report/run-names.js";
import { isDeadTraining } from "../../run/dead-training.js";

/** How inputs are read. */
export interface ReadRequest {
  readonly options: ParserOptions;
  /** Unmatched lines are faults. */
  readonly strict: boolean;
  readonly signal: AbortSignal;
  progress(bytes: number): void;
}

/** The content of a report, and a receipt for each input. An input that can't be read is named; the others are read. */
export class ReportContent {
  readonly runs: ReportRun[] = [];
  readonly evaluations: ReportEvaluation[] = [];
  readonly problems: ReportProblem[] = [];
  readonly receipts: InputReceipt[] = [];
  readonly #request: ReadRequest;

  constructor(request: ReadRequest) {
    this.#request = request;
  }

  /** Reads files, one after the other. */
  async readInputs(inputs: readonly string[], source: (name: string) => Source): Promise<void> {
    const isEvaluation = (name: string) => kindOfName(name) === "evaluation";
    const logs = inputs.filter((name) => !isEvaluation(name));
    const names = displayNames(logs);
    for (const [index, name] of logs.entries()) {
      if (this.#request.signal.aborted) return;
      const project = pairOfPath(name);
      const place = {
        name: names[index] ?? name,
        source: name,
        ...(project === undefined ? {} : { project }),
      };
      await this.#readLog(source(name), place);
    }
    for (const name of inputs.filter(isEvaluation)) await this.#readEvaluation(name);
  }

  /** Reads the groups of an archive or of Taskcluster. */
  async readGroups(found: GroupSource): Promise<void> {
    const problems = [...found.problems];
    const taken = new Set<string>();
    for await (const group of found.groups()) {
      problems.push(...group.problems);
      for (const run of group.runs) {
        if (this.#request.signal.aborted) return;
        if (run.log === undefined) continue;
        const { project, name } = group;
        const title = taken.has(run.id) ? `${project}/${run.id}` : run.id;
        taken.add(title);
        const place = { name: title, source: run.log.name, project, group: name };
        try {
          await this.#readLog(await completeLog(run.log, run.validationLog), place);
        } catch (error) {
          this.refuse({ source: run.log.name, reason: inputErrorText(error) });
        }
      }
      const { project, name } = group;
      this.evaluations.push(...group.evaluations.map((one) => ({ ...one, project, group: name })));
    }
    for (const { source, reason, severity } of problems) {
      if (severity === "failure") this.refuse({ source, reason });
      else this.problems.push({ source, reason });
    }
  }

  /** Adds an input that was not read. */
  refuse({ source, reason }: ReportProblem): void {
    this.problems.push({ source, reason });
    this.receipts.push({
      source,
      error: reason,
      counts: NO_COUNTS,
      points: 0,
      partialPoints: 0,
      segments: 0,
      metrics: [],
      versions: [],
      unmatchedSamples: [],
      warnings: [],
      publishers: [],
    });
  }

  async #readLog(source: Source, place: RunPlace): Promise<void> {
    const { options, signal, progress, strict } = this.#request;
    let collector: RunCollector | undefined;
    let running = false;
    const publisher: UpdatePublisher = {
      name: "report",
      publish: async (update) => {
        collector ??= new RunCollector(update.batch.time, {
          closed: () => source.closed === true,
          running: () => running,
        });
        collector.take(update);
      },
      close: async () => {
        const texts = collector?.texts ?? 0;
        const text = `${texts} texts of patterns are not numbers and are not drawn`;
        return { outputs: [], notes: texts > 0 ? [{ text }] : [] };
      },
      discard: async () => {},
    };
    const receipt = await publishLog(source, { ...options, marks: true }, [publisher], { signal, progress });
    running = receipt.running === true;
    const { training, validation, patterns } = receipt.counts;
    const read = collector?.finish(place, receipt, receipt.error);
    const none = training + validation + patterns === 0 && !(read && isDeadTraining(read, false));
    const run = none ? undefined : read;
    this.receipts.push(receipt);
    if (run !== undefined) this.runs.push(run);
    const fault = problem(receipt, strict);
    // A run that is shown explains its own end.
    const dead = run !== undefined && training + validation + patterns === 0;
    if (fault !== undefined && !(dead && receipt.error === undefined))
      this.problems.push({ source: place.source, reason: fault });
  }

  async #readEvaluation(name: string): Promise<void> {
    if (this.#request.signal.aborted) return;
    try {
      const { evaluation, faults } = readEvaluationFile(name, await scoresText(fileSource(name)));
      const other = addEvaluation(this.evaluations, evaluation);
      if (other !== undefined) this.problems.push({ source: name, reason: other });
      if (faults.length > 0) this.problems.push({ source: name, reason: faults.join("; ") });
    } catch (error) {
      this.refuse({ source: name, reason: inputErrorText(error) });
    }
  }
}

/** The text of a file of scores, or of an object. */
async function scoresText(source: Source): Promise<string> {
  if (source.path !== undefined) return await readFile(source.path, "utf8");
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
