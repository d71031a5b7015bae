// docs/api.md: the public API as the built declarations have it, so that each change of it is a diff. Needs a build.
// `npm run api` writes it; `--check` fails if it is out of date.
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";
import { root } from "./tools.mjs";

const REPORT = `${root}docs/api.md`;
const ENTRIES = {
  "marian-tracking": "dist/index.d.ts",
  "marian-tracking/browser": "dist/browser.d.ts",
  "marian-tracking/slim": "dist/slim.d.ts",
};

const program = ts.createProgram(
  Object.values(ENTRIES).map((path) => `${root}${path}`),
  { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: ["node"] },
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });
const isOwn = (node) => node.getSourceFile().fileName.startsWith(`${root}dist/`);
const resolved = (symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const declarationsOf = (symbol) => (symbol.declarations ?? []).filter(isOwn);
const textOf = (node) => {
  const whole = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return printer
    .printNode(ts.EmitHint.Unspecified, whole, whole.getSourceFile())
    .replace(/^export declare |^export |^declare /, "")
    .replace(/^ {4}#private;\n/m, "")
    .replace(/^( {4})+/gm, (indent) => " ".repeat(indent.length / 2));
};

/** The types of the package that a declaration names. */
function* namedTypes(node) {
  const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
  const type = symbol && resolved(symbol);
  const isTop = ({ parent }) =>
    ts.isSourceFile(ts.isVariableDeclarationList(parent) ? parent.parent.parent : parent);
  if (type?.declarations?.every(isTop)) yield type;
  for (const child of node.getChildren()) yield* namedTypes(child);
}

const entries = Object.entries(ENTRIES).map(([name, path]) => {
  const file = program.getSourceFile(`${root}${path}`);
  if (file === undefined) throw new Error(`${path} is missing: run \`npm run build\` first`);
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
  return { name, exported: exported.map(resolved) };
});
const exported = new Set(entries.flatMap((entry) => entry.exported));
const shared = new Set(
  [...exported].filter((symbol) => entries.every((entry) => entry.exported.includes(symbol))),
);
const hidden = new Set();
for (const symbol of exported) collect(symbol);
function collect(symbol) {
  for (const node of declarationsOf(symbol))
    for (const type of namedTypes(node)) {
      if (exported.has(type) || hidden.has(type) || declarationsOf(type).length === 0) continue;
      hidden.add(type);
      collect(type);
    }
}

const block = (symbols) => {
  const texts = [...symbols]
    .sort((one, other) => one.name.localeCompare(other.name, "en"))
    .flatMap((symbol) => declarationsOf(symbol).map(textOf));
  return ["```ts", [...new Set(texts)].join("\n\n"), "```", ""];
};
/** What a page does without, because it would have to load it. */
const NODE_ONLY = ["DatasetName", "TaskLabel", "parseDataset", "parseTaskLabel"];
const [node, ...pages] = entries.map(({ exported: names }) => names.map(({ name }) => name).sort());
const inPages = node.filter((name) => !NODE_ONLY.includes(name)).join();
const differing = entries.slice(1).filter((_, at) => pages[at].join() !== inPages);
if (differing.length > 0) throw new Error(`${differing.map(({ name }) => name)} exports other names`);
const report = [
  "# The public API",
  "",
  "Written by `npm run api` from the declarations of the build; a test compares. [versions.md](versions.md) says what a",
  "change of it means for the version.",
  "",
  ...entries.flatMap(({ name, exported: names }) => [
    `## \`${name}\``,
    "",
    ...block(names.filter((symbol) => !shared.has(symbol))),
  ]),
  "## All entries",
  "",
  ...block(shared),
  "## Named by these, not exported",
  "",
  ...block(hidden),
].join("\n");

if (!process.argv.includes("--check")) writeFileSync(REPORT, report);
else if (readFileSync(REPORT, "utf8") !== report) {
  console.error(
    "docs/api.md is out of date: the public API has changed. Run `npm run build` and `npm run api`.",
  );
  process.exitCode = 1;
}
