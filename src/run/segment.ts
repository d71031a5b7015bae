/** One start of Marian with everything it printed about itself, read. */
import { knownZone, logTimeZone } from "../core/log-time-zone.js";
import type { SegmentMeasurement } from "../core/measurement.js";
import type { Arguments } from "./command-line.js";
import type { MarianConfig } from "./config-value.js";
import { readMarianConfig } from "./marian-config.js";

/** A segment: what lies between one start of Marian and the next. */
export interface Segment extends Omit<SegmentMeasurement, "type" | "config_text" | "loose_text"> {
  /** The options of the command line; absent if the log has none. */
  readonly arguments?: Arguments;
  /** The `[config]` block; absent if the log has none. */
  readonly config?: MarianConfig;
  /** What could not be read, or deserves a word, in sentences. */
  readonly warnings: readonly string[];
}

/** The segment whose configuration is the run's: the last that has rows (`lastSegment`, -1: not known), else the last. */
export function currentSegment<Start extends Pick<Segment, "segment">>(
  segments: readonly Start[],
  lastSegment: number,
): Start | undefined {
  return segments.findLast(({ segment }) => lastSegment < 0 || segment <= lastSegment);
}

/**
 * Reads what a start of Marian printed.
 *
 * @param zoneIsGiven Whether the zone of its stamps is set elsewhere, whatever its configuration says.
 */
export async function readSegment(start: SegmentMeasurement, zoneIsGiven = false): Promise<Segment> {
  const { type: _type, config_text: text, loose_text: loose, ...rest } = start;
  // A page loads it with the first start of Marian, as it does the reader of YAML.
  const { isCut, readArguments } = await import("./command-line.js");
  const warnings: string[] = [];
  const unusual = versionWarning(start.marian_version);
  if (unusual !== undefined) warnings.push(unusual);
  if (loose !== undefined)
    warnings.push(
      `line ${start.line}: lines without a header may belong to the command line or the configuration, and were not read: '${loose.split("\n", 1)[0]?.slice(0, 80)}'`,
    );
  else if (text === undefined && isCut(start.command_line ?? ""))
    warnings.push(`line ${start.line}: the log ends inside a quotation of the command line`);
  let config: MarianConfig | undefined;
  if (text !== undefined) {
    const read = await readMarianConfig(text);
    config = read.config;
    for (const fault of read.faults) warnings.push(`line ${start.line}: ${fault}`);
    const zone = logTimeZone(text);
    // To Marian, too, a zone that does not exist is UTC.
    if (!zoneIsGiven && zone !== undefined && knownZone(zone) === undefined)
      warnings.push(
        `line ${start.line}: log-time-zone '${zone.slice(0, 80)}' is not a time zone, so the segment's times are taken as UTC; --time-zone sets another`,
      );
  }
  return Object.freeze({
    ...rest,
    ...(start.command_line === undefined ? {} : { arguments: readArguments(start.command_line) }),
    ...(config === undefined ? {} : { config }),
    warnings,
  });
}

/** The newest version whose lines were tried: 1.12. */
const NEWEST = [1, 12] as const;

/** Every line of Marian 0.9 to 1.12 is read in full; newer ones are read by the same grammar. */
function versionWarning(version: string | undefined): string | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  const newer = Number(major) - NEWEST[0] || Number(minor) - NEWEST[1];
  if (!(newer > 0)) return undefined;
  return `Marian ${version} is newer than what was tried, ${NEWEST.join(".")}: check the counts, its lines may have changed`;
}
