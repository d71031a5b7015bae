import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainValue } from "../../src/run/plain-entry.js";
import { readYaml } from "../../src/run/yaml.js";
import { shared, sharedIsThere } from "../golden/shared.js";

/** Logs of many versions of Marian that stand as they are. */
function realLogs(): string[] {
  const folder = shared("logs");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".log")).map((name) => join(folder, name));
}

/** The value that the package reads. */
function packageValue(entry: string): unknown {
  const found = readYaml(entry);
  return "value" in found ? (found.value as Record<string, unknown> | null)?.["key"] : "no YAML";
}

const scalar = fc.oneof(
  fc.stringMatching(/^[-+]?\d{0,4}(?:\.\d{0,5})?(?:[eE][-+]?\d{0,3})?$/),
  fc.stringMatching(/^[\w ./+:-]{1,12}$/),
  fc.stringMatching(/^["'][\w ./\\+:#"'-]{0,8}["']$/),
  fc.constantFrom(
    ...[
      "yes",
      "No",
      "on",
      "OFF",
      "true",
      "null",
      "Null",
      "~",
      "y",
      "n",
      ".inf",
      "-.inf",
      ".nan",
      ".",
      "..",
      "./a",
    ],
    ...[
      "0x1f",
      "0b1",
      "010",
      "08",
      "1_000",
      "1:30",
      "2024-01-01",
      "=",
      "<<",
      "-",
      "--",
      "- a",
      "a - b",
      "a: b",
    ],
    ...[
      "a #b",
      "a b",
      "[]",
      "{}",
      "''",
      '""',
      "/a/b.npz",
      "ce-mean-words",
      "v1.10.25",
      "1e-09",
      "1.0e-09",
      "-0",
    ],
    ...[
      "a  b",
      "a ",
      "é",
      "a\tb",
      "@x",
      "%x",
      "`x",
      "!x",
      "&x",
      "*x",
      "|",
      ">",
      ",",
      "a,b",
      "a?b",
      "x'y",
      "-0.0",
    ],
  ),
);

describe("plainValue", () => {
  it("gives what the package for YAML gives, or nothing", () => {
    const entry = fc.oneof(
      fc.constant("key:\n  []"),
      scalar.map((text) => `key: ${text}`),
      fc
        .tuple(
          fc.array(fc.tuple(fc.constantFrom(" ", "  ", "    "), scalar), { minLength: 1, maxLength: 3 }),
          fc.boolean(),
        )
        .map(
          ([items, same]) =>
            `key:${items.map(([indent, text]) => `\n${same ? "  " : indent}- ${text}`).join("")}`,
        ),
    );
    let known = 0;
    fc.assert(
      fc.property(entry, (text) => {
        const value = plainValue(text);
        if (value === undefined) return;
        known += 1;
        expect(value, text).toEqual(packageValue(text));
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(2000);
  });

  it.skipIf(!sharedIsThere)("reads nearly every entry of real configurations", () => {
    const entries = realLogs().flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(/\[config\] (?!Model|Loaded)(.*)/g)]
        .map(([, line]) => line?.trimEnd())
        .join("\n")
        .split(/\n(?=[^\s-])/),
    );
    let known = 0;
    for (const entry of new Set(entries)) {
      const value = plainValue(entry.replace(/^[^:]+/, "key").trimEnd());
      if (value === undefined) continue;
      known += 1;
      expect(value, entry).toEqual(packageValue(entry.replace(/^[^:]+/, "key")));
    }
    expect(known / new Set(entries).size).toBeGreaterThan(0.99);
  });
});
