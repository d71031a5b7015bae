/** The configuration of a published run. */
import { currentSegment, type Segment } from "../run/segment.js";
import type { JsonObject, JsonValue } from "./client/format/json.js";

/** Sections of the configuration that only a training task knows. */
export const TASK_SECTIONS = ["model", "training", "opustrainer"] as const;

/**
 * The sections of a run's configuration: `arguments` and `marian` of the last segment that has rows, and those of the
 * training task. Earlier segments are under `segments`, each with what differs.
 *
 * @param task Sections of the training task; the others are null, but for those that the run has already (`stored`,
 *   as the server keeps it).
 * @param extra Further keys, for instance `logs_file`.
 */
export function runConfig(
  segments: readonly Segment[],
  lastSegment: number,
  task: Partial<Readonly<Record<(typeof TASK_SECTIONS)[number], JsonValue>>> = {},
  stored: Readonly<Record<string, unknown>> = {},
  extra: JsonObject = {},
): JsonObject {
  const current = currentSegment(segments, lastSegment);
  const earlier = segments.filter((segment) => segment !== current);
  return {
    arguments: (current?.arguments ?? null) as JsonValue,
    marian: (current?.config ?? null) as JsonValue,
    ...Object.fromEntries(
      TASK_SECTIONS.map((name) => [name, task[name] ?? (name in stored ? undefined : null)]),
    ),
    ...(earlier.length === 0 ? {} : { segments: earlier.map((segment) => summary(segment, current)) }),
    ...extra,
  };
}

function summary(segment: Segment, current: Segment | undefined): JsonObject {
  const differing = Object.entries(segment.config ?? {}).filter(([key, value]) => {
    const now = current?.config?.[key];
    // Most are one object, because each entry of a configuration is read once.
    return value !== now && JSON.stringify(value) !== JSON.stringify(now);
  });
  return {
    segment: segment.segment,
    line: segment.line,
    version: segment.marian_version ?? null,
    command_line: segment.command_line ?? null,
    differs: Object.fromEntries(differing) as JsonObject,
  };
}
