// Bundles the program into cli/ again whenever a source changes: `node bin/run.js` runs what is in src. Ctrl-C ends it.
import { rmSync } from "node:fs";
import { installPackages, must, root } from "./tools.mjs";

installPackages();
must("node", ["scripts/build.mjs"]);
const { context } = await import("esbuild");
const { programOptions } = await import("./bundle.mjs");
// Without it, flags come from the commands themselves.
rmSync(`${root}oclif.manifest.json`);
const watched = await context({
  ...programOptions(),
  plugins: [
    {
      name: "say",
      setup(build) {
        build.onEnd(({ errors }) =>
          console.log(errors.length === 0 ? "built: node bin/run.js --help" : "not built"),
        );
      },
    },
  ],
});
await watched.watch();
