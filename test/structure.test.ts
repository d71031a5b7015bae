import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/**
 * The layers of `src`, the highest first: a folder, or a file at the root. A line of code uses what stands below it.
 * CONTRIBUTING.md says what belongs where.
 */
const LAYERS = [
  "commands",
  "cli",
  "index.ts",
  "browser-node.ts",
  "browser.ts",
  "slim.ts",
  "page-types.ts",
  "library.ts",
  "node-log.ts",
  "viewer",
  "browser",
  "live",
  "pipeline",
  "report",
  "wandb",
  "publishers",
  "taskcluster",
  "archive",
  "check",
  "evaluation",
  "run",
  "node-core.ts",
  "io",
  "http",
  "core",
  "exit-code.ts",
];

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

/** What also runs in a page. The one file that puts a page together from the package's own files runs in Node. */
const IN_PAGES = /^(?:core|run|check|evaluation|report|browser|viewer)\/(?!report-page\.ts$)/;

const layerOf = (file: string): number => LAYERS.indexOf(file.split("/")[0] ?? "");

/** The files of `src` that a file imports, types and late imports included. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(join("src", file), "utf8"), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => relative("src", normalize(join("src", dirname(file), name))).replace(/\.js$/, ".ts"))
    .filter((name) => !name.startsWith("../"));
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** The code of each file, without comments and types. */
const codes = new Map(
  files.map((file) => [
    file,
    readFileSync(join("src", file), "utf8").replaceAll(
      /^\s*(?:\/\/|\/?\*).*$|(?:import|export) type [^;]*;/gm,
      "",
    ),
  ]),
);

/** The file and all that its code needs. */
function neededBy(file: string, needed = new Set<string>()): Set<string> {
  if (needed.has(file)) return needed;
  needed.add(file);
  for (const name of imports.get(file) ?? [])
    if (codes.get(file)?.includes(`/${basename(name, ".ts")}.js"`)) neededBy(name, needed);
  return needed;
}

/** The shortest way back to the file through what it imports; undefined where there is none. */
function circleAt(start: string): string[] | undefined {
  const queue = [[start]];
  const seen = new Set<string>();
  for (const path of queue) {
    for (const next of imports.get(path.at(-1) ?? "") ?? []) {
      if (next === start) return [...path, start];
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...path, next]);
    }
  }
  return undefined;
}

describe("the source tree", () => {
  it("has a layer for every folder and every file at its root", () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
  });

  it("has no import from a lower layer of a higher one", () => {
    const climbing = [...imports].flatMap(([file, names]) =>
      names
        .filter((name) => layerOf(name) < layerOf(file))
        .map((name) => `${file} imports ${name}, which stands above it`),
    );
    expect(climbing).toEqual([]);
  });

  it("has no circle of imports", () => {
    expect(files.map(circleAt).filter((circle) => circle !== undefined)).toEqual([]);
  });

  it("uses no API of Node in what also runs in a page", () => {
    const node = [...codes].filter(([, code]) =>
      /from "node:|import\("node:|\bBuffer\b|\bprocess\./.test(code),
    );
    const wrong = files
      .filter((file) => IN_PAGES.test(file))
      .flatMap((file) => {
        const needed = neededBy(file);
        return node.filter(([name]) => needed.has(name)).map(([name]) => `${file} needs ${name}`);
      });
    expect(node.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  it("has no folder of more than 25 files", () => {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > 25)).toEqual([]);
  });
});
