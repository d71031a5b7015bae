import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryEntries, memoryEntry } from "../../../src/wandb/client/artifact.js";
import { artifactDigest } from "../../../src/wandb/client/format/artifact.js";
import { tableArtifactName } from "../../../src/wandb/client/format/names.js";
import { parseLine } from "../../servers/wandb/index.js";
import { harness } from "./harness.js";

const DATASETS = {
  columns: ["Name", "Count"],
  data: [
    ["a", 1],
    ["b", 2],
  ],
};

describe("a table", () => {
  it("joins its row, the summary, the files and the artifacts of a run", async () => {
    const { server, start } = await harness();
    const run = await start();
    const tables = ["metrics", "flores devtest"].map((name) => ({ name, table: DATASETS }));
    await run.history({ cost: 1 }, { step: 3000, timestamp: 50 }, tables);
    const receipt = await run.finish();
    const stored = server.run("ru-en", "student_MjcJG");
    const rows = server.history("ru-en", "student_MjcJG");
    expect(rows.map((row) => row._step)).toEqual([3000]);
    expect(rows[0]).toMatchObject({
      cost: 1,
      metrics: { _type: "table-file", size: 53, nrows: 2, ncols: 2 },
      "flores devtest": { _type: "table-file", size: 53 },
    });
    expect((parseLine(stored.summary) as Record<string, unknown>).metrics).toEqual(rows[0]?.metrics);
    const { path, sha256, artifact_path: artifactPath } = (rows[0]?.metrics ?? {}) as Record<string, string>;
    const bytes = stored.uploads.get(path ?? "")?.bytes ?? Buffer.alloc(0);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
    expect(stored.visible.has(path ?? "")).toBe(true);
    const artifact = server.store.versions("team", "ru-en", "run-student_MjcJG-metrics")[0];
    expect(artifact).toMatchObject({ type: "run_table", state: "COMMITTED", versionIndex: 0 });
    expect(artifactPath).toBe(`wandb-client-artifact://${artifact?.clientId}/metrics.table.json`);
    expect(receipt.artifacts.map((one) => one.name)).toEqual([
      "run-student_MjcJG-metrics",
      tableArtifactName("student_MjcJG", "flores devtest"),
    ]);
    expect(receipt.complete).toBe(true);
    expect(server.violations).toEqual([]);
  });

  it("may have a row to itself, and a chart", async () => {
    const { server, start } = await harness();
    const run = await start();
    const chart = { label: "Name", value: "Count", title: "Datasets" };
    await run.history({}, { step: 0, timestamp: 50 }, [{ name: "Datasets", table: DATASETS, chart }]);
    await run.history({ cost: 1 }, { step: 1000, timestamp: 50 });
    await run.finish();
    const rows = server.history("ru-en", "student_MjcJG");
    expect(rows.map((row) => [row._step, Object.keys(row)[0]])).toEqual([
      [0, "Datasets_table"],
      [1000, "cost"],
    ]);
    const config = parseLine(server.run("ru-en", "student_MjcJG").config) as Record<
      string,
      { value: unknown }
    >;
    expect(config._wandb?.value).toMatchObject({
      visualize: {
        Datasets: {
          panel_type: "Vega2",
          panel_config: {
            panelDefId: "wandb/bar/v0",
            fieldSettings: { label: "Name", value: "Count" },
            stringSettings: { title: "Datasets" },
          },
        },
      },
    });
  });

  it("keeps the artifacts of keys apart that differ in odd characters only", () => {
    expect(tableArtifactName("r", "ab")).toBe("run-r-ab");
    // Recorded from wandb 0.31.0 for the run "k1".
    expect(tableArtifactName("k1", "a b/c:d é")).toBe("run-k1-abcd-k_8urQ");
    expect(tableArtifactName("k1", "x y_table")).toBe("run-k1-xy_table-PhvIig");
    expect(tableArtifactName("r", "a b")).not.toBe(tableArtifactName("r", "a/b"));
    expect(tableArtifactName("r", "k".repeat(200))).toHaveLength(128);
  });
});

