// readline, and regular expressions on every line: readline.mjs LOG FOLDER
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Rows } from "./patterns.mjs";

const [log, folder] = process.argv.slice(2);
const [training, validation] = ["training.csv", "validation.csv"].map((name) =>
  createWriteStream(join(folder, name)),
);
const rows = new Rows();
for await (const line of createInterface({ input: createReadStream(log, { highWaterMark: 1 << 20 }) })) {
  rows.line(line);
  if (rows.training.length < 1 << 16 && rows.validation.length < 1 << 16) continue;
  const text = rows.take();
  training.write(text.training);
  validation.write(text.validation);
}
rows.endPoint();
const text = rows.take();
training.end(text.training);
validation.end(text.validation);
console.log(rows.count);
