/** `--manifest`. */
import { Flags } from "@oclif/core";

/** The flags of the commands that read work items. */
export const manifestFlags = {
  manifest: Flags.string({
    description: "read the runs in FILE (- is standard input), one per line, as `plan` writes them",
    helpValue: "FILE",
    helpGroup: "SCALE",
  }),
};
