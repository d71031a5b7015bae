// The record of the built core, BUILD.json: of which sources and by which tools it was made.
//   --check          wasm/ belongs to the sources and is within its ceiling
//   --write DIR      records what was just built in DIR
//   --compare DIR    a build in DIR has the bytes of wasm/
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { root } from "./tools.mjs";

const outputs = ["marian_log_wasm_bg.wasm", "marian_log_wasm.js", "marian_log_wasm.d.ts"];
const ceiling = { raw: 450 * 1024, brotli: 160 * 1024 };

const read = (path) => readFileSync(resolve(root, path));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const hashes = (folder) =>
  Object.fromEntries(outputs.map((name) => [name, sha256(read(`${folder}/${name}`))]));
const recordOf = (folder) => JSON.parse(read(`${folder}/BUILD.json`));

/** Everything that the bytes depend on: the crates without their tests, the lock file, the build itself. */
function sourceHash() {
  const crates = ["crates/marian-log", "crates/marian-log-wasm"].flatMap((crate) => [
    `${crate}/Cargo.toml`,
    ...readdirSync(resolve(root, crate, "src")).map((name) => `${crate}/src/${name}`),
  ]);
  const paths = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "package-lock.json",
    "scripts/build-wasm",
    ...crates,
  ];
  const hash = createHash("sha256");
  for (const path of paths.sort()) {
    // Of npm's packages only the optimiser matters.
    const bytes = path === "package-lock.json" ? optimiserVersion() : read(path);
    hash.update(`${path}\0${sha256(bytes)}\n`);
  }
  return hash.digest("hex");
}

const optimiserVersion = () =>
  JSON.parse(read("package-lock.json")).packages["node_modules/binaryen"].version;

function sizes(folder) {
  const bytes = read(`${folder}/marian_log_wasm_bg.wasm`);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  console.log(
    `wasm: ${bytes.length} bytes raw (ceiling ${ceiling.raw}), ${brotli} bytes brotli (ceiling ${ceiling.brotli})`,
  );
  return { raw: bytes.length, brotli };
}

function check() {
  const { raw, brotli } = sizes("wasm");
  const record = recordOf("wasm");
  const faults = [];
  if (raw > ceiling.raw || brotli > ceiling.brotli) faults.push("the wasm is over its ceiling");
  if (record.sources !== sourceHash()) {
    faults.push(
      "the sources of the core have changed since wasm/ was built: run `npm run build:wasm` and commit wasm/",
    );
  }
  if (JSON.stringify(record.sha256) !== JSON.stringify(hashes("wasm"))) {
    faults.push("a file in wasm/ is not the one that wasm/BUILD.json records: run `npm run build:wasm`");
  }
  return faults;
}

function write(folder) {
  const run = (command, ...args) => execFileSync(command, args, { encoding: "utf8", cwd: root }).trim();
  const library = `${run("rustc", "--print", "sysroot")}/lib/rustlib/wasm32-unknown-unknown/lib`;
  const record = {
    sources: sourceHash(),
    sha256: hashes(folder),
    size: sizes(folder),
    versions: {
      rustc: run("rustc", "--version").replace(/ \(.*/, ""),
      // rustup's and a self-made standard library give different bytes.
      std: readdirSync(library).find((name) => /^libstd-.*\.rlib$/.test(name)),
      "wasm-pack": run("wasm-pack", "--version"),
      "wasm-bindgen": run("wasm-bindgen", "--version"),
      binaryen: optimiserVersion(),
    },
  };
  writeFileSync(resolve(root, folder, "BUILD.json"), `${JSON.stringify(record, null, 2)}\n`);
  return [];
}

function compare(folder) {
  const [committed, built] = [recordOf("wasm"), recordOf(folder)];
  const differing = Object.keys(committed.versions).filter(
    (tool) => committed.versions[tool] !== built.versions[tool],
  );
  if (differing.length > 0) {
    const list = differing.map(
      (tool) => `${tool} ${built.versions[tool]} instead of ${committed.versions[tool]}`,
    );
    console.log(`skipped: the bytes of wasm/ can't be compared, it was built with ${list.join(", ")}`);
    return [];
  }
  const changed = outputs.filter((name) => committed.sha256[name] !== built.sha256[name]);
  if (changed.length === 0) console.log("wasm: a fresh build has the same bytes");
  return changed.map((name) => `${name}: a fresh build has other bytes than the committed one`);
}

const [mode, folder] = process.argv.slice(2);
const faults = mode === "--write" ? write(folder) : mode === "--compare" ? compare(folder) : check();
for (const fault of faults) console.error(`wasm: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
