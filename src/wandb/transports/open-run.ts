/** Opens a run by the transport that was asked for; what the server can't be told goes to the offline file. */
import type { Budget } from "../../http/index.js";
import { isNotTaken } from "../client/errors.js";
import type { ExistingRun } from "../client/existing-run.js";
import type { WandbPlace } from "../publication.js";
import { NativeTransport } from "./native-transport.js";
import { OfflineTransport } from "./offline-transport.js";
import { SdkTransport } from "./sdk-transport.js";
import type { RunDescription, Transport } from "./transport.js";

/** How a run is opened. */
interface OpenOptions {
  /** Absent: the offline file only. */
  readonly budget: Budget | undefined;
  /** What the server holds of the run; null for nothing. */
  readonly existing: ExistingRun | null;
  readonly resume: "allow" | "replace";
  readonly pacing: "live" | "bulk";
  /** Whether the rows of an offline file begin at the first line of the run. */
  readonly whole: boolean;
  /** Takes notes for the receipt. */
  readonly note: (text: string) => void;
}

/** @throws WandbError with a sentence for the user, and errors of the file system. */
export async function openRun(
  { client, transport, dir, baseUrl }: WandbPlace,
  description: RunDescription,
  { budget, existing, resume, pacing, whole, note }: OpenOptions,
): Promise<Transport> {
  if (client !== undefined && budget !== undefined) {
    try {
      if (transport === "sdk") {
        return await SdkTransport.start(description, { settings: client.settings, budget });
      }
      return await NativeTransport.start(description, { client, dir, existing, resume, pacing, budget });
    } catch (error) {
      if (!isNotTaken(error)) throw error;
      note(error.message);
    }
  }
  return await OfflineTransport.start(description, { dir, baseUrl, resume: whole ? "overwrite" : "append" });
}

/** Who a run is, without its rows. */
export function describeRun(
  { project, entity, group, tags, notes, jobType }: WandbPlace,
  run: Pick<RunDescription, "id" | "config" | "startedAt" | "folder">,
): RunDescription {
  return {
    ...run,
    project,
    ...(entity === undefined ? {} : { entity }),
    ...(group === undefined ? {} : { group }),
    ...(notes === undefined ? {} : { notes }),
    ...(jobType === undefined ? {} : { jobType }),
    tags,
  };
}
