/** The flags that choose runs of an archive. */
import { Flags } from "./flag.js";

export const filterFlags = {
  mode: Flags.option({ options: ["taskcluster", "snakemake"] as const })({
    char: "m",
    description: "layout of the archive  [default: found from the folders]",
  }),
  filter: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    description: "only runs whose project/group/model matches; may be repeated",
    helpValue: "PATTERN",
  }),
  since: Flags.string({
    description: "only runs whose log was written on this date or later, for example 2026-01-31",
    helpValue: "DATE",
  }),
};
