import type { Source } from "../io/source.js";
import type { ArtifactStore } from "./artifact-store.js";
import type { ArtifactRef } from "./client/index.js";

/** A log that a run has left. */
export class ArtifactSource implements Source {
  readonly name: string;
  /** What a run has left never changes. */
  readonly stamp: string;
  /** Bytes, packed as they were sent. */
  readonly size: number;
  readonly #store: ArtifactStore;
  readonly #ref: ArtifactRef;

  constructor(store: ArtifactStore, ref: ArtifactRef, size: number) {
    this.name = artifactName(ref);
    this.stamp = this.name;
    this.size = size;
    this.#store = store;
    this.#ref = ref;
  }

  /** @throws TaskclusterError, InputError in words for the user. */
  chunks(): AsyncGenerator<Uint8Array> {
    return this.#store.chunks(this.#ref);
  }
}

/** What receipts and tables call an artifact: `<task>/<run>/public/build/train.log`. */
export function artifactName({ taskId, runId, name }: ArtifactRef): string {
  return `${taskId}/${runId}/${name}`;
}

/** The artifact that {@link artifactName} names so. */
export function artifactRef(text: string): ArtifactRef {
  const [taskId = "", runId = "", ...name] = text.split("/");
  return { taskId, runId: Number(runId), name: name.join("/") };
}
