/** What happens to a log that is followed, in words. */
import type { LiveLogEvent } from "../../taskcluster/live-log.js";

/** Says each event of a task's log; what lasts is said once. */
export function liveLogSpeaker(taskId: string, say: (words: string) => void): (event: LiveLogEvent) => void {
  let said = "";
  return (event) => {
    const words = `${taskId}: ${wordsFor(event)}`;
    if (words !== said) say(words);
    said = words;
  };
}

function wordsFor(event: LiveLogEvent): string {
  switch (event.kind) {
    case "waiting":
      return event.state === "running" ? "running, without a log yet" : `${event.state}: waiting`;
    case "reconnecting":
      return `the connection broke (${event.reason}): connecting again`;
    case "unreachable":
      return `${event.reason}; asking on`;
    case "next-run":
      return `run ${event.runId} ended (${event.reason ?? "unknown"}): the next run follows`;
    case "other-log":
      return `run ${event.runId} is over: ${event.reason}`;
    case "incomplete":
      return `the end of run ${event.runId}'s log is missing: ${event.reason}`;
    case "ended": {
      const why = event.reason === undefined || event.reason === event.state ? "" : ` (${event.reason})`;
      return `${event.state}${why}`;
    }
  }
}
