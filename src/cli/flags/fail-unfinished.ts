/** `--fail-unfinished`: a pipe tells the shell how the training before it ended. */
import { Flags } from "./flag.js";

/** The flag; spread it into a command's. */
export const failUnfinishedFlag = {
  "fail-unfinished": Flags.boolean({
    description: "exit code 4 if the training died or ended before its limits",
    env: "MARIAN_TRACKING_FAIL_UNFINISHED",
  }),
};
