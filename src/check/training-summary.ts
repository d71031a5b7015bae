/** How a training is doing: how far it has come, its best validations, its speed, its state. */
import type { Batch } from "../core/batch.js";
import { KIND, PRESENT, type Rows } from "../core/layout.js";
import { lookAt } from "../core/look-at.js";
import { hasZone, instant } from "../core/timestamp.js";
import { type MetricFacts, MetricReader } from "../run/metric-reader.js";
import { RunExtentReader } from "../run/run-extent.js";
import type { RunUpdate } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";
import { UsualRate } from "../run/usual-rate.js";
import type { PartSoFar, TrainingState } from "./course-check.js";
import type { LogPosition } from "./finding.js";
import { decidingStall, readSchedule, type Schedule, type Stall, trains } from "./schedule.js";

/** One metric of a summary. */
export interface MetricSummary extends MetricFacts {
  readonly name: string;
}

/** What the log of a training says of it, in short. It is plain data: a thread can send it. */
export interface TrainingSummary {
  /** Absent if the log was not read to its end, or is an excerpt without a time. `silent`: neither finished nor failed, and no record for long. */
  readonly state?: TrainingState | "silent";
  /** Of the last training record; of the last validation record if there is none. */
  readonly epoch?: number;
  readonly update?: number;
  readonly cost?: number;
  /** In the order of the log. */
  readonly metrics: readonly MetricSummary[];
  /** The stall that early stopping looks at, and its limit; absent if nothing was validated since the last start. */
  readonly stall?: Stall & { readonly limit?: number };
  /** Words per second: the median of the training records without a validation before them. */
  readonly rate?: number;
  /** When the first start or record was printed, and the last: the text of the log, with its zone if it has one. */
  readonly started?: string;
  readonly ended?: string;
  /** From the one to the other. */
  readonly seconds?: number;
}

/** What the log itself does not say. */
export interface EndOfReading {
  /** By the log; undefined if it does not show it. */
  readonly state: TrainingState | undefined;
  /** Whether the log was read to its end. */
  readonly whole: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When the file was written last; undefined if unknown. */
  readonly modified: number | undefined;
  /** Milliseconds without a record after which a training is silent; undefined: by the distances of its records. */
  readonly silentAfter: number | undefined;
}

/** What a record needs to show its speed. */
const SPEED = PRESENT.rate | PRESENT.time;

type Records = Rows["training"] | Rows["validation"];

const MINUTE = 60_000;
/** Without a record for so long, and for {@link SILENT_TIMES} the usual distance, a training is silent. */
const MIN_SILENCE = 30 * MINUTE;
const SILENT_TIMES = 3;
/** How far a clock of an unknown zone may be behind UTC. */
const MAX_BEHIND = 12 * 60 * MINUTE;

type TrainingColumns = Pick<
  Rows["training"],
  "present" | "up" | "epoch" | "rate" | "time" | "timestamp" | "segment" | "cost"
>;
type ValidationColumns = Pick<
  Rows["validation"],
  "present" | "metric" | "up" | "epoch" | "value" | "line" | "stalled" | "best" | "timestamp"
>;

interface NamedReader {
  readonly name: string;
  readonly reader: MetricReader;
}

/** Takes the updates of one run; marks are not needed. */
export class TrainingSummaryReader {
  readonly #extent = new RunExtentReader();
  readonly #rate = new UsualRate();
  readonly #metrics = new Map<string, MetricReader>();
  /** The same, by their index in this log. */
  readonly #named: NamedReader[] = [];
  readonly #spacing = new Spacing();
  #cost: number | undefined;
  #rows = 0;
  #segment = -1;
  #validated = false;
  // Of the last part of the log.
  #start: LogPosition | undefined;
  #schedule: Schedule | undefined;
  #last: LogPosition | undefined;
  /** The last record of the batch: in which columns it is, and where. */
  #record: Records | undefined;
  #row = 0;
  #lastUpdate: number | undefined;
  #lastEpoch: number | undefined;
  #distance = 0;
  #epochs = 0;
  readonly #stalls = new Map<string, number>();

