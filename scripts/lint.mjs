// Every check of style and types. With --write (`npm run format`), style is mended instead.
import { has, installPackages, run } from "./tools.mjs";

installPackages();
const write = process.argv.includes("--write");
const checks = write
  ? [["node_modules/.bin/biome", ["check", "--write", "."]]]
  : [
      ["node_modules/.bin/biome", ["ci", "--error-on-warnings", "."]],
      ["node_modules/.bin/tsc", ["-p", "tsconfig.test.json"]],
      ["node", ["scripts/wasm-record.mjs", "--check"]],
    ];
if (!has("cargo")) console.log("skipped: rustfmt and clippy (cargo is not installed)");
else if (write) checks.push(["cargo", ["fmt", "--all"]]);
else {
  checks.push(["cargo", ["fmt", "--all", "--check"]]);
  checks.push(["cargo", ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]]);
}
const failed = checks.filter(([command, args]) => run(command, args) !== 0);
for (const [command, args] of failed) console.error(`failed: ${command} ${args.join(" ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
