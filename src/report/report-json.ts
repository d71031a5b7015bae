/** A report as JSON, and back. */
import { decodeTable, encodeTable, type TableCode } from "./column-code.js";
import type { ReportData, ReportEvaluation, ReportRun } from "./report-data.js";
import type { Table } from "./table.js";

/** Incremented when older pages can't read the data any more. */
const VERSION = 1;

type Tables = readonly (readonly [string, TableCode])[];

interface RunCode extends Omit<ReportRun, "training" | "validation" | "patterns"> {
  readonly training: TableCode;
  readonly validation: Tables;
  readonly patterns: Tables;
}

interface EvaluationCode extends Omit<ReportEvaluation, "metrics"> {
  readonly metrics: readonly (readonly [string, number | string])[];
}

interface ReportCode extends Omit<ReportData, "runs" | "evaluations"> {
  readonly version: number;
  readonly runs: readonly RunCode[];
  readonly evaluations: readonly EvaluationCode[];
}

/** The report as JSON. Numbers that JSON lacks become strings: `"NaN"`. */
export function reportToJson(data: ReportData): string {
  const code: ReportCode = {
    version: VERSION,
    ...data,
    runs: data.runs.map((run) => ({
      ...run,
      training: encodeTable(run.training),
      validation: encodeTables(run.validation),
      patterns: encodeTables(run.patterns),
    })),
    evaluations: data.evaluations.map((evaluation) => ({ ...evaluation, metrics: [...evaluation.metrics] })),
  };
  return JSON.stringify(code, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

/** @throws Error with a message for the user if the text is not a report. */
export function reportFromJson(text: string): ReportData {
  const { version, ...code } = JSON.parse(text) as ReportCode;
  if (version !== VERSION) throw new Error(`the data has version ${version}, this page reads ${VERSION}`);
  return {
    ...code,
    runs: code.runs.map((run) => ({
      ...run,
      training: decodeTable(run.training),
      validation: decodeTables(run.validation),
      patterns: decodeTables(run.patterns),
      findings: run.findings.map((finding) => ({ ...finding, numbers: numbersOf(finding.numbers) })),
    })),
    evaluations: code.evaluations.map((evaluation) => ({
      ...evaluation,
      metrics: new Map(evaluation.metrics.map(([name, value]) => [name, Number(value)] as const)),
    })),
  };
}

/** The numbers of a finding: those that JSON lacks are strings. */
function numbersOf(numbers: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
}

function encodeTables(tables: ReadonlyMap<string, Table>): Tables {
  return [...tables].map(([name, table]) => [name, encodeTable(table)] as const);
}

function decodeTables(tables: Tables): ReadonlyMap<string, Table> {
  return new Map(tables.map(([name, table]) => [name, decodeTable(table)] as const));
}
