/** Runs and evaluations by project: values of different language pairs are not compared. */
import { modelOfFolder } from "../evaluation/naming/model.js";
import { groupBy } from "../group-by.js";
import type { ReportEvaluation, ReportRun } from "./report-data.js";

/** The parts of one project. */
export interface ProjectPart<Part> {
  /** Empty if there is only one project, or if it is unknown. */
  readonly project: string;
  readonly parts: readonly Part[];
}

/** Groups parts by project, in the order of the first parts. */
export function byProject<Part>(
  parts: readonly Part[],
  projectOf: (part: Part) => string | undefined,
): ProjectPart<Part>[] {
  const projects = groupBy(parts, (part) => projectOf(part) ?? "");
  if (projects.size === 1) return [{ project: "", parts }];
  return [...projects].map(([project, all]) => ({ project, parts: all }));
}

/** Whether the scores are those of the training, by the names of both. */
export function isScored({ project, group, name, source }: ReportRun, evaluation: ReportEvaluation): boolean {
  if (project !== evaluation.project || group !== evaluation.group) return false;
  const { run: model } = evaluation;
  const last = name.split("/").at(-1) ?? name;
  const folder = source.split(/[\\/]/).at(-2) ?? "";
  return last === model || last.startsWith(`${model}_`) || (modelOfFolder(folder) ?? folder) === model;
}
