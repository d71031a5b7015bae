/** A training that runs: what the server shows of it while it does. */

import { describe, expect, test } from "vitest";
import { fieldsOf, publisherErrors } from "../../src/pipeline/input-receipt.js";
import type { TaskFiles } from "../../src/wandb/publication.js";
import { parseLine } from "../servers/wandb/index.js";
import { type Harness, harness, until, within } from "./client/harness.js";
import { notesText, pipe, pipeOf, publish, row, start, textFile, valid } from "./stage.js";

type Row = Readonly<Record<string, unknown>>;

const shown = ({ server }: Harness): unknown[][] =>
  server.store.run("team", "cs-en", "student") === undefined
    ? []
    : server
        .history("cs-en", "student")
        .map(({ _step, cost, chrf }) => [_step, cost, ...(chrf === undefined ? [] : [chrf])]);

const equals = (stage: Harness, rows: unknown) => () => JSON.stringify(shown(stage)) === JSON.stringify(rows);

describe("a measurement of a training that runs", () => {
  test("is on the server within 20 s, also when no further update comes", async () => {
    const stage = await harness();
    await publish(
      stage,
      pipeOf(
        start + row(1, 9),
        () => within(stage, 20_000, equals(stage, [[1, 9]])),
        valid(1, "chrf", 50),
        () => within(stage, 20_000, equals(stage, [[1, 9, 50]])),
        row(2, 8),
        () =>
          within(
            stage,
            20_000,
            equals(stage, [
              [1, 9, 50],
              [2, 8],
            ]),
          ),
        valid(2, "chrf", 51) + row(3, 7),
        () =>
          within(
            stage,
            20_000,
            equals(stage, [
              [1, 9, 50],
              [2, 8, 51],
              [3, 7],
            ]),
          ),
      ),
    );
    // One row an update, whatever was shown in between.
    expect(shown(stage)).toEqual([
      [1, 9, 50],
      [2, 8, 51],
      [3, 7],
    ]);
    expect(stage.server.violations).toEqual([]);
    // And so the log is known when it is published.
    const log = textFile(
      start + row(1, 9) + valid(1, "chrf", 50) + row(2, 8) + valid(2, "chrf", 51) + row(3, 7),
    );
    const { receipt } = await publish(stage, log);
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
  });

  test("is counted once, however often it was shown", async () => {
    const stage = await harness();
    const { receipt } = await publish(
      stage,
      pipeOf(
        start + row(1, 9),
        () => within(stage, 20_000, equals(stage, [[1, 9]])),
        valid(1, "chrf", 50),
        () => within(stage, 20_000, equals(stage, [[1, 9, 50]])),
        row(2, 8),
      ),
    );
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 2, acknowledged: 2 } });
    expect(publisherErrors(receipt)).toEqual([]);
  });

  test("keeps the order of the updates where a restart goes back before an open one", async () => {
    const stage = await harness();
    await publish(
      stage,
      pipeOf(
        start + row(1, 9) + row(4, 6),
        () =>
          within(
            stage,
            20_000,
            equals(stage, [
              [1, 9],
              [4, 6],
            ]),
          ),
        start + row(2, 8) + row(3, 7) + row(4, 5) + row(5, 4),
      ),
    );
    expect(shown(stage)).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 5],
      [5, 4],
    ]);
  });

  test("that was shown and can't be completed is whole in the offline file", async () => {
    const stage = await harness();
    const { receipt, dir } = await publish(
      stage,
      pipeOf(
        start + row(1, 9),
        () => within(stage, 20_000, equals(stage, [[1, 9]])),
        async () => {
          stage.server.inject({
            endpoint: "file_stream",
            fault: { kind: "status", status: 400 },
            times: 1e9,
          });
        },
        valid(1, "chrf", 50) + row(2, 8),
      ),
    );
    expect(publisherErrors(receipt).join("\n")).toContain("2 rows did not reach the server");
    stage.server.heal();
    const { findOfflineFiles, syncFiles } = await import("../../src/wandb/sync/sync-files.js");
    const { files } = await findOfflineFiles([dir]);
    for await (const { outcome } of syncFiles(files, { client: stage.client }))
      expect(outcome).toBe("delivered");
    expect(shown(stage)).toEqual([
      [1, 9, 50],
      [2, 8],
    ]);
  });
});

