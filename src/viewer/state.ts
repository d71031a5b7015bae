/** What the user has chosen to see. */
import type { AxisName } from "./charts/axis.js";

/** The pages of the viewer. */
export const TABS = ["charts", "summary", "throughput", "evaluations", "configuration"] as const;
export type TabName = (typeof TABS)[number];

/** A part of an axis. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface ViewState {
  readonly tab: TabName;
  readonly axis: AxisName;
  /** 0 to 0.99. */
  readonly smoothing: number;
  /** Charts with a logarithmic scale, by id. */
  readonly log: ReadonlySet<string>;
  /** What is zoomed into; absent for everything. */
  readonly range: Range | undefined;
  /** The values that charts are zoomed into, by id. */
  readonly heights: ReadonlyMap<string, Range>;
  /** Whether the scales reach to outliers. */
  readonly outliers: boolean;
  /** Numbers of runs that are switched off: their names change when others come. */
  readonly hidden: ReadonlySet<number>;
  /** The number of the run that stands out. */
  readonly highlight: number | undefined;
  /** The chart that takes the whole width, by id. */
  readonly wide: string | undefined;
}

/** Shows everything again. */
export const WHOLE: Pick<ViewState, "range" | "heights"> = { range: undefined, heights: new Map() };

/** Holds the state; listeners are called once a frame, however many changes there were. */
export class Store {
  #state: ViewState = {
    tab: "charts",
    axis: "up",
    smoothing: 0,
    log: new Set(),
    range: undefined,
    heights: new Map(),
    outliers: false,
    hidden: new Set(),
    highlight: undefined,
    wide: undefined,
  };
  readonly #listeners: ((state: ViewState, before: ViewState) => void)[] = [];
  #told: ViewState = this.#state;
  #waiting = false;

  get state(): ViewState {
    return this.#state;
  }

  update(change: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...change };
    this.touch();
  }

  /** Calls the listeners because the data has changed. */
  touch(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      const before = this.#told;
      this.#told = this.#state;
      for (const listener of this.#listeners) listener(this.#state, before);
    });
  }

  listen(listener: (state: ViewState, before: ViewState) => void): void {
    this.#listeners.push(listener);
  }
}
