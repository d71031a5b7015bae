/** What GitHub runs: the workflows, the action and the Dockerfile. actionlint reads them too, in npm run test:interop. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly on: object;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly "runs-on": string; readonly needs?: string | string[]; readonly steps: Step[] }>
  >;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, "utf8");
const WORKFLOWS = readdirSync(`${root}.github/workflows`).map((name) => `.github/workflows/${name}`);

describe.each(WORKFLOWS)("%s", (name) => {
  const workflow = parse(read(name)) as Workflow;
  const jobs = Object.entries(workflow.jobs);

  test("may only read unless a job asks for more, and runs on systems of a fixed version", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const [, job] of jobs) expect(job["runs-on"]).toMatch(/^(?:\w+-[\d.]+|\$\{\{ matrix\.os \}\})$/);
  });

  test("needs jobs that exist", () => {
    for (const [, { needs = [] }] of jobs)
      for (const other of [needs].flat()) expect(Object.keys(workflow.jobs)).toContain(other);
  });

  test("has no expression in a command, and calls scripts that exist", () => {
    const commands = jobs.flatMap(([, { steps }]) => steps.flatMap(({ run = [] }) => run));
    const { scripts } = JSON.parse(read("package.json"));
    for (const command of commands) {
      expect(command).not.toContain("${{");
      for (const [, script = ""] of command.matchAll(/npm run ([\w:]+)/g))
        expect(Object.keys(scripts)).toContain(script);
      for (const [path] of command.matchAll(/(?:^|(?<=[\s"]))(?:scripts|\.ci)\/[\w.-]+/g))
        expect(read(path)).not.toBe("");
    }
  });
});

test("actions are pinned by the hash of a commit, with its version beside it", () => {
  for (const name of [...WORKFLOWS, "action.yml"])
    for (const [line] of read(name).matchAll(/uses: .*/g))
      expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("the image has no root, and builds from the package alone", () => {
  expect(read("Dockerfile")).toMatch(/^USER [1-9]\d*$/m);
  expect(read(".dockerignore")).toBe("*\n!marian-tracking-*.tgz\n");
});

test("issue forms have a name, a description and fields of their own", () => {
  for (const name of ["bug.yml", "idea.yml"]) {
    const { name: title, description, body } = parse(read(`.github/ISSUE_TEMPLATE/${name}`));
    expect([typeof title, typeof description]).toEqual(["string", "string"]);
    const ids = body.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

describe("a release", () => {
  const check = (...args: string[]) =>
    spawnSync(process.execPath, [`${root}scripts/check-release.mjs`, ...args], { encoding: "utf8" });

  test("is refused while a placeholder is left, with the files that have it", () => {
    const { stderr, status } = check();
    const listed = Object.keys(JSON.parse(read(".github/placeholders.json")));
    for (const placeholder of listed)
      expect(stderr).toContain(`not ready for a release: ${placeholder} stands for`);
    if (listed.length > 0) expect(status).toBe(1);
  });

  test("is refused for a tag of another version", () => {
    expect(check("--tag", "v99.0.0").stderr).toContain("the tag v99.0.0 is not that of the version");
  });
});
