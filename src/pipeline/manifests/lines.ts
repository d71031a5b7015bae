/** Reads manifests. */

import { decompress } from "../../io/packed/decompress.js";
import { readable, type Source } from "../../io/source.js";
import { type ManifestRun, readManifestLine } from "./manifest.js";

/**
 * The runs of a manifest as its lines come; empty lines are passed over.
 *
 * @throws ManifestError for a line that is no run; InputError, without the name, where the manifest can't be read.
 */
export async function* readManifest(source: Source): AsyncGenerator<ManifestRun> {
  const name = source.name === "-" ? "standard input" : source.name;
  let number = 0;
  for await (const line of lines(source)) {
    number += 1;
    if (line.trim() !== "") yield readManifestLine(line, `${name}, line ${number}`);
  }
}

async function* lines(source: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  const chunks = decompress(source.chunks());
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw readable(error);
      });
      if (next.done) break;
      const parts = (rest + decoder.decode(next.value, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    await chunks.return(undefined);
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
