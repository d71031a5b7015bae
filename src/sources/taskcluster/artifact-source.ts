import type { ArtifactRef } from "../../taskcluster/index.js";
import { fileChunks } from "../chunks.js";
import type { Source } from "../source.js";
import type { ArtifactStore } from "./artifact-store.js";

/** A log that a run has left; downloaded when it is read first. */
export class ArtifactSource implements Source {
  readonly name: string;
  /** What a run has left never changes. */
  readonly stamp: string;
  readonly #store: ArtifactStore;
  readonly #ref: ArtifactRef;

  constructor(store: ArtifactStore, ref: ArtifactRef) {
    this.name = artifactName(ref);
    this.stamp = this.name;
    this.#store = store;
    this.#ref = ref;
  }

  /** @throws TaskclusterError, InputError in words for the user. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    yield* fileChunks((await this.#store.file(this.#ref)).path);
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
