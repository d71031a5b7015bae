/** A training log published to the stand-in server. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { glob } from "tinyglobby";
import { describe, expect, test, vi } from "vitest";
import { runNameOf } from "../../src/evaluation/naming/run-name.js";
import { Budget } from "../../src/http/index.js";
import type { Source } from "../../src/io/source.js";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { findTransactionLogs } from "../../src/wandb/offline/run-directory.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { harness } from "./client/harness.js";
import { notesText, pipe, publish, row, start, textFile } from "./stage.js";

const fixture = fileURLToPath(new URL("../../fixtures/train.log", import.meta.url));

describe("a whole log", () => {
  test("gives one row an update with the log's own times", async () => {
    const stage = await harness();
    const { receipt } = await publish(stage, fixture);
    expect(publisherErrors(receipt)).toEqual([]);
    const history = stage.server.history("cs-en", "student");
    // 87 training records, 7 of them of updates that were trained again after the restart.
    expect(history).toHaveLength(80);
    expect(history.map(({ _step }) => _step)).toEqual(
      Array.from({ length: 80 }, (_, index) => 500 * (index + 1)),
    );
    expect(history[0]).toMatchObject({
      epoch: 1,
      sen: 187852,
      cost: 8.54460911,
      labels: 6104791,
      learning_rate: 9.375e-6,
    });
    expect(history[4]).toMatchObject({ _step: 2500, chrf: 21.5592, ce_mean_words: 5.35047 });
    expect(new Date((history[0]?.["_timestamp"] as number) * 1000).toISOString()).toMatch(/^2024-03-04T09:/);
    const run = stage.server.run("cs-en", "student");
    expect(run.state).toBe("finished");
  });

  test("where an update was trained again the later values stand", async () => {
    const stage = await harness();
    const log = textFile(start + row(1, 9) + row(2, 8) + row(3, 7) + start + row(2, 6) + row(4, 5));
    await publish(stage, log);
    expect(stage.server.history("cs-en", "student").map(({ _step, cost }) => [_step, cost])).toEqual([
      [1, 9],
      [2, 6],
      [3, 7],
      [4, 5],
    ]);
  });

  test("published twice it is the same run with the same rows, once", async () => {
    const stage = await harness();
    await publish(stage, fixture);
    const before = JSON.stringify(stage.server.history("cs-en", "student"));
    const { receipt } = await publish(stage, fixture);
    expect(JSON.stringify(stage.server.history("cs-en", "student"))).toBe(before);
    expect(notesText(receipt)).toContain("80 rows were there already");
    expect(publisherErrors(receipt)).toEqual([]);
  });

  test("a longer log appends what is new", async () => {
    const stage = await harness();
    const text = readFileSync(fixture, "utf8").split("\n");
    await publish(stage, textFile(`${text.slice(0, 120).join("\n")}\n`));
    const first = stage.server.history("cs-en", "student").length;
    await publish(stage, fixture);
    expect(first).toBeGreaterThan(10);
    expect(stage.server.history("cs-en", "student")).toHaveLength(80);
    const again = await harness();
    await publish(again, fixture);
    expect(stage.server.history("cs-en", "student")).toEqual(again.server.history("cs-en", "student"));
  });

  test("a log whose last row changed is published anew", async () => {
    const stage = await harness();
    await publish(stage, textFile(start + row(1, 9) + row(2, 8)));
    const { receipt } = await publish(stage, textFile(start + row(1, 7) + row(2, 6) + row(3, 5)));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([7, 6, 5]);
    expect(notesText(receipt)).toContain("are replaced");
  });

  test("a shorter log of the same name is published beside the longer one", async () => {
    const stage = await harness();
    await publish(stage, fixture);
    const { receipt } = await publish(stage, textFile(start + row(1, 9) + row(2, 8)));
    expect(stage.server.history("cs-en", "student")).toHaveLength(80);
    expect(stage.server.history("cs-en", "student-r2")).toHaveLength(2);
    expect(notesText(receipt)).toContain("published as student-r2");
  });

  test("--override-runs writes over the rows", async () => {
    const stage = await harness();
    await publish(stage, textFile(start + row(1, 9) + row(2, 8)));
    await publish(stage, textFile(start + row(1, 5) + row(2, 4)), { override: true });
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([5, 4]);
  });
});

describe("a training that is running", () => {
  test("repeated updates are not sent twice and are counted", async () => {
    const stage = await harness();
    const { receipt } = await publish(
      stage,
      pipe(start + row(1, 9) + row(2, 8) + row(3, 7) + start + row(1, 6) + row(2, 5) + row(4, 4)),
    );
    expect(stage.server.history("cs-en", "student").map(({ _step, cost }) => [_step, cost])).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 4],
    ]);
    expect(notesText(receipt)).toContain("2 records of updates that were sent before");
  });

  test("a signal leaves seconds for delivery, also when the log then ends", async () => {
    const stage = await harness();
    const controller = new AbortController();
    const set = vi.spyOn(Budget.prototype, "set");
    const endWithin = vi.spyOn(Budget.prototype, "endWithin");
    const source: Source = {
      name: "-",
      async *chunks() {
        yield new TextEncoder().encode(start + row(1, 9));
        controller.abort();
      },
    };
    await publish(stage, source, { stop: controller.signal });
    const given = [...set.mock.calls, ...endWithin.mock.calls].map(([milliseconds]) => milliseconds);
    set.mockRestore();
    endWithin.mockRestore();
    expect(given.length).toBeGreaterThan(0);
    expect(Math.max(...given)).toBeLessThan(10_000);
  });

  test("the next run of the task goes on with it", async () => {
    const stage = await harness();
    await publish(stage, pipe(start + row(1, 9) + row(2, 8)));
    await publish(stage, pipe(start + row(2, 7) + row(3, 6)));
    expect(stage.server.history("cs-en", "student").map(({ _step, cost }) => [_step, cost])).toEqual([
      [1, 9],
      [2, 8],
      [3, 6],
    ]);
  });
});

describe("a training does not wait", () => {
  test("for a server that hangs: every line is read, and all rows are in the offline file", async () => {
    const stage = await harness();
    stage.server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    let read = 0;
    const source: Source = {
      name: "-",
      async *chunks() {
        yield new TextEncoder().encode(start);
        for (let up = 1; up <= 50; up += 1) {
          yield new TextEncoder().encode(row(up, 9));
          read += 1;
        }
        // Nothing was answered until here, and nothing was waited for.
        expect(stage.server.store.runs.size).toBe(0);
      },
    };
    const { receipt, dir } = await publish(stage, source, { budget: 1 });
    expect(read).toBe(50);
    expect(publisherErrors(receipt).join("\n")).toContain("50 rows did not reach the server");
    expect(await findTransactionLogs(dir)).toHaveLength(1);
  });
});

describe("what the server does not take", () => {
  test("goes to the offline file, whole, and the receipt says how to upload it", async () => {
    const stage = await harness();
    stage.server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 503 }, times: 1e9 });
    const { receipt, dir } = await publish(stage, fixture, { budget: 1 });
    expect(publisherErrors(receipt).join("\n")).toContain("80 rows did not reach the server");
    expect(notesText(receipt)).toContain("marian-tracking sync");
    const [file = ""] = await findTransactionLogs(dir);
    const steps: number[] = [];
    for await (const event of await OfflineReader.open(file))
      if (event.kind === "history") steps.push(event.step ?? -1);
    expect(steps).toEqual(Array.from({ length: 80 }, (_, index) => 500 * (index + 1)));
  });

  test("offline, everything goes to the file and the run counts as whole", async () => {
    const stage = await harness();
    const { receipt, dir } = await publish(stage, fixture, { client: undefined as never });
    expect(publisherErrors(receipt)).toEqual([]);
    expect(await findTransactionLogs(dir)).toHaveLength(1);
    expect(stage.server.requestsOf("graphql")).toEqual([]);
  });
});

describe.skipIf(!sharedIsThere)("what the reference published", () => {
  interface Call {
    readonly call: string;
    readonly run?: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly step?: number;
    readonly kwargs?: { readonly config: Readonly<Record<string, unknown>> };
  }

  test("is what is published here: history by step, and the configuration", async () => {
    const calls = JSON.parse(
      readFileSync(shared("golden/taskcluster_file_wandb/wandb_calls.json"), "utf8"),
    ) as Call[];
    const wanted = new Map<number, Record<string, unknown>>();
    for (const { call, data, step } of calls) {
      if (call === "run.log" && step !== undefined) wanted.set(step, { ...wanted.get(step), ...data });
    }
    const stage = await harness();
    await publish(stage, shared("archives/taskcluster.log"));
    const history = stage.server.history("cs-en", "student");
    const found = history.map(({ _step, _runtime, _timestamp, ...values }) => [_step, values]);
    expect(found).toEqual([...wanted].sort(([one], [other]) => one - other));
    const config = JSON.parse(stage.server.run("cs-en", "student").config) as Record<
      string,
      { value: unknown }
    >;
    const init = calls.find(({ call }) => call === "init")?.kwargs?.config ?? {};
    const { arguments: recorded, ...rest } = init;
    for (const [key, value] of Object.entries(rest)) expect(config[key]?.value).toEqual(value);
    expect(config["arguments"]?.value).toMatchObject(recorded as object);
    expect(existsSync(fixture)).toBe(true);
  });

  test.each(["experiments_1_10", "experiments_1_12"])(
    "of %s: the history of each training",
    async (archive) => {
      const recorded = shared(`golden/archive_${archive}_snakemake_str/wandb_calls.json`);
      const wanted: Record<string, Map<number, Record<string, unknown>>> = {};
      for (const { call, run = "", data, step } of JSON.parse(readFileSync(recorded, "utf8")) as Call[]) {
        if (call !== "run.log" || step === undefined || step === null) continue;
        const [model = ""] = run.split("_");
        wanted[model] ??= new Map();
        wanted[model].set(step, { ...wanted[model].get(step), ...data });
      }
      const stage = await harness();
      const logs = await glob("models/**/train.log", { cwd: shared(`archives/${archive}`), absolute: true });
      expect(logs.map((log) => runNameOf(log)).sort()).toEqual(Object.keys(wanted).sort());
      for (const log of logs) {
        const id = runNameOf(log);
        await publish(stage, log, { id });
        const found = stage.server
          .history("cs-en", id)
          .map(({ _step, _runtime, _timestamp, ...values }) => [_step, values]);
        expect(found).toEqual([...(wanted[id] ?? [])].sort(([one], [other]) => one - other));
      }
    },
  );
});