  take(update: RunUpdate): void {
    this.#extent.see(update);
    lookAt(update.batch, (rows) => this.#rowsOf(update, rows));
  }

  #rowsOf({ batch, segments }: RunUpdate, rows: Rows): void {
    let [training, validation, event] = [0, 0, 0];
    const { order } = rows;
    // To read a column of a batch is a call.
    const trained = trainingColumns(rows);
    const validated = validationColumns(rows);
    for (let at = 0; at < order.length; at += 1) {
      const kind = order[at];
      if (kind === KIND.training) {
        // Rows come by the million, mostly many in a row.
        const first = at;
        while (order[at + 1] === KIND.training) at += 1;
        const end = training + at - first + 1;
        this.#training(trained, training, end);
        this.#record = rows.training;
        training = end;
      } else if (kind === KIND.validation) {
        const first = at;
        while (order[at + 1] === KIND.validation) at += 1;
        const end = validation + at - first + 1;
        this.#validation(batch, validated, validation, end);
        this.#record = rows.validation;
        validation = end;
      } else {
        const segment = segments.get(event++);
        if (segment !== undefined && trains(segment)) this.#begin(segment);
      }
    }
    // The columns hold only until this returns.
    if (this.#record !== undefined) this.#last = this.#position(this.#record);
    this.#record = undefined;
  }

  /** The last part of the log up to now. */
  get part(): PartSoFar {
    return {
      start: this.#start,
      schedule: this.#schedule,
      last: this.#last,
      lastUpdate: this.#lastUpdate,
      distance: this.#distance,
      epochs: this.#epochs,
      stalls: this.#stalls,
    };
  }

  /** Ends the run; undefined if it has no record. */
  finish(end: EndOfReading): TrainingSummary | undefined {
    const { lastEpoch: epoch, lastUpdate: update, started, ended } = this.#extent.facts;
    if (update === undefined) return undefined;
    const metrics = [...this.#metrics].flatMap(([name, reader]) => {
      const { facts } = reader;
      return facts === undefined ? [] : [{ name, ...facts }];
    });
    const stall = decidingStall(this.#schedule, this.#stalls);
    const limit = this.#schedule?.earlyStopping;
    const rate = this.#rate.value;
    const [first, last] = [instant(started), instant(ended)];
    const state = end.whole ? this.#state(end) : undefined;
    return {
      ...(state === undefined ? {} : { state }),
      ...(epoch === undefined ? {} : { epoch }),
      update,
      ...(this.#cost === undefined ? {} : { cost: this.#cost }),
      metrics,
      ...(stall === undefined
        ? {}
        : { stall: limit === undefined || limit === 0 ? stall : { ...stall, limit } }),
      ...(rate === undefined ? {} : { rate }),
      ...(started === undefined ? {} : { started }),
      ...(ended === undefined ? {} : { ended }),
      // A clock that was set back tells nothing.
      ...(first !== undefined && last !== undefined && last >= first
        ? { seconds: (last - first) / 1000 }
        : {}),
    };
  }

  #state({
    state,
    now,
    modified,
    silentAfter = this.#spacing.limit,
  }: EndOfReading): TrainingSummary["state"] {
    if (state === "finished" || state === "failed") return state;
    const { lastRecord = "" } = this.#extent;
    const printed = instant(lastRecord);
    // An excerpt without a time.
    if (state === undefined && printed === undefined && modified === undefined) return undefined;
    // Without a zone only a time that is too old in every zone tells; else when the file was written.
    const isExact = printed !== undefined && hasZone(lastRecord);
    const silence = now - ((isExact ? printed : modified) ?? now);
    const isOld = printed !== undefined && now - printed > silentAfter + MAX_BEHIND;
    return isOld || silence > silentAfter ? "silent" : "running";
  }

