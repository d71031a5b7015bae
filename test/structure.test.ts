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
  "node-platform.ts",
  "viewer",
  "browser",
  "library",
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
  "group-by.ts",
  "json.ts",
];

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

/** What also runs in a page. The one file that puts a page together from the package's own files runs in Node. */
const IN_PAGES = /^(?:core|run|check|evaluation|report|library|browser|viewer)\/(?!report-page\.ts$)/;

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

/** The npm packages that a text imports. */
function packagesOf(text: string): string[] {
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return [
    ...new Set(
      names
        .filter((name) => !/^(?:\.|node:|marian-tracking\b)/.test(name))
        .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name),
    ),
  ];
}

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

/** The file and all that is loaded before its code runs. */
function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const [, name = ""] of codes.get(file)?.matchAll(/\bfrom "(\.[^"]+)\.js"/g) ?? [])
    loadedBy(`${normalize(join(dirname(file), name))}.ts`, loaded);
  return loaded;
}

/** Packages that more than one module imports: the framework of the commands (also its types), and the client with its connections. */
const SHARED_PACKAGES: Readonly<Record<string, number>> = { "@oclif/core": 8, undici: 2 };

/** More error classes than this are a sign that code goes by classes or words where a code would do. */
const ERROR_CLASSES = 12;

/** Every class that extends `Error`, directly or through another. */
function errorClasses(): Set<string> {
  const parents = [...codes.values()].flatMap((code) => [
    ...code.matchAll(/class (\w+)(?:<[^{]*>)? extends (\w+)/g),
  ]);
  const errors = new Set(["Error"]);
  for (let size = 0; size !== errors.size; ) {
    size = errors.size;
    for (const [, name = "", parent = ""] of parents) if (errors.has(parent)) errors.add(name);
  }
  errors.delete("Error");
  return errors;
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

  it("uses W&B through its index only", () => {
    const past = [...imports].flatMap(([file, names]) =>
      names
        .filter(
          (name) => name.startsWith("wandb/") && name !== "wandb/index.ts" && !file.startsWith("wandb/"),
        )
        .map((name) => `${file} imports ${name}`),
    );
    expect(past).toEqual([]);
  });

  it("has a W&B client that could be published alone, with the client of HTTP", () => {
    const foreign = [...imports].flatMap(([file, names]) =>
      names
        .filter(
          (name) => file.startsWith("wandb/client/") && !/^(?:wandb\/client\/|http\/index\.ts$)/.test(name),
        )
        .map((name) => `${file} imports ${name}`),
    );
    expect(foreign).toEqual([]);
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

  it("starts to read a log without the framework and the modules of HTTP, Weights & Biases and YAML", () => {
    const started = [...loadedBy("cli/program.ts")];
    expect(started).toContain("pipeline/parse-logs.ts");
    const LATER = /^(?:http\/(?:client|connections)|wandb\/index|run\/yaml)\.ts$/;
    const early = started.filter(
      (file) => LATER.test(file) || codes.get(file)?.includes('from "@oclif/core"'),
    );
    expect(early).toEqual([]);
  });

  it("sends requests in src/http alone, apart from what runs in a page", () => {
    const asking = [...codes]
      .filter(([file, code]) => !file.startsWith("http/") && /"undici"|(?<!`await )\bfetch\(/.test(code))
      .map(([file]) => file)
      .filter((file) => !IN_PAGES.test(file));
    expect(asking).toEqual([]);
  });

  it("imports each npm package in one module", () => {
    const importers = new Map<string, string[]>();
    for (const file of files)
      for (const name of packagesOf(readFileSync(join("src", file), "utf8")))
        importers.set(name, [...(importers.get(name) ?? []), file]);
    const wrong = [...importers].filter(([name, modules]) => modules.length > (SHARED_PACKAGES[name] ?? 1));
    expect(wrong).toEqual([]);
  });

  it("depends at run time on what the library imports: the rest is bundled", () => {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const needed = new Set<string>();
    for (const entry of ["index.ts", "browser-node.ts"]) neededBy(entry, needed);
    const imported = [...needed].flatMap((file) => packagesOf(codes.get(file) ?? ""));
    expect(Object.keys(dependencies).sort()).toEqual([...new Set(imported)].sort());
  });

  it("has few error classes: an error that code acts on carries a code", () => {
    expect(errorClasses().size).toBeLessThanOrEqual(ERROR_CLASSES);
  });

  it("has no folder of more than 25 files", () => {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > 25)).toEqual([]);
  });
});
