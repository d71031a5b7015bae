// Buffer.indexOf for the candidates, and a regular expression on those.
import { openSync, readSync, writeSync } from "node:fs";
import { csv, TRAINING } from "./patterns.mjs";

const input = openSync(process.argv[2]);
const out = openSync(process.argv[3], "w");
const buffer = Buffer.alloc(1 << 20);
let kept = 0;
let rows = 0;
for (;;) {
  const length = readSync(input, buffer, kept, buffer.length - kept, null);
  if (length === 0) break;
  const block = buffer.subarray(0, kept + length);
  const end = block.lastIndexOf(10) + 1;
  let text = "";
  for (let at = block.indexOf("Ep. "); at >= 0 && at < end; at = block.indexOf("Ep. ", at + 1)) {
    const match = TRAINING.exec(block.latin1Slice(at, block.indexOf(10, at)));
    if (match === null) continue;
    rows += 1;
    text += csv(match);
  }
  writeSync(out, text);
  block.copy(buffer, 0, end);
  kept = block.length - end;
}
console.log(rows);
