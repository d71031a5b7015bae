/** The points of a curve in flat memory: as fine as a screen can show, with every extreme kept. */

/** What lies in one stretch of updates. */
export interface CurvePoint {
  /** The update of the latest value. */
  readonly x: number;
  /** Of the finite values; absent without any. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly last: number | undefined;
  /** Values that are NaN or infinite. */
  readonly broken: number;
}

/** A value and its update. */
export interface CurveValue {
  readonly x: number;
  readonly value: number;
}

/** What a curve comes to; values are absent if none is finite. */
export interface CurveSummary {
  readonly last: CurveValue | undefined;
  readonly min: CurveValue | undefined;
  readonly max: CurveValue | undefined;
  /** Values that are NaN or infinite, and the update of the first. */
  readonly broken: number;
  readonly brokenAt: number | undefined;
}

type Filled<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Stretch = Filled<CurvePoint>;

/** A terminal of 300 columns shows 600 dots side by side. */
const MAX_STRETCHES = 4096;

/** Gathers values by update; two stretches become one whenever there are too many. */
export class SeriesBuffer {
  #stretches = new Map<number, Stretch>();
  #width = 1;
  readonly #summary: Filled<CurveSummary> = {
    last: undefined,
    min: undefined,
    max: undefined,
    broken: 0,
    brokenAt: undefined,
  };

  push(x: number, value: number): void {
    const finite = Number.isFinite(value) ? value : undefined;
    this.#sum(x, finite);
    this.#add(this.#stretches, {
      x,
      min: finite,
      max: finite,
      last: finite,
      broken: finite === undefined ? 1 : 0,
    });
    while (this.#stretches.size > MAX_STRETCHES) {
      this.#width *= 2;
      const wider = new Map<number, Stretch>();
      for (const stretch of this.#stretches.values()) this.#add(wider, stretch);
      this.#stretches = wider;
    }
  }

  /** The stretches by rising update. */
  get points(): readonly CurvePoint[] {
    return [...this.#stretches.values()].sort((one, other) => one.x - other.x);
  }

  get summary(): CurveSummary {
    return this.#summary;
  }

  #sum(x: number, value: number | undefined): void {
    const summary = this.#summary;
    if (value === undefined) {
      summary.broken += 1;
      summary.brokenAt ??= x;
      return;
    }
    summary.last = { x, value };
    if (summary.min === undefined || value < summary.min.value) summary.min = summary.last;
    if (summary.max === undefined || value > summary.max.value) summary.max = summary.last;
  }

  #add(stretches: Map<number, Stretch>, added: Stretch): void {
    const index = Math.floor(added.x / this.#width);
    const known = stretches.get(index);
    if (known === undefined) {
      stretches.set(index, added);
      return;
    }
    known.broken += added.broken;
    if (added.last === undefined || added.min === undefined || added.max === undefined) return;
    known.min = Math.min(known.min ?? added.min, added.min);
    known.max = Math.max(known.max ?? added.max, added.max);
    // After a restart, of an update that was trained again the later value stands.
    if (known.last === undefined || added.x >= known.x) {
      known.x = added.x;
      known.last = added.last;
    }
  }
}
