// The library alone: chunks in, columns out, nothing written.
import { openSync, readSync } from "node:fs";
import { LogParser } from "../../dist/index.js";

const file = openSync(process.argv[2]);
const buffer = Buffer.alloc(1 << 20);
const parser = new LogParser();
for (;;) {
  const length = readSync(file, buffer);
  if (length === 0) break;
  parser.feed(buffer.subarray(0, length));
}
parser.finish();
console.log(parser.counts.training);
