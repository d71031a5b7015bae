/** Completes a training's log by Marian's log of validations, `valid.log`. */
import type { Batch } from "../../core/batch.js";
import { KIND } from "../../core/layout.js";
import { LogParser } from "../../core/log-parser.js";
import { InputError } from "../../io/input-error.js";
import { decompress } from "../../io/packed/decompress.js";
import type { Again } from "../../io/packed/recover.js";
import { readable, type Source } from "../../io/source.js";
import { nodeCore } from "../../node-core.js";
import { type Insertion, JoinedLog } from "./joined-log.js";
import { linesWith, takeLines } from "./lines.js";
import { type Mark, markOf, Sequence, timeOf, Validations } from "./records.js";

/**
 * Completes a training's log by Marian's log of validations: each validation that only the latter has comes where it
 * belongs by its time, or by its update if the two can't be compared. The log itself is returned if it lacks none.
 *
 * Two records are the same if epoch, update, metric and value are. Memory grows with the validations alone. An error of
 * the log of validations is thrown at the end of the source that is returned: it costs nothing else.
 */
export async function completeLog(training: Source, validation: Source | undefined): Promise<Source> {
  return validation === undefined ? training : await joinValidations(training, validation);
}

async function joinValidations(training: Source, validation: Source): Promise<Source> {
  const [log, validationLog] = [new CachedLog(training, validation), new CachedLog(validation)];
  // Other lines than validations need not be parsed here.
  const lines = { chunks: () => linesWith("[valid] ", decompress(log.chunks(), log.again)) };
  const sequence = new Sequence();
  const fault = await readBatches(validationLog, (batch) => sequence.add(batch));
  if (fault === undefined) {
    await readBatches(lines, (batch) => sequence.follow(batch));
    if (sequence.isFollowed) return log;
  }
  const validations = new Validations();
  await readBatches(validationLog, (batch) => validations.add(batch));
  await readBatches(lines, (batch) => validations.remove(batch));
  const missing = validations.left;
  if (missing.length === 0 && fault === undefined) return log;
  const { insertions, length } = await place(missing, log, validationLog);
  return new JoinedLog(
    log,
    insertions,
    length,
    fault === undefined ? undefined : faultOf(validationLog, fault),
  );
}

/** Finds for each validation the line of the log that it belongs before. */
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
    // A line with two records is inserted once.
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
  // Validations up to the last update of a start come before the next start.
  return up === undefined ? isSameClock || ofOne <= lastUp : ofOne < up;
}

/** Training records, validation records and starts of Marian in the order of the log. */
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

/** The lines of the marks, with their line feeds. */
async function textsOf(source: Source, marks: readonly Mark[]): Promise<Map<number, Uint8Array>> {
  const wanted = new Set(marks.map(({ line }) => line));
  const texts = new Map<number, Uint8Array>();
  if (wanted.size === 0) return texts;
  try {
    await takeLines(wanted, decompress(source.chunks(), source.again), texts);
  } catch {
    // The same error as in the first reading; the lines before it are there.
  }
  return texts;
}

/** Reads a log to its end or to an error, which is returned. */
async function readBatches(
  source: Pick<Source, "chunks" | "again">,
  take: (batch: Batch) => void,
  count: (bytes: number) => void = () => {},
): Promise<unknown> {
  using parser = new LogParser(nodeCore());
  let fault: unknown;
  try {
    for await (const chunk of decompress(source.chunks(), source.again)) {
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

/** Bytes; a longer log is read again each time. */
const MAX_LENGTH = 8 << 20;

/** A log as stored, whose bytes are kept after they were read to their end. */
class CachedLog implements Source {
  readonly name: string;
  readonly path?: string;
  readonly size?: number;
  readonly stamp?: string;
  readonly again?: Again | undefined;
  readonly #log: Source;
  readonly #other: Source | undefined;
  #kept: readonly Uint8Array[] | undefined;

  /** @param other A log that is read with it, and may change, too. */
  constructor(log: Source, other?: Source) {
    this.#log = log;
    this.#other = other;
    const { name, path, size, stamp } = log;
    this.name = name;
    if (path !== undefined) this.path = path;
    if (size !== undefined) this.size = size;
    if (stamp !== undefined) this.stamp = stamp;
    this.again = log.again;
  }

  get changed(): boolean {
    return this.#log.changed === true || this.#other?.changed === true;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#kept !== undefined) return yield* this.#kept;
    let chunks: Uint8Array[] | undefined = [];
    let length = 0;
    for await (const chunk of this.#log.chunks()) {
      length += chunk.length;
      if (length > MAX_LENGTH) chunks = undefined;
      chunks?.push(new Uint8Array(chunk));
      yield chunk;
    }
    this.#kept = chunks;
  }
}
