/**
 * What the tests have a page do. The same file is served as it is, with an import map, and built by Vite and webpack.
 */
import * as tracking from "marian-tracking/browser";

/** A log's bytes, from the server, in each form that is read. */
const FORMS = {
  blob: async (url) => (await fetch(url)).blob(),
  file: async (url) => new File([await (await fetch(url)).blob()], "train.log"),
  response: (url) => fetch(url),
  stream: async (url) => (await fetch(url)).body,
  bytes: async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer()),
  buffer: async (url) => (await fetch(url)).arrayBuffer(),
  view: async (url) => new DataView(await (await fetch(url)).arrayBuffer()),
  // One byte more on both sides: a view is not its buffer.
  part: async (url) => {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const wider = new Uint8Array(bytes.length + 2);
    wider.set(bytes, 1);
    return wider.subarray(1, -1);
  },
  chunks: async (url) => {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return (async function* () {
      for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997);
    })();
  },
  texts: async (url) => {
    const text = await (await fetch(url)).text();
    return (async function* () {
      for (let at = 0; at < text.length; at += 997) yield text.slice(at, at + 997);
    })();
  },
};

const WAYS = {
  async parseLog(library, input, options, found) {
    for await (const measurement of library.parseLog(input, options)) found.push(measurement);
  },
  async parseBatches(library, input, options, found) {
    for await (const batch of library.parseBatches(input, options)) found.push(...batch.measurements());
  },
  async readUpdates(library, input, options, found) {
    const run = { segments: [], training: [], validation: [], tally: undefined };
    found.push(run);
    for await (const { batch, segments, points, tally } of library.readUpdates(input, options)) {
      run.segments.push(...segments.values());
      for (const measurement of batch.measurements()) {
        if (measurement.type === "training") run.training.push(measurement);
      }
      run.validation.push(...points);
      run.tally = tally;
    }
  },
  async readRun(library, input, options, found) {
    found.push(await library.readRun(input, options));
  },
};

/** JSON that keeps what numbers JSON lacks, and maps. */
function asText(value) {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    return part instanceof Map ? [...part] : part;
  });
}

/** Reads a log; an error is a part of the answer. */
async function read({ url, form = "file", way = "parseLog", options = {}, library = tracking }) {
  const found = [];
  const told = [];
  let fault;
  try {
    const progress = (now) => told.push(now);
    await WAYS[way](library, await FORMS[form](url), { progress, ...options }, found);
  } catch (error) {
    fault = {
      name: error.name,
      message: error.message,
      input: error instanceof library.InputError,
      run: asText(error.run),
    };
  }
  return { found: asText(found), told, fault };
}

globalThis.page = { tracking, FORMS, asText, read };
