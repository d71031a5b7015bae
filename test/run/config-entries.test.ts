import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEntries } from "../../src/run/config-entries.js";
import type { MarianConfig } from "../../src/run/config-value.js";
import { readYaml } from "../../src/run/yaml.js";

const read = (text: string) => {
  const found = readYaml(text);
  const value = "value" in found ? found.value : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as MarianConfig)
    : undefined;
};

/** Lines of configurations, and what might stand between them in a log that is torn. */
const LINES = [
  "seed: 1",
  "seed: 2",
  "seed:",
  "model: model.npz",
  "model: 'it''s'",
  'model: "open',
  'b: closed"',
  "b: it's",
  "devices:",
  "  - 0",
  "  - 1",
  "  []",
  "- x",
  "list: [1,",
  "c: 2]",
  "c: 2",
  "text: |",
  "text: |+",
  "  a line",
  "",
  "anchor: &one 1",
  "anchor: &one 2",
  "alias: *one",
  "<<: *one",
  "tagged: !!str 5",
  "# a remark",
  "remark: x # behind",
  "on: 1",
  "y: 1",
  "__proto__: {a: 1}",
  "---",
  "...",
  "%YAML 1.2",
  "? odd",
  "just words",
  "a: b: c",
  "time: 1:30",
  "1: 2",
  '"quoted": 3',
  "tab:\tx",
  "url: http://a/b?c&d*e",
];

describe("readEntries", () => {
  it("reads what the whole text says, whatever was read before", () => {
    let known = 0;
    const lines = fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(lines, (list) => {
        const text = list.join("\n");
        const found = readEntries(text, read);
        if (found === undefined) return;
        known += 1;
        expect(found).toEqual(read(text));
        expect(Object.keys(found)).toEqual(Object.keys(read(text) ?? {}));
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(500);
  });

  it("gives only what is new to the reader", () => {
    const asked: string[] = [];
    const asking = (text: string) => {
      asked.push(text);
      return read(text);
    };
    const config = (seed: number) => `only-new: 1\nonly-seed: ${seed}\nonly-list:\n  - a\n  - b`;
    expect(readEntries(config(1), asking)).toEqual({
      "only-new": 1,
      "only-seed": 1,
      "only-list": ["a", "b"],
    });
    expect(readEntries(config(2), asking)).toEqual({
      "only-new": 1,
      "only-seed": 2,
      "only-list": ["a", "b"],
    });
    expect(readEntries(config(2), asking)).toEqual({
      "only-new": 1,
      "only-seed": 2,
      "only-list": ["a", "b"],
    });
    expect(asked).toEqual([`${config(1)}\n`, "only-seed: 2\n"]);
  });

  it("shares no value that could be changed", () => {
    const first = readEntries("shared:\n  - {a: 1}", read);
    expect(Object.isFrozen(first?.["shared"])).toBe(true);
    const items = first?.["shared"] as unknown[] | undefined;
    expect(items?.map((item) => Object.isFrozen(item))).toEqual([true]);
  });

  it("forgets, rather than keep every configuration of a long archive", () => {
    for (let run = 0; run < 10_000; run += 1)
      readEntries(`path: /data/${run}/model.npz`, () => ({ path: run }));
    let asked = 0;
    readEntries("path: /data/0/model.npz", () => {
      asked += 1;
      return { path: 0 };
    });
    expect(asked).toBe(1);
  });
});
