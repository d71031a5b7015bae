/** Collects findings: a log that is broken in every line gives a bounded list. */
import type { TimestampFormat } from "../core/timestamp.js";
import type { Finding, FindingDetails, FindingKind, LogPosition, Severity } from "./finding.js";

/** Of each kind and severity so many are listed; the others are counted in one last finding. */
const MOST = 100;

/** The findings of one run. */
export class Findings {
  readonly #time: TimestampFormat;
  readonly #kinds: ReadonlySet<FindingKind>;
  readonly #list: Finding[] = [];
  readonly #counts = new Map<
    string,
    { kind: FindingKind; severity: Severity; count: number; last: LogPosition }
  >();

  constructor(time: TimestampFormat, kinds: ReadonlySet<FindingKind>) {
    this.#time = time;
    this.#kinds = kinds;
  }

  readonly report = (
    position: LogPosition,
    { kind, severity, metric, words, numbers = {} }: FindingDetails,
  ): void => {
    if (!this.#kinds.has(kind)) return;
    const key = `${kind} ${severity}`;
    const known = this.#counts.get(key) ?? { kind, severity, count: 0, last: position };
    this.#counts.set(key, known);
    known.count += 1;
    if (known.count > MOST) {
      known.last = { ...position };
      return;
    }
    const { line, segment, at, utc, epoch, up } = position;
    this.#list.push(
      Object.freeze({
        kind,
        severity,
        line,
        segment,
        ...(at === undefined ? {} : { timestamp: this.#time.format(at, utc, segment) }),
        ...(epoch === undefined ? {} : { epoch }),
        ...(up === undefined ? {} : { up }),
        ...(metric === undefined ? {} : { metric }),
        words,
        numbers: Object.freeze(numbers),
      }),
    );
  };

  /** All findings in the order of the log. */
  list(): readonly Finding[] {
    for (const { kind, severity, count, last } of [...this.#counts.values()]) {
      const more = count - MOST;
      if (more <= 0) continue;
      this.#counts.delete(`${kind} ${severity}`);
      this.report(last, {
        kind,
        severity,
        words: `${more} more findings of this kind, up to this line`,
        numbers: { findings: more },
      });
    }
    return this.#list.sort((one, other) => one.line - other.line);
  }
}
