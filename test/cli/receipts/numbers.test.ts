import fc from "fast-check";
import { expect, it } from "vitest";
import { grouped } from "../../../src/cli/receipts/numbers.js";

it("groups digits as English does", () => {
  const number = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1e7, max: 1e7 }), fc.double());
  fc.assert(
    fc.property(number, (value) => {
      expect(grouped(value)).toBe((value + 0).toLocaleString("en-US"));
    }),
  );
});
