// Builds dist/ (the library), cli/ (the program) and the command manifest. `npm ci` does so too, by `prepare`: with
// --if-changed, only what is older than its sources is built.
import { rmSync } from "node:fs";
import { installPackages, isBuilt, must, packagesAreInstalled, root } from "./tools.mjs";

if (process.argv.includes("--if-changed")) {
  if (isBuilt()) process.exit();
  if (process.env.npm_config_omit?.includes("dev") && !packagesAreInstalled()) {
    console.error("marian-tracking is not built: the packages that build it are left out (--omit=dev)");
    process.exit();
  }
}
installPackages();
rmSync(`${root}dist`, { recursive: true, force: true });
rmSync(`${root}oclif.manifest.json`, { force: true });
// Each step takes seconds: say which it is.
const step = (what) => console.error(`building ${what} …`);
// Only now: before, the bundler may not be installed.
const { bundle, bundleLibrary } = await import("./bundle.mjs");
step("the library");
must("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"]);
const { keepPublicTypes } = await import("./public-types.mjs");
keepPublicTypes();
await bundleLibrary();
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
