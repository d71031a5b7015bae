/** Publishers of the user's own. */

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FileSource } from "../../src/io/source.js";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import type { Publisher } from "../../src/publishers/publisher.js";
import { PublisherQueue } from "../../src/publishers/publisher-queue.js";
import { check, freshFolder } from "../cli/run-binary.js";
import { parse } from "../cli/run-here.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const fixture = `${root}fixtures/train.log`;

const publish = (live: boolean, ...publishers: Publisher[]) =>
  publishLog(
    new FileSource(fixture),
    {},
    publishers.map((publisher) => new PublisherQueue(publisher, live)),
  );

describe("a publisher of one's own", () => {
  test("gets every row, point, segment and line, in order", async () => {
    const calls: string[] = [];
    const ups: number[] = [];
    const counts = { training: 0, validation: 0, segments: 0, lines: 0 };
    const receipt = await publish(false, {
      name: "mine",
      open: ({ source }) => void calls.push(`open ${source}`),
      training: (rows) => {
        counts.training += rows.length;
        ups.push(...rows.map(({ up }) => up));
      },
      validation: (points) => {
        counts.validation += points.length;
      },
      segments: (list) => {
        counts.segments += list.length;
      },
      logLines: (lines) => {
        counts.lines += lines.length;
      },
      close: ({ tally }) => void calls.push(`close ${tally.counts.training}`),
    });
    expect(calls).toEqual([`open ${fixture}`, "close 87"]);
    expect(counts).toEqual({ training: 87, validation: 17, segments: 2, lines: 382 });
    expect(ups.slice(0, 3)).toEqual([500, 1000, 1500]);
    expect(publisherErrors(receipt)).toEqual([]);
  });

  test("gets the evaluations of the model behind the log, once", async () => {
    const calls: string[] = [];
    const evaluation = {
      run: "student",
      importer: "flores",
      dataset: "devtest",
      augmentation: null,
      metrics: new Map([["chrf", 58.4]]),
      source: "devtest.metrics",
    };
    const publisher: Publisher = {
      name: "mine",
      validation: (points) => void calls.push(`${points.length} points`),
      evaluations: (list) => void calls.push(`${list[0]?.dataset} ${list[0]?.metrics.get("chrf")}`),
      close: () => void calls.push("close"),
    };
    const receipt = await publishLog(new FileSource(fixture), {}, [
      new PublisherQueue(publisher, false, [evaluation]),
    ]);
    expect(calls.slice(-2)).toEqual(["devtest 58.4", "close"]);
    expect(publisherErrors(receipt)).toEqual([]);
  });

  test("that throws is named and the others go on", async () => {
    let rows = 0;
    const receipt = await publish(
      false,
      { name: "bad", training: () => Promise.reject(new Error("no room")) },
      {
        name: "good",
        training: (list) => {
          rows += list.length;
        },
      },
    );
    expect(publisherErrors(receipt)).toEqual(["bad: no room"]);
    expect(rows).toBe(87);
  });

  test("that stalls does not hold up a training that is running", async () => {
    let release = () => {};
    const stalled = new Promise<void>((resolve) => {
      release = resolve;
    });
    const text = "Ep. 1 : Up. 1 : Sen. 1 : Cost 1\n".repeat(30_000);
    let read = 0;
    const source = {
      name: "-",
      async *chunks() {
        for (let part = 0; part < 4; part += 1) {
          yield new TextEncoder().encode(text);
          read += 1;
        }
        release();
      },
    };
    const publisher: Publisher = { name: "slow", training: () => stalled };
    const receipt = await publishLog(source, {}, [new PublisherQueue(publisher, true)]);
    expect(read).toBe(4);
    expect(publisherErrors(receipt)).toEqual(["slow: 90000 rows and lines of - did not fit in its queue"]);
  });

  test("that is no module, or has no createPublisher, is refused", async () => {
    const folder = freshFolder({ "a.log": "x\n", "empty.mjs": "" });
    check(await parse(["a.log", "--publisher", "./none.mjs"], { folder }), {
      code: 2,
      stderr: /--publisher \.\/none\.mjs: it could not be loaded/,
    });
    check(await parse(["a.log", "--publisher", "./empty.mjs"], { folder }), {
      code: 2,
      stderr: /must export a function createPublisher/,
    });
  });
});
