/** The trainings of the page: those of the report, and those that were opened since. */
import type { Evaluation } from "../../../evaluation/evaluation.js";
import { addEvaluation } from "../evaluation-file.js";
import type { ReportData, ReportProblem, ReportRun } from "../report-data.js";
import { displayNames } from "../run-names.js";
import { type ChartKind, chartKinds } from "./chart-kinds.js";
import { RunView } from "./run-view.js";

export class ReportModel {
  readonly views: RunView[] = [];
  readonly evaluations: Evaluation[] = [];
  readonly problems: ReportProblem[] = [];
  #kinds: readonly ChartKind[] | undefined;

  /** Whether there is nothing at all to show. */
  get empty(): boolean {
    return this.views.length + this.evaluations.length === 0;
  }

  /** The charts that the runs ask for. */
  get kinds(): readonly ChartKind[] {
    this.#kinds ??= chartKinds(this.views.map(({ run }) => run));
    return this.#kinds;
  }

  /** Takes a report with its names. */
  addReport({ runs, evaluations, problems }: ReportData): void {
    for (const run of runs) this.#add(run);
    this.evaluations.push(...evaluations);
    this.problems.push(...problems);
  }

  /** Takes a log that was opened, and gives it a name. A log that is here already is replaced. */
  addRun(run: ReportRun): void {
    const known = this.views.findIndex(({ run: { source } }) => source === run.source);
    if (known !== -1) {
      this.views[known] = new RunView({ ...run, name: this.views[known]?.run.name ?? run.name }, known);
      this.#kinds = undefined;
      return;
    }
    const [name = run.source] = displayNames(
      [run.source],
      this.views.map((view) => view.run.name),
    );
    this.#add({ ...run, name });
  }

  /** Takes the scores of a file that was opened. */
  addEvaluation(evaluation: Evaluation): void {
    addEvaluation(this.evaluations, evaluation);
  }

  addProblem(problem: ReportProblem): void {
    const others = this.problems.filter(({ source }) => source !== problem.source);
    this.problems.splice(0, this.problems.length, ...others, problem);
  }

  #add(run: ReportRun): void {
    this.views.push(new RunView(run, this.views.length));
    this.#kinds = undefined;
  }
}
