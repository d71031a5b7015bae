#!/usr/bin/env node
import { fileURLToPath } from "node:url";

const args = process.argv.slice(2);
const passed = await import("../cli/pipe.js").then(
  ({ startPipe }) => startPipe(fileURLToPath(import.meta.url), args),
  (error) => {
    // A damaged installation: a training may be in front of it all the same.
    process.stderr.write(`parse_tc_logs: ${error.message}; standard input is passed on and not read\n`);
    process.stdout.on("error", () => {});
    process.stdin.pipe(process.stdout);
    return true;
  },
);
if (!passed) {
  const { start } = await import("../cli/program.js");
  await start(["parse_tc_logs", ...args], import.meta.url);
}
