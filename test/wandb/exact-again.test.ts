/** A log that is published again, changed or not. */

import { describe, expect, test } from "vitest";
import { fieldsOf } from "../../src/pipeline/input-receipt.js";
import { parseLine } from "../servers/wandb/index.js";
import { type Harness, harness, within } from "./client/harness.js";
import { notesText, pipe, pipeOf, publish, row, start, textFile, valid } from "./stage.js";

type Row = Readonly<Record<string, unknown>>;

const log = (...costs: readonly number[]) =>
  textFile(start + costs.map((cost, index) => row(index + 1, cost)).join(""));

describe("a log that is published again", () => {
  test("sends nothing when it is the same", async () => {
    const stage = await harness();
    await publish(stage, log(9, 8, 7));
    const { receipt } = await publish(stage, log(9, 8, 7));
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0, acknowledged: 0 } });
    expect(notesText(receipt)).toContain("3 rows were there already");
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8, 7]);
  });

  test("replaces the run when a value above its last row has changed", async () => {
    const stage = await harness();
    await publish(stage, log(9, 8, 7));
    const { receipt } = await publish(stage, log(9, 8.5, 7));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8.5, 7]);
    expect(notesText(receipt)).toContain("the rows of the run student are replaced");
    // And then it is known again.
    expect(fieldsOf((await publish(stage, log(9, 8.5, 7))).receipt)).toMatchObject({ wandb: { sent: 0 } });
  });

  test("replaces it when it has grown and has changed above what was there", async () => {
    const stage = await harness();
    await publish(stage, log(9, 8, 7));
    await publish(stage, log(9, 8.5, 7, 6));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8.5, 7, 6]);
  });

  test("goes on with the run when the update at its end has more to say by now", async () => {
    const stage = await harness();
    await publish(stage, log(9, 8));
    const { receipt } = await publish(
      stage,
      textFile(start + row(1, 9) + row(2, 8) + valid(2, "chrf", 50) + row(3, 7)),
    );
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 2 } });
    expect(
      stage.server.history("cs-en", "student").map(({ _step, cost, chrf }) => [_step, cost, chrf]),
    ).toEqual([
      [1, 9, undefined],
      [2, 8, 50],
      [3, 7, undefined],
    ]);
  });

  test("does not replace a run because the cut record at its end is whole now", async () => {
    const stage = await harness();
    // What a reader of the growing file saw: a cost that was not written to its end.
    await publish(stage, textFile(`${start}${row(1, 9)}${row(2, 8.123).trimEnd().slice(0, -1)}`));
    await publish(stage, log(9, 8.123, 7));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8.123, 7]);
  });

  test("a run of somebody else is known by the number of its rows and the last of them", async () => {
    const stage = await harness();
    const other = await stage.start({ project: "cs-en", id: "student" });
    for (const [step, cost] of [
      [1, 1],
      [2, 8],
    ] as const)
      await other.history({ epoch: 1, sen: step * 10, cost }, { step, timestamp: step });
    await other.finish();
    await publish(stage, log(9, 8, 7));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([1, 8, 7]);
    // From now on a change is noticed.
    await publish(stage, log(9, 8.5, 7));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8.5, 7]);
  });

  test("shorter than the run it gets the same run beside it each time", async () => {
    const stage = await harness();
    await publish(stage, log(9, 8, 7));
    await publish(stage, log(9, 8));
    const { receipt } = await publish(stage, log(9, 8));
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
    expect(stage.server.history("cs-en", "student-r2")).toHaveLength(2);
    // A still shorter one must not leave rows of the longer one behind its own.
    await publish(stage, log(9));
    expect(stage.server.history("cs-en", "student-r2")).toHaveLength(2);
    expect(stage.server.history("cs-en", "student-r3")).toHaveLength(1);
  });

  test("a training that was published while it ran is known when its log is published", async () => {
    const stage = await harness();
    const text = start + row(1, 9) + row(2, 8) + valid(2, "chrf", 50) + row(3, 7);
    await publish(stage, pipe(text.slice(0, text.indexOf(valid(2, "chrf", 50)))));
    await publish(stage, pipe(text.slice(text.indexOf(valid(2, "chrf", 50)))));
    const { receipt } = await publish(stage, textFile(text));
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
    expect(stage.server.history("cs-en", "student").map(({ cost, chrf }) => [cost, chrf])).toEqual([
      [9, undefined],
      [8, 50],
      [7, undefined],
    ]);
  });

  test("keeps the sections of the training task that only the task knows", async () => {
    const stage = await harness();
    const files = {
      model: { "dim-emb": 512 },
      training: { after: "20e" },
      opustrainer: null,
      datasetNames: [],
      notes: [],
      countDatasets: async () => ({ lines: new Map<string, number>(), notes: [] }),
    };
    const command = `${start.trimEnd()}\n[2024-03-04 09:00:00] [marian] Running on node as process 1 with command line:\n[2024-03-04 09:00:00] [marian] ./marian -c a.yml\n`;
    const text = (costs: readonly number[]) =>
      textFile(command + costs.map((cost, index) => row(index + 1, cost)).join(""));
    await publish(stage, text([9, 8]), { taskFiles: async () => files });
    const sections = () => {
      const { config } = stage.server.run("cs-en", "student");
      const { model, training, opustrainer } = parseLine(config) as Record<string, Row>;
      return [model?.["value"], training?.["value"], opustrainer?.["value"]];
    };
    const known = [files.model, files.training, null];
    expect(sections()).toEqual(known);
    await publish(stage, text([9, 8, 7]));
    expect(sections()).toEqual(known);
    await publish(stage, text([9, 5, 7]));
    expect(sections()).toEqual(known);
    await publish(stage, text([9, 5, 7]), { override: true });
    expect(sections()).toEqual([null, null, null]);
  });

  describe("after the process that read it live was killed", () => {
    /** Publishes the beginning of a training, each part as soon as the rows before are there, and is heard of no more. */
    async function killed(stage: Harness, ...parts: readonly (readonly number[])[]): Promise<void> {
      let up = 0;
      const steps = parts.flatMap((costs, part) => {
        const text = costs.map((cost) => row(++up, cost)).join("");
        const there = up;
        const isThere = () =>
          stage.server.store.run("team", "cs-en", "student") !== undefined &&
          stage.server.history("cs-en", "student").length === there;
        return [part === 0 ? start + text : text, () => within(stage, 40_000, isThere)];
      });
      await new Promise<void>((resolve) => {
        const dies = () => {
          resolve();
          return new Promise<void>(() => {});
        };
        void publish(stage, pipeOf(...steps, dies));
      });
    }
    const costs = ({ server }: Harness) => server.history("cs-en", "student").map(({ cost }) => cost);

    test.each([[[[9, 8, 7]]], [[[9], [8, 7]]], [[[9, 8], [7]]]])(
      "a changed value is noticed, of %j too",
      async (parts) => {
        const stage = await harness();
        await killed(stage, ...parts);
        const { receipt } = await publish(stage, log(9, 8, 7, 6));
        expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 1 } });
        expect(notesText(receipt)).not.toContain("checksum");
        const other = await harness();
        await killed(other, ...parts);
        await publish(other, log(9, 8.5, 7, 6));
        expect(costs(other)).toEqual([9, 8.5, 7, 6]);
      },
    );

    test("the next one goes on with the checksum", async () => {
      const stage = await harness();
      await killed(stage, [9, 8], [7]);
      await publish(stage, pipe(start + row(4, 6) + row(5, 5)));
      const { receipt } = await publish(stage, log(9, 8, 7, 6, 5));
      expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
      expect(notesText(receipt)).not.toContain("checksum");
      await publish(stage, log(9, 8, 7.5, 6, 5));
      expect(costs(stage)).toEqual([9, 8, 7.5, 6, 5]);
    });
  });

  test("says where a run has no checksum, and is exact from then on", async () => {
    const stage = await harness();
    const other = await stage.start({ project: "cs-en", id: "student" });
    for (const [step, cost] of [
      [1, 9],
      [2, 8],
    ] as const)
      await other.history({ epoch: 1, sen: step * 10, cost }, { step, timestamp: step });
    await other.finish();
    // A training that goes on with it does not know its rows.
    await publish(stage, pipe(start + row(3, 7)));
    const first = await publish(stage, log(9, 8, 7));
    expect(notesText(first.receipt)).toContain("the run has no checksum of its rows");
    const second = await publish(stage, log(9, 8, 7));
    expect(notesText(second.receipt)).not.toContain("checksum");
    await publish(stage, log(9, 8.5, 7));
    expect(stage.server.history("cs-en", "student").map(({ cost }) => cost)).toEqual([9, 8.5, 7]);
  });
});
