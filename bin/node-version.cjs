// Read by every Node, however old.
"use strict";

/** What a program that can't be started ends with, as in shells. */
const CANNOT_RUN = 126;

/** Imports a program, unless Node is too old or the installation is damaged; then one sentence says so. */
exports.start = function start(name, program) {
  const version = process.versions.node.split(".").map(Number);
  if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
    process.stderr.write(`${name}: Node 20.19 or newer is needed; this is ${process.version}\n`);
    process.exitCode = CANNOT_RUN;
    return;
  }
  program().catch((error) => {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = CANNOT_RUN;
  });
};
