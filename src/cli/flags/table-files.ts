/** The flags of `archive` that say how tables are divided into files, and how changes are found. */
import { Flags } from "./flag.js";

const UNITS: Readonly<Record<string, number>> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Reads a size such as `512MB`. @throws Error that says what is expected. */
export function readByteSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmg]i?b)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 0));
  if (bytes >= 1) return bytes;
  throw new Error(`expected a size such as 512MB or 1GB, but got ${JSON.stringify(text)}`);
}

export const tableFileFlags = {
  "partition-by": Flags.option({ options: ["project"] as const })({
    description:
      "divide each table into a folder for each project, as Hive does: training.parquet/project=en-cs/part-00000.parquet; the files have no column project",
    dependsOn: ["output-dir"],
    helpGroup: "TABLES",
  }),
  "max-file-size": Flags.custom<number>({ parse: async (text) => readByteSize(text) })({
    description:
      "divide each table into files of about this size at most, part-00000, part-00001 …  [default: one file; with --partition-by: 512MB]",
    dependsOn: ["output-dir"],
    helpGroup: "TABLES",
    helpValue: "SIZE",
  }),
  verify: Flags.boolean({
    description:
      "compare the contents of all logs with those of the last --verify, instead of trusting size, times and inode; the first one reads everything",
    dependsOn: ["output-dir"],
    helpGroup: "TABLES",
  }),
};
