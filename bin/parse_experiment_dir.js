#!/usr/bin/env node
// First, since it lets the loading of all that follows wait for file descriptors.
const { waitForDescriptors } = await import("../cli/open-files.js");
waitForDescriptors();
const { start } = await import("../cli/program.js");
await start(["parse_experiment_dir", ...process.argv.slice(2)], import.meta.url);
