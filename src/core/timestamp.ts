/** Times of log lines as text. */
import { knownZone } from "./log-time-zone.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How times are written.
 *
 * Taskcluster prints UTC (`2023-09-16T12:39:01.105Z`); Marian prints the clock of its machine without a zone
 * (`2023-09-16T12:39:01`), to which a zone adds its offset (`2023-09-16T12:39:01+02:00`): the user's, else the
 * `log-time-zone` of the segment.
 */
export class TimestampFormat {
  readonly #given: Zone | undefined;
  /** By the number of the segment. */
  readonly #zones = new Map<number, Zone>();
  #day = Number.NaN;
  #date = "";

  /**
   * @param timeZone The zone of all segments, whatever their configuration says.
   * @throws RangeError if `timeZone` is not a name of the IANA database.
   */
  constructor(timeZone?: string) {
    this.#given = timeZone === undefined ? undefined : new Zone(timeZone);
  }

  /** Whether all segments have a zone, whatever their configuration says. */
  get isGiven(): boolean {
    return this.#given !== undefined;
  }

  /** Whether any segment has a zone. */
  get hasZones(): boolean {
    return this.#given !== undefined || this.#zones.size > 0;
  }

  /** Sets the zone of a segment, as its configuration calls it; one that does not exist is left out. */
  setZone(segment: number, zone: string | undefined): void {
    if (this.#given !== undefined || zone === undefined || this.#zones.has(segment)) return;
    const name = knownZone(zone);
    if (name !== undefined) this.#zones.set(segment, new Zone(name));
  }

  /** Whether the zone of Marian's clock is known. */
  isZoned(segment: number): boolean {
    return this.#zone(segment) !== undefined;
  }

  /** `timestamp` as text: milliseconds since 1970, UTC or a local clock read as if it were UTC. */
  format(timestamp: number, utc: boolean, segment: number): string {
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
    const zone = this.#zone(segment);
    return zone === undefined ? local : `${local}${offsetText(zone.offset(timestamp))}`;
  }

  /** Milliseconds since 1970 in UTC: a local clock is taken as UTC if no zone is known. */
  absolute(timestamp: number, utc: boolean, segment: number): number {
    const zone = utc ? undefined : this.#zone(segment);
    return zone === undefined ? timestamp : timestamp - zone.offset(timestamp);
  }

  #zone(segment: number): Zone | undefined {
    return this.#given ?? this.#zones.get(segment);
  }
}

/** A time of the log in milliseconds since 1970; a time without a zone is taken for UTC. */
export function instant(timestamp: string | undefined): number | undefined {
  if (timestamp === undefined) return undefined;
  const time = Date.parse(hasZone(timestamp) ? timestamp : `${timestamp}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a time of the log says its zone. */
export function hasZone(timestamp: string): boolean {
  return /(?:Z|[+-]\d\d:\d\d)$/.test(timestamp);
}

/** A zone of the IANA database, or a fixed offset. */
class Zone {
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #ahead: number;
  readonly #offsets = new Map<number, number>();

  /**
   * @param timeZone Its name, or milliseconds ahead of UTC.
   * @throws RangeError if there is no zone of that name.
   */
  constructor(timeZone: string | number) {
    this.#ahead = typeof timeZone === "number" ? timeZone : 0;
    if (typeof timeZone === "number") return;
    this.#format = new Intl.DateTimeFormat("en-US", {
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

  /** The offset in milliseconds when the zone's clock shows `local`. Of an hour that comes twice, the first. */
  offset(local: number): number {
    if (this.#format === undefined) return this.#ahead;
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

  /** The offset at an instant. */
  #offsetAt(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format?.formatToParts(new Date(instant)) ?? [])
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
