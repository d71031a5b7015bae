/** The three ways to W&B behind one interface, each as the program uses it. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evaluation } from "../../../src/evaluation/evaluation.js";
import { FileSource, type Source } from "../../../src/io/source.js";
import type { InputReceipt } from "../../../src/pipeline/input-receipt.js";
import { planSource, rowsOfSource } from "../../../src/pipeline/plan-source.js";
import { publishLog } from "../../../src/pipeline/publish-log.js";
import { findTransactionLogs } from "../../../src/wandb/offline/run-directory.js";
import type { WandbPlace, WandbPublication } from "../../../src/wandb/publication.js";
import { syncTransactionLog } from "../../../src/wandb/sync/sync-file.js";
import { NativeTransport } from "../../../src/wandb/transports/native-transport.js";
import { OfflineTransport } from "../../../src/wandb/transports/offline-transport.js";
import { SdkTransport } from "../../../src/wandb/transports/sdk-transport.js";
import type { RunDescription, Transport } from "../../../src/wandb/transports/transport.js";
import { WandbPublisher } from "../../../src/wandb/wandb-publisher.js";
import type { StandInServer } from "../../servers/wandb/index.js";
import { budgetOf, type Harness, harness } from "../client/harness.js";

/** Names of the transports, as `--wandb-client` takes them; the columns of the table. */
export const TRANSPORTS = ["native", "sdk", "offline"] as const;

/** One of them. */
export type TransportName = (typeof TRANSPORTS)[number];

/** Long enough for the SDK, whose waits are on the real clock. */
const BUDGET = 60_000;

/** A server and a transport to it. */
export class Stage {
  readonly transport: TransportName;
  readonly server: StandInServer;
  /** Where offline files are written. */
  readonly dir = mkdtempSync(join(tmpdir(), "conformance-"));
  /** What the SDK printed. */
  readonly printed: string[] = [];
  readonly #harness: Harness;

  private constructor(transport: TransportName, stage: Harness) {
    this.transport = transport;
    this.server = stage.server;
    this.#harness = stage;
  }

  /** A new server. */
  static async open(transport: TransportName): Promise<Stage> {
    return new Stage(transport, await harness());
  }

  /** Where runs go, as the commands say it. */
  get place(): WandbPlace {
    return {
      project: "cs-en",
      tags: [],
      ...(this.transport === "offline" ? {} : { client: this.#harness.client, transport: this.transport }),
      dir: this.dir,
      baseUrl: this.server.url,
    };
  }

  /** Begins a run. */
  start(description: RunDescription): Promise<Transport> {
    const { client, clock } = this.#harness;
    const budget = budgetOf(clock, BUDGET);
    switch (this.transport) {
      case "native":
        return NativeTransport.start(description, {
          client,
          dir: this.dir,
          existing: null,
          resume: "allow",
          pacing: "bulk",
          budget,
        });
      case "sdk":
        return SdkTransport.start(description, {
          settings: client.settings,
          budget,
          print: (line) => this.printed.push(line),
        });
      case "offline":
        return OfflineTransport.start(description, {
          dir: this.dir,
          baseUrl: this.server.url,
          resume: "overwrite",
        });
    }
  }

  /** Publishes a log as the command does. A file is read twice; anything else is a training that runs. */
  async publish(log: string | Source, evaluations: readonly Evaluation[] = []): Promise<InputReceipt> {
    const source = typeof log === "string" ? new FileSource(log) : log;
    const plan = typeof log === "string" ? await planSource(source, {}) : undefined;
    const publication: WandbPublication = {
      ...this.place,
      id: "student",
      override: false,
      evaluations,
      ...(plan === undefined ? {} : { plan, rows: () => rowsOfSource(source, {}, plan) }),
    };
    const receipt = await publishLog(source, {}, [new WandbPublisher(publication)]);
    await this.deliver();
    return receipt;
  }

  /** What the user does after the run: `marian-tracking sync` where the transport is the offline file. */
  async deliver(): Promise<void> {
    if (this.transport !== "offline") return;
    const { client, clock } = this.#harness;
    for (const file of await findTransactionLogs(this.dir))
      await syncTransactionLog(file, { client, budget: budgetOf(clock, BUDGET) });
  }
}
