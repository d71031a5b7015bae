import type { JsonObject, JsonValue } from "../client/format/json.js";
import type { StreamName } from "../offline/delivery-state.js";
import { applyChanges, type OfflineEvent } from "../offline/offline-reader.js";
import type { ArtifactRecord, RunFile, RunRecord } from "../offline/records.js";
import type { LinePlacer } from "./line-placer.js";

/** Numbered lines: from the first to before `to`. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** The lines of one stream in a file. */
interface StreamContent {
  readonly records: number;
  /** In the order of the file; neighbours are one range. */
  readonly ranges: readonly LineRange[];
  readonly tooLong: number;
  /** Rows of updates that the server has already. */
  readonly repeated: number;
  readonly unplaced: number;
}

/** A run file and where it should be. */
interface LocalFile extends RunFile {
  readonly localPath: string;
}

/** An artifact, and the step of the history row that it belongs to (undefined: there was none before). */
export interface StepArtifact {
  readonly artifact: ArtifactRecord;
  readonly step: number | undefined;
}

/** Everything of an offline file but its lines. Its size does not depend on the number of rows. */
export interface RunContent {
  /** As the last record of it says. */
  readonly run: RunRecord;
  /** Whether there is such a record; else `run` says only what is known without one. */
  readonly recorded: boolean;
  readonly config: { readonly [key: string]: JsonValue | undefined };
  readonly summary: { readonly [key: string]: JsonValue | undefined };
  readonly lines: { readonly [name in StreamName]: StreamContent };
  readonly files: readonly LocalFile[];
  readonly artifacts: readonly StepArtifact[];
  /** The row of the last update that the server had already. Undefined if there is none. */
  readonly repeatedRow: JsonObject | undefined;
  /** Undefined when the writer was killed, still writes, or left the run running. */
  readonly exitCode: number | undefined;
  /** Whether the writer has closed the file, so that nothing more comes. */
  readonly closed: boolean;
  /** What is damaged or cut. */
  readonly faults: readonly string[];
}

/** A placer for each stream. */
export type Placers = { readonly [name in StreamName]: LinePlacer };

/**
 * Reads a whole file without keeping its lines. `run` stands in for a run record that can't be read; `anchorStep` is the
 * last step that the server had already.
 */
export async function readContent(
  events: AsyncIterable<OfflineEvent>,
  run: RunRecord,
  placers: Placers,
  anchorStep: number | null,
): Promise<RunContent> {
  const config: { [key: string]: JsonValue | undefined } = {};
  const summary: { [key: string]: JsonValue | undefined } = {};
  const ranges = { history: new RangeList(), events: new RangeList(), console: new RangeList() };
  const files = new Map<string, LocalFile>();
  const artifacts: { artifact: ArtifactRecord; step: number | undefined }[] = [];
  const faults: string[] = [];
  let lastRun = run;
  let recorded = false;
  let exitCode: number | undefined;
  let closed = false;
  let lastStep: number | undefined;
  let tablesWithoutRow = 0;
  let repeatedRow: JsonObject | undefined;
  for await (const event of events) {
    switch (event.kind) {
      case "run":
        lastRun = event.run;
        recorded = true;
        applyChanges(config, { update: event.run.config, remove: [] });
        break;
      case "config":
        applyChanges(config, event);
        break;
      case "summary":
        applyChanges(summary, event);
        break;
      case "history":
        ranges.history.add(placers.history.place(event.content, event.step));
        lastStep = event.step ?? lastStep;
        if (event.step !== undefined && event.step === anchorStep) repeatedRow = event.row;
        // The artifact of a table is written before the row that shows the table.
        for (const one of artifacts.slice(artifacts.length - tablesWithoutRow)) one.step = lastStep;
        tablesWithoutRow = 0;
        break;
      case "events":
      case "console":
        ranges[event.kind].add(placers[event.kind].place(event.content));
        break;
      case "file":
        files.set(event.file.path, { ...event.file, localPath: event.localPath });
        break;
      case "artifact":
        artifacts.push({ artifact: event.artifact, step: lastStep });
        tablesWithoutRow = event.artifact.type === "run_table" ? tablesWithoutRow + 1 : 0;
        break;
      case "exit":
        exitCode = event.exitCode;
        break;
      case "footer":
        closed = true;
        break;
      case "damage":
        for (const placer of Object.values(placers)) placer.damaged();
        faults.push(`the file is damaged at byte ${event.offset}: ${event.reason}`);
        break;
      case "cut":
        faults.push(
          `the file ends in the middle of a record (at byte ${event.offset}, ${event.bytes} bytes of it are there)`,
        );
        break;
    }
  }
  const content = (name: StreamName): StreamContent => ({
    records: placers[name].records,
    ranges: ranges[name].list,
    tooLong: placers[name].tooLong,
    repeated: placers[name].repeated,
    unplaced: placers[name].unplaced,
  });
  return {
    run: lastRun,
    recorded,
    config,
    summary,
    lines: { history: content("history"), events: content("events"), console: content("console") },
    files: [...files.values()],
    artifacts,
    repeatedRow,
    exitCode,
    closed,
    faults,
  };
}

/** Lines of some ranges that are not below `first`. */
export function linesFrom(ranges: readonly LineRange[], first: number): number {
  return ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, first)), 0);
}

/** The first line of some ranges that is not below `first`. Undefined if there is none. */
export function firstLineFrom(ranges: readonly LineRange[], first: number): number | undefined {
  const range = ranges.find(({ to }) => to > first);
  return range === undefined ? undefined : Math.max(range.from, first);
}

class RangeList {
  readonly list: { from: number; to: number }[] = [];

  add(line: number | undefined): void {
    if (line === undefined) return;
    const last = this.list.at(-1);
    if (last?.to === line) last.to += 1;
    else this.list.push({ from: line, to: line + 1 });
  }
}
