// Records of which sources wasm/ was built (wasm/BUILD.json); with --check says whether it still belongs to them.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const root = new URL("../", import.meta.url);
const outputs = ["marian_log_wasm_bg.wasm", "marian_log_wasm.js", "marian_log_wasm.d.ts"];
const ceiling = { raw: 450_000, brotli: 160_000 };

const read = (path) => readFileSync(new URL(path, root));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Everything that the bytes depend on: the crates without their tests, the lock file, the build itself. */
function sources() {
  const crates = ["crates/marian-log", "crates/marian-log-wasm"].flatMap((crate) => [
    `${crate}/Cargo.toml`,
    ...readdirSync(new URL(`${crate}/src/`, root)).map((name) => `${crate}/src/${name}`),
  ]);
  return ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "scripts/build-wasm", ...crates].sort();
}

function sourceHash() {
  const hash = createHash("sha256");
  for (const path of sources()) hash.update(`${path}\0${sha256(read(path))}\n`);
  return hash.digest("hex");
}

function sizes() {
  const bytes = read("wasm/marian_log_wasm_bg.wasm");
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  return { raw: bytes.length, brotli: brotli.length };
}

const hashes = () => Object.fromEntries(outputs.map((name) => [name, sha256(read(`wasm/${name}`))]));
const { raw, brotli } = sizes();
console.log(`wasm: ${raw} bytes raw (ceiling ${ceiling.raw}), ${brotli} bytes brotli (ceiling ${ceiling.brotli})`);

const faults = [];
if (raw > ceiling.raw || brotli > ceiling.brotli) faults.push("the wasm is over its ceiling");
if (process.argv.includes("--check")) {
  const record = JSON.parse(read("wasm/BUILD.json"));
  if (record.sources !== sourceHash()) {
    faults.push("the sources of the core have changed since wasm/ was built: run `npm run build:wasm` and commit wasm/");
  }
  if (JSON.stringify(record.sha256) !== JSON.stringify(hashes())) {
    faults.push("a file in wasm/ is not the one that wasm/BUILD.json records: run `npm run build:wasm`");
  }
} else {
  const version = (command) => execFileSync(command, ["--version"], { encoding: "utf8" }).trim();
  const record = {
    sources: sourceHash(),
    sha256: hashes(),
    size: { raw, brotli },
    versions: {
      rustc: version("rustc").replace(/ \(.*/, ""),
      "wasm-pack": version("wasm-pack"),
      "wasm-bindgen": version("wasm-bindgen"),
      "wasm-opt": version("node_modules/.bin/wasm-opt"),
    },
  };
  writeFileSync(new URL("wasm/BUILD.json", root), `${JSON.stringify(record, null, 2)}\n`);
}
for (const fault of faults) console.error(`wasm: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
