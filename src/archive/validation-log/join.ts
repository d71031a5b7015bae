/** Completes a training's log by Marian's log of validations, `valid.log`. */
import type { Batch } from "../../core/batch.js";
import { KIND, PRESENT } from "../../core/layout.js";
import { LendingParser } from "../../core/lending-parser.js";
import { InputError } from "../../io/input-error.js";
import type { LocalBytes } from "../../io/local-file.js";
import { decompress } from "../../io/packed/decompress.js";
import type { Again } from "../../io/packed/recover.js";
import { readable, type Source } from "../../io/source.js";
import { nodeCore } from "../../node-core.js";
import { type Insertion, JoinedLog } from "./joined-log.js";
import { LineSearch, linesWith, takeLines } from "./lines.js";
import { type Marks, Validations } from "./records.js";

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
  if (await hasAllLines(log, validationLog)) return log;
  // Other lines than validations need not be parsed here.
  const lines = { chunks: () => linesWith("[valid] ", decompress(log.chunks(), log.again)) };
  const validations = new Validations();
  const fault = await readBatches(validationLog, (batch) => validations.add(batch));
  await readBatches(lines, (batch) => validations.remove(batch));
  const missing = validations.left;
  if (missing.line.length === 0 && fault === undefined) return log;
  const { insertions, length } = await place(missing, log, validationLog);
  return new JoinedLog(
    log,
    insertions,
    length,
    fault === undefined ? undefined : faultOf(validationLog, fault),
  );
}

/**
 * Whether a log has every line of its log of validations, in their order: Marian writes the same line to both. False if
 * that can't be told without parsing them.
 */
async function hasAllLines(log: CachedLog, validationLog: CachedLog): Promise<boolean> {
  try {
    const lines = await wholeText(validationLog);
    const search = lines && LineSearch.for(lines, "[valid] ");
    if (search === undefined) return false;
    for await (const chunk of decompress(log.chunks(), log.again)) search.take(chunk);
    return search.isDone;
  } catch {
    return false;
  }
}

/** The text of a log; undefined if it is too long to be kept. */
async function wholeText(log: CachedLog): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of decompress(log.chunks(), log.again)) {
    length += chunk.length;
    if (length > MAX_LENGTH) return undefined;
    chunks.push(new Uint8Array(chunk));
  }
  return Buffer.concat(chunks);
}

/** Finds for each validation the line of the log that it belongs before. */
async function place(
  missing: Marks,
  log: Source,
  validationLog: Source,
): Promise<{ readonly insertions: readonly Insertion[]; readonly length: number }> {
  const texts = await textsOf(validationLog, missing);
  const insertions: Insertion[] = [];
  let next = 0;
  let line = 1;
  let lastUp = -1;
  const insertAt = (at: number) => {
    const text = texts.get(missing.line[next] ?? 0);
    // A line with two records is inserted once.
    texts.delete(missing.line[next] ?? 0);
    if (text !== undefined) insertions.push({ line: at, text });
    next += 1;
  };
  /** @param up -1 for a start of Marian. */
  const pass = (at: number, up: number, present: number, timestamp: number) => {
    line = Math.max(line, at);
    const time = present & PRESENT.timestamp ? timestamp : Number.NaN;
    const isUtc = (present & PRESENT.utc) !== 0;
    while (next < missing.line.length && isBefore(missing, next, up, time, isUtc, lastUp)) insertAt(line);
    lastUp = up < 0 ? -1 : Math.max(lastUp, up);
  };
  let length = 0;
  await readBatches(
    log,
    ({ training, validation, order, events }) => {
      let [trainingRow, validationRow, event] = [0, 0, 0];
      for (let at = 0; at < order.length && next < missing.line.length; at += 1) {
        const kind = order[at];
        if (kind === KIND.training || kind === KIND.validation) {
          const isTraining = kind === KIND.training;
          const row = isTraining ? trainingRow++ : validationRow++;
          const records = isTraining ? training : validation;
          pass(
            records.line[row] ?? 0,
            records.up[row] ?? 0,
            records.present[row] ?? 0,
            records.timestamp[row] ?? 0,
          );
        } else {
          const found = events[event++];
          if (found?.kind === KIND.segment) pass(found.line, -1, found.present, found.timestamp);
        }
      }
    },
    (bytes) => {
      length += bytes;
    },
  );
  while (next < missing.line.length) insertAt(Number.POSITIVE_INFINITY);
  return { insertions, length };
}

/** Whether a validation belongs before a record, or a start of the log if `up` is negative. */
function isBefore(
  { up: ups, time: times, isUtc: areUtc }: Marks,
  index: number,
  up: number,
  time: number,
  isUtc: boolean,
  lastUp: number,
): boolean {
  const ofOne = times[index] ?? Number.NaN;
  const isSameClock = !Number.isNaN(ofOne) && !Number.isNaN(time) && areUtc[index] === isUtc;
  if (isSameClock && ofOne !== time) return ofOne < time;
  const upOfOne = ups[index] ?? 0;
  // Validations up to the last update of a start come before the next start.
  return up < 0 ? isSameClock || upOfOne <= lastUp : upOfOne < up;
}

/** The lines of the marks, with their line feeds. */
async function textsOf(source: Source, { line }: Marks): Promise<Map<number, Uint8Array>> {
  const wanted = new Set(line);
  const texts = new Map<number, Uint8Array>();
  if (wanted.size === 0) return texts;
  try {
    await takeLines(wanted, decompress(source.chunks(), source.again), texts);
  } catch {
    // The same error as in the first reading; the lines before it are there.
  }
  return texts;
}

/** Reads a log to its end or to an error, which is returned. A batch holds until `take` returns. */
async function readBatches(
  source: Pick<Source, "chunks" | "again">,
  take: (batch: Batch) => void,
  count: (bytes: number) => void = () => {},
): Promise<unknown> {
  using parser = new LendingParser(nodeCore());
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
    // Most logs are short files of this machine: to wait for each chunk costs more than the reading.
    const bytes = readAtOnce(log);
    if (bytes !== undefined) this.#kept = [bytes];
  }

  get changed(): boolean {
    return this.#log.changed === true || this.#other?.changed === true;
  }

  openLocal(): LocalBytes | undefined {
    const [bytes, ...more] = this.#kept ?? [];
    return bytes === undefined || more.length > 0 ? undefined : new BytesInMemory(bytes);
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

/** The bytes of a short file of this machine; undefined if the log is something else, or can't be read to its end. */
function readAtOnce(log: Source): Uint8Array | undefined {
  using file = log.openLocal?.();
  if (file === undefined || file.size > MAX_LENGTH) return undefined;
  // There is room for what a training adds meanwhile.
  const bytes = Buffer.allocUnsafeSlow(file.size + (1 << 16));
  let length = 0;
  try {
    for (;;) {
      const read = file.read(bytes.subarray(length));
      length += read;
      if (length === bytes.length) return undefined;
      if (read === 0) return bytes.subarray(0, length);
    }
  } catch {
    // Who reads it again says why.
    return undefined;
  }
}

/** Bytes that are read like a file. */
class BytesInMemory implements LocalBytes {
  readonly size: number;
  #left: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.size = bytes.length;
    this.#left = bytes;
  }

  read(into: Uint8Array): number {
    const part = this.#left.subarray(0, into.length);
    into.set(part);
    this.#left = this.#left.subarray(part.length);
    return part.length;
  }

  [Symbol.dispose](): void {}
}
