/** Lines of the console log as W&B stores them: UTC time to the microsecond, then the text. */

/** A line of the console log. */
interface ConsoleLine {
  readonly text: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Whether it came from standard error. */
  readonly error: boolean;
}

const FORM = /^(ERROR )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z? (.*)$/s;

/** Writes a line, without a line break. */
export function writeConsoleLine({ text, timestamp, error }: ConsoleLine): string {
  const micros = Math.round(timestamp * 1e6);
  const seconds = Math.floor(micros / 1e6);
  const time = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = String(micros - seconds * 1e6).padStart(6, "0");
  return `${error ? "ERROR " : ""}${time}.${fraction} ${text}`;
}

/** Reads a line. One without a time gets `otherwise` (seconds since 1970). */
export function readConsoleLine(line: string, otherwise: number): ConsoleLine {
  const [, error, time, fraction = "", text] = FORM.exec(line) ?? [];
  if (time === undefined || text === undefined) return { text: line, timestamp: otherwise, error: false };
  const timestamp = (Date.parse(`${time}Z`) * 1000 + Number(fraction.padEnd(6, "0"))) / 1e6;
  return { text, timestamp, error: error !== undefined };
}
