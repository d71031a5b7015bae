/** Digests of runs, to see whether they were published before. */
import { createHash, type Hash } from "node:crypto";
import type { Evaluation } from "../../evaluation/evaluation.js";
import type { Source } from "../../io/source.js";

/** Values with a JSON form that are part of a digest. */
export type Facts = readonly unknown[];

/** A source whose bytes also go into a hash. Read it only once. */
export function hashed(source: Source, hash: Hash): Source {
  return {
    name: source.name,
    ...(source.size === undefined ? {} : { size: source.size }),
    again: source.again,
    get changed() {
      return source.changed === true;
    },
    async *chunks() {
      for await (const chunk of source.chunks()) {
        hash.update(chunk);
        yield chunk;
      }
    },
  };
}

/** SHA-256 of facts about a run; `begun` has the bytes of its logs already. */
export function digestOf(facts: Facts, begun: Hash = createHash("sha256")): string {
  return begun.update(`\n${JSON.stringify(facts)}`).digest("hex");
}

/** The digest of a list of facts that is not in memory: as {@link digestOf} of the list. */
export class FactsDigest {
  readonly #hash = createHash("sha256").update("\n[");
  #count = 0;

  push(facts: Facts): void {
    this.#hash.update(`${this.#count === 0 ? "" : ","}${JSON.stringify(facts)}`);
    this.#count += 1;
  }

  end(): string {
    return this.#hash.update("]").digest("hex");
  }
}

/** An evaluation, in a form that does not depend on the order of its metrics. */
export function evaluationFacts({ run, importer, dataset, augmentation, metrics }: Evaluation): Facts {
  const scores = [...metrics].sort(([one], [other]) => (one < other ? -1 : 1));
  return [run, importer, dataset, augmentation, scores.map(([name, score]) => [name, String(score)])];
}
