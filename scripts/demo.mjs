// From a clone to a parsed log: installs and builds what is missing, reads a log, shows what came of it.
import { readFileSync } from "node:fs";
import { must, root } from "./tools.mjs";

must("node", ["scripts/build.mjs", "--if-changed"]);
console.log("$ node bin/run.js parse fixtures/train.log -o demo-output");
must("node", ["bin/run.js", "parse", "fixtures/train.log", "-o", "demo-output"], {
  stdio: ["ignore", "inherit", "inherit"],
});
for (const name of ["training.csv", "validation.csv"]) {
  const rows = readFileSync(`${root}demo-output/${name}`, "utf8").trimEnd().split("\r\n");
  console.log(`\n$ head -4 demo-output/${name}   # ${rows.length - 1} rows`);
  console.log(rows.slice(0, 4).join("\n"));
}
console.log(`\nThe files are in ${root}demo-output`);
