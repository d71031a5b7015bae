/** A run that is written to the offline file only. */
import { stringifyJson } from "../client/format/json.js";
import { runMetadata } from "../client/machine.js";
import { RUN_FILES_AT_END } from "../client/run-options.js";
import { OfflineRun } from "../offline/offline-run.js";
import type { RunDescription, RunOutcome, Transport } from "./transport.js";

/** Where an offline run is written, and where its rows go later. */
interface OfflineOptions {
  readonly dir: string;
  /** The server that it is for. */
  readonly baseUrl: string;
  /** Whether its rows begin at the first line of the run, or after those that the server holds at the upload. */
  readonly resume: "overwrite" | "append";
}

/** Writes a run below `dir`/wandb. */
export class OfflineTransport implements Transport {
  readonly kind = "offline";
  readonly run: OfflineRun;

  private constructor(run: OfflineRun) {
    this.run = run;
  }

  /** @throws Error of the file system if the folder can't be written. */
  static async start(description: RunDescription, options: OfflineOptions): Promise<OfflineTransport> {
    const { id: displayName, startedAt = Date.now() / 1000 } = description;
    const run = await OfflineRun.start({ ...description, ...options, displayName, startedAt });
    const { folder } = description;
    const metadata = await runMetadata({ startedAt, program: "marian-tracking", folder });
    await run.file(RUN_FILES_AT_END.metadata, Buffer.from(stringifyJson(metadata)));
    return new OfflineTransport(run);
  }

  async flush(): Promise<void> {
    await this.run.flush();
  }

  async finish(exitCode: number | null): Promise<RunOutcome> {
    await this.run.finish(exitCode);
    return {
      rows: { sent: 0, acknowledged: 0, spooled: this.run.rows },
      spool: this.run.directory,
      problems: [],
      requests: 0,
      complete: true,
    };
  }
}
