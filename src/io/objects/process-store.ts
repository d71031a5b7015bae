/** The store of objects of this process. It is loaded only if there is an address to read or write. */
import type { ObjectStore } from "./object-store.js";

const ending = new AbortController();
let store: Promise<ObjectStore> | undefined;

/** The store that the environment asks for. */
export function objectStore(): Promise<ObjectStore> {
  store ??= import("./object-store.js").then(({ ObjectStore }) =>
    ObjectStore.fromEnvironment(process.env, { userAgent: "marian-tracking", signal: ending.signal }),
  );
  return store;
}

/** Ends what the store has under way, and aborts its uploads. */
export function endObjects(): void {
  ending.abort();
}
