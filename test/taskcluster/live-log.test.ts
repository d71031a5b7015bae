import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import type { QueueOptions } from "../../src/taskcluster/client/index.js";
import { TRAINING_LOGS } from "../../src/taskcluster/finished-log.js";
import type { LiveLogEvent, LiveLogOptions } from "../../src/taskcluster/live-log.js";
import { LiveLogSource } from "../../src/taskcluster/live-log.js";
import { runOf } from "../servers/taskcluster/own-groups.js";
import { afterTest, type Harness, harness, IDS } from "./client/harness.js";
import { schedules, TaskScript } from "./live-schedule.js";
import { UNUSABLE_LOGS } from "./unusable-logs.js";

const TASK = IDS.teacher2;
const [TRAIN, BACKING, LIVE] = TRAINING_LOGS;

interface Followed extends Harness {
  readonly store: ArtifactStore;
  readonly events: LiveLogEvent[];
  follow(options?: Partial<LiveLogOptions>): LiveLogSource;
  /** Ends the last run and leaves its log. */
  finish(end: string, log?: string): void;
  /** Adds a run. */
  start(end: "pending" | "running"): void;
}

async function setUp(queueOptions: Partial<QueueOptions> = {}): Promise<Followed> {
  const both = await harness({}, queueOptions);
  const { server, queue } = both;
  const store = new ArtifactStore(queue, { folder: undefined });
  afterTest(() => store.close());
  const events: LiveLogEvent[] = [];
  const { status } = server.store.task(TASK);
  return {
    ...both,
    store,
    events,
    follow: (options = {}) =>
      new LiveLogSource(queue, store, { taskId: TASK, onEvent: (event) => events.push(event), ...options }),
    finish: (end, log) => {
      const runId = status.runs.length - 1;
      status.runs[runId] = runOf(end, runId);
      status.state = status.runs[runId]?.state ?? "";
      if (log !== undefined) server.setContent(TASK, runId, BACKING, log);
    },
    start: (end) => {
      status.runs.push(runOf(end, status.runs.length));
      status.state = end;
    },
  };
}

async function textOf(source: LiveLogSource, each: (text: string) => void = () => {}): Promise<string> {
  let text = "";
  for await (const chunk of source.chunks()) {
    text += Buffer.from(chunk).toString("latin1");
    each(text);
  }
  return text;
}

describe("what is missing of a log", () => {
  it("is not the log of a run whose worker was taken away, where the next run completed the task", async () => {
    const { follow, finish, start, events } = await setUp();
    finish("claim-expired");
    start("running");
    finish("completed", "two\n");
    const source = follow({ runId: 0 });
    expect(await textOf(source)).toBe("two\n");
    expect(events).toContainEqual(expect.objectContaining({ kind: "incomplete", runId: 0 }));
    expect([source.finalState, source.trainingState, source.incomplete]).toEqual([
      "completed",
      "finished",
      false,
    ]);
  });

  it("is the log of an earlier run that has left one, where that can't be had", async () => {
    const { server, follow, finish, start } = await setUp();
    finish("worker-shutdown", "one\n");
    start("running");
    finish("completed", "two\n");
    server.inject({ endpoint: "content", path: "/0/", fault: { kind: "cut" }, times: 100 });
    const source = follow({ runId: 0 });
    expect(await textOf(source)).toBe("two\n");
    expect([source.finalState, source.incomplete]).toEqual(["completed", true]);
  });

  it("is the log of the last run, if it has left none", async () => {
    const { follow, finish } = await setUp();
    finish("failed");
    const source = follow();
    expect(await textOf(source)).toBe("");
    expect([source.trainingState, source.incomplete]).toEqual(["failed", true]);
  });
});

describe("how a training stands", () => {
  it("is how its task does, also where one run is read alone", async () => {
    const { follow, finish, start } = await setUp();
    finish("worker-shutdown", "one\n");
    start("running");
    const source = follow({ runId: 0, onlyRun: true });
    expect(await textOf(source)).toBe("one\n");
    expect([source.finalState, source.trainingState]).toEqual(["exception", "running"]);
  });
});

