// Builds dist/ (the library), cli/ (the program) and the command manifest. `npm ci && npm run build` is all that a checkout needs.
import { rmSync } from "node:fs";
import { installPackages, must, root } from "./tools.mjs";

installPackages();
rmSync(`${root}dist`, { recursive: true, force: true });
rmSync(`${root}oclif.manifest.json`, { force: true });
// Each step takes seconds: say which it is.
const step = (what) => console.error(`building ${what} …`);
step("the library");
must("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"]);
// Only now: before, the bundler may not be installed.
const { bundle } = await import("./bundle.mjs");
step("the program");
await bundle();
const { bundleForPages } = await import("./browser-bundle.mjs");
step("the parser for web pages");
await bundleForPages();
const { buildViewer } = await import("./build-viewer.mjs");
step("the viewer");
await buildViewer();
step("the list of commands");
must("node_modules/.bin/oclif", ["manifest"], {
  stdio: ["ignore", "ignore", "inherit"],
  // The generator would ask for a newer version of itself.
  env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: "true" },
});
