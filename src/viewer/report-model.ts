/** The trainings of the page: those of the report, and those that were opened since. */
import { addEvaluation } from "../report/evaluations.js";
import { isSameLog, repeatsValidations } from "../report/log-selection.js";
import type { ReportData, ReportEvaluation, ReportProblem, ReportRun } from "../report/report-data.js";
import { displayNames } from "../report/run-names.js";
import { type ChartKind, chartKinds } from "./charts/chart-kinds.js";
import { RunView } from "./run-view.js";

export class ReportModel {
  readonly views: RunView[] = [];
  readonly evaluations: ReportEvaluation[] = [];
  readonly problems: ReportProblem[] = [];
  /** Indices of the runs that were opened; a report names its own runs. */
  readonly #opened = new Set<number>();
  #kinds: readonly ChartKind[] | undefined;
  #revision = 0;

  /** Changes whenever something was added. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether there is nothing to show. */
  get empty(): boolean {
    return this.views.length + this.evaluations.length === 0;
  }

  /** The charts that the runs ask for. */
  get kinds(): readonly ChartKind[] {
    this.#kinds ??= chartKinds(this.views.map(({ run }) => run));
    return this.#kinds;
  }

  /** Adds a report with its names. */
  addReport({ runs, evaluations, problems }: ReportData): void {
    this.#revision += 1;
    for (const run of runs) this.#add(run);
    this.evaluations.push(...evaluations);
    this.problems.push(...problems);
  }

  /**
   * Adds a log that was opened, and names it. It replaces the same log.
   *
   * @returns Whether it is shown: a log of validations is not if the log of its training holds them all.
   */
  addRun(run: ReportRun): boolean {
    this.#revision += 1;
    this.settle(run.source);
    const runs = this.views.map((view) => view.run);
    if (repeatsValidations(run, runs)) return false;
    const known = runs.findIndex((other) => other.source === run.source && isSameLog(other, run));
    if (known === -1) {
      this.#opened.add(this.views.length);
      this.#add(run);
      this.#nameOpened();
    } else {
      this.views[known] = new RunView({ ...run, name: runs[known]?.name ?? run.name }, known);
      this.#kinds = undefined;
    }
    return true;
  }

  /** Names the opened logs again, because one more must be distinguished. */
  #nameOpened(): void {
    const opened = this.views.filter(({ index }) => this.#opened.has(index));
    const others = this.views.filter(({ index }) => !this.#opened.has(index));
    const names = displayNames(
      opened.map(({ run }) => run.source),
      others.map(({ run }) => run.name),
    );
    for (const [at, { run, index }] of opened.entries()) {
      const name = names[at] ?? run.name;
      if (name !== run.name) this.views[index] = new RunView({ ...run, name }, index);
    }
  }

  /** Adds the scores of a file that was opened. Returns a sentence if some are left out. */
  addEvaluation(evaluation: ReportEvaluation): string | undefined {
    this.#revision += 1;
    this.settle(evaluation.source);
    return addEvaluation(this.evaluations, evaluation);
  }

  addProblem(problem: ReportProblem): void {
    const known = this.problems.some(
      ({ source, reason }) => source === problem.source && reason === problem.reason,
    );
    if (!known) this.problems.push(problem);
  }

  /** Removes the problems of a file that is opened again. */
  settle(file: string): void {
    this.problems.splice(0, this.problems.length, ...this.problems.filter(({ source }) => source !== file));
  }

  #add(run: ReportRun): void {
    this.views.push(new RunView(run, this.views.length));
    this.#kinds = undefined;
  }
}
