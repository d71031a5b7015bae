/** `--publisher ./mine.js`: a publisher of the user's own. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inputErrorText } from "../../pipeline/error-text.js";
import type { PublisherMaker } from "../../publishers/publisher.js";

/** Loads the modules; `refuse` ends the command with its message. */
export async function loadPublishers(
  paths: readonly string[],
  refuse: (message: string) => never,
): Promise<readonly PublisherMaker[]> {
  const makers: PublisherMaker[] = [];
  for (const path of paths) {
    const module = (await import(pathToFileURL(resolve(path)).href).catch((error: unknown) =>
      refuse(`--publisher ${path}: it could not be loaded: ${inputErrorText(error)}`),
    )) as { createPublisher?: PublisherMaker };
    if (typeof module.createPublisher !== "function") {
      refuse(
        `--publisher ${path}: it must export a function createPublisher (docs/publishers.md has an example)`,
      );
    }
    makers.push(module.createPublisher);
  }
  return makers;
}
