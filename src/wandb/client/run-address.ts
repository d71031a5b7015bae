/** Which run; without an entity the default one of the key's owner. */
export interface RunPlace {
  readonly entity?: string | undefined;
  readonly project: string;
  readonly runId: string;
}

/** Where a run is, whole. */
export interface RunAddress extends RunPlace {
  readonly entity: string;
}
