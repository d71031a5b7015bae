import { describe, expect, it } from "vitest";
import { readMarianConfig, validMetrics } from "../../src/run/marian-config.js";

/** The value of a scalar. */
async function scalar(text: string): Promise<unknown> {
  const { config, faults } = await readMarianConfig(`key: ${text}`);
  expect(faults).toEqual([]);
  return config["key"];
}

/** What PyYAML 6 makes of each. */
const SCALARS: readonly (readonly [string, unknown])[] = [
  ["1e-09", "1e-09"],
  ["1e9", "1e9"],
  ["1.0e-09", 1e-9],
  ["1.5e+3", 1500],
  ["1.5e3", "1.5e3"],
  ["0.0003", 0.0003],
  ["3.", 3],
  [".5", 0.5],
  ["-0.5", -0.5],
  ["+1.5", 1.5],
  ["6", 6],
  ["-6", -6],
  ["0", 0],
  ["yes", true],
  ["Yes", true],
  ["no", false],
  ["on", true],
  ["off", false],
  ["true", true],
  ["False", false],
  ["y", "y"],
  ["n", "n"],
  ["Y", "Y"],
  ["yEs", "yEs"],
  ["08", "08"],
  ["010", 8],
  ["0o10", "0o10"],
  ["1_000", 1000],
  ["1_000.5", 1000.5],
  ["0x1f", 31],
  ["0b101", 5],
  ["1:30", 90],
  ["2024-01-01", "2024-01-01"],
  ["2024-01-01 10:00:00", "2024-01-01 10:00:00"],
  ["v1.10.25; e8a1a253", "v1.10.25; e8a1a253"],
  [".inf", Number.POSITIVE_INFINITY],
  ["-.inf", Number.NEGATIVE_INFINITY],
  [".nan", Number.NaN],
  ["~", null],
  ["null", null],
  ["", null],
  ['"6"', "6"],
  ["'it''s'", "it's"],
  ["123456789012345678901234567890", "123456789012345678901234567890"],
  ["0.1u", "0.1u"],
  ["[1, 2.5, x]", [1, 2.5, "x"]],
  ["{a: 1}", { a: 1 }],
  ["a # comment", "a"],
  ["/data/a#b", "/data/a#b"],
];

describe("readMarianConfig", () => {
  it.each(SCALARS)("%j is %j", async (text, value) => {
    expect(await scalar(text)).toEqual(value);
  });

  it("reads blocks as Marian prints them", async () => {
    const { config, faults } = await readMarianConfig(
      "after-epochs: 0\ndim-vocabs:\n  - 32000\n  - 0\nvalid-metrics:\n  - chrf\n  - ce-mean-words\nempty:\n  []\nrelative-paths: false\nversion: v1.12.0 abc",
    );
    expect(faults).toEqual([]);
    expect(config).toEqual({
      "after-epochs": 0,
      "dim-vocabs": [32000, 0],
      "valid-metrics": ["chrf", "ce-mean-words"],
      empty: [],
      "relative-paths": false,
      version: "v1.12.0 abc",
    });
  });

  it("of a key that is given twice takes the last", async () => {
    expect(await readMarianConfig("a: 1\nb: 2\na: 3")).toEqual({ config: { a: 3, b: 2 }, faults: [] });
  });

  it("loses a broken entry alone, and names it", async () => {
    const { config, faults } = await readMarianConfig(
      'a: 1\nlist:\n  - x\n  - y\nbroken: [1, 2\nquote: "open\nz: 2\n',
    );
    expect(config).toMatchObject({ a: 1, list: ["x", "y"], z: 2 });
    expect(Object.keys(config)).toEqual(["a", "list", "z"]);
    expect(faults).toEqual([
      "the configuration's entry 'broken: [1, 2' is no YAML",
      "the configuration's entry 'quote: \"open' is no YAML",
    ]);
  });

  it("of text that is no map at all names what it can't take", async () => {
    const { config, faults } = await readMarianConfig("just words\na: 1");
    expect(config).toEqual({ a: 1 });
    expect(faults).toEqual(["the configuration's entry 'just words' is no YAML"]);
  });

  it("doesn't let a key reach Object.prototype", async () => {
    const { config } = await readMarianConfig("__proto__: {polluted: 1}\na: [\nb: 2");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(config["b"]).toBe(2);
  });

  it("survives a bomb of aliases", async () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg"])
      bomb.push(`${to}: &${to} [${`*${from}, `.repeat(9)}*${from}]`);
    const { faults } = await readMarianConfig(`${bomb.join("\n")}\nlast: 1`);
    expect(faults.length).toBeGreaterThan(0);
  });
});

describe("validMetrics", () => {
  it("is a list of texts, whatever the configuration holds", () => {
    expect(validMetrics(undefined)).toBeUndefined();
    expect(validMetrics({})).toBeUndefined();
    expect(validMetrics({ "valid-metrics": null })).toBeUndefined();
    expect(validMetrics({ "valid-metrics": "chrf" })).toEqual(["chrf"]);
    expect(validMetrics({ "valid-metrics": ["chrf", 1, "bleu"] })).toEqual(["chrf", "bleu"]);
  });
});
