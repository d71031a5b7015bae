/** The configuration of a published run. */
import type { Segment } from "../../run/segment.js";
import type { JsonObject, JsonValue } from "./offline/json-text.js";

/**
 * The sections of a run's configuration: `arguments` and `marian` of the last segment that has rows, and the sections
 * that only a training task knows (null elsewhere). Earlier segments are under `segments`, each with what differs.
 *
 * @param extra Further keys, for instance `logs_file`.
 */
export function runConfig(
  segments: readonly Segment[],
  lastSegment: number,
  extra: JsonObject = {},
): JsonObject {
  const current = segments.findLast(({ segment }) => lastSegment < 0 || segment <= lastSegment);
  const earlier = segments.filter((segment) => segment !== current);
  return {
    arguments: (current?.arguments ?? null) as JsonValue,
    marian: (current?.config ?? null) as JsonValue,
    model: null,
    training: null,
    opustrainer: null,
    ...(earlier.length === 0 ? {} : { segments: earlier.map((segment) => summary(segment, current)) }),
    ...extra,
  };
}

function summary(segment: Segment, current: Segment | undefined): JsonObject {
  const differing = Object.entries(segment.config ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(current?.config?.[key]),
  );
  return {
    segment: segment.segment,
    line: segment.line,
    version: segment.marian_version ?? null,
    command_line: segment.command_line ?? null,
    differs: Object.fromEntries(differing) as JsonObject,
  };
}
