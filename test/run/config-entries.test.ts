import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEntries } from "../../src/run/config-entries.js";
import type { MarianConfig } from "../../src/run/config-value.js";
import { readYaml } from "../../src/run/yaml.js";

const read = async (text: string) => {
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
  it("reads what the whole text says, whatever was read before", async () => {
    let known = 0;
    const lines = fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(lines, fc.constantFrom("", "\n", "\n\n"), async (list, end) => {
        const text = list.join("\n") + end;
        const found = await readEntries(text, read);
        if (found === undefined) return;
        known += 1;
        const whole = await read(text);
        expect(found).toEqual(whole);
        expect(Object.keys(found)).toEqual(Object.keys(whole ?? {}));
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(500);
  });

  it("gives only what is new and not plain to the reader", async () => {
    const asked: string[] = [];
    const asking = async (text: string) => {
      asked.push(text);
      return read(text);
    };
    const config = (seed: number) => `only-new: {a: 1}\nonly-seed: {b: ${seed}}\nonly-list:\n  - a\n  - b`;
    expect(await readEntries(config(1), asking)).toEqual({
      "only-new": { a: 1 },
      "only-seed": { b: 1 },
      "only-list": ["a", "b"],
    });
    expect(await readEntries(config(2), asking)).toEqual({
      "only-new": { a: 1 },
      "only-seed": { b: 2 },
      "only-list": ["a", "b"],
    });
    expect(await readEntries(config(2), asking)).toEqual({
      "only-new": { a: 1 },
      "only-seed": { b: 2 },
      "only-list": ["a", "b"],
    });
    expect(asked).toEqual(["only-new: {a: 1}\nonly-seed: {b: 1}\n", "only-seed: {b: 2}\n"]);
  });

  it("shares no value that could be changed", async () => {
    const first = await readEntries("shared:\n  - {a: 1}", read);
    expect(Object.isFrozen(first?.["shared"])).toBe(true);
    const items = first?.["shared"] as unknown[] | undefined;
    expect(items?.map((item) => Object.isFrozen(item))).toEqual([true]);
  });

  it("forgets, rather than keep every configuration of a long archive", async () => {
    for (let run = 0; run < 10_000; run += 1)
      await readEntries(`path: {run: ${run}}`, async () => ({ path: { run } }));
    let asked = 0;
    await readEntries("path: {run: 0}", async () => {
      asked += 1;
      return { path: { run: 0 } };
    });
    expect(asked).toBe(1);
  });

  it("asks for nothing if all entries are in Marian's own form", async () => {
    const text = 'plain-a: 1\nplain-b:\n  - x.npz\n  - 1e-09\nplain-c: ""\nplain-d: true\n';
    const none = () => Promise.reject(new Error("asked"));
    const config = { "plain-a": 1, "plain-b": ["x.npz", "1e-09"], "plain-c": "", "plain-d": true };
    expect(await readEntries(text, none)).toEqual(config);
  });
});
