/** Scores of several groups side by side. */

import type { Group } from "../../archive/group.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { type DatasetName, evaluationTitle } from "../../evaluation/naming/dataset.js";
import { MAIN_METRICS, metricNames } from "../../evaluation/scores.js";
import { escapeLine, jsonText } from "../../io/escape.js";
import type { Column } from "../../publishers/tables/columns.js";
import { csvHeader, csvRows, jsonNumber } from "../../publishers/tables/row-text.js";

/** How the table is printed. */
export const COMPARE_FORMATS = ["text", "markdown", "csv", "json"] as const;
export type CompareFormat = (typeof COMPARE_FORMATS)[number];

/** A model on a dataset. */
interface ScoreRow extends DatasetName {
  readonly model: string;
  /** For each group, its scores; undefined if it has none. */
  readonly scores: readonly (Evaluation["metrics"] | undefined)[];
}

/** Evaluations of groups, compared. */
export interface ScoreTable {
  /** The groups' names; shortened if they stay different. */
  readonly names: readonly string[];
  readonly groups: readonly Pick<Group, "project" | "name">[];
  /** By model and dataset. */
  readonly rows: readonly ScoreRow[];
  /** BLEU, chrF and COMET, then every other metric by name. */
  readonly metrics: readonly string[];
}

/** Titles of the main metrics; all are from 0 to 100. */
const TITLES = ["BLEU", "chrF", "COMET"];

/** Makes the table. If a group has two evaluations of one model on one dataset, the later one counts. */
export function compareScores(
  groups: readonly Pick<Group, "project" | "name" | "evaluations">[],
): ScoreTable {
  const rows = new Map<string, ScoreRow & { readonly scores: (Evaluation["metrics"] | undefined)[] }>();
  for (const [index, { evaluations }] of groups.entries()) {
    for (const { run: model, importer, dataset, augmentation, metrics } of evaluations) {
      const key = JSON.stringify([model, importer, dataset, augmentation]);
      const empty = Array<undefined>(groups.length).fill(undefined);
      const row = rows.get(key) ?? { model, importer, dataset, augmentation, scores: empty };
      row.scores[index] = metrics;
      rows.set(key, row);
    }
  }
  const order = (row: ScoreRow) => `${row.model} ${evaluationTitle(row)}`;
  return {
    names: namesOf(groups),
    groups: groups.map(({ project, name }) => ({ project, name })),
    rows: [...rows.values()].sort((one, other) => (order(one) < order(other) ? -1 : 1)),
    metrics: metricNames(groups.flatMap(({ evaluations }) => evaluations)),
  };
}

/** Prints the table. CSV and JSON have every metric, the others BLEU, chrF and COMET. */
export function scoreTableText(table: ScoreTable, format: CompareFormat): string {
  if (format === "json") return asJson(table);
  if (format === "csv") return asCsv(table);
  const names = table.names.map(escapeLine);
  const heads = ["model", "dataset", ...names.flatMap((name) => TITLES.map((title) => [name, title]))];
  const body = table.rows.map((row) => [
    escapeLine(row.model),
    escapeLine(evaluationTitle(row)),
    ...row.scores.flatMap((scores) => MAIN_METRICS.map((metric) => scores?.get(metric)?.toFixed(2) ?? "-")),
  ]);
  return format === "markdown" ? asMarkdown(heads, body) : asText(names, heads, body);
}

/** `fjord_ZowUk`: nearly always enough to distinguish groups. */
function namesOf(groups: readonly Pick<Group, "project" | "name">[]): string[] {
  const shorten = (name: string) => name.replace(/_([A-Za-z0-9_-]{5})[A-Za-z0-9_-]{17}$/, "_$1");
  const projects = new Set(groups.map(({ project }) => project));
  const named = (name: (group: Pick<Group, "name">) => string) =>
    groups.map((group) => (projects.size > 1 ? `${group.project}/${name(group)}` : name(group)));
  const short = named(({ name }) => shorten(name));
  return new Set(short).size === groups.length ? short : named(({ name }) => name);
}

type Head = string | readonly string[];

function asMarkdown(heads: readonly Head[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const titles = heads.map((head) => (typeof head === "string" ? head : head.join(" ")));
  const rule = heads.map((_, index) => (index < 2 ? "---" : "---:"));
  return `${[line(titles), line(rule), ...body.map(line)].join("\n")}\n`;
}

function asText(
  names: readonly string[],
  heads: readonly Head[],
  body: readonly (readonly string[])[],
): string {
  const titles = heads.map((head) => (typeof head === "string" ? head : (head[1] ?? "")));
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...body.map((row) => row[index]?.length ?? 0)),
  );
  const span = (first: number) =>
    widths.slice(first, first + TITLES.length).reduce((sum, width) => sum + width + 2, -2);
  // A name that is wider than its columns widens the first of them.
  for (const [index, name] of names.entries()) {
    const first = 2 + index * TITLES.length;
    widths[first] = (widths[first] ?? 0) + Math.max(0, name.length - span(first));
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ");
  const above = [
    ...widths.slice(0, 2).map((width) => " ".repeat(width)),
    ...names.map((name, index) => name.padStart(span(2 + index * TITLES.length))),
  ].join("  ");
  return `${[above, line(titles), ...body.map(line)].map((text) => text.trimEnd()).join("\n")}\n`;
}

function asCsv({ names, rows, metrics }: ScoreTable): string {
  const text = ["model", "importer", "dataset", "augmentation"].map(
    (name): Column => ({ name, type: "text", optional: true }),
  );
  const scores = names.flatMap((group) =>
    metrics.map((metric): Column => ({ name: `${group} ${metric}`, type: "float", optional: true })),
  );
  const columns = [...text, ...scores];
  const cells = rows.map(({ model, importer, dataset, augmentation, scores: found }) => [
    model,
    importer,
    dataset ?? "",
    augmentation ?? "",
    ...found.flatMap((group) => metrics.map((metric) => group?.get(metric))),
  ]);
  return csvHeader(columns) + csvRows(columns, cells);
}

function asJson({ names, groups, rows }: ScoreTable): string {
  const described = groups.map((group, index) => ({ label: names[index], ...group }));
  const plain = rows.map(({ scores, ...row }) => ({
    ...row,
    scores: scores.map((found) =>
      found === undefined
        ? null
        : Object.fromEntries([...found].map(([metric, score]) => [metric, finite(score)])),
    ),
  }));
  return jsonText({ groups: described, rows: plain });
}

/** JSON has no word for a number that is not finite. */
function finite(score: number): number | string {
  return Number.isFinite(score) ? score : JSON.parse(jsonNumber(score));
}