  #training(columns: TrainingColumns, first: number, end: number): void {
    const { up: ups, epoch: epochs, rate, time, timestamp, segment, present, cost } = columns;
    let [before, epochBefore, distance, epochDistance] = [
      this.#lastUpdate,
      this.#lastEpoch,
      this.#distance,
      this.#epochs,
    ];
    for (let row = first; row < end; row += 1) {
      const bits = present[row] ?? 0;
      const up = ups[row] ?? 0;
      const epoch = epochs[row] ?? 0;
      if (before !== undefined) {
        if (up < before) this.#reset(undefined);
        if (up - before > distance) distance = up - before;
      }
      if (epochBefore !== undefined && epoch - epochBefore > epochDistance)
        epochDistance = epoch - epochBefore;
      before = up;
      epochBefore = epoch;
      if ((bits & SPEED) === SPEED) {
        const validated = row === first && this.#validated && segment[row] === this.#segment;
        this.#rate.add(rate[row] ?? 0, time[row] ?? 0, validated);
      }
      this.#spacing.add(up, bits & PRESENT.timestamp ? timestamp[row] : undefined);
    }
    const last = end - 1;
    this.#lastUpdate = before;
    this.#distance = distance;
    this.#epochs = epochDistance;
    this.#rows += end - first;
    this.#cost = cost[last];
    this.#segment = segment[last] ?? 0;
    this.#validated = false;
    this.#lastEpoch = epochBefore;
    this.#row = last;
  }

  #validation(batch: Batch, columns: ValidationColumns, first: number, end: number): void {
    for (let row = first; row < end; row += 1) {
      const present = columns.present[row] ?? 0;
      const index = columns.metric[row] ?? 0;
      const up = columns.up[row] ?? 0;
      const named = this.#named[index] ?? this.#name(index, batch);
      const stalled = present & PRESENT.stalled ? columns.stalled[row] : undefined;
      const best = present & PRESENT.best ? columns.best[row] : undefined;
      named.reader.add(columns.value[row] ?? 0, up, columns.line[row] ?? 0, stalled, best);
      this.#stalls.set(named.name, stalled ?? 0);
      if (this.#rows === 0) this.#lastUpdate = up;
      this.#spacing.add(up, present & PRESENT.timestamp ? columns.timestamp[row] : undefined);
    }
    this.#validated = true;
    const last = end - 1;
    const hasEpoch = ((columns.present[last] ?? 0) & PRESENT.epoch) !== 0;
    this.#lastEpoch = hasEpoch ? columns.epoch[last] : undefined;
    this.#row = last;
  }

  /** The metric that the log's records name by this index. */
  #name(index: number, batch: Batch): NamedReader {
    const name = batch.metricName(index);
    const named = { name, reader: new MetricReader(name) };
    this.#metrics.set(name, named.reader);
    this.#named[index] = named;
    return named;
  }

  #position({ line, segment, present, timestamp, up }: Records): LogPosition {
    const row = this.#row;
    const bits = present[row] ?? 0;
    return {
      line: line[row] ?? 0,
      segment: segment[row] ?? 0,
      at: bits & PRESENT.timestamp ? timestamp[row] : undefined,
      utc: (bits & PRESENT.utc) !== 0,
      epoch: this.#lastEpoch,
      up: up[row],
    };
  }

  #begin(segment: Segment): void {
    const { line, segment: number } = segment;
    this.#start = { line, segment: number, at: undefined, utc: false, epoch: undefined, up: undefined };
    this.#reset(readSchedule(segment));
    this.#spacing.pause();
    this.#record = undefined;
    this.#last = undefined;
    this.#lastUpdate = undefined;
    this.#lastEpoch = undefined;
    this.#distance = 0;
    this.#epochs = 0;
  }

  #reset(schedule: Schedule | undefined): void {
    this.#schedule = schedule;
    this.#stalls.clear();
  }
}

function trainingColumns({ training }: Rows): TrainingColumns {
  const { present, up, epoch, rate, time, timestamp, segment, cost } = training;
  return { present, up, epoch, rate, time, timestamp, segment, cost };
}

function validationColumns({ validation }: Rows): ValidationColumns {
  const { present, metric, up, epoch, value, line, stalled, best, timestamp } = validation;
  return { present, metric, up, epoch, value, line, stalled, best, timestamp };
}

/** Watches how far the records of different updates lie apart. */
class Spacing {
  #up: number | undefined;
  #at: number | undefined;
  #count = 0;
  /** The distances that matter: with a shorter median, a silence is long after {@link MIN_SILENCE}. */
  readonly #long: number[] = [];

  /** The distance to the next record is none of the training's: it starts again. */
  pause(): void {
    this.#at = undefined;
  }

  add(up: number, at: number | undefined): void {
    if (up === this.#up && this.#at !== undefined) return;
    if (at !== undefined && this.#at !== undefined) {
      const distance = at - this.#at;
      this.#count += 1;
      if (distance * SILENT_TIMES > MIN_SILENCE) this.#long.push(distance);
    }
    this.#up = up;
    this.#at = at;
  }

  /** Milliseconds without a record after which the training is silent. */
  get limit(): number {
    const sorted = Float64Array.from(this.#long).sort();
    const median = sorted[Math.floor(this.#count / 2) - (this.#count - sorted.length)];
    return Math.max(MIN_SILENCE, SILENT_TIMES * (median ?? 0));
  }
}
