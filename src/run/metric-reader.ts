/** One validation metric of a run: its best, its last value, how long it has stalled. */
import { type Better, betterOf, betterTold, isBetter } from "./better.js";

/** One validation. */
export interface ValidationFact {
  readonly value: number;
  readonly up: number;
  readonly line: number;
}

/** One metric of a run. */
export interface MetricFacts {
  readonly points: number;
  /** Which values are better; absent if unknown. */
  readonly better?: Better;
  /** Absent if it is unknown which values are better. Has only a value if it was reached before this log. */
  readonly best?: Pick<ValidationFact, "value"> & Partial<ValidationFact>;
  readonly last: ValidationFact;
  /** The number of validations without an improvement at the end; 0 after a new best. */
  readonly stalled: number;
}

const DIRECTIONS: readonly Better[] = ["low", "high"];

/** Takes the records of one metric in the order of the log. Memory does not grow with them. */
export class MetricReader {
  #better: Better | undefined;
  /** The best record in each direction, for as long as the direction is unknown. */
  readonly #held: Partial<Record<Better, ValidationFact>> = {};
  readonly #told: Partial<Record<Better, number>> = {};
  #points = 0;
  // Of the last record.
  #value = 0;
  #up = 0;
  #line = 0;
  #stalled = 0;

  constructor(name: string) {
    this.#better = betterOf(name);
  }

  /**
   * Takes a record.
   *
   * @param stalled Marian's own judgement if the line has one.
   * @param best Marian's `last best`.
   */
  add(value: number, up: number, line: number, stalled: number | undefined, best: number | undefined): void {
    this.#points += 1;
    this.#value = value;
    this.#up = up;
    this.#line = line;
    this.#stalled = stalled ?? 0;
    this.#better ??= betterTold({ value, stalled, best });
    if (this.#better !== undefined) this.#compare(this.#better, best);
    else for (const better of DIRECTIONS) this.#compare(better, best);
  }

  #compare(better: Better, best: number | undefined): void {
    if (isNewBest(this.#value, this.#held[better]?.value, better)) this.#held[better] = this.#last;
    if (best !== undefined && isNewBest(best, this.#told[better], better)) this.#told[better] = best;
  }

  get #last(): ValidationFact {
    return { value: this.#value, up: this.#up, line: this.#line };
  }

  /** Undefined before the first record. */
  get facts(): MetricFacts | undefined {
    if (this.#points === 0) return undefined;
    const better = this.#better;
    const best = better && this.#best(better);
    return {
      points: this.#points,
      ...(better === undefined ? {} : { better }),
      ...(best === undefined ? {} : { best }),
      last: this.#last,
      stalled: this.#stalled,
    };
  }

  /** The best value of the log; Marian's `last best` if that is better than every value in the log. */
  #best(better: Better): MetricFacts["best"] {
    const held = this.#held[better];
    const told = this.#told[better];
    return told !== undefined && isNewBest(told, held?.value, better) ? { value: told } : held;
  }
}

/** The first of equal values stays the best; what is no finite number is never the best. */
function isNewBest(value: number, before: number | undefined, better: Better): boolean {
  return Number.isFinite(value) && (before === undefined || isBetter(value, before, better));
}
