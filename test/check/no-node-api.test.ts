/** What also runs in a page uses no API of Node, nor by way of another module. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = (name: string) => readdirSync(`src/${name}`).map((file) => `src/${name}/${file}`);

test.each([...folder("check"), ...folder("plot")])("%s", (file) => {
  const text = readFileSync(file, "utf8");
  expect(text).not.toMatch(/from "node:|import\("node:|\bBuffer\b|\bprocess\./);
  for (const [, from = ""] of text.matchAll(/from "(\.[^"]+)"/g))
    expect(from).toMatch(/^\.\/|^\.\.\/(parser|run)\//);
});
