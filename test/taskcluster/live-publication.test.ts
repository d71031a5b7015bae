/** A training that is followed from outside, through everything that may happen to it and to the command. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Agent } from "undici";
import { expect, it } from "vitest";
import type { Source } from "../../src/io/source.js";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import { LiveLogSource } from "../../src/taskcluster/live-log.js";
import { WandbClient } from "../../src/wandb/client/index.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import { StandInServer } from "../servers/wandb/index.js";
import { settingsFor } from "../wandb/client/harness.js";
import { TestClock } from "../wandb/client/test-clock.js";
import { pipe, row, start, valid } from "../wandb/stage.js";
import { harness, IDS } from "./client/harness.js";
import { type LogShape, type Schedule, schedules, TaskScript } from "./live-schedule.js";

const TASK = IDS.teacher2;

/** On the clock of a process that was killed nothing happens any more. */
class MortalClock extends TestClock {
  dead = false;

  override async sleep(...parameters: Parameters<TestClock["sleep"]>): Promise<void> {
    if (this.dead) return new Promise(() => {});
    return super.sleep(...parameters);
  }
}

/**
 * Each run goes on two updates behind where the one before began, and measures other values. The last line of one that
 * was taken away may lack a digit.
 */
function trainingText({ lines, width, whole }: LogShape, run: number): string {
  const updates = Array.from({ length: lines }, (_, index) => 2 * run + index + 1);
  const text =
    start +
    updates
      .map((up) => {
        const filler = `[2024-03-04 10:00:00] [data] ${"x".repeat(width)}\n`;
        const said = row(up, 100 * run + up + 0.25);
        return filler + said + (up % 3 === 0 ? valid(up, "chrf", 50 + up + run / 4) : "");
      })
      .join("");
  return whole ? text : text.slice(0, -2);
}

/** The last run comes to its end. */
function withEnd({ runs, ...schedule }: Schedule): Schedule {
  const last = runs.length - 1;
  return {
    ...schedule,
    runs: runs.map((run, at) => (at === last ? { ...run, log: { ...run.log, whole: true } } : run)),
  };
}

/** What all runs say in whole lines. */
function wholeText({ runs }: Schedule): string {
  const texts = runs.map(({ log }, run) => trainingText(log, run));
  return texts.map((text) => text.slice(0, text.lastIndexOf("\n") + 1)).join("");
}

/** One command that follows the training, as `task --follow` does. */
class Command {
  readonly #wandb: StandInServer;
  readonly #clock = new MortalClock();
  readonly #agent = new Agent();
  readonly #stop = new AbortController();

  constructor(wandb: StandInServer) {
    this.#wandb = wandb;
  }

  /** Reads and publishes; after so many chunks it is stopped, or killed. */
  async run(source: Source, project: string, chunks: number, end: "stop" | "kill"): Promise<void> {
    const client = new WandbClient(settingsFor(this.#wandb), {
      version: "marian-tracking/test",
      dispatcher: this.#agent,
      clock: this.#clock,
      random: () => 0,
    });
    const dir = mkdtempSync(join(tmpdir(), "follow-"));
    const publication = { id: "teacher-2", project, tags: [], client, dir, baseUrl: this.#wandb.url };
    let died: () => void = () => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const limited: Source = {
      name: source.name,
      chunks: () => this.#limited(source, chunks, end, died),
    };
    const { signal } = this.#stop;
    const job = publishLog(
      limited,
      {},
      [new WandbPublisher({ ...publication, stop: signal, replayed: true, override: false })],
      { signal },
    );
    const receipt = await Promise.race([job, death]);
    if (receipt !== undefined) {
      expect([publisherErrors(receipt), receipt.error ?? end]).toEqual([
        [],
        expect.stringMatching(/^stop|kill/),
      ]);
      await client.close();
    }
    rmSync(dir, { recursive: true, force: true });
  }

  async *#limited(source: Source, chunks: number, end: "stop" | "kill", died: () => void) {
    let left = chunks;
    for await (const chunk of source.chunks()) {
      left -= 1;
      if (left === 0 && end === "stop") this.#stop.abort();
      yield chunk;
      if (left === 0) break;
    }
    if (left > 0 || end === "stop") return;
    this.#clock.dead = true;
    await this.#agent.destroy();
    died();
    await new Promise(() => {});
  }
}

it("publishes each measurement once, whatever the schedule", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedules().map(withEnd), async (schedule) => {
      const wandb = await StandInServer.start();
      const { server, queue } = await harness();
      const store = new ArtifactStore(queue, { folder: undefined });
      new TaskScript(server, TASK, schedule, trainingText);
      const follow = () => new LiveLogSource(queue, store, { taskId: TASK, runId: 0, wholeLines: true });
      for (const [index, chunks] of schedule.restartsAfter.entries())
        await new Command(wandb).run(follow(), "followed", chunks, index % 2 === 0 ? "kill" : "stop");
      await new Command(wandb).run(follow(), "followed", Number.POSITIVE_INFINITY, "stop");
      await new Command(wandb).run(pipe(wholeText(schedule)), "whole", Number.POSITIVE_INFINITY, "stop");
      const history = (project: string) =>
        wandb.store.run(wandb.entity, project, "teacher-2") === undefined
          ? []
          : wandb.history(project, "teacher-2").map(({ _step, cost, chrf }) => ({ _step, cost, chrf }));
      expect(history("followed")).toEqual(history("whole"));
      const updates = new Set(
        [...wholeText(schedule).matchAll(/Up\. (\d+) : Sen/g)].map(([, up]) => Number(up)),
      );
      expect(history("followed").map(({ _step }) => _step)).toEqual([...updates].sort((a, b) => a - b));
      const console = (project: string) =>
        wandb.store.run(wandb.entity, project, "teacher-2")?.lines["output.log"].length;
      expect(console("followed")).toBe(console("whole"));
      expect(wandb.violations).toEqual([]);
      await store.close();
      await queue.close();
      await server.close();
      await wandb.close();
    }),
    { numRuns: 100 },
  );
});
