/** What became of one input, and whether it went well. */
import type { Death } from "../check/course-check.js";
import type { TrainingSummary } from "../check/training-summary.js";
import type { Note, PublisherOutcome } from "../publishers/update-publisher.js";
import type { RunTally } from "../run/run-reader.js";

/** What was read of one input and what its publishers did with it. */
export interface InputReceipt extends RunTally {
  source: string;
  /** Why the input could not be read, or not to its end. */
  error?: string;
  /** The error is of the file system or a server, not of the log's content: the next reading may end otherwise. */
  unread?: true;
  /** The log changed while it was read: a training is writing it, so its last record may be missing. */
  running?: true;
  /** What the training's process printed when it died; absent if it did not, or nobody saw it. */
  death?: Death;
  /** How the training is doing; absent if the log has no record. */
  summary?: TrainingSummary;
  /** What became of it at each publisher, in the order in which they finished. */
  publishers: PublisherResult[];
}

/** What one publisher did with an input. */
export interface PublisherResult
  extends Pick<PublisherOutcome, "outputs" | "nothingWritten" | "offlineFiles" | "notes" | "json"> {
  /** The publisher's name. */
  readonly name: string;
  /** Why not everything was published; empty if it was. */
  readonly errors: readonly string[];
  /** The publisher takes further inputs, so its errors are those of the command. */
  readonly shared?: true;
}

/** The errors of an input's own publishers, each with the publisher's name. */
export function publisherErrors({ publishers }: Pick<InputReceipt, "publishers">): string[] {
  return publishers.flatMap(({ name, errors, shared }) =>
    shared === true ? [] : errors.map((error) => `${name}: ${error}`),
  );
}

/** The notes of the publishers, each with the publisher's name. */
export function publisherNotes({ publishers }: Pick<InputReceipt, "publishers">): Note[] {
  return publishers.flatMap(({ name, notes = [] }) =>
    notes.map((note) => ({ ...note, text: `${name}: ${note.text}` })),
  );
}

/** The fields that the publishers add to the receipt as JSON. */
export function fieldsOf({ publishers }: Pick<InputReceipt, "publishers">): Record<string, unknown> {
  return Object.assign({}, ...publishers.map(({ json }) => json));
}

/** The files and pages that the publishers wrote. */
export function outputsOf({ publishers }: Pick<InputReceipt, "publishers">): string[] {
  return publishers.flatMap(({ outputs }) => outputs);
}

/** Whether a publisher left the files of an earlier run as they are, because nothing was measured. */
export function nothingWritten({ publishers }: Pick<InputReceipt, "publishers">): boolean {
  return publishers.some((result) => result.nothingWritten === true);
}

/** Whether anything was measured. */
export function hasMeasurement({ counts }: Pick<InputReceipt, "counts">): boolean {
  return counts.training + counts.validation + counts.patterns > 0;
}

/** Whether the log shows that its training died or ended before its limits, or shows no training. */
export function isUnfinished({ death, summary, counts }: InputReceipt): boolean {
  const { state = "finished" } = summary ?? {};
  return death !== undefined || state !== "finished" || !hasMeasurement({ counts });
}

/** Says what is wrong with an input; undefined if nothing is. */
export function problem(
  receipt: Pick<InputReceipt, "counts"> & Partial<Pick<InputReceipt, "source" | "error" | "death">>,
  strict: boolean,
): string | undefined {
  const { error, counts } = receipt;
  if (error !== undefined) return error;
  if (counts.bytes === 0) return "the input is empty";
  if (!hasMeasurement(receipt)) {
    if (receipt.death !== undefined)
      return `the training died before its first update, line ${receipt.death.line}: ${receipt.death.text}`;
    return "it contains no Marian measurements: is this a training log?";
  }
  if (strict && counts.unmatched > 0)
    return `${counts.unmatched.toLocaleString("en-US")} ${counts.unmatched === 1 ? "line" : "lines"} could not be read (--strict)`;
  return undefined;
}
