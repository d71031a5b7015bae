import { describe, expect, it } from "vitest";
import { PrefixStripper } from "../../src/cli/taskcluster/log-text.js";
import { readLineStarts } from "../../src/core/line-start.js";
import { TimestampFormat } from "../../src/core/timestamp.js";
import { readEvaluationLog } from "../../src/evaluation/evaluation-log.js";
import { LogParser } from "../../src/index.js";
import { nodeCore } from "../../src/node-core.js";
import { LogLines } from "../../src/run/log-lines.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What workers print, and the same in UTC. */
const FORMS: [form: string, utc: string][] = [
  ["2025-08-30T17:55:02.294Z", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30 17:55:02.294Z", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T17:55:02Z", "2025-08-30T17:55:02.000Z"],
  ["2025-08-30T17:55:02.2Z", "2025-08-30T17:55:02.200Z"],
  ["2025-08-30T17:55:02.294987654Z", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T17:55:02.294+00:00", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30 17:55:02.294+00:00", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T17:55:02.294-00:00", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T19:55:02.294+0200", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T19:55:02.294+02", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30T12:25:02.294-05:30", "2025-08-30T17:55:02.294Z"],
  ["2025-08-30 12:25:02.294-0530", "2025-08-30T17:55:02.294Z"],
  ["2025-09-01T02:40:02.294+05:45", "2025-08-31T20:55:02.294Z"],
  ["2024-12-31T23:30:00.000-01:00", "2025-01-01T00:30:00.000Z"],
];
const NAMES = ["task", "taskcluster", "vcs", "setup", "fetches", "taskcluster:warn"];

const RECORD = "Ep. 1 : Up. 1000 : Sen. 753,766 : Cost 8.26540375 : Time 375.06s : 47464.64 words/s";

describe.each(FORMS)("a worker's prefix at %s", (form, utc) => {
  it.each(NAMES)("is known to every reader of [%s …]", (name) => {
    const line = `[${name} ${form}] [2020-01-01 00:00:00] ${RECORD}`;
    const rest = line.slice(name.length + form.length + 4);

    using parser = new LogParser();
    parser.feed(bytes(`${line}\n`));
    const [record] = parser.finish().measurements();
    expect(record).toMatchObject({ type: "training", timestamp: utc, up: 1000 });

    const lines = new LogLines(nodeCore(), new TimestampFormat("Asia/Tokyo"));
    expect(lines.take(bytes(`${line}\n`))).toEqual([{ text: rest, timestamp: Date.parse(utc) / 1000 }]);

    const stripper = new PrefixStripper(nodeCore());
    const parts = [...bytes(line)].map((byte) => stripper.take(Uint8Array.of(byte)));
    expect(Buffer.concat([...parts, stripper.end()]).toString()).toBe(rest);

    const prefix = `[${name} ${form}] `;
    const log = ["+ sacrebleu x", "31.5", "0.62"].map((said) => `${prefix}${said}\n`).join("");
    expect(readEvaluationLog(log, nodeCore())).toEqual(
      new Map([
        ["bleu_detok", 31.5],
        ["chrf", 0.62],
      ]),
    );
  });
});

describe("the start of a line", () => {
  it("is read for each line of a text, the unterminated last one included", () => {
    expect(readLineStarts(nodeCore(), bytes(""))).toEqual([]);
    expect(
      readLineStarts(nodeCore(), bytes("\n[task 1970-01-01T00:00:01Z] x\n[1970-01-01 00:00:02] y")),
    ).toEqual([
      { prefix: 0, utc: false },
      { prefix: 28, time: 1000, utc: true },
      { prefix: 0, time: 2000, utc: false },
    ]);
  });

  it("holds no prefix where the time is none", () => {
    for (const form of [
      "2025-08-30T17:55:02.294",
      "2025-08-30T17:55:02.294+2:00",
      "2025-08-30T17:55:02.294+25:00",
      "2025-02-30T17:55:02.294Z",
      "17:55:02Z",
      "x",
    ]) {
      const line = `[task ${form}] [2020-01-01 00:00:00] ${RECORD}\n`;
      using parser = new LogParser();
      parser.feed(bytes(line));
      expect([...parser.finish().measurements()][0]).toMatchObject({
        timestamp: "2020-01-01T00:00:00",
      });
      expect(readLineStarts(nodeCore(), bytes(line))[0]?.prefix, form).toBe(0);
    }
  });
});
