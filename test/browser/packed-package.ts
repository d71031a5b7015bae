/** The package as npm packs it, unpacked in a folder of its own: pages load its files, nothing is installed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Unpacks the package as `node_modules/marian-tracking` of a new project folder, which is returned. */
export function projectWithPackage(): string {
  const project = mkdtempSync(join(tmpdir(), "project-"));
  const installed = join(project, "node_modules/marian-tracking");
  mkdirSync(installed, { recursive: true });
  // Not `prepack`: the suite has built before, and a second build would pull dist/ from under its other tests.
  execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", project], {
    cwd: root,
    stdio: "pipe",
  });
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz")) ?? "";
  execFileSync("tar", ["-xzf", join(project, tarball), "-C", installed, "--strip-components=1"]);
  return project;
}
