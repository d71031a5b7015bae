/** Links of the documentation lead to files and headings that exist. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(".");
const PAGES = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");

/** What GitHub and VitePress call a heading in addresses. */
const anchorOf = (heading: string) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

const withoutCode = (text: string) => text.replaceAll(/^(`{3,}).*?^\1/gms, "");
const anchorsOf = (path: string) =>
  [...withoutCode(readFileSync(path, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    anchorOf(heading),
  );

test.each(PAGES)("%s", (page) => {
  const broken: string[] = [];
  const text = withoutCode(readFileSync(join(root, page), "utf8")).replaceAll(/`[^`\n]*`/g, "");
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? join(root, page) : resolve(root, dirname(page), path);
    if (relative(root, file).startsWith("..") || !existsSync(file)) broken.push(target);
    else if (anchor !== undefined && statSync(file).isFile() && !anchorsOf(file).includes(anchor))
      broken.push(target);
  }
  expect(broken).toEqual([]);
});
