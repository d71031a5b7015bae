// The installed library, in a project with a log beside this script.
import assert from "node:assert/strict";
import { readRun } from "marian-tracking";

const { training, validation } = await readRun("train.log");
assert.equal(training.length, 87);
assert.equal(validation.length, 17);
console.log("the library works");
