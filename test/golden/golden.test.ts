/** Held to recorded outputs of the reference and to the manifest of real logs. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseLog, readRun } from "../../src/index.js";
import { FileSource } from "../../src/io/source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { filePublisher } from "../../src/publishers/files.js";
import { shared, sharedIsThere } from "./shared.js";

interface ManifestEntry {
  readonly input: string;
  readonly output: string;
}

interface DefectCase {
  readonly input: readonly string[] | null;
  readonly wanted?: readonly unknown[];
  readonly wanted_unmatched?: number;
}

interface ParserState {
  readonly version: string;
  readonly config: { readonly marian: Record<string, unknown>; readonly arguments: Record<string, unknown> };
}

const json = <Type>(path: string): Type => JSON.parse(readFileSync(shared(path), "utf8")) as Type;

describe.skipIf(!sharedIsThere)("recorded outputs of the reference", () => {
  const entries = sharedIsThere ? json<ManifestEntry[]>("golden/manifest.json") : [];
  const csv = entries.filter(({ output }) => existsSync(shared(`golden/${output}/training.csv`)));
  const states = entries.filter(({ output }) => existsSync(shared(`golden/${output}/parser_state.json`)));

  test("there are some", () => {
    expect(csv.length).toBeGreaterThanOrEqual(7);
    expect(states.length).toBeGreaterThanOrEqual(8);
  });

  test.each(csv)("$output: the CSV files are the same bytes", async ({ input, output }) => {
    const folder = mkdtempSync(join(tmpdir(), "golden-"));
    const publishers = [await filePublisher(folder, "csv", { reference: true })];
    const receipt = await publishLog(new FileSource(shared(input)), {}, publishers);
    expect(receipt.counts.unmatched).toBe(0);
    for (const name of ["training.csv", "validation.csv"]) {
      const written = readFileSync(join(folder, name), "utf8");
      const golden = readFileSync(shared(`golden/${output}/${name}`), "utf8");
      expect(written).toBe(golden);
    }
  });

  test.each(states)(
    "$output: version, configuration and arguments are the same",
    async ({ input, output }) => {
      const { version, config } = json<ParserState>(`golden/${output}/parser_state.json`);
      const run = await readRun(shared(input));
      expect(run.marian_version).toMatch(new RegExp(`^v${version.replace(".", "\\.")}\\.`));
      // The reference knows the first start only; a run is what its last one says.
      const [first] = run.segments;
      expect(first?.config).toEqual(config.marian);
      expect(first?.arguments).toMatchObject(config.arguments);
      const added = Object.entries(first?.arguments ?? {}).filter(([name]) => !(name in config.arguments));
      expect(added.every(([, value]) => value === true)).toBe(true);
    },
  );
});

describe.skipIf(!sharedIsThere)("malformed inputs", () => {
  const cases = sharedIsThere
    ? Object.entries(json<Record<string, DefectCase>>("golden/defect_cases.json"))
    : [];

  test.each(cases.filter(([, { wanted }]) => wanted !== undefined))(
    "%s",
    async (_name, { input, wanted, wanted_unmatched }) => {
      const found: unknown[] = [];
      let unmatched = 0;
      for await (const measurement of parseLog(
        Buffer.from((input ?? []).map((line) => `${line}\n`).join("")),
      )) {
        if (measurement.type === "unmatched") unmatched += 1;
        if (measurement.type !== "training" && measurement.type !== "validation") continue;
        const { segment: _segment, timestamp: _timestamp, ...fields } = measurement;
        const words = Object.entries(fields).map(([name, value]) => [
          name,
          typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
        ]);
        found.push(Object.fromEntries(words));
      }
      expect(found).toEqual(wanted);
      expect(unmatched).toBe(wanted_unmatched ?? 0);
    },
  );

  test("are the ones that were recorded", () => {
    expect(cases).toHaveLength(79);
  });
});

describe.skipIf(!sharedIsThere)("real logs", () => {
  const [head = "", ...lines] = sharedIsThere
    ? readFileSync(shared("logs/manifest.tsv"), "utf8").trimEnd().split("\n")
    : [];
  const names = head.split("\t");
  const rows = lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
  });
  const logs = rows.filter(({ kind }) => kind !== "opustrainer-config");

  test("there are more than a hundred", () => expect(logs.length).toBeGreaterThan(100));

  test.each(logs)("$file", async ({ file, n_train, n_valid, valid_metrics }) => {
    const run = await readRun(shared(`logs/${file}`));
    const { counts, metrics } = run.tally;
    expect([counts.training, counts.validation, counts.unmatched]).toEqual([
      Number(n_train),
      Number(n_valid),
      0,
    ]);
    expect(run.training).toHaveLength(Number(n_train));
    expect(run.validation.reduce((sum, point) => sum + point.metrics.size, 0)).toBe(Number(n_valid));
    expect([...metrics].sort()).toEqual(valid_metrics === "-" ? [] : valid_metrics?.split(" "));
    // The numbers, read again the slow way.
    const text = readFileSync(shared(`logs/${file}`), "latin1").split("\n");
    for (const row of run.training) {
      const cost = / Cost ([^ ]+)/.exec(
        text[row.line - 1]?.slice(text[row.line - 1]?.indexOf(`Up. ${row.up} `)) ?? "",
      )?.[1];
      expect(String(row.cost)).toBe(String(Number(cost === "nan" ? "NaN" : cost)));
    }
  });
});
