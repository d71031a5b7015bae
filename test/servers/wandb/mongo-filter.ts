import { parseRow } from "./json-lines.js";
import type { StoredRun } from "./store.js";

/** Whether a run answers a filter in the Mongo form that the W&B runs query takes. */
export function matches(run: StoredRun, filter: unknown): boolean {
  if (!isRecord(filter)) return true;
  return Object.entries(filter).every(([key, condition]) => {
    if (key === "$and") return list(condition).every((part) => matches(run, part));
    if (key === "$or") return list(condition).some((part) => matches(run, part));
    if (key === "$not") return !matches(run, condition);
    return holds(field(run, key), condition);
  });
}

function holds(value: unknown, condition: unknown): boolean {
  if (isRecord(condition) && Object.keys(condition).some((key) => key.startsWith("$"))) {
    return Object.entries(condition).every(([operator, operand]) => compare(value, operator, operand));
  }
  return equal(value, condition);
}

function compare(value: unknown, operator: string, operand: unknown): boolean {
  switch (operator) {
    case "$eq":
      return equal(value, operand);
    case "$ne":
      return !equal(value, operand);
    case "$in":
      return list(operand).some((item) => equal(value, item));
    case "$nin":
      return !list(operand).some((item) => equal(value, item));
    case "$regex":
      return typeof value === "string" && new RegExp(String(operand)).test(value);
    case "$exists":
      return (value !== undefined && value !== null) === (operand === true);
    case "$gt":
      return order(value, operand) > 0;
    case "$gte":
      return order(value, operand) >= 0;
    case "$lt":
      return order(value, operand) < 0;
    case "$lte":
      return order(value, operand) <= 0;
    default:
      throw new Error(`filter operator ${operator} is not known to the stand-in`);
  }
}

function order(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : Number(left > right);
  return Number.NaN;
}

function equal(value: unknown, wanted: unknown): boolean {
  return Array.isArray(value) ? value.includes(wanted) : value === wanted;
}

function field(run: StoredRun, key: string): unknown {
  const direct: Readonly<Record<string, unknown>> = {
    name: run.id,
    display_name: run.displayName,
    displayName: run.displayName,
    group: run.group,
    job_type: run.jobType,
    jobType: run.jobType,
    state: run.state,
    tags: run.tags,
    created_at: run.createdAt,
    createdAt: run.createdAt,
  };
  if (key in direct) return direct[key];
  const [area, ...path] = key.split(".");
  const start =
    area === "config" ? parseRow(run.config) : area === "summary_metrics" ? parseRow(run.summary) : undefined;
  if (start === undefined) throw new Error(`filter key ${key} is not known to the stand-in`);
  return path.reduce<unknown>((node, name) => (isRecord(node) ? node[name] : undefined), start);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
