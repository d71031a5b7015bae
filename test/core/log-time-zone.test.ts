import { describe, expect, it } from "vitest";
import { knownZone, logTimeZone } from "../../src/core/log-time-zone.js";

const HOUR = 3_600_000;

describe("the zone of a configuration", () => {
  it.each([
    ["log-time-zone: Asia/Tokyo", "Asia/Tokyo"],
    ["a: b\nlog-time-zone: UTC\nz: 1", "UTC"],
    ["log-time-zone:  'Europe/Paris' ", "Europe/Paris"],
    ['log-time-zone: "JST-9"\r', "JST-9"],
    ["log-time-zone: +09:00", "+09:00"],
    ['log-time-zone: ""', undefined],
    ["log-time-zone: ''", undefined],
    ["log-time-zone:", undefined],
    ["log-time-zone: ~", undefined],
    ["  log-time-zone: Asia/Tokyo", undefined],
    ["xlog-time-zone: Asia/Tokyo", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %j is %s", (config, zone) => {
    expect(logTimeZone(config)).toBe(zone);
  });

  // What Marian 1.12.42 prints with each: the C library reads POSIX zones, and takes what it doesn't know as UTC.
  it.each([
    ["Asia/Tokyo", "Asia/Tokyo"],
    [":Asia/Tokyo", "Asia/Tokyo"],
    ["America/Port_of_Spain", "America/Port_of_Spain"],
    ["UTC", "UTC"],
    ["Etc/GMT+9", "Etc/GMT+9"],
    ["JST-9", 9 * HOUR],
    ["utc+2", -2 * HOUR],
    ["NST3:30", -3.5 * HOUR],
    ["EST5", -5 * HOUR],
    ["XYZ0", 0],
    ["<+03>-3", 3 * HOUR],
    ["<-0330>3:30", -3.5 * HOUR],
    ["<+3>-3", undefined],
    ["<+03-3", undefined],
    ["+09:00", undefined],
    ["asia/tokyo", undefined],
    ["Nowhere/Nope", undefined],
    ["ABC99", undefined],
    ["Asia", undefined],
    ["", undefined],
    ["x".repeat(10_000), undefined],
  ])("%s is known as %s", (zone, name) => {
    expect(knownZone(zone)).toBe(name);
  });
});
