import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type JsonValue,
  parseJsonish,
  stringifyJsonish,
} from "../../../../src/publishers/wandb/client/index.js";

const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.double({ noDefaultInfinity: false, noNaN: false }).map((value) => (value === 0 ? 0 : value)),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("tree")),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("tree"),
      { noNullPrototype: true },
    ),
  ),
}));

describe("JSON with bare non-finite numbers", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseJsonish(stringifyJsonish(value))).toEqual(value);
      }),
    );
  });

  it("is plain JSON where all numbers are finite", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stringifyJsonish(value as JsonValue)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("writes what W&B writes, and leaves absent members out", () => {
    const value = {
      a: Number.NaN,
      b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      c: undefined,
      d: -0,
    };
    expect(stringifyJsonish(value)).toBe('{"a":NaN,"b":[Infinity,-Infinity],"d":0}');
  });

  it("reads words inside strings as strings", () => {
    expect(parseJsonish('{"NaN": "NaN", "x": [NaN, "-Infinity\\"", -Infinity]}')).toEqual({
      NaN: "NaN",
      x: [Number.NaN, '-Infinity"', Number.NEGATIVE_INFINITY],
    });
  });

  it.each([
    "{NaN}",
    "[NaN,]",
    '{"a":NaN',
    "NaN NaN",
    "-NaN",
    "[NaN}",
    '{"a" NaN}',
    "Infinity1",
    '["\\x", NaN]',
    "nope",
  ])("refuses %s", (text) => {
    expect(() => parseJsonish(text)).toThrow(SyntaxError);
  });
});