describe("a directory artifact", () => {
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "wandb-artifact-"));
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "a.txt"), "hello");
    await writeFile(join(folder, "sub", "b"), Buffer.from([0, 1]));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("has the digest that Python computes", async () => {
    // Recorded from wandb 0.31.0 for the same two files.
    expect(artifactDigest(await directoryEntries(folder))).toBe("7bfc0da62635f554e58d6b119aa776bc");
  });

  it("has its files in the order of Python, which is not that of UTF-16", () => {
    const entries = [memoryEntry("😀", Buffer.from("beyond")), memoryEntry("ａ", Buffer.from("full width"))];
    // Computed with Python over names sorted there.
    expect(artifactDigest([...entries, memoryEntry("Z", Buffer.alloc(0))])).toBe(
      "d43517b0163270fbf1c5e775617c42a0",
    );
  });

  it("is committed with its files, empty and linked ones too", async () => {
    const { server, start } = await harness();
    await writeFile(join(folder, "empty"), "");
    await symlink(join(folder, "a.txt"), join(folder, "link"));
    const run = await start();
    await run.history({ cost: 1 }, { step: 12, timestamp: 1 });
    await run.directoryArtifact("logs", "logs", folder);
    const receipt = await run.finish();
    const [artifact] = server.store.versions("team", "ru-en", "logs");
    expect(artifact).toMatchObject({ state: "COMMITTED", type: "logs", historyStep: 12 });
    expect(
      [...(artifact?.files ?? [])].map(([name, file]) => [name, file.bytes?.toString("latin1")]).sort(),
    ).toEqual([
      ["a.txt", "hello"],
      ["empty", ""],
      ["link", "hello"],
      ["sub/b", "\u0000\u0001"],
    ]);
    expect(receipt.artifacts).toEqual([
      { name: "logs", type: "logs", digest: artifact?.digest, files: 4, state: "new" },
    ]);
    expect(server.violations).toEqual([]);
  });

  it("is not uploaded again when the server has the same content", async () => {
    const { server, start } = await harness();
    const first = await start({ id: "one" });
    await first.directoryArtifact("logs", "logs", folder);
    await first.finish();
    const uploads = server.requestsOf("graphql", "CreateArtifactFiles").length;
    const second = await start({ id: "two" });
    await second.directoryArtifact("logs", "logs", folder);
    expect((await second.finish()).artifacts[0]?.state).toBe("unchanged");
    expect(server.requestsOf("graphql", "CreateArtifactFiles")).toHaveLength(uploads);
    expect(server.store.versions("team", "ru-en", "logs")).toHaveLength(1);
  });

  it("fails in words for a file of 2 GiB, and the run goes on", async () => {
    const { start } = await harness();
    await truncate(join(folder, "a.txt"), 2 * 1024 ** 3);
    await expect(directoryEntries(folder)).rejects.toThrow(expect.objectContaining({ code: "too-large" }));
    const run = await start();
    await run.directoryArtifact("logs", "logs", folder);
    const receipt = await run.finish();
    expect(receipt.failedArtifacts[0]?.reason).toContain("2 GiB");
    expect(receipt.complete).toBe(false);
    expect(receipt.rows.undelivered).toBe(0);
  });

  it("fails in words for a link to a directory above, a missing folder and a bad name", async () => {
    const { start } = await harness();
    const run = await start();
    await run.directoryArtifact("none", "logs", join(folder, "absent"));
    await symlink(folder, join(folder, "sub", "up"));
    await run.directoryArtifact("loop", "logs", folder);
    await expect(run.directoryArtifact("no/slash", "logs", folder)).rejects.toThrow(
      expect.objectContaining({ code: "invalid-name" }),
    );
    const receipt = await run.finish();
    expect(receipt.failedArtifacts.map((one) => one.name)).toEqual(["none", "loop"]);
    expect(receipt.failedArtifacts[1]?.reason).toContain("directory above");
  });

  it("is retried through faults of the storage", async () => {
    const { server, start } = await harness();
    server.inject({ endpoint: "upload", fault: { kind: "drop" }, path: "/storage/artifact/" });
    server.inject({ endpoint: "upload", fault: { kind: "status", status: 500 }, path: "/storage/manifest/" });
    const run = await start();
    await run.directoryArtifact("logs", "logs", folder);
    expect((await run.finish()).complete).toBe(true);
  });
});

describe("a run file", () => {
  it("comes from memory or from disk", async () => {
    const folder = await mkdtemp(join(tmpdir(), "wandb-file-"));
    await writeFile(join(folder, "config.yml"), "a: 1\n");
    const { server, start } = await harness();
    const run = await start();
    await run.file("training/config.yml", join(folder, "config.yml"));
    await run.file("note.txt", Buffer.from("hi"));
    await run.finish();
    const { uploads, visible } = server.run("ru-en", "student_MjcJG");
    expect(uploads.get("training/config.yml")?.bytes.toString()).toBe("a: 1\n");
    expect(uploads.get("note.txt")?.bytes.toString()).toBe("hi");
    expect(visible.has("training/config.yml")).toBe(true);
    await rm(folder, { recursive: true });
  });

  it("is asked a new address for when the old one has expired", async () => {
    const { server, start } = await harness();
    server.inject({ endpoint: "upload", path: "note.txt", fault: { kind: "status", status: 403 } });
    const run = await start();
    await run.file("note.txt", Buffer.from("hi"));
    expect((await run.finish()).complete).toBe(true);
    expect(server.requestsOf("graphql", "CreateRunFiles")).toHaveLength(2);
  });

  it("that can't be uploaded is named in the receipt", async () => {
    const { server, start } = await harness();
    server.inject({
      endpoint: "upload",
      path: "note.txt",
      fault: { kind: "status", status: 403, body: "no" },
      times: 2,
    });
    const run = await start();
    await run.file("note.txt", Buffer.from("hi"));
    const receipt = await run.finish();
    expect(receipt.failedFiles).toEqual([{ name: "note.txt", reason: expect.stringContaining("HTTP 403") }]);
    const warnings = receipt.warnings.map(({ text }) => text).join();
    expect(warnings).toContain("note.txt was not uploaded");
    // A signed address never gets into a message.
    expect(warnings).not.toContain("signature");
    expect(server.run("ru-en", "student_MjcJG").visible.has("note.txt")).toBe(false);
  });
});
