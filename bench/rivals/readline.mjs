// readline, and a regular expression on every line.
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { csv, TRAINING } from "./patterns.mjs";

const out = createWriteStream(process.argv[3]);
let rows = 0;
for await (const line of createInterface({
  input: createReadStream(process.argv[2], { highWaterMark: 1 << 20 }),
})) {
  const match = TRAINING.exec(line);
  if (match === null) continue;
  rows += 1;
  out.write(csv(match));
}
out.end();
console.log(rows);
