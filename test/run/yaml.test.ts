/** Configuration as a plain tree that costs no more than a configuration may. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMarianConfig } from "../../src/run/marian-config.js";
import { readYaml } from "../../src/run/yaml.js";

const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

/** Texts that are, or might be, more than a configuration; and what is said of them. */
const COSTLY: readonly (readonly [string, string, string])[] = [
  ["a list that holds itself", "a: &a [*a]", "contains itself"],
  ["a map that holds itself", "a: &a {b: {c: *a}}", "contains itself"],
  ["a map that merges itself", "a: &a\n  <<: *a", "contains itself"],
  ["a key that holds itself", "? &a [*a]\n: 1", "contains itself"],
  ["brackets", `a: ${nested(2500)}`, "deeper than 100 levels"],
  ["brackets that are never closed", "[".repeat(500_000), "deeper than 100 levels"],
  ["braces", `a: ${"{a: ".repeat(2500)}1${"}".repeat(2500)}`, "deeper than 100 levels"],
  ["lists in one line", `${"- ".repeat(2500)}x\ny: 1`, "deeper than 100 levels"],
  ["keys in one line", `${"? ".repeat(2500)}x\ny: 1`, "deeper than 100 levels"],
  ["empty keys in one line", `${": ".repeat(2500)}x\ny: 1`, "deeper than 100 levels"],
  ["indented maps", lines(600, (index) => `${" ".repeat(index)}a:`), "deeper than 100 levels"],
  [
    "depth by aliases",
    lines(101, (at) => (at === 0 ? "a0: &a0 [1]" : `a${at}: &a${at} [*a${at - 1}]`)),
    "deeper than",
  ],
  [
    "a tree that doubles with each line",
    lines(40, (at) => (at === 0 ? "a0: &a0 [1, 1]" : `a${at}: &a${at} [*a${at - 1}, *a${at - 1}]`)),
    "more than 20,000 values",
  ],
  ["values", `a: [${"1,".repeat(21_000)}]`, "more than 20,000 values"],
  ["aliases of a long text", `a: [&a ${"x".repeat(100_000)}, ${"*a, ".repeat(95)}]`, "aliases repeat"],
  ["a long text", `a: ${"x".repeat(1 << 20)}`, "longer than 1024 KiB"],
  ["aliases of a short text", `a: [&a x, ${"*a, ".repeat(2000)}]`, "anchors and aliases"],
  ["an alias of nothing", "a: *b", "no YAML"],
  ["two documents", "a: 1\n---\nb: 2", "no YAML"],
];

describe("readYaml", () => {
  it.each(COSTLY)("refuses %s", (_name, text, fault) => {
    expect(readYaml(text)).toEqual({
      fault: expect.stringContaining(fault),
      isTooLarge: fault !== "no YAML",
    });
  });

  it("takes what is deep, long or repeated within reason", () => {
    expect(readYaml(nested(99))).toHaveProperty("value");
    expect(readYaml(`a: [${"1,".repeat(19_000)}]`)).toHaveProperty("value");
    expect(readYaml("a: &a [1, {b: 2}]\nc: [*a, *a]\nd: {<<: {e: 3}}")).toEqual({
      value: {
        a: [1, { b: 2 }],
        c: [
          [1, { b: 2 }],
          [1, { b: 2 }],
        ],
        d: { e: 3 },
      },
    });
    expect(readYaml("- &a 1\n- *a\n- &a 2\n- *a")).toEqual({ value: [1, 1, 2, 2] });
    expect(readYaml("")).toEqual({ value: null });
  });

  it("never throws, and what it gives can be written as JSON", () => {
    const piece = fc.constantFrom(
      "a: ",
      "- ",
      "[",
      "]",
      "{",
      "}",
      ", ",
      "&a ",
      "*a",
      "? ",
      ": ",
      "<<: ",
      "\n",
      "  ",
      "x",
      "'",
      '"',
      "|\n",
      "!!set ",
      "__proto__: ",
      "# ",
      "---\n",
      "\t",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
        (text) => {
          const read = readYaml(text);
          if ("value" in read) expect(() => JSON.stringify(read.value)).not.toThrow();
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("readMarianConfig", () => {
  it("an entry that costs too much costs itself, and names that every object has are kept", async () => {
    const text = `one: 1\nround: &r [*r]\n__proto__: {a: 1}\nconstructor: c\ntoString: t\ndeep: ${nested(2500)}\ntwo: 2`;
    const { config, faults } = await readMarianConfig(text);
    expect(Object.entries(config)).toEqual([
      ["one", 1],
      ["__proto__", { a: 1 }],
      ["constructor", "c"],
      ["toString", "t"],
      ["two", 2],
    ]);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
    expect(faults).toHaveLength(2);
  });

  it("of thousands of broken entries some are named", async () => {
    const { config, faults } = await readMarianConfig(`${lines(3000, () => "a: [")}\nb: 1`);
    expect(config).toEqual({ b: 1 });
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe("2980 more entries of the configuration can't be read");
  });
});
