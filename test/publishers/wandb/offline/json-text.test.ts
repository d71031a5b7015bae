import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type JsonValue,
  parseJson,
  stringifyJson,
} from "../../../../src/publishers/wandb/offline/json-text.js";

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

  it("has non-finite numbers as bare words and leaves out undefined members", () => {
    const row = {
      cost: Number.NaN,
      best: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      up: undefined,
    };
    expect(stringifyJson(row)).toBe('{"cost":NaN,"best":[Infinity,-Infinity]}');
  });

  it("refuses what is no JSON", () => {
    for (const text of ["", "{", "nan", "[NaN", '{"a":Infinit}'])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
