/** Folders where logs are expected. */
import { gzipSync } from "node:zlib";
import * as tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { fileSource } from "../../src/archive/input-source.js";
import { logInputs } from "../../src/archive/log-inputs.js";
import { chatter, DAY, start, train, valid } from "../cli/sample-logs.js";
import { makeTree, type Tree } from "./tree.js";

const NINE = { time: `${DAY} 09:00:00` };
const LOG = start() + train(100) + train(200);

/** Finds the inputs of a tree; names are relative to it. */
async function search(tree: Tree, options: { scores?: boolean; growing?: boolean } = {}) {
  const folder = makeTree(tree);
  const warnings: string[] = [];
  const short = (text: string) => text.replaceAll(folder, ".").replace(/\\/g, "/");
  const inputs = await logInputs([folder], { ...options, warn: (text) => warnings.push(short(text)) });
  const [searched] = inputs.folders;
  return {
    folder,
    names: inputs.names.map(short),
    found: [searched?.logs, searched?.passedOver],
    warnings,
    text: async (name: string) => {
      const parts: string[] = [];
      for await (const chunk of fileSource(`${folder}/${name}`).chunks())
        parts.push(new TextDecoder().decode(chunk));
      return parts.join("");
    },
  };
}

describe("the logs of a folder", () => {
  it("are found by their content, at any depth, in the order of their paths", async () => {
    const { names, found } = await search({
      "b/nohup.out": LOG,
      "b/slurm-17": `${chatter("long ago\n".repeat(20_000))}${LOG}`,
      "a/train.log.gz": gzipSync(LOG),
      "a/marian": LOG,
      "a/valid_only.txt": valid(100, "chrf", 40),
      "decode.log": `${start()}${chatter("Best translation 0 : Ep. 1")}`,
      "other.log": "Ep. and Up.\n",
      "empty.log": "",
      "model.npz": LOG,
      "notes.md": LOG,
      "corpus.en": "[valid] is a word\n",
      binary: new Uint8Array(100),
    });
    expect(names).toEqual([
      "./a/marian",
      "./a/train.log.gz",
      "./a/valid_only.txt",
      "./b/nohup.out",
      "./b/slurm-17",
    ]);
    expect(found).toEqual([5, 7]);
  });

  it("include those of trainings that died before their first update, but not of translations", async () => {
    const { names } = await search({
      "a/train.log": "CUDA error\nSegmentation fault (core dumped)\n",
      "b/log": start().replace("type: transformer", "train-sets:"),
      "c/decode.log": `${start()}Segmentation fault (core dumped)\n`,
    });
    expect(names).toEqual(["./a/train.log", "./b/log"]);
  });

  it("are complete by the log of validations beside them, which is no run of its own", async () => {
    const tree = {
      "a/train.log": LOG,
      "a/valid.log.gz": gzipSync(valid(200, "chrf", 40)),
      "b/ende.train.log": LOG,
      "b/ende.valid.log": valid(100, "bleu", 1, "new best", NINE),
      "c/valid.log": valid(300, "bleu", 2),
    };
    const { names, found, text } = await search(tree);
    expect(names).toEqual(["./a/train.log", "./b/ende.train.log", "./c/valid.log"]);
    expect(found).toEqual([3, 0]);
    expect(await text("a/train.log")).toBe(LOG + valid(200, "chrf", 40));
    expect(await text("b/ende.train.log")).toBe(
      start() + train(100) + valid(100, "bleu", 1, "new best", NINE) + train(200),
    );
    const growing = await search(tree, { growing: true });
    expect(growing.names).toHaveLength(5);
    expect(await growing.text("a/train.log")).toBe(LOG);
  });

  it("are read once: links, circles and compressed copies are passed over", async () => {
    const { names, found, warnings } = await search({
      "current.log": { link: "runs/3/train.log" },
      latest: { link: "runs/3" },
      "runs/3/circle": { link: ".." },
      "runs/3/train.log": LOG,
      "runs/3/train.log.gz": gzipSync(LOG),
      "runs/gone": { link: "nowhere" },
    });
    expect(names).toEqual(["./runs/3/train.log"]);
    expect(found).toEqual([1, 3]);
    expect(warnings.join("\n")).toMatch(/^\.\/latest: the same folder as \.\/runs\/3/m);
    expect(warnings.join("\n")).toMatch(/circle/);
    expect(warnings).toHaveLength(4);
  });

  it("come out of tars in it, too", async () => {
    const packing = tar.pack();
    packing.entry({ name: "student/train.log" }, LOG);
    packing.entry({ name: "student/notes" }, "none");
    packing.finalize();
    const parts: Buffer[] = [];
    for await (const part of packing) parts.push(part as Buffer);
    const { names, found } = await search({ "z.log": LOG, "old/logs.tgz": gzipSync(Buffer.concat(parts)) });
    expect(names).toEqual(["./old/logs.tgz/student/train.log", "./z.log"]);
    expect(found).toEqual([2, 0]);
  });

  it("fail by their own names where they can't be read", async () => {
    const { names, text } = await search({
      "a.log": LOG,
      "b.log": { link: "nowhere" },
      "c.log.xz": new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1]),
    });
    expect(names).toEqual(["./a.log", "./b.log", "./c.log.xz"]);
    await expect(text("b.log")).rejects.toThrow("its symbolic link leads nowhere");
  });

  it("are an error if there is none", async () => {
    const empty = await search({});
    expect(empty.names).toEqual(["."]);
    const chunks = fileSource(empty.folder).chunks()[Symbol.asyncIterator]();
    await expect(chunks.next()).rejects.toThrow("the folder has no Marian log: it is empty");
    const scores = { "a.metrics": "1\n2\n" };
    expect((await search(scores)).names).toEqual(["."]);
    expect((await search(scores, { scores: true })).names).toEqual(["./a.metrics"]);
  });
});

describe("inputs that are named twice", () => {
  it("are read once, with their validations", async () => {
    const folder = makeTree({ "train.log": LOG, "valid.log": valid(200, "chrf", 40) });
    const names = [`${folder}/train.log`, folder, `${folder}/./train.log`];
    for (const given of [names, names.toReversed()])
      expect((await logInputs(given, { warn: () => {} })).names).toHaveLength(1);
  });
});
