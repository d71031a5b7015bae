// The stand-in W&B server as a process of its own. Bundled and started by wandb-server.mjs; answers its messages.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StandInServer } from "../test/servers/wandb/index.ts";

const server = await StandInServer.start();
const NOT_VALUES = new Set(["_step", "_runtime", "_timestamp"]);

/** Requests so far, by what they are for; GraphQL operations by name. */
function requests() {
  const counts = { graphql: 0, file_stream: 0, upload: 0, download: 0, refused: 0 };
  const operations = {};
  let bytes = 0;
  for (const { endpoint, operation, status, body } of server.requests) {
    counts[endpoint] += 1;
    bytes += body.length;
    if (status === undefined || status >= 400) counts.refused += 1;
    if (endpoint === "graphql") operations[operation] = (operations[operation] ?? 0) + 1;
  }
  return { ...counts, total: server.requests.length, operations, bytes };
}

/** Compares the rows of every run with `<run>.rows.json` of a folder; returns what differs, in words. */
function compare(project, folder) {
  const faults = [...server.violations];
  let rows = 0;
  const runs = readdirSync(folder).filter((file) => file.endsWith(".rows.json"));
  for (const file of runs) {
    const id = file.slice(0, -".rows.json".length);
    const wanted = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const run = server.store.run(server.entity, project, id);
    const held = run === undefined ? [] : server.history(project, id);
    rows += held.length;
    if (run?.state !== "finished") faults.push(`${id}: its state is ${run?.state ?? "absent"}`);
    if (held.length !== wanted.length) faults.push(`${id}: ${held.length} rows, not ${wanted.length}`);
    const wrong = wanted.findIndex(([step, values], index) => !same(held[index], step, values));
    if (wrong >= 0) faults.push(`${id}: row ${wrong} is ${JSON.stringify(held[wrong])}`);
  }
  const others = [...server.store.runs.values()].length - runs.length;
  if (others !== 0) faults.push(`${others} runs more than there are logs`);
  return { rows, faults };
}

function same(row, step, values) {
  if (row?._step !== step) return false;
  const keys = Object.keys(row).filter((key) => !NOT_VALUES.has(key));
  return keys.length === Object.keys(values).length && keys.every((key) => Object.is(row[key], values[key]));
}

/** A table counts by its content: the ids of its artifact are new each time. */
const content = (_key, value) => value?.sha256 ?? value;

/** How many runs and rows there are, and a digest of everything in the rows. */
function digest() {
  const hash = createHash("sha256");
  let rows = 0;
  const runs = [...server.store.runs.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  for (const { project, id, state } of runs) {
    hash.update(`${project} ${id} ${state}\n`);
    for (const row of server.history(project, id)) {
      rows += 1;
      // There is no log to tell the time of a group.
      if (id.startsWith("group_logs")) delete row._timestamp;
      hash.update(`${JSON.stringify(Object.entries(row).sort(), content)}\n`);
    }
  }
  return { runs: runs.length, rows, digest: hash.digest("hex"), faults: server.violations };
}

const answers = {
  requests,
  digest,
  compare: ({ project, folder }) => compare(project, folder),
  inject: ({ rule }) => server.inject(rule),
  heal: () => server.heal(),
};
process.on("message", ({ ask, ...rest }) => process.send({ ask, answer: answers[ask](rest) ?? null }));
process.on("disconnect", () => process.exit());
process.send?.({ ask: "start", answer: { url: server.url, apiKey: server.apiKey, entity: server.entity } });
