/** Publishes training logs to the stand-in server. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { FileSource, type Source } from "../../src/io/source.js";
import { type InputReceipt, publisherNotes } from "../../src/pipeline/input-receipt.js";
import { planSource, rowsOfSource } from "../../src/pipeline/plan-source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import type { WandbPublication } from "../../src/wandb/publication.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import type { Harness } from "./client/harness.js";

/** What became of a log, and where its offline files would be. */
export interface Published {
  readonly receipt: InputReceipt;
  readonly dir: string;
}

/** The notes of a receipt, one a line. */
export function notesText(receipt: InputReceipt): string {
  return publisherNotes(receipt)
    .map(({ text }) => text)
    .join("\n");
}

/** Publishes a log: a file, which is read for its plan before, or a source, which stands for a training that runs. */
export async function publish(
  { client, server }: Harness,
  log: string | Source,
  options: Partial<WandbPublication> = {},
): Promise<Published> {
  const source = typeof log === "string" ? new FileSource(log) : log;
  const dir = mkdtempSync(join(tmpdir(), "wandb-"));
  const plan = typeof log === "string" ? await planSource(source, {}) : undefined;
  const publication: WandbPublication = {
    id: "student",
    project: "cs-en",
    group: "exp_Abcdefghijklmnopqrstuv",
    tags: ["one"],
    client,
    dir,
    baseUrl: server.url,
    override: false,
    ...(plan === undefined ? {} : { plan, rows: () => rowsOfSource(source, {}, plan) }),
    ...options,
  };
  const receipt = await publishLog(
    source,
    { live: plan === undefined },
    [new WandbPublisher(publication)],
    // A last line of which a line feed may have cut the end waits for no clock.
    { pause: () => new Promise((resolve) => setImmediate(resolve)) },
  );
  // What a source of a test expects and does not find is a fault of the input to the job.
  expect(receipt.error).toBeUndefined();
  return { receipt, dir };
}

/** A log as a file. */
export function textFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "log-")), "train.log");
  writeFileSync(path, text);
  return path;
}

/** The line of a start of Marian. */
export const start = "[2024-03-04 09:00:00] [marian] Marian v1.12.14 2d067af\n";

/** A training record; as Marian's, all have as many decimals. */
export const row = (up: number, cost: number) =>
  `[2024-03-04 10:00:00] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost ${cost.toFixed(8)}\n`;

/** A validation record. */
export const valid = (up: number, metric: string, value: number) =>
  `[2024-03-04 10:00:01] [valid] Ep. 1 : Up. ${up} : ${metric} : ${value} : new best\n`;

/** A training that runs, line by line. */
export const pipe = (text: string): Source => ({
  name: "-",
  async *chunks() {
    for (const line of text.split(/(?<=\n)/)) yield new TextEncoder().encode(line);
  },
});

/** A training that prints a text, then waits until something is the case, and so on. */
export function pipeOf(...parts: readonly (string | (() => Promise<void>))[]): Source {
  return {
    name: "-",
    async *chunks() {
      for (const part of parts) {
        if (typeof part !== "string") await part();
        else for (const line of part.split(/(?<=\n)/)) yield new TextEncoder().encode(line);
      }
    },
  };
}
