// The library alone: chunks in, columns out, nothing written: columns.mjs CHECKOUT LOG
import { openSync, readSync } from "node:fs";

const [checkout, log] = process.argv.slice(2);
const { LogParser } = await import(`${checkout}/dist/index.js`);
const file = openSync(log);
const buffer = Buffer.alloc(1 << 20);
const parser = new LogParser();
for (;;) {
  const length = readSync(file, buffer);
  if (length === 0) break;
  parser.feed(buffer.subarray(0, length));
}
parser.finish();
console.log(parser.counts.training);
