/** Evaluations from single files, named by where these lie. */
import type { Evaluation } from "../../evaluation/evaluation.js";
import { readMetrics } from "../../evaluation/metrics-file.js";
import { readMetricsJson } from "../../evaluation/metrics-json.js";
import { readDatasetName } from "../../naming/dataset.js";
import { readLabel } from "../../naming/label.js";
import { modelOfFolder } from "../../naming/model.js";

/** An evaluation, and what of its file is left out, in words. */
export interface EvaluationFile {
  readonly evaluation: Evaluation;
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
  return { evaluation: { ...named, metrics, source: path }, faults };
}

/**
 * Adds an evaluation. A `.metrics` file gives way to the `.metrics.json` beside it; the same scores of the same file
 * are there once.
 */
export function addEvaluation(evaluations: Evaluation[], added: Evaluation): void {
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
 * What to call the model of each evaluation: its name, with the folders above where models of several experiments are
 * called alike, and with a number where that tells them not apart either.
 */
export function modelTitles(evaluations: readonly Evaluation[]): ReadonlyMap<Evaluation, string> {
  const above = (source: string) =>
    source
      .split(/[\\/]/)
      .slice(0, -2)
      .filter((part) => part !== "evaluation");
  const places = new Map<string, Set<string>>();
  for (const { model, source } of evaluations) {
    places.set(model, (places.get(model) ?? new Set()).add(above(source).join("/")));
  }
  const taken = new Set<string>();
  const titles = new Map<Evaluation, string>();
  for (const evaluation of evaluations) {
    const { model, source, importer, dataset, augmentation } = evaluation;
    const alone = (places.get(model)?.size ?? 0) < 2;
    const wanted = alone ? model : [...above(source).slice(-2), model].join("/");
    const cell = (title: string) => JSON.stringify([title, importer, dataset, augmentation]);
    let title = wanted;
    for (let number = 2; taken.has(cell(title)); number += 1) title = `${wanted} (${number})`;
    taken.add(cell(title));
    titles.set(evaluation, title);
  }
  return titles;
}
