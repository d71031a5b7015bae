// The site of the documentation: README and docs/, with the help of each command and the reference of the library.
// `npm run docs` builds it into docs/.vitepress/dist/. A link to a page that is not there is an error.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cache, must, root } from "./tools.mjs";

const site = join(cache, "site");
const out = `${root}docs/.vitepress/dist`;

must("node", ["scripts/build.mjs", "--if-changed"]);
// VitePress is no package of the checkout: it brings 100 MB that nothing else needs.
mkdirSync(site, { recursive: true });
for (const name of ["package.json", "package-lock.json"])
  cpSync(`${root}docs/site/${name}`, join(site, name));
const installed = join(site, "node_modules/vitepress/package.json");
const { devDependencies } = JSON.parse(readFileSync(join(site, "package.json"), "utf8"));
if (
  !existsSync(installed) ||
  JSON.parse(readFileSync(installed, "utf8")).version !== devDependencies.vitepress
)
  must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: site });

// The pages as they lie in the repository, so that their links hold.
const pages = join(site, "pages");
rmSync(pages, { recursive: true, force: true });
const tracked = execFileSync("git", ["ls-files", "*.md", "docs/viewer", "LICENSE"], {
  cwd: root,
  encoding: "utf8",
});
for (const name of tracked.trim().split("\n")) {
  if (/^(?:\.github|python|bench|fixtures|test)\//.test(name)) continue;
  mkdirSync(dirname(join(pages, name)), { recursive: true });
  cpSync(`${root}${name}`, join(pages, name));
}
// Files that pages link to are served as they are.
for (const name of ["jobs", "LICENSE", "action.yml"])
  cpSync(`${root}${name}`, join(pages, "public", name), {
    recursive: true,
    filter: (path) => !path.endsWith(".md"),
  });
const { commands } = JSON.parse(readFileSync(`${root}oclif.manifest.json`, "utf8"));
const names = Object.keys(commands)
  .filter((name) => !name.startsWith("_"))
  .sort();
mkdirSync(join(pages, "commands"));
for (const name of names) {
  const args = existsSync(`${root}bin/${name}.js`) ? [`bin/${name}.js`] : ["bin/run.js", name];
  const { stdout } = spawnSync(process.execPath, [...args, "--help"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, COLUMNS: "100", NO_COLOR: "1" },
  });
  writeFileSync(
    join(pages, "commands", `${name}.md`),
    `# ${name}\n\n\`\`\`\`text\n${stdout.trimEnd()}\n\`\`\`\`\n`,
  );
}
writeFileSync(join(pages, "commands.json"), JSON.stringify(names));
mkdirSync(join(pages, ".vitepress"));
cpSync(`${root}docs/site/config.mjs`, join(pages, ".vitepress/config.mjs"));
rmSync(out, { recursive: true, force: true });
must(join(site, "node_modules/.bin/vitepress"), ["build", pages, "--outDir", out], { cwd: site });
must("node_modules/.bin/typedoc", ["--out", join(out, "api")]);
console.log(`the site is in ${out}`);
