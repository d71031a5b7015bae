/** The flags that say how much of a receipt people see. */
import { Flags } from "./flag.js";

/** `--quiet`, of commands whose receipt has a group in the help. */
export const quietFlag = {
  quiet: Flags.boolean({
    char: "q",
    description: "no receipt unless something went wrong",
    helpGroup: "RECEIPT",
  }),
};

/** `--quiet` and `--verbose`, of commands that read many inputs. */
export const inputReceiptFlags = {
  ...quietFlag,
  verbose: Flags.boolean({
    char: "v",
    description: "every input and every sample in the receipt",
    exclusive: ["quiet"],
    helpGroup: "RECEIPT",
  }),
};
