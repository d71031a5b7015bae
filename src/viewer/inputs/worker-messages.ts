/** What the page and its reading thread say to each other. */
import type { ReportRun } from "../../report/report-data.js";

/** To the thread. One log at a time; `stop` ends it. */
export type WorkerQuestion =
  | {
      readonly type: "read";
      readonly core: BufferSource;
      readonly file: Blob;
      readonly source: string;
      readonly fromFolder: boolean;
    }
  | { readonly type: "stop" };

/** A file of a tar that may be a log or the scores of an evaluation. */
export interface WorkerMember {
  readonly name: string;
  readonly content: Blob;
}

/** From the thread: any number of times how much was read, then one of the others. */
export type WorkerAnswer =
  | { readonly type: "progress"; readonly bytes: number }
  | { readonly type: "tar"; readonly members: readonly WorkerMember[]; readonly problem?: string }
  | { readonly type: "run"; readonly run: ReportRun | undefined; readonly problem?: string }
  | { readonly type: "fault"; readonly reason: string };

/** What is said of a log whose reading the user stopped. */
export const STOPPED = "the reading was stopped before its end";

/** What is said of a file in which nothing of Marian's was found. */
export const NO_MEASUREMENT = "it holds no measurement of Marian's: is this a training log?";
