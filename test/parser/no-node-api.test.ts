/** What also runs in a page uses no API of Node. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../../src/", import.meta.url));
const folder = (name: string) => readdirSync(`${src}${name}`).map((file) => `${name}/${file}`);
const sources = [
  "byte-stream",
  "gunzip",
  "log-report",
  "marian-log",
  "packing",
  "regained",
  "tar-header",
  "unpacked",
  "unzstd",
  "web-chunks",
  "web-log",
  "zstd-frames",
];
const files = [
  "browser.ts",
  "slim.ts",
  "library.ts",
  ...folder("browser"),
  ...folder("check"),
  ...folder("parser"),
  ...folder("run"),
  ...sources.map((name) => `sources/${name}.ts`),
];

test.each(files)("%s", (file) => {
  const text = readFileSync(`${src}${file}`, "utf8");
  expect(text).not.toMatch(/from "node:|import\("node:|\bBuffer\b|\bprocess\./);
  // Nor by way of another module; of types nothing is left.
  for (const [, from = ""] of text.matchAll(/(?:^|\n)(?:import|export) (?!type)[^;]*?from "(\.[^"]+)"/g)) {
    const imported = normalize(join(dirname(file), from)).replace(/\.js$/, ".ts");
    expect([...files, "../wasm/marian_log_wasm.ts"]).toContain(imported);
  }
  for (const [, from = ""] of text.matchAll(/import\("(\.[^"]+)"\)/g)) {
    expect(files).toContain(normalize(join(dirname(file), from)).replace(/\.js$/, ".ts"));
  }
});
