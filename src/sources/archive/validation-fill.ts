/** Fills in what a training's log lacks of Marian's log of validations, `valid.log`. */
import { nodeCore } from "../../node-core.js";
import type { Batch } from "../../parser/batch.js";
import { KIND, PRESENT } from "../../parser/layout.js";
import { LogParser } from "../../parser/log-parser.js";
import { decompress, InputError } from "../decompress.js";
import { readable, type Source } from "../source.js";
import { FilledLog, type Insertion } from "./filled-log.js";
import { linesOf, linesWith } from "./log-lines.js";

/** A record, or a start of Marian, by its place in a log. */
interface Mark {
  readonly line: number;
  /** Absent for a start of Marian. */
  readonly up?: number;
  /** Milliseconds, by a clock that two logs need not share; absent where the line has none. */
  readonly time?: number;
  readonly isUtc: boolean;
}

/**
 * The log with the validations that only the log of validations has, each where it belongs by its time, or by its
 * update where the two can't be compared. The log itself where it lacks none.
 *
 * A record is the same in both when epoch, update, metric and value are. Memory grows with the validations alone. What
 * can't be read of the log of validations is told by the source that is returned, at its end: it costs nothing else.
 */
export async function fillIn(log: Source, validationLog: Source): Promise<Source> {
  const validations = new Validations();
  const fault = await readBatches(validationLog, (batch) => validations.add(batch));
  // What has no validation need not be parsed for that.
  const lines = { chunks: () => linesWith("[valid] ", decompress(log.chunks())) };
  await readBatches(lines, (batch) => validations.remove(batch));
  const missing = validations.left;
  if (missing.length === 0 && fault === undefined) return log;
  const { insertions, length } = await place(missing, log, validationLog);
  return new FilledLog(
    log,
    insertions,
    length,
    fault === undefined ? undefined : faultOf(validationLog, fault),
  );
}

/** A validation of the log of validations. */
interface Validation {
  /** NaN where the record has none. */
  readonly epoch: number;
  readonly metric: string;
  readonly value: number;
  readonly mark: Mark;
  isLeft: boolean;
}

/** The validations that a log has, each once, in its order; less those that another has as well. */
class Validations {
  readonly #all: Validation[] = [];
  readonly #byUpdate = new Map<number, Validation[]>();

  get left(): Mark[] {
    return this.#all.filter(({ isLeft }) => isLeft).map(({ mark }) => mark);
  }

  add(batch: Batch): void {
    const { validation } = batch;
    for (let row = 0; row < validation.length; row += 1) {
      if (this.#find(batch, validation, row) !== undefined) continue;
      const mark = markOf(validation, row);
      const [epoch, metric, value] = [
        epochOf(validation, row),
        metricOf(batch, validation, row),
        validation.value[row] ?? 0,
      ];
      const one = { epoch, metric, value, mark, isLeft: true };
      const others = this.#byUpdate.get(mark.up ?? 0);
      if (others === undefined) this.#byUpdate.set(mark.up ?? 0, [one]);
      else others.push(one);
      this.#all.push(one);
    }
  }

  remove(batch: Batch): void {
    const { validation } = batch;
    for (let row = 0; row < validation.length; row += 1) {
      const found = this.#find(batch, validation, row);
      if (found !== undefined) found.isLeft = false;
    }
  }

  #find(batch: Batch, validation: Records, row: number): Validation | undefined {
    const ofUpdate = this.#byUpdate.get(validation.up[row] ?? 0);
    if (ofUpdate === undefined) return undefined;
    const value = validation.value[row] ?? 0;
    const epoch = epochOf(validation, row);
    const metric = metricOf(batch, validation, row);
    for (const one of ofUpdate) {
      if (one.metric === metric && isSame(one.value, value) && isSame(one.epoch, epoch)) return one;
    }
    return undefined;
  }
}

type Records = Batch["validation"];

function epochOf({ epoch, present }: Records, row: number): number {
  return (present[row] ?? 0) & PRESENT.epoch ? (epoch[row] ?? 0) : Number.NaN;
}

function metricOf(batch: Batch, { metric }: Records, row: number): string {
  return batch.metricName(metric[row] ?? 0);
}

/** Whether two numbers are the same, of which NaN is one. */
function isSame(one: number, other: number): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

