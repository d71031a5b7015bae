/** Times of log lines as text. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How times are written.
 *
 * Taskcluster prints UTC (`2023-09-16T12:39:01.105Z`); Marian prints the clock of its machine without a zone
 * (`2023-09-16T12:39:01`), to which a zone that the user knows adds its offset (`2023-09-16T12:39:01+02:00`).
 */
export class TimestampFormat {
  readonly #zone: Intl.DateTimeFormat | undefined;
  readonly #offsets = new Map<number, number>();
  #day = Number.NaN;
  #date = "";

  /** @throws RangeError when `timeZone` is no name of the IANA database. */
  constructor(timeZone?: string) {
    if (timeZone === undefined) return;
    this.#zone = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  }

  /** `timestamp` as text: milliseconds since 1970, UTC or a local clock read as if it were UTC. */
  format(timestamp: number, utc: boolean): string {
    const day = Math.floor(timestamp / DAY);
    if (day !== this.#day) {
      // Lines come by the million and days by the dozen.
      this.#day = day;
      this.#date = new Date(timestamp).toISOString().slice(0, 11);
    }
    const rest = timestamp - day * DAY;
    const seconds = Math.floor(rest / 1000);
    const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    const local = this.#date + clock;
    if (utc) return `${local}.${String(Math.floor(rest) % 1000).padStart(3, "0")}Z`;
    return this.#zone === undefined ? local : `${local}${offsetText(this.#offset(timestamp))}`;
  }

  /** Milliseconds since 1970 in UTC: a local clock is taken as UTC where no zone is known. */
  absolute(timestamp: number, utc: boolean): number {
    return utc || this.#zone === undefined ? timestamp : timestamp - this.#offset(timestamp);
  }

  /** The zone's offset in milliseconds when its clock shows `local`. Of an hour that comes twice, the first. */
  #offset(local: number): number {
    // Offsets change on quarters of an hour, so one answer serves all times of the same quarter.
    const quarter = Math.floor(local / (HOUR / 4));
    let offset = this.#offsets.get(quarter);
    if (offset === undefined) {
      const before = this.#offsetAt(local - 24 * HOUR);
      offset = this.#offsetAt(local - before) === before ? before : this.#offsetAt(local + 24 * HOUR);
      this.#offsets.set(quarter, offset);
    }
    return offset;
  }

  /** The zone's offset at an instant. */
  #offsetAt(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#zone?.formatToParts(new Date(instant)) ?? [])
      parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
  }
}

function offsetText(offset: number): string {
  const minutes = Math.abs(Math.round(offset / 60_000));
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
