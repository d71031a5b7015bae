import { expect, test } from "vitest";
import { LendingParser } from "../../src/core/lending-parser.js";
import { LogParser } from "../../src/core/log-parser.js";
import { lookAt } from "../../src/core/look-at.js";
import { nodeCore } from "../../src/node-core.js";
import { start, train, valid } from "../cli/sample-logs.js";

const LOG =
  start({ metrics: ["chrf"] }) +
  train(1) +
  valid(1, "chrf", 2) +
  [2, 3, 4, 5, 6].map((up) => train(up)).join("");
const NO_PREFIX = new Uint8Array();
const bytes = (text: string) => new TextEncoder().encode(text);

/** The updates of the log whose records need not wait for the lines after them. */
function expectedUps(): number[] {
  using parser = new LogParser(nodeCore());
  const { up } = parser.feed(bytes(LOG)).training;
  expect(up.length).toBeGreaterThan(2);
  return [...up];
}

/** Reads a text through the room of the parser. */
function taken(parser: LendingParser, text: string) {
  const chunk = bytes(text);
  parser.room(chunk.length).set(chunk);
  return parser.take(chunk.length);
}

/** Makes the core's memory grow, which empties every view of it. */
function growMemory(): void {
  (nodeCore().memory as WebAssembly.Memory).grow(1);
}

test("the batches of a log that is written into the core are those of a log that is fed", () => {
  using fed = new LogParser(nodeCore());
  using lending = new LendingParser(nodeCore());
  const expected = fed.feed(bytes(LOG));
  const batch = taken(lending, LOG);
  expect([...batch.measurements()]).toEqual([...expected.measurements()]);
  expect(batch.counts).toEqual(expected.counts);
  expect(lending.counts).toEqual(fed.counts);
  for (const [name, column] of Object.entries(expected.training))
    expect(batch.training[name as keyof typeof batch.training]).toEqual(column);
  for (const [name, column] of Object.entries(expected.validation))
    expect(batch.validation[name as keyof typeof batch.validation]).toEqual(column);
  const columns = { labels: true, segment: true, timestamp: true };
  expect(batch.trainingCsv(columns, NO_PREFIX)).toEqual(expected.trainingCsv(columns, NO_PREFIX));
});

test("what was read of a batch holds after later calls; the rest throws, and is never another batch's", () => {
  using parser = new LendingParser(nodeCore());
  const first = taken(parser, LOG);
  const { up } = first.training;
  const second = parser.feed(bytes(train(7).repeat(5000)));
  expect([...up]).toEqual(expectedUps());
  expect(first.training.up).toBe(up);
  expect(() => first.training.epoch).toThrow("called again");
  expect(() => first.validation.present).toThrow("called again");
  expect(second.training.epoch).toHaveLength(second.training.length);
  parser.free();
  expect([...up]).toEqual(expectedUps());
});

test("the rows that are looked at are views of the core's memory, and give nothing once the look is over", () => {
  using parser = new LendingParser(nodeCore());
  const batch = taken(parser, LOG);
  parser.points(batch, [undefined], true);
  const rows = lookAt(batch, (seen) => {
    expect(seen.training.up.buffer === nodeCore().memory.buffer).toBe(true);
    expect(seen.training.up).toEqual(batch.training.up);
    expect(seen.validation.present).toEqual(batch.validation.present);
    expect(seen.order).toEqual(batch.order);
    return seen;
  });
  expect(() => rows.training.epoch).toThrow("called again");
  parser.feed(bytes(train(7).repeat(5000)));
  expect(lookAt(batch, ({ training }) => [...training.up])).toEqual(expectedUps());
  expect(() => lookAt(batch, ({ training }) => training.epoch)).toThrow("called again");
});

test("who makes the core's memory grow while looking at it gets an error, not empty columns", () => {
  using parser = new LendingParser(nodeCore());
  const batch = taken(parser, LOG);
  expect(() => lookAt(batch, growMemory)).toThrow("called while its memory was looked at");
});

test("a batch that is kept holds, whatever becomes of its parser", () => {
  const parser = new LendingParser(nodeCore());
  const batch = taken(parser, LOG);
  const before = [...taken(new LendingParser(nodeCore()), LOG).measurements()];
  expect(batch.keep()).toBeGreaterThan(500);
  parser.feed(bytes(train(7).repeat(5000)));
  parser.free();
  expect([...batch.measurements()]).toEqual(before);
});

test("two parsers of a thread, of which one makes the memory grow, don't get into each other's way", () => {
  using one = new LendingParser(nodeCore());
  using other = new LendingParser(nodeCore());
  const batch = taken(one, LOG);
  const many = taken(other, train(9).repeat(40_000));
  growMemory();
  expect([...batch.training.up]).toEqual(expectedUps());
  expect(new Set(many.training.up)).toEqual(new Set([9]));
  expect(new TextDecoder().decode(one.taken)).toBe(LOG);
});

test("the text of a batch is copied for whoever asks in time; later it throws", () => {
  using parser = new LendingParser(nodeCore());
  taken(parser, LOG);
  const [asked, missed] = [parser.copier(), parser.copier()];
  expect(new TextDecoder().decode(asked())).toBe(LOG);
  parser.room(10);
  expect(new TextDecoder().decode(asked())).toBe(LOG);
  expect(missed).toThrow("called again");
});
