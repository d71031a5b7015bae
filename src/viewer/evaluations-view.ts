/** Scores of models on datasets, the best of each row marked. */
import type { Evaluation } from "../evaluation/evaluation.js";
import { modelTitles } from "../report/evaluations.js";
import { winner } from "../report/metric-order.js";
import { byProject, isScored } from "../report/projects.js";
import type { ReportEvaluation } from "../report/report-data.js";
import { betterOf } from "../run/better.js";
import { type Cell, dataTable, type Head } from "./data-table.js";
import { element, emptyPanel } from "./dom.js";
import { commonPlaces, formatExact, formatPlaces } from "./format.js";
import type { ReportModel } from "./report-model.js";
import type { ViewState } from "./state.js";

/**
 * The tables of each project: one for each metric, datasets down, models across. Models whose trainings are switched off
 * are left out.
 */
export function showEvaluations(
  host: HTMLElement,
  { evaluations, views }: ReportModel,
  { hidden }: ViewState,
): void {
  if (evaluations.length === 0) {
    host.replaceChildren(
      ...emptyPanel(
        "Evaluations",
        "There are none. Drop the .metrics or .metrics.json files of evaluations, or the folder that holds them.",
      ),
    );
    return;
  }
  const shown = evaluations.filter((evaluation) => {
    const runs = views.filter(({ run }) => isScored(run, evaluation));
    return runs.length === 0 || runs.some(({ index }) => !hidden.has(index));
  });
  const projects = byProject(shown, ({ project }) => project);
  host.replaceChildren(
    ...projects.flatMap(({ project, parts }) => [
      ...(projects.length > 1 ? [element("h2", {}, project || "other")] : []),
      ...metricTables(project, parts, projects.length > 1 ? "h3" : "h2"),
    ]),
  );
  if (shown.length === 0)
    host.replaceChildren(element("p", { class: "muted" }, "The trainings of all of them are switched off."));
}

function metricTables(
  project: string,
  evaluations: readonly ReportEvaluation[],
  heading: "h2" | "h3",
): HTMLElement[] {
  const titles = modelTitles(evaluations);
  const metrics = [...new Set(evaluations.flatMap((evaluation) => [...evaluation.metrics.keys()]))];
  return metrics.flatMap((metric) => [
    element(heading, {}, metric, element("small", {}, directionOf(metric))),
    metricTable(
      [project, metric].filter((part) => part !== "").join(" "),
      metric,
      titles,
      evaluations.filter((evaluation) => evaluation.metrics.has(metric)),
    ),
  ]);
}

function directionOf(metric: string): string {
  const better = betterOf(metric);
  return better === undefined ? "" : better === "low" ? " lower is better" : " higher is better";
}

function metricTable(
  caption: string,
  metric: string,
  titles: ReadonlyMap<Evaluation, string>,
  evaluations: readonly Evaluation[],
): HTMLElement {
  const titleOf = (evaluation: Evaluation) => titles.get(evaluation) ?? evaluation.run;
  const models = [...new Set(evaluations.map(titleOf))];
  const datasets = new Map<string, Map<string, Evaluation>>();
  for (const evaluation of evaluations) {
    const name = datasetOf(evaluation);
    const known = datasets.get(name) ?? new Map<string, Evaluation>();
    known.set(titleOf(evaluation), evaluation);
    datasets.set(name, known);
  }
  const heads: Head[] = [
    { text: "Dataset" },
    ...models.map((model): Head => ({ text: model, kind: "number" })),
  ];
  const places = commonPlaces(evaluations.map((evaluation) => evaluation.metrics.get(metric) ?? 0));
  const rows = [...datasets].map(([name, known]): Cell[] => {
    const values = models.map((model) => known.get(model)?.metrics.get(metric));
    const best = winner(values, betterOf(metric));
    return [
      { text: name },
      ...values.map((value, index): Cell => {
        if (value === undefined) return { text: "" };
        const source = known.get(models[index] ?? "")?.source ?? "";
        return {
          text: formatPlaces(value, places),
          value,
          best: value === best,
          title: `${formatExact(value)} from ${source}`,
        };
      }),
    ];
  });
  return dataTable(caption, heads, rows);
}

function datasetOf({ importer, dataset, augmentation }: Evaluation): string {
  return [importer, augmentation, dataset].filter((part) => part !== null).join(" ");
}
