// Builds dist/ (the library), cli/ (the program) and the command manifest. `npm ci` does so too, by `prepare`: with
// --if-changed, only what is older than its sources is built.
import { mkdirSync, realpathSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { installPackages, isBuilt, must, packagesAreInstalled, root } from "./tools.mjs";

if (process.argv.includes("--if-changed")) {
  unlinkClone();
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

/**
 * For `npm install --global git+…`, npm prepares a clone in its cache, and by the setting `global` links that clone into
 * the global folder, in place of the folder into which it then unpacks the package. It deletes the clone.
 */
function unlinkClone() {
  const { npm_config_global: isGlobal, npm_config_prefix: prefix, npm_config_cache: npmCache } = process.env;
  const clone = realpathSync(root);
  if (isGlobal !== "true" || prefix === undefined || npmCache === undefined) return;
  const inCache = join(realpathSync(npmCache), "_cacache/tmp/");
  if (!clone.startsWith(inCache)) return;
  for (const modules of ["lib/node_modules", "node_modules"]) {
    try {
      const link = join(prefix, modules, "marian-tracking");
      if (realpathSync(link) !== clone) continue;
      unlinkSync(link);
      mkdirSync(link);
    } catch {
      // There is no link.
    }
  }
}