describe("the log of a running task", () => {
  it("is read while it grows, and to its end from the log that the run leaves", async () => {
    const { server, follow, finish, events } = await setUp();
    const log = server.live(TASK);
    log.append("one\n");
    const source = follow();
    const text = await textOf(source, (read) => {
      if (read === "one\n") log.append("two\n");
      if (read === "one\ntwo\n") {
        finish("completed", "one\ntwo\nthree\n");
        log.end();
      }
    });
    expect(text).toBe("one\ntwo\nthree\n");
    expect(source.finalState).toBe("completed");
    expect(source.state).toEqual({ runId: 0, bytes: 14, atLineStart: true });
    expect(events).toEqual([{ kind: "ended", state: "completed", reason: "completed" }]);
    expect(log.connections).toBe(1);
  });

  it("is read on after the connection broke: what was read is passed over", async () => {
    const { server, follow, finish, events, clock } = await setUp();
    const log = server.live(TASK);
    log.append("one\ntw");
    const text = await textOf(follow(), (read) => {
      if (read === "one\ntw") {
        log.kill();
        log.append("o\nthree\n");
      }
      if (read.endsWith("three\n")) {
        finish("failed", "one\ntwo\nthree\n");
        log.end();
      }
    });
    expect(text).toBe("one\ntwo\nthree\n");
    expect(events.map(({ kind }) => kind)).toEqual(["reconnecting", "ended"]);
    expect(clock.slept).toEqual([2000]);
  });

  it("is waited for while there is no run, no worker and no log", async () => {
    const { server, follow, finish, start, events, clock } = await setUp();
    const { status } = server.store.task(TASK);
    status.runs.length = 0;
    status.state = "unscheduled";
    let polls = 0;
    server.onRequest = ({ endpoint }) => {
      if (endpoint !== "status") return;
      polls += 1;
      if (polls === 3) start("pending");
      if (polls === 8) {
        status.runs[0] = runOf("running", 0);
        status.state = "running";
      }
      if (polls === 11) finish("completed", "all\n");
    };
    const source = follow();
    expect(await textOf(source)).toBe("all\n");
    const waiting = events.flatMap((event) => (event.kind === "waiting" ? [event.state] : []));
    expect(waiting).toEqual(["unscheduled", "pending", "running", "running", "running"]);
    expect(clock.slept).toEqual([5000, 10_000, 5000, 10_000, 20_000, 30_000, 2000, 4000]);
    expect(source.finalState).toBe("completed");
  });

  it.each([
    ["at once", 0],
    ["with the second answer", 1],
  ])(
    "ends without a message if its connection breaks because the run ends: the queue says so %s",
    async (_, late) => {
      const { server, follow, finish, events } = await setUp();
      const log = server.live(TASK);
      log.append("one\n");
      const text = await textOf(follow(), () => {
        let asked = 0;
        server.onRequest = ({ endpoint }) => {
          if (endpoint === "status" && asked++ === late) finish("completed", "one\ntwo\n");
        };
        log.kill();
      });
      expect(text).toBe("one\ntwo\n");
      expect(events).toEqual([{ kind: "ended", state: "completed", reason: "completed" }]);
    },
  );

  it("goes on with the next run when the worker was taken away", async () => {
    const { server, follow, finish, start, events } = await setUp();
    const first = server.live(TASK, 0);
    first.append("a1\na2");
    const source = follow();
    const text = await textOf(source, (read) => {
      if (read === "a1\na2") {
        finish("worker-shutdown");
        start("pending");
        first.kill();
        server.onRequest = ({ endpoint }) => {
          if (endpoint !== "status") return;
          server.onRequest = () => {};
          const { status } = server.store.task(TASK);
          status.runs[1] = runOf("running", 1);
          server.live(TASK, 1).append("b1\n");
        };
      }
      if (read.endsWith("b1\n")) {
        finish("completed", "b1\nb2\n");
        server.live(TASK, 1).end();
      }
    });
    expect(text).toBe("a1\na2\nb1\nb2\n");
    expect(source.state).toEqual({ runId: 1, bytes: 6, atLineStart: true });
    expect(events.map(({ kind }) => kind)).toEqual(["incomplete", "next-run", "ended"]);
    expect(events[0]).toMatchObject({ runId: 0, reason: expect.stringMatching(/is not there/) });
    expect(events[1]).toMatchObject({ runId: 0, reason: "worker-shutdown" });
  });

  it("begins with the last run, with another on request, and can end with that", async () => {
    const { server, follow, finish, start } = await setUp();
    finish("worker-shutdown", "a\n");
    start("running");
    finish("failed", "b\n");
    expect(await textOf(follow())).toBe("b\n");
    expect(await textOf(follow({ runId: 0 }))).toBe("a\nb\n");
    const only = follow({ runId: 0, onlyRun: true });
    expect(await textOf(only)).toBe("a\n");
    expect(only.finalState).toBe("exception");
    expect(server.count("live")).toBe(0);
  });

  it("is read on by another command where this one stopped", async () => {
    const { server, follow, finish } = await setUp();
    const log = server.live(TASK);
    log.append("one\ntwo");
    const first = follow();
    for await (const _ of first.chunks()) break;
    expect(first.state).toEqual({ runId: 0, bytes: 7, atLineStart: false });
    expect(first.finalState).toBeUndefined();
    while (log.readers > 0) await new Promise((resolve) => setImmediate(resolve));
    log.append("\nthree\n");
    const second = follow(first.state === undefined ? {} : { from: first.state });
    const text = await textOf(second, () => {
      finish("completed", "one\ntwo\nthree\nfour\n");
      log.end();
    });
    expect(text).toBe("\nthree\nfour\n");
  });

  it("outlives an outage of the queue, but not an hour of it", async () => {
    const { server, follow, finish, events, clock } = await setUp();
    finish("completed", "all\n");
    server.inject({ endpoint: "status", fault: { kind: "status", status: 502 }, times: 20 });
    expect(await textOf(follow())).toBe("all\n");
    expect(events.map(({ kind }) => kind)).toEqual(["unreachable", "unreachable", "unreachable", "ended"]);
    const before = clock.now();
    server.inject({ endpoint: "status", fault: { kind: "status", status: 502 }, times: 10_000 });
    await expect(textOf(follow())).rejects.toThrow(/no usable answer/);
    expect(clock.now() - before).toBeGreaterThan(3_600_000);
  });

  it("ends at once for a task that is unknown, and when the command is stopped", async () => {
    const stop = new AbortController();
    const { server, follow } = await setUp({ signal: stop.signal });
    await expect(textOf(follow({ taskId: IDS.unknown }))).rejects.toThrow(/is not there/);
    const log = server.live(TASK);
    log.append("one\n");
    await expect(textOf(follow(), () => stop.abort())).rejects.toThrow(/stopped/);
  });

  it("is read on when nothing comes for a while", async () => {
    const { server, follow, finish, events } = await setUp({ idleMs: 100 });
    const log = server.live(TASK);
    log.plan.push({ bytes: 4, end: "hang" });
    log.append("one\ntwo\n");
    const text = await textOf(follow(), (read) => {
      if (!read.endsWith("two\n")) return;
      finish("completed", "one\ntwo\n");
      log.end();
    });
    expect(text).toBe("one\ntwo\n");
    expect(events[0]).toMatchObject({ kind: "reconnecting" });
  });

  it("says when the end of a log can't be had, and waits for one that comes late", async () => {
    const { server, follow, finish, events, clock } = await setUp();
    finish("completed");
    expect(await textOf(follow())).toBe("");
    expect(events.map(({ kind }) => kind)).toEqual(["incomplete", "ended"]);
    expect(clock.slept).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
    let asked = 0;
    server.onRequest = ({ endpoint }) => {
      if (endpoint !== "artifact") return;
      asked += 1;
      if (asked === 3) server.setContent(TASK, 0, BACKING, "late\n");
    };
    expect(await textOf(follow())).toBe("late\n");
  });
});

