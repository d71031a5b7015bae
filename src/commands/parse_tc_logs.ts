import { CompatibilityCommand } from "../cli/compatibility-command.js";
import { PARSE_TC_LOGS_OPTIONS, parseTcLogsCommand } from "../cli/parse-tc-logs.js";
import { isReader } from "../live/channel.js";
import { echoesInput } from "../live/echoes-input.js";
import { endProcess, runPipe } from "../live/pipe.js";

export default class ParseTcLogs extends CompatibilityCommand {
  static override summary = "Read the log of a training task as Python's parse_tc_logs does.";
  static override description =
    `For train.py, which pipes a training through it. Reads Taskcluster logs and plain train.log files. \
With --from-stream, standard input passes through to standard output unchanged, whatever happens to reading and publishing, \
which a second process does. The CSV files grow row by row, and measurements.ndjson beside them holds every line so far. \
Existing files are replaced.

Inside a Taskcluster task, project, group and name of the run come from the task, and the key from --taskcluster-secret.

Exit codes: those of parse. With MOZ_AUTOMATION set 0, unless a signal came, the task belongs to a push or a pull request, or \
--fail-unfinished found that the training did not finish (4).`;
  static override examples = [
    "parse_tc_logs --input-file live_backing.log --output-dir output",
    "marian -c config.yml 2>&1 | parse_tc_logs --from-stream --verbose",
  ];
  static override flags = parseTcLogsCommand.flags;

  static override readonly reference = PARSE_TC_LOGS_OPTIONS;

  async run(): Promise<void> {
    if (!isReader() && echoesInput(this.argv)) {
      const [program, binary = ""] = process.argv;
      const args = [...process.execArgv, binary, "parse_tc_logs", ...this.argv];
      return endProcess(await runPipe({ program: program ?? process.execPath, args }));
    }
    return this.runPlain(parseTcLogsCommand);
  }
}
