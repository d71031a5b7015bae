/** Evaluations side by side. */

import type { Group } from "../../archive/group.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { type DatasetName, evaluationTitle } from "../../evaluation/naming/dataset.js";
import { MAIN_METRICS, metricNames } from "../../evaluation/scores.js";
import { escapeLine } from "../../io/escape.js";
import type { Column } from "../../publishers/tables/columns.js";
import { csvHeader, csvRows } from "../../publishers/tables/row-text.js";
import { type ComparedValue, compareValues } from "../../report/run-comparison.js";
import { betterOf } from "../../run/better.js";
import { markdownCell, markdownTable, markdownValue, sideBySide, valueParts } from "./table-text.js";

/** Evaluations that have a column: those of a group, or of a folder, a file or a report. */
export interface ScoreSource extends Pick<Group, "name" | "evaluations"> {
  /** Absent if it is unknown. */
  readonly project?: string;
}

/** A model on a dataset. */
interface ScoreRow extends DatasetName {
  readonly model: string;
  /** For each column, its scores; undefined if it has none. */
  readonly scores: readonly (ReadonlyMap<string, ComparedValue> | undefined)[];
}

/** Evaluations, compared. */
export interface ScoreTable {
  /** The names of the columns; those of groups are shortened if they stay different. */
  readonly names: readonly string[];
  readonly sources: readonly Pick<ScoreSource, "project" | "name">[];
  /** By model and dataset. */
  readonly rows: readonly ScoreRow[];
  /** BLEU, chrF and COMET, then every other metric by name. */
  readonly metrics: readonly string[];
}

/** Titles of the main metrics; all are from 0 to 100. */
const TITLES = ["BLEU", "chrF", "COMET"];

/**
 * Makes the table; differences are to the first column. If a column has two evaluations of one model on one dataset,
 * the later one counts.
 */
export function compareScores(sources: readonly ScoreSource[]): ScoreTable {
  const metrics = metricNames(sources.flatMap(({ evaluations }) => evaluations));
  const rows = new Map<string, { title: DatasetName & { model: string }; found: Evaluation["metrics"][] }>();
  for (const [index, { evaluations }] of sources.entries()) {
    for (const { run: model, importer, dataset, augmentation, metrics: scores } of evaluations) {
      const key = JSON.stringify([model, importer, dataset, augmentation]);
      const row = rows.get(key) ?? { title: { model, importer, dataset, augmentation }, found: [] };
      row.found[index] = scores;
      rows.set(key, row);
    }
  }
  const compared = [...rows.values()].map(({ title, found }): ScoreRow => {
    const scores = sources.map((_, index) => (found[index] ? new Map<string, ComparedValue>() : undefined));
    for (const metric of metrics) {
      const values = sources.map((_, index) => {
        const value = found[index]?.get(metric);
        return value === undefined ? undefined : { value };
      });
      for (const [index, value] of compareValues(values, betterOf(metric)).entries())
        if (value !== undefined) scores[index]?.set(metric, value);
    }
    return { ...title, scores };
  });
  const order = (row: ScoreRow) => `${row.model} ${evaluationTitle(row)}`;
  return {
    names: namesOf(sources),
    sources: sources.map(({ project, name }) => ({ ...(project === undefined ? {} : { project }), name })),
    rows: compared.sort((one, other) => (order(one) < order(other) ? -1 : 1)),
    metrics,
  };
}

/** The table for people: BLEU, chrF and COMET. */
export function scoreText({ names, rows }: ScoreTable, width: number): string {
  const labels = [
    { head: "model", cells: rows.map(({ model }) => escapeLine(model)), once: true },
    { head: "dataset", cells: rows.map((row) => escapeLine(evaluationTitle(row))) },
  ];
  const columns = names.map((name, index) => ({
    name: escapeLine(name),
    parts: MAIN_METRICS.flatMap((metric, at) =>
      valueParts(
        TITLES[at] ?? "",
        rows.map(({ scores }) => rounded(scores[index]?.get(metric))),
      ),
    ),
  }));
  return sideBySide(labels, columns, width);
}

/** The same as Markdown. */
export function scoreMarkdown({ names, rows }: ScoreTable): string {
  const heads = ["model", "dataset", ...names.flatMap((name) => TITLES.map((title) => `${name} ${title}`))];
  const body = rows.map((row) => [
    markdownCell(row.model),
    markdownCell(evaluationTitle(row)),
    ...row.scores.flatMap((scores) =>
      MAIN_METRICS.map((metric) => markdownValue(rounded(scores?.get(metric)))),
    ),
  ]);
  return markdownTable(heads.map(markdownCell), body, 2);
}

/** CSV with every metric. */
export function scoreCsv({ names, rows, metrics }: ScoreTable): string {
  const text = ["model", "importer", "dataset", "augmentation"].map(
    (name): Column => ({ name, type: "text", optional: true }),
  );
  const scores = names.flatMap((name) =>
    metrics.map((metric): Column => ({ name: `${name} ${metric}`, type: "float", optional: true })),
  );
  const columns = [...text, ...scores];
  const cells = rows.map(({ model, importer, dataset, augmentation, scores: found }) => [
    model,
    importer,
    dataset ?? "",
    augmentation ?? "",
    ...found.flatMap((column) => metrics.map((metric) => column?.get(metric)?.value)),
  ]);
  return csvHeader(columns) + csvRows(columns, cells);
}

/** Plain objects for JSON, with every metric. */
export function scoreObjects({ names, sources, rows }: ScoreTable): { groups: object[]; rows: object[] } {
  return {
    groups: sources.map(({ project, name }, index) => ({
      label: names[index],
      project: project ?? null,
      name,
    })),
    rows: rows.map(({ scores, ...row }) => {
      const each = <Value>(read: (value: ComparedValue) => Value | undefined) =>
        scores.map((found) => {
          if (found === undefined) return null;
          const entries = [...found].map(([metric, value]) => [metric, read(value)] as const);
          return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
        });
      return {
        ...row,
        scores: each(({ value }) => value),
        differences: each(({ difference }) => difference),
        best: each(({ isBest }) => isBest || undefined),
      };
    }),
  };
}

/** Two decimals are as much as anybody compares. */
function rounded(value: ComparedValue | undefined): ComparedValue | undefined {
  if (value === undefined) return undefined;
  const short = (number: number) => Number(number.toFixed(2));
  const { difference } = value;
  return {
    ...value,
    value: short(value.value),
    ...(difference === undefined ? {} : { difference: short(difference) }),
  };
}

/** `fjord_ZowUk`: nearly always enough to distinguish groups. */
function namesOf(sources: readonly ScoreSource[]): string[] {
  const shorten = (name: string) => name.replace(/_([A-Za-z0-9_-]{5})[A-Za-z0-9_-]{17}$/, "_$1");
  const projects = new Set(sources.flatMap(({ project }) => project ?? []));
  const named = (name: (source: ScoreSource) => string) =>
    sources.map((source) =>
      projects.size > 1 && source.project !== undefined ? `${source.project}/${name(source)}` : name(source),
    );
  const short = named(({ name }) => shorten(name));
  return new Set(short).size === sources.length ? short : named(({ name }) => name);
}