describe("the rest of a training's log, when its run is over", () => {
  const marian = [1, 2, 3, 4].map((up) => `[2026-11-23 19:0${up}:00] Ep. 1 : Up. ${up} : Cost 5.${up}\n`);
  const printed = marian.map((line) => `[task 2026-11-23T19:00:01.000Z] ${line}`);
  const other = "[task 2026-11-23T19:00:01.000Z] of another program\n";
  const training = { logs: TRAINING_LOGS, wholeLines: true };
  const stripped = (text: string) => text.replace(/^\[task \S+\] /gm, "");

  it("is Marian's own log, where nothing was read before", async () => {
    const { server, follow, finish, events } = await setUp();
    finish("completed", printed.join(""));
    server.setContent(TASK, 0, TRAIN, marian.join(""));
    const source = follow(training);
    expect(await textOf(source)).toBe(marian.join(""));
    expect([source.incomplete, events.map(({ kind }) => kind)]).toEqual([false, ["ended"]]);
  });

  it.each(UNUSABLE_LOGS)("is the task's log where Marian's own can't be had: $name", async (fault) => {
    const { server, follow, finish, events } = await setUp();
    finish("completed", printed.join(""));
    server.setContent(TASK, 0, TRAIN, marian.join(""));
    fault.apply(server, TASK, 0, TRAIN);
    const source = follow(training);
    expect(await textOf(source)).toBe(printed.join(""));
    expect([source.incomplete, events[0]]).toEqual([
      false,
      expect.objectContaining({ kind: "other-log", reason: expect.stringMatching(fault.reason) }),
    ]);
  });

  /** Reads so many bytes while the run goes on, and the rest of what it leaves. */
  async function begun(bytes: number, text: string, leave: (setting: Followed) => void, options = training) {
    const setting = await setUp();
    const log = setting.server.live(TASK);
    log.append(text.slice(0, bytes));
    const { status } = setting.server.store.task(TASK);
    setting.server.onRequest = ({ endpoint }) => {
      if (endpoint !== "status" || log.connections === 0) return;
      setting.server.onRequest = () => {};
      if (status.state === "running") setting.finish("completed", text);
      leave(setting);
    };
    log.plan.push({ bytes, end: "end" });
    const source = setting.follow(options);
    return { ...setting, source, text: await textOf(source) };
  }

  const whole = printed[0] + other + printed.slice(1).join("");
  it.each(UNUSABLE_LOGS)(
    "goes on in Marian's own log where the task's can't be had, at any byte: $name",
    async (fault) => {
      const places = [10, 60, (printed[0]?.length ?? 0) + 20, whole.length - 70, whole.length - 1];
      for (const bytes of places) {
        const { source, text } = await begun(bytes, whole, ({ server }) => {
          server.setContent(TASK, 0, TRAIN, marian.join(""));
          fault.apply(server, TASK, 0, BACKING);
        });
        const lines = stripped(text).split("\n");
        expect(lines.filter((line) => /Up\./.test(line)).map((line) => `${line}\n`)).toEqual(marian);
        expect(source.incomplete).toBe(false);
      }
    },
  );

  it.each(UNUSABLE_LOGS)("goes on in live.log where the others can't be had: $name", async (fault) => {
    const { source, text } = await begun(60, whole, ({ server }) => {
      server.setContent(TASK, 0, "public/logs/kept.log", whole);
      const live = server.store.artifact(TASK, LIVE, 0);
      live.storageType = "link";
      live.link = "public/logs/kept.log";
      for (const name of [TRAIN, BACKING]) fault.apply(server, TASK, 0, name);
    });
    expect([text, source.incomplete]).toEqual([whole, false]);
  });

  it("is missing where every log is shorter than what was read, or another's", async () => {
    const { source, text, events } = await begun(whole.length - 70, whole, ({ server }) => {
      server.setContent(TASK, 0, BACKING, whole.slice(0, 60));
      server.setContent(TASK, 0, TRAIN, "[2025-01-01 00:00:00] of another training\n");
    });
    expect(whole.startsWith(text)).toBe(true);
    expect(source.incomplete).toBe(true);
    expect(events.map(({ kind }) => kind)).toEqual(["other-log", "incomplete", "ended"]);
  });
});

describe("any schedule of broken connections, outages, pre-emptions and restarts", () => {
  it("ends with exactly the bytes of the log", { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(schedules(), async (schedule) => {
        const { server, queue, store } = await setUp();
        const script = new TaskScript(server, TASK, schedule);
        const runId = 0;
        let source = new LiveLogSource(queue, store, { taskId: TASK, runId });
        const parts: Buffer[] = [];
        for (const chunks of [...schedule.restartsAfter, Number.POSITIVE_INFINITY]) {
          let left = chunks;
          for await (const chunk of source.chunks()) {
            parts.push(Buffer.from(chunk));
            left -= 1;
            if (left === 0) break;
          }
          if (source.finalState !== undefined) break;
          const { state } = source;
          source = new LiveLogSource(queue, store, { taskId: TASK, runId, ...(state && { from: state }) });
        }
        expect(source.finalState).toBe("completed");
        const read = Buffer.concat(parts);
        const { wholeLog } = script;
        const differs = wholeLog.findIndex((byte, at) => read[at] !== byte);
        expect({ bytes: read.length, differs }).toEqual({ bytes: wholeLog.length, differs: -1 });
        await queue.close();
        await server.close();
      }),
      { numRuns: 100 },
    );
  });
});
