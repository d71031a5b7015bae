// A few runs of the built package with the Node that runs this script; each result is held to the plain one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zlib from "node:zlib";
import { root } from "./tools.mjs";

const scratch = mkdtempSync(join(tmpdir(), "smoke-"));
const log = readFileSync(`${root}fixtures/train.log`);

function parse(bytes) {
  const input = join(scratch, "train.log");
  writeFileSync(input, bytes);
  const { status, stderr } = spawnSync(
    process.execPath,
    [`${root}bin/run.js`, "parse", input, "-o", scratch],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return (
    readFileSync(join(scratch, "training.csv"), "utf8") +
    readFileSync(join(scratch, "validation.csv"), "utf8")
  );
}

const plain = parse(log);
assert.equal(plain.split("\r\n").length, 1 + 87 + 1 + 17 + 1);
assert.equal(parse(zlib.gzipSync(log)), plain);
const packers = ["gzip"];
if (zlib.zstdCompressSync) {
  assert.equal(parse(zlib.zstdCompressSync(log)), plain);
  packers.push("zstd");
}
const piped = spawnSync(process.execPath, [`${root}bin/parse_tc_logs.js`, "--from-stream", "-o", scratch], {
  input: log,
});
assert.deepEqual(piped.stdout, log);
assert.equal(piped.status, 0);
rmSync(scratch, { recursive: true });
console.log(`Node ${process.versions.node}: plain, ${packers.join(", ")} and a stream give the same`);
