import { describe, expect, it } from "vitest";
import { TimestampFormat } from "../../src/core/timestamp.js";
import { nodeCore } from "../../src/node-core.js";
import { LogLines, type LogText } from "../../src/run/log-lines.js";

const seconds = (time: string) => Date.parse(time) / 1000;

function linesOf(text: string, size = 1000, timeZone?: string): LogText[] {
  const all = new TextEncoder().encode(text);
  const lines = new LogLines(nodeCore(), new TimestampFormat(timeZone));
  const found = [];
  for (let at = 0; at < all.length; at += size) found.push(...lines.take(all.subarray(at, at + size)));
  return [...found, ...lines.finish()];
}

describe("LogLines", () => {
  it("divides any chunks into the same lines and takes Taskcluster's prefix off", () => {
    const text =
      "\ufeff[marian]\n[task 2023-09-16T12:39:01.105Z] [marian] caf\u00e9\n\n 1 %\r 2 %\r\nplain\r\n" +
      "[task 2023-09-16T12:39:02.105Z] 1 %\r 2 %\n\ufeff\u{1f600}\nlast";
    for (const size of [1, 2, 3, 7, 1000]) {
      expect(linesOf(text, size)).toEqual([
        { text: "[marian]" },
        { text: "[marian] caf\u00e9", timestamp: 1694867941.105 },
        { text: "" },
        { text: " 2 %" },
        { text: "plain" },
        { text: " 2 %", timestamp: 1694867942.105 },
        { text: "\ufeff\u{1f600}" },
        { text: "last" },
      ]);
    }
  });

  it("gives each line the time of its own stamp", () => {
    const text = [
      "no time yet",
      "[2024-01-01 10:00:00] Ep. 1",
      "[2024-01-01 10:00:05 mpi:3] Ep. 1",
      "3: [2024-01-01 10:00:06] x",
      "2024-01-01T11:00:07.5+01:00 stdout F x",
      "[task 2024-01-01 10:00:08.25+00:00] [2020-01-01 00:00:00] x",
      "said at [2024-01-01 10:00:00] by somebody",
    ].join("\n");
    expect(linesOf(text)).toEqual([
      { text: "no time yet" },
      { text: "[2024-01-01 10:00:00] Ep. 1", timestamp: seconds("2024-01-01T10:00:00Z") },
      { text: "[2024-01-01 10:00:05 mpi:3] Ep. 1", timestamp: seconds("2024-01-01T10:00:05Z") },
      { text: "3: [2024-01-01 10:00:06] x", timestamp: seconds("2024-01-01T10:00:06Z") },
      { text: "2024-01-01T11:00:07.5+01:00 stdout F x", timestamp: seconds("2024-01-01T10:00:07.5Z") },
      { text: "[2020-01-01 00:00:00] x", timestamp: seconds("2024-01-01T10:00:08.25Z") },
      { text: "said at [2024-01-01 10:00:00] by somebody" },
    ]);
    expect(linesOf("[2024-07-01 10:00:00] x", 5, "Europe/Paris")).toEqual([
      { text: "[2024-07-01 10:00:00] x", timestamp: seconds("2024-07-01T08:00:00Z") },
    ]);
  });

  it("reads each segment's stamps in that segment's zone", () => {
    const time = new TimestampFormat();
    const lines = new LogLines(nodeCore(), time);
    const start = { warnings: [], timestamp: "" };
    lines.startSegments([{ ...start, segment: 0, line: 2, config: { "log-time-zone": "Asia/Tokyo" } }]);
    lines.startSegments([
      { ...start, segment: 1, line: 4, config: { "log-time-zone": "America/New_York" } },
      { ...start, segment: 2, line: 5, config: {} },
    ]);
    const text = "[2024-01-01 10:00:00] x\n".repeat(5);
    expect(lines.take(new TextEncoder().encode(text)).map(({ timestamp }) => timestamp)).toEqual(
      ["01:00", "01:00", "01:00", "15:00", "10:00"].map((clock) => seconds(`2024-01-01T${clock}:00Z`)),
    );
  });

  it("keeps no more of a line than 64 Ki characters, however it comes", () => {
    for (const [character, size] of [
      ["x", 100_000],
      ["\u00e9", 1001],
      ["\u6f22", 777],
    ] as const) {
      const [line, next] = linesOf(`${character.repeat(200_000)}\nnext`, size);
      expect(line?.text).toBe(character.repeat(65_536));
      expect(next).toEqual({ text: "next" });
    }
  });
});
