/** Evaluations from single files, named by where these lie. */
import type { Evaluation } from "../../evaluation/evaluation.js";
import { readMetrics } from "../../evaluation/metrics-file.js";
import { readMetricsJson } from "../../evaluation/metrics-json.js";
import { readDatasetName } from "../../naming/dataset.js";
import { readLabel } from "../../naming/label.js";
import { modelOfFolder } from "../../naming/model.js";
import type { ReportEvaluation } from "./report-data.js";
import { pairOfPath } from "./run-names.js";

/** An evaluation, and what of its file is left out, in words. */
export interface EvaluationFile {
  readonly evaluation: ReportEvaluation;
  readonly faults: readonly string[];
}

/**
 * Reads `evaluation/student/flores_devtest.metrics` and the like: the model is the folder's, or the one that a name
 * like `evaluate-student-flores-devtest-en-hu.metrics` tells.
 *
 * @throws EvaluationError when the text holds no scores.
 */
export function readEvaluationFile(path: string, text: string): EvaluationFile {
  const parts = path.split(/[\\/]/);
  const stem = (parts.pop() ?? "").replace(/\.metrics(?:\.json)?$/i, "");
  const folder = parts.pop();
  const { metrics, faults } = /\.json$/i.test(path)
    ? readMetricsJson(text)
    : { metrics: readMetrics(text), faults: [] };
  const label = readLabel(stem);
  const named =
    label?.stage === "evaluate" && label.importer !== null
      ? {
          model: label.model,
          importer: label.importer,
          dataset: label.dataset,
          augmentation: label.augmentation,
        }
      : {
          model: folder === undefined ? "unknown" : (modelOfFolder(folder) ?? folder),
          ...readDatasetName(stem),
        };
  const project = pairOfPath(path);
  return {
    evaluation: { ...named, metrics, source: path, ...(project === undefined ? {} : { project }) },
    faults,
  };
}

/**
 * Adds an evaluation. A `.metrics` file gives way to the `.metrics.json` beside it; the same scores of the same file
 * are there once.
 */
export function addEvaluation(evaluations: ReportEvaluation[], added: ReportEvaluation): void {
  const known = evaluations.findIndex(
    ({ source, metrics }) =>
      source === `${added.source}.json` ||
      added.source === `${source}.json` ||
      (source === added.source && JSON.stringify([...metrics]) === JSON.stringify([...added.metrics])),
  );
  if (known === -1) evaluations.push(added);
  else if (added.source.endsWith(".json")) evaluations[known] = added;
}

/**
 * What to call the model of each evaluation: its name; where models of several experiments are called alike, every name
 * with its experiment before it, and with a number where that tells them not apart either.
 */
export function modelTitles(evaluations: readonly ReportEvaluation[]): ReadonlyMap<Evaluation, string> {
  const places = evaluations.map(({ group, source }) => group ?? experimentOf(source));
  const known = new Map<string, string>();
  const alike = evaluations.some(({ model }, index) => {
    const place = places[index] ?? "";
    const other = known.get(model) ?? place;
    known.set(model, place);
    return other !== place;
  });
  const wholes = evaluations.map(({ model }, index) =>
    [alike ? places[index] : "", model].filter((part) => part !== "").join("/"),
  );
  const taken = new Set<string>();
  const titles = new Map<Evaluation, string>();
  for (const [index, evaluation] of evaluations.entries()) {
    const { importer, dataset, augmentation } = evaluation;
    const wanted = wholes[index] ?? evaluation.model;
    const cell = (title: string) => JSON.stringify([title, importer, dataset, augmentation]);
    let title = wanted;
    for (let number = 2; taken.has(cell(title)); number += 1) title = `${wanted} (${number})`;
    taken.add(cell(title));
    titles.set(evaluation, title);
  }
  return titles;
}

/** The two folders above those of the evaluation itself. */
function experimentOf(source: string): string {
  return source
    .split(/[\\/]/)
    .slice(0, -2)
    .filter((part) => part !== "evaluation")
    .slice(-2)
    .join("/");
}
