/** Runs and evaluations by project: values of two pairs of languages are not compared. */
import { modelOfFolder } from "../evaluation/naming/model.js";
import type { ReportEvaluation, ReportRun } from "./report-data.js";

/** Those of one project. */
export interface ProjectPart<Part> {
  /** Empty where there is one project alone, or nothing tells it. */
  readonly project: string;
  readonly parts: readonly Part[];
}

/** Divides parts by their project, in the order in which projects come. */
export function byProject<Part>(
  parts: readonly Part[],
  projectOf: (part: Part) => string | undefined,
): ProjectPart<Part>[] {
  const projects = new Map<string, Part[]>();
  for (const part of parts) {
    const project = projectOf(part) ?? "";
    const known = projects.get(project);
    if (known === undefined) projects.set(project, [part]);
    else known.push(part);
  }
  if (projects.size === 1) return [...projects.values()].map((all) => ({ project: "", parts: all }));
  return [...projects].map(([project, all]) => ({ project, parts: all }));
}

/** Whether these are the scores of this training, told by the names of both. */
export function isScored({ project, group, name, source }: ReportRun, evaluation: ReportEvaluation): boolean {
  if (project !== evaluation.project || group !== evaluation.group) return false;
  const { run: model } = evaluation;
  const last = name.split("/").at(-1) ?? name;
  const folder = source.split(/[\\/]/).at(-2) ?? "";
  return last === model || last.startsWith(`${model}_`) || (modelOfFolder(folder) ?? folder) === model;
}
