import { Command } from "../cli/command.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { wandbKeyFlag } from "../cli/flags/wandb-flags.js";
import { count } from "../cli/receipts/numbers.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { showProgress } from "../cli/terminal/progress.js";
import { EXIT, stopCode } from "../exit-code.js";
import { Budget } from "../http/index.js";
import { printText, sayText } from "../io/terminal.js";
import { quoteWords } from "../run/command-line.js";
import {
  findOfflineFiles,
  messageOf,
  openClient,
  previewFiles,
  resolveSettings,
  type SyncReceipt,
  syncFiles,
  syncReceiptJson,
  syncReceiptText,
  type WandbSettings,
} from "../wandb/index.js";

export default class Sync extends Command {
  static override summary = "Upload offline runs of Weights & Biases, each row once.";
  static override description =
    `Takes the folder of a run, its parent "wandb", the folder above that, or a .wandb file. Runs that were delivered are skipped. \
Every row goes to its own line of the run, so the same command finishes an interrupted upload: no row is lost or doubled. \
Files of the official client work too, if W&B holds no rows of the run yet or --append is given.

Exit codes: 0 everything was acknowledged; 1 a file is damaged, incomplete or can't be sent; 2 wrong flags, nothing to send \
or no API key (WANDB_API_KEY); 3 the server did not acknowledge everything; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    { description: "Every run below ./wandb", command: "<%= config.bin %> sync ." },
    {
      description: "What would be sent, and from which line on",
      command: "<%= config.bin %> sync --dry-run wandb/offline-run-20260101_120000-student_MjcJG",
    },
  ];
  static override strict = false;
  static override args = {
    dir: Args.string({ description: "folder of a run, folder of such folders, or .wandb file" }),
  };
  static override flags = {
    "dry-run": Flags.boolean({ description: "print what would be sent, and send nothing; needs no API key" }),
    append: Flags.boolean({ description: "add the rows after those of an existing run" }),
    force: Flags.boolean({ description: "send again what was delivered before" }),
    ...wandbKeyFlag,
    json: Flags.boolean({ description: "the receipt as JSON on standard output" }),
    quiet: Flags.boolean({ char: "q", description: "no receipt unless something went wrong" }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Sync);
    const paths = argv as string[];
    const { usage } = this;
    if (paths.length === 0) usage("nothing to send: name the folder of an offline run, or the one above");
    const { files, failed, passedOver } = await findOfflineFiles(paths);
    if (files.length === 0) {
      const reasons = failed.map(({ path, reason }) => `${path}: ${reason}`);
      usage(
        reasons.join("; ") || `nothing to send: ${passedOver.join(", ")} went to the server while it ran`,
      );
    }
    const settings = settingsOf(flags["wandb-api-key-file"], flags["dry-run"], usage);
    const client =
      settings.apiKey === undefined
        ? undefined
        : openClient(settings, { version: `marian-tracking/${this.config.version}` });
    const stop = watchStopSignals();
    const receipts: SyncReceipt[] = [];
    const done = () => `${receipts.length} of ${count(files.length, "offline file")}`;
    const progress = showProgress((elapsed) => `${done()}, ${elapsed}`, process.stderr, flags.quiet);
    try {
      const options = { force: flags.force, append: flags.append, signal: stop.signal };
      const budget = flags["retry-for"] === undefined ? undefined : new Budget(flags["retry-for"]);
      const sent =
        client === undefined
          ? previewFiles(files, { ...options, settings })
          : syncFiles(files, { ...options, client, dryRun: flags["dry-run"], budget });
      for await (const receipt of sent) receipts.push(receipt);
    } finally {
      progress.stop();
      await client?.close();
    }
    const exitCode = codeOf(receipts, failed.length, stop.received);
    const left = receipts.length < files.length || receipts.some(({ outcome }) => outcome === "undelivered");
    const verdict = {
      failed,
      passedOver: passedOver.length,
      untouched: files.length - receipts.length,
      signal: stop.received,
      exitCode,
      again: left ? quoteWords([this.config.bin, "sync", ...this.argv]) : undefined,
    };
    if (flags.json) printText(syncReceiptJson(receipts, verdict));
    else sayText(syncReceiptText(receipts, verdict, flags.quiet));
    this.exit(exitCode);
  }
}

/** The settings of the environment. Without a key a command that sends ends here. */
function settingsOf(
  apiKeyFile: string | undefined,
  isDryRun: boolean,
  usage: (message: string) => never,
): WandbSettings {
  let settings: WandbSettings;
  try {
    settings = resolveSettings({ apiKeyFile });
  } catch (error) {
    return usage(messageOf(error));
  }
  if (settings.apiKey === undefined && !isDryRun) {
    usage(
      `no W&B API key was found: set WANDB_API_KEY, or add the server ${new URL(settings.baseUrl).host} to ~/.netrc`,
    );
  }
  return settings;
}

/** The exit code; the first that applies is given. */
function codeOf(
  receipts: readonly SyncReceipt[],
  failedPaths: number,
  signal: "SIGINT" | "SIGTERM" | undefined,
): number {
  if (signal !== undefined) return stopCode(signal);
  if (receipts.some(({ outcome }) => outcome === "undelivered")) return EXIT.publisher;
  const wrong = receipts.some(({ outcome, missing }) => outcome === "failed" || missing.length > 0);
  return wrong || failedPaths > 0 ? EXIT.input : EXIT.ok;
}