describe("the next run of a task", () => {
  test("completes the last row of the one before, and repeats none", async () => {
    const stage = await harness();
    await publish(stage, pipe(start + row(1, 9) + row(2, 8)));
    const { receipt } = await publish(
      stage,
      pipe(start + row(1, 9) + row(2, 7) + valid(2, "chrf", 50) + row(3, 6)),
    );
    expect(shown(stage)).toEqual([
      [1, 9],
      [2, 8, 50],
      [3, 6],
    ]);
    expect(notesText(receipt)).toContain("1 records of updates that were sent before are left out");
    expect(stage.server.violations).toEqual([]);
  });

  test("says which rows it knows only of a run of its own kind", async () => {
    const stage = await harness();
    const other = await stage.start({ project: "cs-en", id: "student" });
    await other.history({ cost: 9 }, { step: 1, timestamp: 1 });
    await other.finish();
    await publish(stage, pipe(start + row(2, 8)));
    const summary = parseLine(stage.server.run("cs-en", "student").summary) as Row;
    expect(summary["_marian_tracking"]).toBeNull();
  });
});

describe("the files of a training task", () => {
  const command = (config: string) =>
    `${start}[2024-03-04 09:00:00] [marian] Running on node as process 1 with command line:\n[2024-03-04 09:00:00] [marian] ./marian -c ${config}\n[2024-03-04 09:00:00] [config] seed: 1\n[2024-03-04 09:00:01] [config] Model is being created with Marian v1.12.14 2d067af\n`;
  const filesOf = (more: Partial<TaskFiles>): TaskFiles => ({
    model: { "dim-emb": 512 },
    training: { after: "20e" },
    opustrainer: { seed: 1 },
    datasetNames: [],
    notes: [],
    countDatasets: async () => ({ lines: new Map(), notes: [] }),
    ...more,
  });
  const lines = new Map([
    ["original", 100],
    ["backtranslated", 200],
  ]);
  const sections = ({ server }: Harness) => {
    const config = parseLine(server.run("cs-en", "student").config) as Record<string, { value: unknown }>;
    return [config["model"]?.value, config["training"]?.value, config["opustrainer"]?.value];
  };
  const datasets = ({ server }: Harness): unknown => {
    const run = server.run("cs-en", "student");
    const { path = "" } = ((parseLine(run.summary) as Row)["Datasets_table"] ?? {}) as { path?: string };
    return JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "null");
  };
  const TABLE = {
    columns: ["Name", "Count"],
    data: [
      ["original", 100],
      ["backtranslated", 200],
    ],
  };

  test("get into the configuration of a running training, and the sizes of its datasets into a row", async () => {
    const stage = await harness();
    let counted = () => {};
    const counting = new Promise<void>((resolve) => {
      counted = resolve;
    });
    const files = filesOf({
      datasetNames: [...lines.keys()],
      countDatasets: async () => {
        await counting;
        return { lines, notes: ["the dataset x is not counted"] };
      },
    });
    const asked: unknown[] = [];
    const { receipt } = await publish(
      stage,
      pipeOf(
        command("a.yml") + row(1, 9) + row(2, 8),
        // Rows do not wait for the counting.
        () => within(stage, 20_000, () => shown(stage).length >= 1 && sections(stage)[0] !== null),
        async () => counted(),
        () => new Promise((resolve) => setTimeout(resolve, 20)),
        row(3, 7) + row(4, 6),
      ),
      {
        taskFiles: async (options) => {
          asked.push(options["c"]);
          return files;
        },
      },
    );
    expect(asked).toEqual(["a.yml"]);
    expect(sections(stage)).toEqual([{ "dim-emb": 512 }, { after: "20e" }, { seed: 1 }]);
    expect(datasets(stage)).toEqual(TABLE);
    // In a row of the training, not in one of its own.
    expect(shown(stage).map(([step]) => step)).toEqual([1, 2, 3, 4]);
    expect(notesText(receipt)).toContain("the dataset x is not counted");
  });

  test("are those of the last start", async () => {
    const stage = await harness();
    const asked: unknown[] = [];
    await publish(stage, pipe(command("a.yml") + row(1, 9) + command("b.yml") + row(2, 8)), {
      taskFiles: async (options) => {
        asked.push(options["c"]);
        return filesOf({ model: options["c"] as string });
      },
    });
    expect(asked.at(-1)).toBe("b.yml");
    expect(sections(stage)[0]).toBe("b.yml");
  });

  test("that are never counted hold nothing up, and it is told", async () => {
    const stage = await harness();
    let aborted = false;
    const files = filesOf({
      datasetNames: ["big"],
      countDatasets: (signal) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve({ lines: new Map(), notes: [] });
          }),
        ),
    });
    const { receipt } = await publish(stage, pipe(command("a.yml") + row(1, 9) + row(2, 8)), {
      taskFiles: async () => files,
    });
    expect(shown(stage)).toHaveLength(2);
    expect(aborted).toBe(true);
    expect(notesText(receipt)).toContain("the chart Datasets is missing");
  });

  test("that can't be read at all cost nothing else", async () => {
    const stage = await harness();
    const { receipt } = await publish(stage, pipe(command("a.yml") + row(1, 9)), {
      taskFiles: () => Promise.reject(new Error("no such luck")),
    });
    expect(shown(stage)).toEqual([[1, 9]]);
    expect(notesText(receipt)).toContain("the files of the training task could not be read: no such luck");
    expect(publisherErrors(receipt)).toEqual([]);
  });

  test("of a whole log are there from the start, and counted once", async () => {
    const stage = await harness();
    let counts = 0;
    const files = filesOf({
      datasetNames: [...lines.keys()],
      countDatasets: async () => {
        counts += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { lines, notes: [] };
      },
    });
    const log = textFile(command("a.yml") + row(1, 9) + row(2, 8));
    const options = { taskFiles: async () => files };
    await publish(stage, log);
    // The run is there already, but for its chart.
    await publish(stage, log, options);
    expect(datasets(stage)).toEqual(TABLE);
    expect(shown(stage).map(([step]) => step)).toEqual([1, 2]);
    expect(stage.server.history("cs-en", "student")[1]).toHaveProperty("Datasets_table");
    const { receipt } = await publish(stage, log, options);
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
    expect(counts).toBe(1);
    expect(sections(stage)[0]).toEqual({ "dim-emb": 512 });
  });
});

test("after a signal the server has 6 s, then what it did not take is in the offline file", async () => {
  const stage = await harness();
  const stop = new AbortController();
  let stopped = Number.NaN;
  const { receipt } = await publish(
    stage,
    pipeOf(start + row(1, 9), async () => {
      stage.server.inject({ fault: { kind: "status", status: 503 }, times: Number.POSITIVE_INFINITY });
      stopped = stage.clock.now();
      stop.abort();
    }),
    { stop: stop.signal },
  );
  expect(fieldsOf(receipt)).toMatchObject({ wandb: { acknowledged: 0, spooled: 1 } });
  expect(stage.clock.now() - stopped).toBeLessThanOrEqual(6000);
});

test("a row that is shown does not keep the program alive", async () => {
  const { systemClock } = await import("../../src/http/index.js");
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const ending = new AbortController();
  const sleep = systemClock.sleep(60_000, ending.signal, "open-row");
  expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout")).toHaveLength(before);
  ending.abort();
  await sleep;
  await until(() => true);
});
