/** What a log says between its records: Marian's own words, and the last words of a process that dies. */
import { KIND, type LogEvent, PRESENT } from "../core/layout.js";

/** Kinds of marks, as the core names them. */
export const MARK_KINDS = [
  /** `Training started`. */
  "started",
  /** `Training finished`, in either spelling. */
  "finished",
  /** `Training interrupted (via signal).` */
  "interrupted",
  /** `Error: …` of Marian's. */
  "error",
  /** The process died without Marian's `Error:`: a signal, the scheduler, a library, a traceback. */
  "death",
  /** Marian says that the training diverged. */
  "diverged",
  /** An update was skipped, because its loss was NaN. */
  "skip",
  /** The factor of cost scaling is as low as it can be. */
  "scale",
  /** The learning rate was lowered. */
  "decay",
  /** A model was loaded. */
  "load",
  /** A model or a checkpoint is being saved. */
  "save",
  /** The validation set is being translated. */
  "translate",
  /** The validation set was translated, and is being scored. */
  "score",
  /** Training data are being read. */
  "data",
  /** OpusTrainer has fed all that its curriculum holds. */
  "fed",
] as const;

export type MarkKind = (typeof MARK_KINDS)[number];

/** One mark. */
export interface LogMark {
  readonly kind: MarkKind;
  /** Line of the log, from 1. */
  readonly line: number;
  readonly segment: number;
  /** Milliseconds on the log's own clock; absent if the line has no time. */
  readonly at: number | undefined;
  /** Whether that clock is UTC. */
  readonly utc: boolean;
  /** The update before it; absent if there is none. */
  readonly up: number | undefined;
  /** The line without what stands before. */
  readonly text: string;
}

/** The mark of an event; undefined if the event is of another kind. */
export function markOf({
  kind,
  line,
  segment,
  timestamp,
  up,
  present,
  texts,
}: LogEvent): LogMark | undefined {
  const [name, text = ""] = texts;
  const known = MARK_KINDS.find((candidate) => candidate === name);
  if (kind !== KIND.mark || known === undefined) return undefined;
  return {
    kind: known,
    line,
    segment,
    at: present & PRESENT.timestamp ? timestamp : undefined,
    utc: (present & PRESENT.utc) !== 0,
    up: present & PRESENT.up ? up : undefined,
    text,
  };
}
