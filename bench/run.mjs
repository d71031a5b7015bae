// The benchmark.
//
//   npm run bench                    makes all tables, in about half an hour
//   npm run bench -- --only parse    makes one table; may be repeated
//   npm run bench -- --against DIR   measures another checkout, built, in the same run
//   npm run bench -- --runs 200      sets the size of the archive of the table tables; 2000 if absent
//   npm run bench -- --write         puts the tables into docs/benchmarks.md
//   npm run bench -- --quick         takes small logs and one run each, to see that everything works
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { installPackages, must, root } from "../scripts/tools.mjs";
import { archiveTable } from "./archive.mjs";
import { archivePublishTable } from "./archive-publish.mjs";
import { browserTable } from "./browser.mjs";
import { machine } from "./measure.mjs";
import { onlineTable } from "./online.mjs";
import { parseTable, startTable } from "./parse.mjs";
import { profileTable } from "./profile.mjs";
import { tablesTable } from "./tables.mjs";
import { wandbTable } from "./wandb.mjs";
import { workerTable } from "./worker.mjs";

const TABLES = {
  parse: parseTable,
  start: startTable,
  archive: archiveTable,
  tables: tablesTable,
  worker: workerTable,
  wandb: wandbTable,
  publish: archivePublishTable,
  pipe: onlineTable,
  browser: browserTable,
  profile: profileTable,
};
const PAGE = join(root, "docs/benchmarks.md");

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: Object.keys(TABLES) },
    against: { type: "string" },
    runs: { type: "string", default: "2000" },
  },
});
const unknown = options.only.find((name) => TABLES[name] === undefined);
if (unknown !== undefined) {
  console.error(`--only ${unknown}: the tables are ${Object.keys(TABLES).join(", ")}`);
  process.exit(2);
}

const programs = [{ label: "", role: "ours", folder: root.replace(/\/$/, "") }];
if (options.against !== undefined) {
  const folder = resolve(options.against.replace(/\/bin\/run\.js$/, ""));
  programs.push({ label: ", before", role: "before", folder });
}
installPackages();
must("node", ["scripts/build.mjs"]);

for (const name of options.only) {
  console.log(`\n## ${name}\n`);
  const { quick } = options;
  const lines = await TABLES[name]({
    quick,
    runs: quick ? 1 : 5,
    size: Number(options.runs),
    programs,
    show: (line) => console.log(line),
  });
  if (options.write) write(name, lines);
}

/** Puts a table between its marks, under the command that made it. */
function write(name, lines) {
  const against = options.against === undefined ? "" : " --against DIR";
  const size = name === "tables" && options.runs !== "2000" ? ` --runs ${options.runs}` : "";
  const command = `npm run bench -- --only ${name}${size}${options.quick ? " --quick" : ""}${against}`;
  const text = [`\`${command}\`, ${machine()}:`, "", ...lines].join("\n");
  const page = readFileSync(PAGE, "utf8");
  const marks = new RegExp(`(<!-- bench: ${name} -->\n)[\\s\\S]*?(<!-- /bench: ${name} -->)`);
  if (!marks.test(page)) throw new Error(`${PAGE} has no place for the table ${name}`);
  writeFileSync(
    PAGE,
    page.replace(marks, (_, start, end) => `${start}${text}\n${end}`),
  );
}
