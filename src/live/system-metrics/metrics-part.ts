/** What each part of the machine gives. */

/** Values by the official client's names, without `system.`. */
export type Sample = Readonly<Record<string, number>>;

/** One part of the machine. */
export interface MetricsPart {
  /** Values of now; none where there is nothing to measure. Must not take long, and must not reject. */
  sample(): Promise<Sample>;
  /** Ends what is under way. */
  stop?(): void;
}
