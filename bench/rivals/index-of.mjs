// Buffer.indexOf for the candidates, and regular expressions on those: index-of.mjs LOG FOLDER
import { openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Rows } from "./patterns.mjs";

const [log, folder] = process.argv.slice(2);
const input = openSync(log);
const [training, validation] = ["training.csv", "validation.csv"].map((name) =>
  openSync(join(folder, name), "w"),
);
const buffer = Buffer.alloc(1 << 20);
const rows = new Rows();
let kept = 0;
for (;;) {
  const length = readSync(input, buffer, kept, buffer.length - kept, null);
  if (length === 0) break;
  const block = buffer.subarray(0, kept + length);
  const end = block.lastIndexOf(10) + 1;
  for (let at = block.indexOf("Ep. "); at >= 0 && at < end; ) {
    const next = block.indexOf(10, at);
    rows.line(block.latin1Slice(block.lastIndexOf(10, at) + 1, next));
    at = block.indexOf("Ep. ", next);
  }
  const text = rows.take();
  writeSync(training, text.training);
  writeSync(validation, text.validation);
  block.copy(buffer, 0, end);
  kept = block.length - end;
}
rows.endPoint();
writeSync(validation, rows.take().validation);
console.log(rows.count);
