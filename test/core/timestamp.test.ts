import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instant, TimestampFormat } from "../../src/core/timestamp.js";

/** The clock of a zone at an instant, and its offset, as Intl tells them. */
function intl(zone: string, instant: number): { local: number; offset: string } {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    timeZoneName: "longOffset",
  }).formatToParts(instant);
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? "";
  const field = (type: string) => Number(part(type));
  const local = Date.UTC(
    field("year"),
    field("month") - 1,
    field("day"),
    field("hour"),
    field("minute"),
    field("second"),
  );
  return { local, offset: part("timeZoneName").slice(3) || "+00:00" };
}

const seconds = (year: number) => Date.UTC(year, 0) / 1000;

describe.each(["Europe/Paris", "Asia/Kolkata", "America/St_Johns", "UTC"])(
  "TimestampFormat in %s",
  (zone) => {
    const format = new TimestampFormat(zone);

    it("shows the clock with the offset that Intl tells, and goes back to the instant", () => {
      fc.assert(
        fc.property(fc.integer({ min: seconds(2000), max: seconds(2040) }), (second) => {
          const instant = second * 1000;
          const { local, offset } = intl(zone, instant);
          const text = format.format(local, false, 0);
          expect(text.slice(0, 19)).toBe(new Date(local).toISOString().slice(0, 19));
          // Of an hour that comes twice the first is taken: then the instant lies an hour before.
          const back = Date.parse(text);
          if (back !== instant) expect(intl(zone, back).local).toBe(local);
          else expect(text.slice(19)).toBe(offset);
          expect(back).toBeLessThanOrEqual(instant);
          expect(format.absolute(local, false, 0)).toBe(back);
        }),
        { numRuns: 1000 },
      );
    });

    it("leaves UTC as it is", () => {
      const instant = Date.UTC(2023, 8, 16, 12, 39, 1, 105);
      expect(format.format(instant, true, 0)).toBe("2023-09-16T12:39:01.105Z");
      expect(format.absolute(instant, true, 0)).toBe(instant);
    });
  },
);

describe("TimestampFormat", () => {
  it("around the change of clocks", () => {
    const paris = new TimestampFormat("Europe/Paris");
    const shown = (hour: number, minute: number, month: number, day: number) =>
      paris.format(Date.UTC(2024, month - 1, day, hour, minute), false, 0).slice(11);
    expect(shown(1, 59, 3, 31)).toBe("01:59:00+01:00");
    expect(shown(3, 0, 3, 31)).toBe("03:00:00+02:00");
    expect(shown(1, 59, 10, 27)).toBe("01:59:00+02:00");
    // It comes twice; the first counts.
    expect(shown(2, 30, 10, 27)).toBe("02:30:00+02:00");
    expect(shown(3, 0, 10, 27)).toBe("03:00:00+01:00");
  });

  it("writes no zone where none is known", () => {
    const format = new TimestampFormat();
    const local = Date.UTC(2023, 8, 16, 12, 39, 1);
    expect(format.format(local, false, 0)).toBe("2023-09-16T12:39:01");
    expect(format.absolute(local, false, 0)).toBe(local);
  });

  it("refuses a zone that isn't there", () => {
    expect(() => new TimestampFormat("Mars/Base")).toThrow(RangeError);
  });
});

it("is the platform's ISO form, for any instant", () => {
  const format = new TimestampFormat();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (instant) => {
      const iso = new Date(instant).toISOString();
      expect(format.format(instant, true, 0)).toBe(iso);
      expect(format.format(instant, false, 0)).toBe(iso.slice(0, 19));
    }),
  );
});

describe("the text of a time", () => {
  it("is read as UTC if it has no zone, wherever the reader is", () => {
    expect(instant("2024-07-03T09:00:00")).toBe(Date.UTC(2024, 6, 3, 9));
    expect(instant("2024-07-03T09:00:00+02:00")).toBe(Date.UTC(2024, 6, 3, 7));
    expect(instant("2024-07-03T09:00:00.250Z")).toBe(Date.UTC(2024, 6, 3, 9, 0, 0, 250));
    expect(instant(undefined)).toBeUndefined();
    expect(instant("yesterday")).toBeUndefined();
  });
});
