/** The page about adopting the package in mozilla/translations shows the patches that the test applies. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync("docs/adopt-mozilla.md", "utf8");
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

/** What a patch does to each file, by its path. */
function filesOf(patch: string): Map<string, string> {
  const text = readFileSync(`test/interop/adopt/${patch}.patch`, "utf8");
  return new Map(
    text
      .split(/^diff --git a\/(?:\S+) b\//m)
      .slice(1)
      .map((file) => {
        const [path = "", ...lines] = file.trimEnd().split("\n");
        return [path, lines.filter((line) => !line.startsWith("new file")).join("\n")];
      }),
  );
}

const linesOf = (file: string) => file.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line));

test.each(["one-file", "full-change"])("the page shows what %s.patch changes", (patch) => {
  const files = filesOf(patch);
  const kind = files.get("taskcluster/kinds/train-teacher-model/kind.yml");
  for (const [path, file] of files) {
    const oneOfSeven = /^taskcluster\/kinds\/(?!tests\/)/.test(path);
    if (oneOfSeven) {
      // One stands for all.
      expect(page).toContain(`\`${path.split("/")[2]}\``);
      expect(linesOf(file).map((line) => line.replace(/ +/, ""))).toEqual(
        linesOf(kind ?? "").map((line) => line.replace(/ +/, "")),
      );
    } else expect(page).toContain(file);
  }
  for (const block of page.match(/(?<=```diff\n)[^`]*(?=\n```)/g) ?? []) {
    const paths = [...block.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, path]) => path ?? "");
    for (const path of paths)
      expect(filesOf("one-file").has(path) || filesOf("full-change").has(path), path).toBe(true);
  }
});

test("the page and its patches name this version", () => {
  const named = filesOf("full-change").get("pipeline/tracking/requirements/tracking.in");
  expect(named).toContain(`+marian-tracking==${version}\n`.trimEnd());
  expect(filesOf("one-file").get("tracking/pyproject.toml")).toContain(`+  "marian-tracking==${version}"`);
});
