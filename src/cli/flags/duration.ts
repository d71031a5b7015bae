/** Flags that take a duration. */
import { Flags } from "./flag.js";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, "": 1000, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as `90s`, `5m` or `1h`; a number alone is seconds. Undefined if invalid. */
function durationMs(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  return number === undefined ? undefined : Number(number) * (UNIT_MS[unit] ?? 1000);
}

/** The definition of a flag whose value is a duration in milliseconds. @param name Of the flag, for its message. */
export function durationFlag(name: string) {
  return Flags.custom<number>({
    parse: async (text) => {
      const milliseconds = durationMs(text);
      if (milliseconds === undefined)
        throw new Error(`--${name} ${text}: write a duration such as 90s, 5m or 1h`);
      return milliseconds;
    },
    helpValue: "DURATION",
  });
}

/** When a training counts as silent. */
export const silentAfterFlag = {
  "silent-after": durationFlag("silent-after")({
    description:
      "how long without a record makes a training silent that has not ended  [default: three times the usual distance of its records, 30m at least]",
    helpValue: "TIME",
  }),
};
