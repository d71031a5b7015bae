/** Evaluations from single files, named by their paths. */

import type { Evaluation } from "../evaluation/evaluation.js";
import { readEvaluationFileName } from "../evaluation/naming/evaluation-file.js";
import { modelOfFolder } from "../evaluation/naming/model.js";
import { readScores } from "../evaluation/score-file.js";
import { addScores, inTableOrder, otherScores } from "../evaluation/scores.js";
import type { ReportEvaluation } from "./report-data.js";
import { pairOfPath } from "./run-names.js";

/**
 * Reads `evaluation/student/flores_devtest.metrics` and the like. The model is that of the file's name
 * (`evaluate-student-flores-devtest-en-hu.metrics`), else the folder's.
 *
 * @returns The evaluation, and a description of each metric that is left out.
 * @throws InputError if the text has no scores.
 */
export function readEvaluationFile(
  path: string,
  text: string,
): { readonly evaluation: ReportEvaluation; readonly faults: readonly string[] } {
  const parts = path.split(/[\\/]/);
  const { pair, model, dataset, ...form } = readEvaluationFileName(parts.pop() ?? "");
  const folder = parts.pop();
  const { metrics, faults } = readScores(form, text);
  const named = model ?? (folder === undefined ? "unknown" : (modelOfFolder(folder) ?? folder));
  const project = pair ?? pairOfPath(path);
  return {
    evaluation: {
      run: named,
      ...dataset,
      metrics,
      source: path,
      ...(project === undefined ? {} : { project }),
    },
    faults,
  };
}

/**
 * Adds an evaluation. A `.metrics.json` replaces the `.metrics` next to it; the same scores of the same file are added
 * once; `.metrics.json` files of one folder with metrics of one evaluation become one. If two of them have a metric, the
 * first by path counts.
 *
 * @returns A description of the scores that are left out because another file has other ones.
 */
export function addEvaluation(evaluations: ReportEvaluation[], added: ReportEvaluation): string | undefined {
  const known = evaluations.findIndex(
    ({ source, metrics }) =>
      source === `${added.source}.json` ||
      added.source === `${source}.json` ||
      (source === added.source && JSON.stringify([...metrics]) === JSON.stringify([...added.metrics])),
  );
  if (known !== -1) {
    if (added.source.endsWith(".json")) evaluations[known] = added;
    return undefined;
  }
  const other = evaluations.findIndex((one) => isPartOfOne(one, added));
  const one = evaluations[other];
  const again = one !== undefined && sourcesOf(one).includes(added.source);
  if (again && otherScores(one.metrics, added.metrics).length === 0) return undefined;
  // A file of the same name with other scores comes from another folder.
  if (one === undefined || again) {
    evaluations.push(added);
    return undefined;
  }
  const [first, second] = one.source < added.source ? [one, added] : [added, one];
  const different = otherScores(first.metrics, second.metrics);
  const metrics = new Map(first.metrics);
  addScores(metrics, second.metrics);
  const furtherSources = [...sourcesOf(first), ...sourcesOf(second)].filter(
    (source) => source !== first.source,
  );
  evaluations[other] = { ...first, metrics: inTableOrder(metrics), furtherSources };
  return different.length === 0
    ? undefined
    : `other scores in ${second.source} than in ${first.source}, which counts: ${different.join(", ")}`;
}

function isPartOfOne(one: ReportEvaluation, other: ReportEvaluation): boolean {
  const folder = ({ source }: Evaluation) => source.replace(/[^\\/]*$/, "");
  return (
    one.source.endsWith(".json") &&
    other.source.endsWith(".json") &&
    folder(one) === folder(other) &&
    one.project === other.project &&
    one.run === other.run &&
    one.importer === other.importer &&
    one.dataset === other.dataset &&
    one.augmentation === other.augmentation
  );
}

function sourcesOf({ source, furtherSources = [] }: Evaluation): string[] {
  return [source, ...furtherSources];
}

/**
 * The title of each evaluation's model: its name. If models of several experiments share a name, the experiment comes
 * first in every title, and a number follows if titles are still the same.
 */
export function modelTitles(evaluations: readonly ReportEvaluation[]): ReadonlyMap<Evaluation, string> {
  const places = evaluations.map(({ group, source }) => group ?? experimentOf(source));
  const known = new Map<string, string>();
  const alike = evaluations.some(({ run: model }, index) => {
    const place = places[index] ?? "";
    const other = known.get(model) ?? place;
    known.set(model, place);
    return other !== place;
  });
  const wholes = evaluations.map(({ run: model }, index) =>
    [alike ? places[index] : "", model].filter((part) => part !== "").join("/"),
  );
  const taken = new Set<string>();
  const titles = new Map<Evaluation, string>();
  for (const [index, evaluation] of evaluations.entries()) {
    const { importer, dataset, augmentation } = evaluation;
    const wanted = wholes[index] ?? evaluation.run;
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
