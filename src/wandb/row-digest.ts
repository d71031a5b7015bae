/** Tells whether the rows of a run are those of a log. */
import { crc32 } from "node:zlib";
import { type JsonObject, stringifyJson } from "./client/format/json.js";

/** Key of a run's summary that holds the checksum. */
export const DIGEST_KEY = "_marian_tracking";

/** A row as far as the checksum goes: neither its times, which a log without times doesn't have, nor its tables. */
interface DigestRow {
  readonly step: number;
  readonly values: JsonObject;
}

/**
 * A checksum over the rows of a run but the last, which may grow with the log. CRC-32, because it goes on from where
 * it stood: in a later run of the program too.
 */
export class RowDigest {
  #crc: number;
  #rows: number;
  /** The last row, which is not in the checksum yet. */
  #last: string | undefined;

  private constructor(crc: number, rows: number, last: string | undefined) {
    this.#crc = crc;
    this.#rows = rows;
    this.#last = last;
  }

  /** Of no rows. */
  static empty(): RowDigest {
    return new RowDigest(0, 0, undefined);
  }

  /** The checksum of the server's rows up to the given last one; undefined if the stored checksum covers other rows. */
  static of(
    summary: Readonly<Record<string, unknown>>,
    rows: number,
    last: DigestRow,
  ): RowDigest | undefined {
    const stored = storedDigest(summary);
    if (stored === undefined || stored.rows !== rows - 1) return undefined;
    return new RowDigest(Number.parseInt(stored.crc32, 16), stored.rows, textOf(last));
  }

  /** One that goes on from here and leaves this one where it is. */
  fork(): RowDigest {
    return new RowDigest(this.#crc, this.#rows, this.#last);
  }

  /** Adds the next row. */
  add(row: DigestRow): void {
    if (this.#last !== undefined) {
      this.#crc = crc32(this.#last, this.#crc);
      this.#rows += 1;
    }
    this.#last = textOf(row);
  }

  /** The last row has turned out to be another one. */
  replaceLast(row: DigestRow): void {
    this.#last = textOf(row);
  }

  /** Rows that are in the checksum. */
  get rows(): number {
    return this.#rows;
  }

  get crc32(): string {
    return this.#crc.toString(16).padStart(8, "0");
  }

  /** For the summary. */
  toJson(): string {
    return `${this.#rows} rows ${this.crc32}`;
  }
}

/** The checksum that a summary holds; undefined for a run of somebody else. */
export function storedDigest(
  summary: Readonly<Record<string, unknown>>,
): { readonly rows: number; readonly crc32: string } | undefined {
  const [, rows, crc] = /^(\d+) rows ([0-9a-f]{8})$/.exec(String(summary[DIGEST_KEY])) ?? [];
  return rows === undefined || crc === undefined ? undefined : { rows: Number(rows), crc32: crc };
}

/** With its keys in order: a server need not keep the one in which they came. Those with _ in front are W&B's own. */
function textOf({ step, values }: DigestRow): string {
  let text = String(step);
  for (const key of Object.keys(values).sort())
    if (!key.startsWith("_")) text += ` ${key} ${stringifyJson(values[key] ?? null)}`;
  return `${text}\n`;
}
