/** The messages between the page and its worker. */
import type { ReportRun } from "../../report/report-data.js";

/** To the worker. It reads one file at a time; `stop` ends that. */
export type WorkerRequest =
  | {
      readonly type: "read";
      readonly core: BufferSource;
      readonly file: Blob;
      readonly source: string;
      readonly fromFolder: boolean;
    }
  | { readonly type: "stop" };

/** A file of a tar that may be a log or the scores of an evaluation. */
export interface TarMember {
  readonly name: string;
  readonly content: Blob;
}

/** Why there is nothing to show of a file. */
export type InputProblem =
  | { readonly code: "stopped" | "empty" | "empty-tar" | "no-marian-log" }
  | { readonly code: "unreadable"; readonly message: string };

/** From the worker: any number of times how much was read, then one of the others. */
export type WorkerAnswer =
  | { readonly type: "progress"; readonly bytes: number }
  | { readonly type: "tar"; readonly members: readonly TarMember[]; readonly problem?: InputProblem }
  | { readonly type: "run"; readonly run: ReportRun }
  | { readonly type: "no-run"; readonly problem: InputProblem };

const PROBLEMS = {
  stopped: "the reading was stopped before its end",
  empty: "the file is empty",
  "empty-tar": "the tar holds no log and no evaluation",
  "no-marian-log": "it contains no Marian measurements: is this a training log?",
} as const;

/** A problem as a sentence. */
export function problemText(problem: InputProblem): string {
  return problem.code === "unreadable" ? problem.message : PROBLEMS[problem.code];
}

/** The problem that an error is. */
export function unreadable(error: unknown): InputProblem {
  return { code: "unreadable", message: error instanceof Error ? error.message : String(error) };
}
