/** Checks one run while it is read. Memory does not grow with the log. */
import { KIND, type LogEvent, PRESENT } from "../core/layout.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { type LogMark, markOf } from "../run/log-mark.js";
import type { RunUpdate } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";
import { type CheckOptions, thresholds } from "./check-options.js";
import { CollapseCheck } from "./collapse-check.js";
import { CourseCheck, type Death, type PartSoFar, type TrainingState } from "./course-check.js";
import { DivergenceCheck } from "./divergence-check.js";
import { type Finding, type FindingKind, FindingList, type LogPosition } from "./finding.js";
import { GapCheck } from "./gap-check.js";
import { NonFiniteCheck } from "./non-finite-check.js";
import { OrderCheck } from "./order-check.js";
import { RecordReader } from "./records.js";
import { readSchedule, type Schedule, trains } from "./schedule.js";
import { StallCheck } from "./stall-check.js";
import { ThroughputCheck } from "./throughput-check.js";

/** A log full of errors must not fill the memory. */
const MAX_PENDING = 1000;

/** Takes the updates of one run and returns the findings at its end. The parser must look for marks. */
export class RunChecker {
  readonly #findings: FindingList;
  readonly #nonFinite: NonFiniteCheck;
  readonly #divergence: DivergenceCheck;
  readonly #stall: StallCheck;
  readonly #gap: GapCheck;
  readonly #throughput: ThroughputCheck;
  readonly #collapse: CollapseCheck;
  readonly #order: OrderCheck;
  readonly #course: CourseCheck;
  /** The checks of each row, but for those whose findings nobody wants. */
  readonly #ofTraining: readonly Pick<GapCheck, "training">[];
  readonly #ofValidation: readonly Pick<GapCheck, "validation">[];
  readonly #closed: () => boolean;
  readonly #running: () => boolean;
  /** Marks after the last record. A start of Marian comes late, when its configuration has ended. */
  #pending: LogMark[] = [];
  readonly #records = new RecordReader();
  #schedule: Schedule | undefined;
  #position: LogPosition = {
    line: 1,
    segment: 0,
    at: undefined,
    utc: false,
    epoch: undefined,
    up: undefined,
  };
  #lines = 0;
  #unmatched = 0;
  #shown = 0;

  /** @param time That of the parser which reads the log. */
  constructor(time: TimestampFormat, options: CheckOptions = {}) {
    const limits = thresholds(options);
    this.#findings = new FindingList(time, limits.kinds);
    const { report } = this.#findings;
    this.#nonFinite = new NonFiniteCheck(report);
    this.#divergence = new DivergenceCheck(limits, report);
    this.#stall = new StallCheck(limits, report);
    this.#gap = new GapCheck(limits, report);
    this.#throughput = new ThroughputCheck(limits, report);
    this.#collapse = new CollapseCheck(report);
    this.#order = new OrderCheck(report);
    this.#course = new CourseCheck(report, ({ at, utc, segment }) =>
      at === undefined ? undefined : time.format(at, utc, segment),
    );
    const wanted = <Check>(kind: FindingKind, check: Check) => (limits.kinds.has(kind) ? [check] : []);
    const both = [...wanted("nan", this.#nonFinite), ...wanted("gap", this.#gap)];
    this.#ofTraining = [
      ...both,
      ...wanted("divergence", this.#divergence),
      ...wanted("throughput", this.#throughput),
      ...wanted("order", this.#order),
    ];
    // How a training ended depends on its stalls.
    this.#ofValidation = [...both, this.#stall, ...wanted("collapse", this.#collapse), this.#course];
    this.#closed = limits.closed;
    this.#running = limits.running;
  }

  /**
   * Continues a part of a log whose beginning it does not get. Before the first update.
   *
   * @param part As it is at the end of the log.
   */
  resume(part: PartSoFar): void {
    this.#schedule = part.schedule;
    this.#stall.resume(part.stalls, part.schedule);
    this.#course.resume(part);
  }

  /** Takes the update of one chunk. */
  take({ batch, segments }: RunUpdate): void {
    this.#lines = batch.counts.lines;
    this.#unmatched = batch.counts.unmatched;
    let [training, validation, event] = [0, 0, 0];
    for (const kind of batch.order) {
      if (kind === KIND.training) {
        const row = this.#records.training(batch, training++);
        if (this.#pending.length > 0) this.#marksBefore(row.line);
        this.#position = row;
        if (this.#course.training(row)) this.#reset(undefined);
        for (const check of this.#ofTraining) check.training(row);
      } else if (kind === KIND.validation) {
        const row = this.#records.validation(batch, validation++);
        this.#marksBefore(row.line);
        this.#position = row;
        for (const check of this.#ofValidation) check.validation(row);
      } else {
        const found = batch.events[event];
        const mark = found && markOf(found);
        event += 1;
        if (found === undefined) continue;
        if (mark !== undefined) {
          this.#pending.push(mark);
          continue;
        }
        const { line } = found;
        this.#marksBefore(line);
        const segment = segments.get(event - 1);
        if (segment !== undefined && trains(segment)) this.#start(this.#positionOf(found), segment);
        else if (kind === KIND.unmatched) this.#unmatchedLine(line, found.texts[0] ?? "");
      }
    }
    const tooOld = this.#pending[this.#pending.length - MAX_PENDING];
    if (tooOld !== undefined) this.#marksBefore(tooOld.line);
  }

  /** What the process printed when it died; undefined if it did not. Known at the end of the run. */
  get death(): Death | undefined {
    return this.#course.death;
  }

  /** Whether the last part says that its training has finished. */
  get saysFinished(): boolean {
    return this.#course.saysFinished;
  }

  /** The state of the training; undefined if the log does not show it. Known at the end of the run. */
  get state(): TrainingState | undefined {
    return this.#course.state;
  }

  /**
   * Ends the run: returns what was found, in the order of the log.
   *
   * @param whole Whether the log was read to its end.
   */
  finish(whole = true): readonly Finding[] {
    this.#marksBefore(Number.POSITIVE_INFINITY);
    this.#course.end({
      schedule: this.#schedule,
      stopsEarly: this.#stall.stopsEarly,
      stalled: this.#stall.maxStalled,
      lastLine: { ...this.#position, line: Math.max(1, this.#lines) },
      closed: whole && this.#closed(),
      running: this.#running(),
    });
    this.#collapse.end();
    this.#nonFinite.end(true);
    this.#divergence.end(true);
    this.#throughput.end(true);
    this.#stall.end(true);
    if (this.#unmatched > this.#shown) {
      const more = this.#unmatched - this.#shown;
      this.#findings.report(
        { ...this.#position, at: undefined },
        {
          kind: "unmatched",
          severity: "warning",
          words: `${more} more lines look like measurements and could not be read`,
          numbers: { lines: more },
        },
      );
    }
    return this.#findings.list();
  }

  #marksBefore(line: number): void {
    const later = this.#pending.findIndex((mark) => mark.line >= line);
    for (const mark of this.#pending.splice(0, later < 0 ? this.#pending.length : later)) this.#mark(mark);
  }

  #mark(mark: LogMark): void {
    const { kind, line, at, utc, text } = mark;
    const position = { ...this.#position, line, at, utc };
    if (kind === "diverged") this.#divergence.mark(position, text);
    else if (kind === "skip" || kind === "scale") this.#nonFinite.mark(kind, position, text);
    else if (kind === "started" && this.#course.isTraining)
      this.#start({ ...position, at: undefined }, undefined);
    this.#course.mark(mark);
  }

  /** Starts a new part of the log. */
  #start(position: LogPosition, segment: Segment | undefined): void {
    this.#course.start(position, segment?.marian_version);
    this.#order.start();
    this.#reset(segment === undefined ? this.#schedule : readSchedule(segment));
  }

  /** Forgets what was usual before. */
  #reset(schedule: Schedule | undefined): void {
    this.#schedule = schedule;
    this.#nonFinite.end(false);
    this.#divergence.end(false);
    this.#throughput.end(false);
    this.#stall.end(false, schedule);
    this.#collapse.end();
    this.#gap.start(schedule);
  }

  /** The position of an event, with the update before it. */
  #positionOf({ line, segment, timestamp, present }: LogEvent): LogPosition {
    const { epoch, up } = this.#position;
    const at = present & PRESENT.timestamp ? timestamp : undefined;
    return { line, segment, at, utc: (present & PRESENT.utc) !== 0, epoch, up };
  }

  #unmatchedLine(line: number, text: string): void {
    this.#shown += 1;
    const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
    this.#findings.report(
      { ...this.#position, line, at: undefined },
      {
        kind: "unmatched",
        severity: "warning",
        words: `this looks like a measurement and could not be read: ${shown}`,
      },
    );
  }
}
