/** Small archives, made for a test. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { type ArchiveOptions, openArchive } from "../../src/archive/archive.js";
import type { Group } from "../../src/archive/group.js";
import { LOCAL_FILES, readGroup } from "../../src/archive/read-group.js";

/** By path: the content of a file, or where a symbolic link leads. */
export type Tree = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

/** Known from the start: tests may change where temporary folders are made. */
const BASE = tmpdir();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is removed after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(BASE, "archive-test-"));
  folders.push(folder);
  return folder;
}

/** Writes a tree, in a folder of its own where none is given. */
export function makeTree(tree: Tree, folder: string = temporaryFolder()): string {
  for (const [path, content] of Object.entries(tree)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) {
      writeFileSync(target, content);
      utimesSync(target, 1_700_000_000, 1_700_000_000);
    } else symlinkSync(content.link, target);
  }
  return folder;
}

/** A training's log of some updates. */
export function trainingLog(updates = 2): string {
  const lines = ["[2026-01-01 10:00:00] [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500"];
  for (let up = 1; up <= updates; up += 1) {
    lines.push(
      `[2026-01-01 10:0${up}:00] Ep. 1 : Up. ${up}000 : Sen. 1,000 : Cost 5.0 : Time 1.00s : 9.00 words/s : gNorm 1.0`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The id of a task group. */
export const GROUP_ID = "Zr7yQ1xKS4ehH0cW2mVt9A";

/** The groups of an archive, and its problems with the given folder left away. */
export async function readArchive(path: string, options: ArchiveOptions = {}) {
  const archive = await openArchive(path, options);
  try {
    const groups: Group[] = [];
    for (const files of archive.groups) groups.push(await readGroup(files, LOCAL_FILES));
    const problems = [...archive.problems, ...groups.flatMap((group) => group.problems)];
    const below = (text: string) => text.replaceAll(`${path}/`, "");
    return {
      archive,
      groups,
      ids: groups.map(({ runs }) => runs.map(({ id }) => id)),
      problems: problems.map(
        ({ severity, source, reason }) => `${severity}: ${below(source)}: ${below(reason)}`,
      ),
    };
  } finally {
    await archive.close();
  }
}

/** The rows of a group's table: model, importer, dataset, augmentation, then scores by name. */
export function rowsOf({ evaluations }: Group): unknown[] {
  return evaluations.map(({ run: model, importer, dataset, augmentation, metrics }) => [
    model,
    importer,
    dataset,
    augmentation,
    Object.fromEntries(metrics),
  ]);
}
