/** When the lines of a console log were printed, as the server is told. */
import { expect, test } from "vitest";
import { harness } from "./client/harness.js";
import { pipe, publish, textFile } from "./stage.js";

const stamp = (clock: string) => `[2024-01-01 ${clock}]`;

const LOG = `before any stamp
${stamp("10:00:00")} [marian] Marian v1.12.42 b7be0e964
${stamp("10:00:00")} [config] log-time-zone: Asia/Tokyo
${stamp("10:00:00")} [config] seed: 7
${stamp("10:05:00")} Ep. 1 : Up. 10 : Sen. 100 : Cost 6.5
no stamp of its own
[task 2024-01-01 03:00:00.25+00:00] ${stamp("12:00:00")} Ep. 1 : Up. 20 : Sen. 200 : Cost 5.5
${stamp("13:00:00")} Training finished
`;

test.each([
  ["known to its end", () => textFile(LOG)],
  ["that runs", () => pipe(LOG)],
])("each line of a log %s has its own time", async (what, log) => {
  const stage = await harness();
  await publish(stage, log());
  const { lines } = stage.server.run("cs-en", "student");
  const printed = lines["output.log"].map((line) => line.slice(0, 23));
  // A training's first lines come before its zone does, and before any time of a record.
  expect(printed.slice(4)).toEqual([
    "2024-01-01T01:05:00.000",
    "2024-01-01T01:05:00.000",
    "2024-01-01T03:00:00.250",
    "2024-01-01T04:00:00.000",
  ]);
  if (what === "that runs") return;
  expect(printed.slice(0, 4)).toEqual([
    // The log begins, as far as a line without a time can tell, with its first record.
    "2024-01-01T01:05:00.000",
    "2024-01-01T01:00:00.000",
    "2024-01-01T01:00:00.000",
    "2024-01-01T01:00:00.000",
  ]);
});
