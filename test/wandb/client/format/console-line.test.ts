import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConsoleLine, writeConsoleLine } from "../../../../src/wandb/client/format/console-line.js";

describe("a line of the console log", () => {
  it("comes back as it was, to the microsecond", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
        fc.string({ unit: "binary" }),
        fc.boolean(),
        (micros, text, error) => {
          const line = { text, timestamp: micros / 1e6, error };
          expect(readConsoleLine(writeConsoleLine(line), 7)).toEqual(line);
        },
      ),
    );
  });

  it("that is nearly in the next second is in it", () => {
    const line = { text: "x", timestamp: 1_694_867_541 + (1 - 2 ** -22), error: false };
    expect(writeConsoleLine(line)).toBe("2023-09-16T12:32:22.000000 x");
  });

  it("without a time gets the one it is given", () => {
    expect(readConsoleLine("plain", 7)).toEqual({ text: "plain", timestamp: 7, error: false });
  });
});
