import { resolve } from "node:path";
import { expect, test } from "vitest";
import { nextCommand } from "../../../src/cli/receipts/next-command.js";
import { publishLog } from "../../../src/pipeline/publish-log.js";
import { start, train } from "../sample-logs.js";

const FINISHED = `${start() + train(100)}[2024-07-03 11:00:00] Training finished\n`;
const DEAD = `${start() + train(100)}Killed\n`;

async function receiptOf(name: string, log: string) {
  return publishLog(
    {
      name,
      chunks: async function* () {
        yield new TextEncoder().encode(log);
      },
    },
    {},
    [],
  );
}

test.each([
  ["a finished training is drawn", [["train.log", FINISHED]], "marian-tracking report train.log"],
  [
    "one that died is checked, and no other",
    [
      ["a.log", FINISHED],
      ["b.log", DEAD],
    ],
    "marian-tracking check b.log",
  ],
  [
    "names are quoted for a shell",
    [["it's mine.log", FINISHED]],
    "marian-tracking report 'it'\"'\"'s mine.log'",
  ],
  ["a dash in front is no flag", [["-x.log", FINISHED]], "marian-tracking report ./-x.log"],
  [
    "a name that a terminal would show as another one is no line to copy",
    [["a\nb.log", FINISHED]],
    undefined,
  ],
  ["standard input can't be read again", [["-", FINISHED]], undefined],
  ["what was not read leads nowhere", [["notes.log", "no log\n"]], undefined],
  [
    "a long list is no line to copy",
    [
      ["a", FINISHED],
      ["b", FINISHED],
      ["c", FINISHED],
      ["d", FINISHED],
    ],
    undefined,
  ],
] as const)("After parse, %s", async (_, logs, command) => {
  expect(nextCommand(await Promise.all(logs.map(([name, log]) => receiptOf(name, log))))).toBe(command);
});

test.each([
  ["bin/run.js", "node bin/run.js"],
  ["/usr/local/bin/marian-tracking", "marian-tracking"],
  ["/lib/node_modules/marian-tracking/bin/run.js", "marian-tracking"],
])("Started as %s, the next command begins with %s", async (script, name) => {
  const receipts = [await receiptOf("train.log", FINISHED)];
  const [, before = ""] = process.argv;
  process.argv[1] = resolve(script);
  try {
    expect(nextCommand(receipts)).toBe(`${name} report train.log`);
  } finally {
    process.argv[1] = before;
  }
});

test("What could not be written is mended before anything else", async () => {
  const receipt = await receiptOf("train.log", FINISHED);
  const publisher = { name: "CSV", outputs: [], errors: ["afile/training.csv can't be made"] };
  expect(nextCommand([{ ...receipt, publishers: [publisher] }])).toBeUndefined();
});

test("Undelivered rows have a command of their own in the receipt", async () => {
  const receipt = await receiptOf("train.log", FINISHED);
  const publisher = { name: "wandb", outputs: [], errors: [], offlineFiles: ["wandb/offline-run-1"] };
  expect(nextCommand([{ ...receipt, publishers: [publisher] }])).toBeUndefined();
});
