/** What also runs in a page uses no API of Node. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../../src/", import.meta.url));
const folder = (name: string) => readdirSync(`${src}${name}`).map((file) => `${name}/${file}`);
const files = [
  "browser.ts",
  "sources/web-chunks.ts",
  ...["parser", "run", "naming", "evaluation"].flatMap(folder),
];

test.each(files)("%s", (file) => {
  const text = readFileSync(`${src}${file}`, "utf8");
  expect(text).not.toMatch(/from "node:|import\("node:|\bBuffer\b|\bprocess\./);
  // Nor by way of another module.
  for (const [, from = ""] of text.matchAll(/from "(\.[^"]+)"/g)) {
    expect(from).toMatch(
      /^\.\/(?!index|node-core)|^\.\.\/(parser|run|naming|sources\/web-chunks|\.\.\/wasm)/,
    );
  }
});
