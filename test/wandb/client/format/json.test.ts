import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonValue, parseJson, stringifyJson } from "../../../../src/wandb/client/format/json.js";

const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("NaN", "\u0001NaN", "\u0001", '"Infinity"', "a: NaN, b"),
    fc.string({ unit: "binary" }),
    fc.boolean(),
    fc.constant(null),
    fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant("\u0001NaN"), fc.constant("NaN")), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

describe("JSON as W&B writes it", () => {
  it("comes back as it was, non-finite numbers and strings that look like them too", () => {
    fc.assert(
      fc.property(value, (written) => {
        expect(parseJson(stringifyJson(written))).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });

  it("is plain JSON where all numbers are finite", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (written) => {
        expect(stringifyJson(written as JsonValue)).toBe(JSON.stringify(written));
      }),
    );
  });

  it("has non-finite numbers as bare words and leaves absent members out", () => {
    const row = {
      cost: Number.NaN,
      best: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      up: undefined,
      zero: -0,
    };
    expect(stringifyJson(row)).toBe('{"cost":NaN,"best":[Infinity,-Infinity],"zero":0}');
  });

  it("reads words inside strings as strings", () => {
    expect(parseJson('{"NaN": "NaN", "x": [NaN, "-Infinity\\"", -Infinity]}')).toEqual({
      NaN: "NaN",
      x: [Number.NaN, '-Infinity"', Number.NEGATIVE_INFINITY],
    });
  });

  it("keeps strings that look like the marks of its reader beside the numbers they stand for", () => {
    const written = [
      Number.NaN,
      "\u0001NaN",
      "\u0001\u0001x",
      "NaN",
      { "\u0001NaN": Number.NEGATIVE_INFINITY },
    ];
    expect(parseJson(stringifyJson(written))).toEqual(written);
  });

  it.each([
    "",
    "{",
    "nan",
    "{NaN}",
    "{NaN:1}",
    "[NaN,]",
    '{"a":NaN',
    '{"a":Infinit}',
    "NaN NaN",
    "-NaN",
    "[NaN}",
    '{"a" NaN}',
    "Infinity1",
    '["\\x", NaN]',
    "nope",
  ])("refuses %s", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
