// Builds dist/ (the library), cli/ (the program) and the command manifest. `npm ci && npm run build` is all that a checkout needs.
import { rmSync } from "node:fs";
import { installPackages, must, root } from "./tools.mjs";

installPackages();
rmSync(`${root}dist`, { recursive: true, force: true });
rmSync(`${root}oclif.manifest.json`, { force: true });
must("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"]);
// Only now: before, the bundler may not be installed.
const { bundle } = await import("./bundle.mjs");
await bundle();
const { bundleForPages } = await import("./browser-bundle.mjs");
await bundleForPages();
const { buildViewer } = await import("./build-viewer.mjs");
await buildViewer();
must("node_modules/.bin/oclif", ["manifest"], {
  stdio: ["ignore", "ignore", "inherit"],
  // The generator would ask for a newer version of itself.
  env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: "true" },
});
