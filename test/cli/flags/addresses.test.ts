import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Binary, check, filesBelow, freshFolder } from "../run-binary.js";
import { runHere } from "../run-here.js";

interface ListedCommand {
  readonly hidden?: boolean;
  readonly flags: Readonly<Record<string, { readonly helpValue?: string }>>;
}

const MANIFEST = new URL("../../../oclif.manifest.json", import.meta.url);
const { commands } = JSON.parse(readFileSync(MANIFEST, "utf8")) as {
  readonly commands: Readonly<Record<string, ListedCommand>>;
};

/** What a command needs besides the flag that is tried. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  archive: ["a"],
  group: ["G1a2b3c4QoKd5e6f7g8h9A"],
  plan: ["a"],
  publish: ["--from", "a"],
  task: ["G1a2b3c4QoKd5e6f7g8h9A"],
  download: ["G1a2b3c4QoKd5e6f7g8h9A"],
  report: ["a", "-o", "r.html"],
  parse_tc_group: ["G1a2b3c4QoKd5e6f7g8h9A"],
  parse_experiment_dir: ["--mode", "taskcluster", "--directory", "a"],
  parse_tc_logs: ["--input-file", "a.log"],
};

const PLACES = Object.entries(commands).flatMap(([command, { flags }]) =>
  Object.entries(flags)
    .filter(([, { helpValue }]) => helpValue?.split("|").some((word) => word === "FILE" || word === "DIR"))
    .map(([flag]) => [command, flag] as const),
);

describe("an address of another scheme", () => {
  it("is looked for at every flag of a file or folder", () => {
    expect(PLACES.length).toBeGreaterThan(40);
  });

  it.each(PLACES)("is refused by %s at --%s, and nothing is made", async (command, flag) => {
    const needed = (NEEDED[command] ?? []).filter(
      (word, index, all) =>
        ![word, all[index - 1]].includes(`--${flag}`) &&
        !(flag === "output" && [word, all[index - 1]].includes("-o")),
    );
    for (const address of ["hdfs://b/x", "abfs://c@a.dfs.example/x"]) {
      const args = [...needed, `--${flag}`, address];
      const hidden = commands[command]?.hidden === true;
      const run = await runHere(hidden ? (command as Binary) : "run", hidden ? args : [command, ...args]);
      const scheme = address.slice(0, address.indexOf(":"));
      const said = run.stderr.replace(/\s*\n\s*›\s*/g, " ");
      expect([run.code, said]).toEqual([
        2,
        expect.stringMatching(new RegExp(`${scheme}:// can't be (?:read here|written to):`)),
      ]);
      expect(filesBelow(run.folder)).toEqual([]);
    }
  });

  it.each([
    ["parse", "ftp://h/x.log"],
    ["check", "hdfs://b/x.log"],
    ["summary", "hdfs://b/x.log"],
    ["report", "-o", "r.html", "hdfs://b/x.log"],
    ["compare", "hdfs://b/x.log", "a.log"],
    ["archive", "--no-wandb", "hdfs://b/x"],
    ["plan", "dbfs:///x"],
    ["sync", "hdfs://b/x.wandb"],
    ["hdfs://b/x.log"],
    ["parse", "--files-from", "list"],
  ])("is refused as an input: %j %j", async (...args) => {
    const run = await runHere("run", args, { folder: freshFolder({ list: "a.log\nhdfs://b/x.log\n" }) });
    expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(/(?:hdfs|ftp|dbfs):\/\/\s/)]);
    expect(filesBelow(run.folder)).toEqual(["list"]);
  });

  it("is refused in a line of a manifest, which is named", async () => {
    const line = { run_id: "r", project: "p", group: "g", name: "r", files: [{ uri: "hdfs://b/x.log" }] };
    const folder = freshFolder({ "m.ndjson": `${JSON.stringify(line)}\n` });
    check(await runHere("run", ["parse", "--manifest", "m.ndjson"], { folder }), {
      code: 2,
      stderr: /m\.ndjson, line 1: hdfs:\/\/ can't be read here/,
    });
  });

  it("is refused as a folder of the file of options", async () => {
    const options = freshFolder({ "a.log": "", "marian-tracking.toml": 'output-dir = "hdfs://b/x"\n' });
    const run = await runHere("run", ["parse", "a.log"], { folder: options });
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining("hdfs:// can't be written to")]);
    expect(filesBelow(options)).toEqual(["a.log", "marian-tracking.toml"]);
  });
});
