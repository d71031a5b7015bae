/** What became of a publication, for the receipt. */
import type { Note, PublisherOutcome } from "../publishers/update-publisher.js";
import { quoteWords } from "../run/command-line.js";
import type { WandbPlace } from "./publication.js";
import type { RunOutcome, Transport } from "./transports/transport.js";

/** What is known in addition to the outcome. */
interface OutcomeDetail {
  readonly place: WandbPlace;
  readonly transport: Transport;
  /** Rows that were to be published. */
  readonly rows: number;
  /** Rows that the server held before. */
  readonly held: number;
  readonly notes: readonly Note[];
  /** Figures for the receipt as JSON. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

/** The outcome of a run for the receipt. */
export function publisherOutcome(outcome: RunOutcome, detail: OutcomeDetail): PublisherOutcome {
  const { rows, url, spool, problems, complete, requests } = outcome;
  const { place, transport, held, figures } = detail;
  const online = place.client !== undefined;
  const lost = online && (!complete || transport.kind === "offline");
  // What the SDK loses is in no file.
  const missing = transport.kind === "sdk" ? detail.rows - rows.acknowledged : rows.spooled;
  const notes = [...detail.notes];
  if (online && (rows.sent > 0 || lost))
    notes.push({
      text: `${rows.acknowledged} of ${rows.sent} rows sent were acknowledged`,
      isRoutine: rows.acknowledged === rows.sent,
    });
  if (spool !== undefined) {
    notes.push({ text: `${offlineText(rows.spooled)}: marian-tracking sync ${quoteWords([spool])}` });
    // The official client appends, so it may only be named if the server holds nothing of the run.
    if (rows.acknowledged === 0 && held === 0) notes.push({ text: `or: wandb sync ${quoteWords([spool])}` });
  }
  notes.push(...problems.map((text) => ({ text })));
  const undelivered =
    missing > 0
      ? `${missing} ${missing === 1 ? "row" : "rows"} did not reach the server`
      : "not everything of the run reached the server";
  return {
    outputs: [...(url === undefined ? [] : [url]), ...(spool === undefined ? [] : [spool])],
    notes,
    ...(spool === undefined ? {} : { offlineFiles: [spool] }),
    undelivered: place.offlineReason ?? (lost ? undelivered : undefined),
    json: {
      wandb: {
        url: url ?? null,
        ...rows,
        offline: spool ?? null,
        requests,
        ...figures,
        notes: notes.map(({ text }) => text),
      },
    },
  };
}

/** Notes that the server held rows or tables before. */
export function alreadyThere(number: number, what: "row" | "table"): Note {
  return {
    text: `${number} ${number === 1 ? `${what} was` : `${what}s were`} there already`,
    isRoutine: true,
  };
}

function offlineText(rows: number): string {
  if (rows === 0) return "what is missing is in the offline file; to upload it";
  return rows === 1
    ? "1 row is in the offline file; to upload it"
    : `${rows} rows are in the offline file; to upload them`;
}
