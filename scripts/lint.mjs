// Every check of style and types; nothing is changed.
import { has, installPackages, run } from "./tools.mjs";

installPackages();
const checks = [
  ["node_modules/.bin/biome", ["ci", "--error-on-warnings", "."]],
  ["node_modules/.bin/tsc", ["-p", "tsconfig.test.json"]],
  ["node", ["scripts/wasm-record.mjs", "--check"]],
];
if (has("cargo")) {
  checks.push(["cargo", ["fmt", "--all", "--check"]]);
  checks.push(["cargo", ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]]);
} else {
  console.log("skipped: rustfmt and clippy (cargo is not installed)");
}
const failed = checks.filter(([command, args]) => run(command, args) !== 0);
for (const [command, args] of failed) console.error(`failed: ${command} ${args.join(" ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
