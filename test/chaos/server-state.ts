/** What a server of W&B holds after a command, read from its store and not from what the command says. */
import type { StandInServer, StoredRun } from "../servers/wandb/index.js";

/** What is held of a run. Times and random names are left out. */
export interface HeldRun {
  /** Rows with what a log says in them, in the order of their lines. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Tables of the summary by key: their rows, or why they can't be had. */
  readonly tables: Readonly<Record<string, unknown>>;
  /** Tables that rows refer to and that are not there. */
  readonly missing: readonly string[];
  readonly config: unknown;
  readonly console: readonly string[];
  /** Files that are neither tables nor pictures, by name. */
  readonly files: readonly string[];
  readonly group: string | null;
}

/** What the server holds, by `project/id`. */
export function heldBy(server: StandInServer): Map<string, HeldRun> {
  return new Map(
    [...server.store.runs.values()].map((run) => [`${run.project}/${run.id}`, heldRun(server, run)]),
  );
}

function heldRun(server: StandInServer, run: StoredRun): HeldRun {
  const history = server.history(run.project, run.id);
  const summary = JSON.parse(run.summary) as Record<string, unknown>;
  const tables = Object.entries(summary).flatMap(([key, value]) => {
    const path = tablePath(value);
    return path === undefined ? [] : [[key, tableOf(run, path)] as const];
  });
  const missing = history.flatMap((row) =>
    Object.values(row).flatMap((value) => {
      const path = tablePath(value);
      return path !== undefined && !isThere(run, path) ? [path] : [];
    }),
  );
  const config = JSON.parse(run.config) as Record<string, unknown>;
  return {
    rows: history.map(measured).filter((row) => Object.keys(row).length > 1),
    tables: Object.fromEntries(tables.sort(([a], [b]) => (a < b ? -1 : 1))),
    missing,
    config: Object.fromEntries(Object.entries(config).filter(([key]) => key !== "_wandb")),
    console: run.lines["output.log"].map((line) => line.replace(/^\S+ /, "")),
    files: [...run.visible].filter((name) => !name.startsWith("media/")).sort(),
    group: run.group,
  };
}

/** A row without the marks of its time and without what is no number. */
function measured(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([key, value]) => typeof value === "number" && key !== "_timestamp" && key !== "_runtime",
    ),
  );
}

function tablePath(value: unknown): string | undefined {
  const { _type, path } = (value ?? {}) as { _type?: unknown; path?: unknown };
  return _type === "table-file" && typeof path === "string" ? path : undefined;
}

function isThere(run: StoredRun, path: string): boolean {
  return run.visible.has(path) && run.uploads.has(path);
}

function tableOf(run: StoredRun, path: string): unknown {
  if (!isThere(run, path)) return `${path} is not there`;
  const { columns, data } = JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "") as {
    columns: unknown;
    data: readonly unknown[];
  };
  return { columns, data: data.map((row) => JSON.stringify(row)).sort() };
}
