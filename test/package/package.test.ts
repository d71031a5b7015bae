/** The package as users get it: packed, installed in an empty project, run. */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { projectWithPackage } from "../browser/packed-package.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = projectWithPackage();
const run = (command: string, args: string[]) =>
  spawnSync(command, args, { cwd: folder, encoding: "utf8", timeout: 150_000 });

/** Puts what the package depends on beside it, as npm would, from what the repository has installed. */
function installDependencies(): void {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, { dev, devOptional, optional }] of Object.entries<Record<string, boolean>>(packages))
    if (path !== "" && !dev && !devOptional && !optional)
      cpSync(join(root, path), join(folder, path), { recursive: true });
  const { name, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  mkdirSync(join(folder, "node_modules/.bin"));
  for (const [command, file] of Object.entries<string>(bin))
    symlinkSync(join("..", name, file), join(folder, "node_modules/.bin", command));
  writeFileSync(join(folder, "package.json"), '{ "name": "empty", "private": true, "type": "module" }');
}

/** Declarations without comments, and without arrays of TypeScript's own. */
const code = (text: string) => text.replace(/\/\*.*?\*\//gs, "").replace(/\b(?:Readonly)?Array</g, "");

describe("the packed package", () => {
  beforeAll(() => {
    installDependencies();
    copyFileSync(join(root, "fixtures/train.log"), join(folder, "train.log"));
  });

  test("runs both binaries", () => {
    const parse = run("node_modules/.bin/marian-tracking", ["parse", "train.log"]);
    expect(parse.stderr).toContain("87 rows");
    expect(parse.status).toBe(0);
    expect(readFileSync(join(folder, "output/training.csv"), "utf8").split("\r\n")).toHaveLength(89);
    const compatible = run("node_modules/.bin/parse_tc_logs", ["-i", "train.log", "-o", "compatible"]);
    expect(compatible.status).toBe(0);
    const ours = readFileSync(join(folder, "output/training.csv"), "utf8");
    expect(readFileSync(join(folder, "compatible/training.csv"), "utf8")).toBe(
      ours.replaceAll(/,[^,]*(?=\r\n)/g, ""),
    );
  });

  test("passes what CI runs on each system", () => {
    const commands = spawnSync(join(root, "scripts/smoke-commands"), {
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(folder, "node_modules/.bin")}:${process.env["PATH"]}` },
    });
    expect(commands.stdout + commands.stderr).toContain("the commands work");
    copyFileSync(join(root, "scripts/smoke-library.mjs"), join(folder, "smoke-library.mjs"));
    expect(run(process.execPath, ["smoke-library.mjs"]).stdout).toBe("the library works\n");
  });

  test.each(["parse_experiment_dir", "parse_tc_group"])("has the compatibility command %s", (name) => {
    const { stdout, stderr, status } = run(`node_modules/.bin/${name}`, ["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("--override-runs");
  });

  test.each(["marian-tracking", "marian-tracking/browser"])("imports %s", (name) => {
    const program = `
      import { parseLog } from ${JSON.stringify(name)};
      import { readFileSync } from "node:fs";
      let rows = 0;
      for await (const { type } of parseLog(new Blob([readFileSync("train.log")]))) if (type === "training") rows += 1;
      console.log(rows);`;
    const { stdout, stderr } = run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(stderr).toBe("");
    expect(stdout).toBe("87\n");
  });

  test.each([
    ["node16", "node16", "ES2022,DOM"],
    ["nodenext", "nodenext", "ES2022,DOM,DOM.Iterable"],
    ["esnext", "bundler", "ES2022,DOM"],
    ["preserve", "bundler", "ESNext,DOM"],
  ])(
    "has types that compile with the platform's own alone: --module %s --moduleResolution %s --lib %s",
    (...by) => {
      const names = ["marian-tracking", "marian-tracking/browser", "marian-tracking/slim"];
      const lines = names.map((name, at) => `export * as e${at} from "${name}";`);
      writeFileSync(join(folder, "types.ts"), lines.join("\n"));
      const [module, resolution, lib] = by;
      const { stdout, status } = run(process.execPath, [
        join(root, "node_modules/typescript/bin/tsc"),
        ...[
          "--noEmit",
          "--strict",
          "--skipDefaultLibCheck",
          "--exactOptionalPropertyTypes",
          "--listFiles",
          "--target",
          "es2022",
        ],
        ...["--module", module, "--moduleResolution", resolution, "--lib", lib, "types.ts"],
      ]);
      expect([status, stdout.match(/.*error TS.*/g)]).toEqual([0, null]);
      const own = stdout.split("\n").filter((path) => path.includes("/node_modules/marian-tracking/"));
      expect(own.length).toBeGreaterThan(20);
      // Before TypeScript 5.7, arrays of numbers take no type argument.
      const generic = own.flatMap((path) => code(readFileSync(path, "utf8")).match(/\w+Array<.*/g) ?? []);
      expect(generic).toEqual([]);
    },
  );

  test("imports marian-tracking/slim, to which the core is given", () => {
    const program = `
      import { init, parseBatches } from "marian-tracking/slim";
      import { readFileSync } from "node:fs";
      import { fileURLToPath } from "node:url";
      await init(readFileSync(fileURLToPath(import.meta.resolve("marian-tracking/marian_log.wasm"))));
      let rows = 0;
      for await (const { training } of parseBatches(new Blob([readFileSync("train.log")]))) rows += training.length;
      console.log(rows);`;
    const { stdout, stderr } = run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(stderr).toBe("");
    expect(stdout).toBe("87\n");
  });

  test("carries nothing that no export, command or reader needs; publint and attw find no fault", () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(root, "scripts/check-package.mjs")],
      {
        encoding: "utf8",
      },
    );
    expect(stderr).toBe("");
    expect(stdout).toContain("the package: its exports, types and files are right");
    expect(status).toBe(0);
  });
});
