// What has to hold before a release: no placeholder is left, and the version stands everywhere. RELEASING.md says when.
//   --tag v1.2.3     the tag is that of the version too
//   --notes v1.2.3   prints the section of that version in CHANGELOG.md, and checks nothing
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { root } from "./tools.mjs";

const read = (name) => readFileSync(`${root}${name}`, "utf8");
const { values } = parseArgs({ options: { tag: { type: "string" }, notes: { type: "string" } } });

/** The text of a version in the changelog; undefined if it has no section. */
function sectionOf(version) {
  const sections = read("CHANGELOG.md").split(/^(?=## )/m);
  return sections.find((section) => section.startsWith(`## [${version}] - `));
}

if (values.notes !== undefined) {
  const section = sectionOf(values.notes.replace(/^v/, ""));
  if (section === undefined) throw new Error(`CHANGELOG.md has no section for ${values.notes}`);
  process.stdout.write(section.replace(/^.*\n+/, ""));
  process.exit();
}

const faults = [];
const LIST = ".github/placeholders.json";
for (const [placeholder, meaning] of Object.entries(JSON.parse(read(LIST)))) {
  const found = spawnSync("git", ["grep", "-lF", placeholder, "--", `:!${LIST}`], {
    cwd: root,
    encoding: "utf8",
  });
  const files = found.stdout.trim().split("\n").filter(Boolean);
  if (files.length > 0)
    faults.push(`${placeholder} stands for ${meaning}: replace it in ${files.join(", ")}`);
}
const { version } = JSON.parse(read("package.json"));
const lock = JSON.parse(read("package-lock.json"));
if (lock.version !== version)
  faults.push(`package-lock.json is of ${lock.version}, package.json of ${version}: run npm install`);
const heading = sectionOf(version)?.split("\n")[0];
if (heading === undefined)
  faults.push(`CHANGELOG.md has no section "## [${version}] - DATE": rename "## [Unreleased]"`);
else if (!/ - \d{4}-\d{2}-\d{2}$/.test(heading)) faults.push(`CHANGELOG.md: "${heading}" needs a date`);
if (values.tag !== undefined && values.tag !== `v${version}`)
  faults.push(`the tag ${values.tag} is not that of the version, v${version}`);

for (const fault of faults) console.error(`not ready for a release: ${fault}`);
if (faults.length === 0) console.log(`ready for the release of ${version}`);
process.exitCode = faults.length > 0 ? 1 : 0;
