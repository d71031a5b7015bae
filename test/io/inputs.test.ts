import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { inputNames, resultFolders } from "../../src/io/inputs.js";

const folder = mkdtempSync(join(tmpdir(), "marian-tracking-inputs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("resultFolders", () => {
  const folders = (names: readonly string[]) => [...resultFolders(names).values()];

  it("are the paths below the common parent, without the extension", () => {
    expect(folders(["/x/en/a/train.log", "/x/en/b/train.log.gz", "/x/en/c.v2.log.zst"])).toEqual([
      "a/train",
      "b/train",
      "c.v2",
    ]);
    expect(folders(["/x/ab/t.log", "/x/a/t.log"])).toEqual(["ab/t", "a/t"]);
    expect(folders(["/t.log", "/x/t.log"])).toEqual(["t", "x/t"]);
    expect(folders(["a.log", "-"])).toEqual(["a", "stdin"]);
    expect(folders(["x/.hidden", "x/plain", "x/.log.gz"])).toEqual([".hidden", "plain", ".log"]);
  });

  it("of inputs from different trees are the shortest trailing parts of the paths that tell them apart", () => {
    expect(folders(["/data/run1/m/train.log", "/scratch/me/exp/run2/m/train.log"])).toEqual([
      "run1/m/train",
      "run2/m/train",
    ]);
    expect(
      folders(["/data/student.log", "/scratch/x/teacher.log.gz", "https://host/b/student.log?key=1"]),
    ).toEqual(["data/student", "teacher", "b/student"]);
    expect(folders(["gs://one/x/train.log", "gs://two/x/train.log", "gs://two/../y.log"])).toEqual([
      "one/x/train",
      "two/x/train",
      "y",
    ]);
  });

  it("keep the extension where two would share one", () => {
    expect(folders(["/x/a.log", "/x/a.txt", "/x/b.log"])).toEqual(["a.log", "a.txt", "b"]);
    expect(folders(["/x/a.log", "/x/a.txt", "/x/a.log.log"])).toEqual(["a.log", "a.txt", "a.log_"]);
  });

  it("are below the output folder and never shared, not even by one inside another's name", () => {
    const part = fc.constantFrom("a", "b", "a.log", "a.log.gz", "a.gz", "a_", ".log", "a.log_", "stdin");
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const names = fc.uniqueArray(fc.oneof(path, fc.constant("-")), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, (list) => {
        const places = resultFolders(list);
        expect([...places.keys()]).toEqual(list);
        const values = [...places.values()].map((place) => normalize(place));
        expect(new Set(values).size).toBe(list.length);
        for (const place of values) expect(place).not.toMatch(/^(?:\.\.|\/|$)/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("inputNames", () => {
  const none = () => Readable.from([]);

  it("names every input once, in the order given", async () => {
    const { names, unmatched } = await inputNames(["b", "./b", "-", "a", "-", "x/../a"], undefined, none());
    expect({ names, unmatched }).toEqual({ names: ["b", "-", "a"], unmatched: [] });
  });

  it("expands patterns, sorted, and says which match nothing", async () => {
    mkdirSync(join(folder, "logs/.deep"), { recursive: true });
    for (const name of ["b.log", "a.log", ".deep/c.log", "[x].log", "a.txt"])
      writeFileSync(join(folder, "logs", name), "");
    const given = [`${folder}/logs/**/*.log`, `${folder}/none*.log`, `${folder}/logs/[x].log`];
    const { names, unmatched } = await inputNames(given, undefined, none());
    expect(names.map((name) => name.slice(folder.length))).toEqual([
      "/logs/.deep/c.log",
      "/logs/[x].log",
      "/logs/a.log",
      "/logs/b.log",
    ]);
    expect(unmatched).toEqual([`${folder}/none*.log`]);
  });

  it("takes lists as they are: no patterns, blanks kept", async () => {
    const list = Readable.from([Buffer.from("a b.log\r\n\r\n*.lo"), Buffer.from("g\n \n")]);
    const { names, unmatched } = await inputNames(["z"], "-", list);
    expect({ names, unmatched }).toEqual({ names: ["z", "a b.log", "*.log"], unmatched: [] });
  });

  it("doesn't trip over a path that goes through a file", async () => {
    writeFileSync(join(folder, "file"), "");
    const name = `${folder}/file/below.log`;
    expect(await inputNames([name], undefined, none())).toEqual({ names: [name], unmatched: [] });
  });
});
