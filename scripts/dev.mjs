// Bundles the program into cli/ again whenever a source changes: `node bin/run.js` runs what is in src. Ctrl-C ends it.
import { rmSync } from "node:fs";
import { installPackages, must, root } from "./tools.mjs";

installPackages();
must("node", ["scripts/build.mjs"]);
const { watch } = await import("rolldown");
const { programOptions } = await import("./bundle.mjs");
// Without it, flags come from the commands themselves.
rmSync(`${root}oclif.manifest.json`);
watch(programOptions()).on("event", async (event) => {
  if (event.code === "BUNDLE_END") await event.result.close();
  if (event.code === "END") console.log("built: node bin/run.js --help");
  if (event.code === "ERROR") {
    await event.result?.close();
    console.log(`not built: ${event.error.message}`);
  }
});
