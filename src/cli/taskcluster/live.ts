/** Events of a followed log as text. */
import type { LiveLogEvent } from "../../taskcluster/live-log.js";

/** Prints each event of a task's log; the same event is printed once. */
export function liveLogSpeaker(taskId: string, say: (text: string) => void): (event: LiveLogEvent) => void {
  let last = "";
  return (event) => {
    const text = `${taskId}: ${textOf(event)}`;
    if (text !== last) say(text);
    last = text;
  };
}

function textOf(event: LiveLogEvent): string {
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