/** Finds the line of the log before which each of the validations belongs. */
async function place(
  missing: readonly Mark[],
  log: Source,
  validationLog: Source,
): Promise<{ readonly insertions: readonly Insertion[]; readonly length: number }> {
  const texts = await textsOf(validationLog, missing);
  const insertions: Insertion[] = [];
  let next = 0;
  let line = 1;
  let lastUp = -1;
  const insertAt = (at: number) => {
    const text = texts.get(missing[next]?.line ?? 0);
    // Two records of one line come with it together.
    texts.delete(missing[next]?.line ?? 0);
    if (text !== undefined) insertions.push({ line: at, text });
    next += 1;
  };
  let length = 0;
  await readBatches(
    log,
    (batch) => {
      for (const mark of marksOf(batch)) {
        line = Math.max(line, mark.line);
        for (let one = missing[next]; one !== undefined && isBefore(one, mark, lastUp); one = missing[next])
          insertAt(line);
        lastUp = mark.up === undefined ? -1 : Math.max(lastUp, mark.up);
      }
    },
    (bytes) => {
      length += bytes;
    },
  );
  while (next < missing.length) insertAt(Number.POSITIVE_INFINITY);
  return { insertions, length };
}

/** Whether a validation belongs before a record or a start of the log. */
function isBefore(one: Mark, { up, time, isUtc }: Mark, lastUp: number): boolean {
  const isSameClock = one.time !== undefined && time !== undefined && one.isUtc === isUtc;
  if (isSameClock && one.time !== time) return (one.time ?? 0) < (time ?? 0);
  const ofOne = one.up ?? 0;
  // Before a new start comes what is no further than the one before it.
  return up === undefined ? isSameClock || ofOne <= lastUp : ofOne < up;
}

/** Training and validation records and starts of Marian in the order of the log. */
function* marksOf(batch: Batch): Generator<Mark> {
  const { training, validation, order, events } = batch;
  let trainingRow = 0;
  let validationRow = 0;
  let event = 0;
  for (const kind of order) {
    if (kind === KIND.training) yield markOf(training, trainingRow++);
    else if (kind === KIND.validation) yield markOf(validation, validationRow++);
    else {
      const found = events[event++];
      if (found?.kind === KIND.segment) yield { line: found.line, ...timeOf(found.present, found.timestamp) };
    }
  }
}

function markOf(columns: Batch["training"] | Batch["validation"], row: number): Mark {
  const { line, up, timestamp, present } = columns;
  return { line: line[row] ?? 0, up: up[row] ?? 0, ...timeOf(present[row] ?? 0, timestamp[row] ?? 0) };
}

function timeOf(present: number, timestamp: number): { readonly time?: number; readonly isUtc: boolean } {
  const isUtc = (present & PRESENT.utc) !== 0;
  return present & PRESENT.timestamp ? { time: timestamp, isUtc } : { isUtc };
}

/** The lines of the marks, with their line feed. */
async function textsOf(source: Source, marks: readonly Mark[]): Promise<Map<number, Uint8Array>> {
  const wanted = new Set(marks.map(({ line }) => line));
  const texts = new Map<number, Uint8Array>();
  if (wanted.size === 0) return texts;
  let line = 0;
  try {
    for await (const text of linesOf(decompress(source.chunks()))) {
      line += 1;
      if (wanted.has(line)) texts.set(line, text);
      if (texts.size === wanted.size) break;
    }
  } catch {
    // The same fault as when it was read first; what came before it is there.
  }
  return texts;
}

/** Reads a log to its end or its fault, and returns the fault. */
async function readBatches(
  source: Pick<Source, "chunks">,
  take: (batch: Batch) => void,
  count: (bytes: number) => void = () => {},
): Promise<unknown> {
  using parser = new LogParser(nodeCore());
  let fault: unknown;
  try {
    for await (const chunk of decompress(source.chunks())) {
      count(chunk.length);
      take(parser.feed(chunk));
    }
  } catch (error) {
    fault = error;
  }
  take(parser.finish());
  return fault;
}

function faultOf({ name }: Source, fault: unknown): InputError {
  const { message } = readable(fault);
  return new InputError(`the log of validations beside it, ${name}, could not be read: ${message}`, {
    cause: fault,
  });
}
