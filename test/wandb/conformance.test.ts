/** The conformance table of the transports to W&B: native, sdk, offline. */
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { type Findings, readPage, tableOf, writePage } from "./conformance/page.js";
import { type Measurement, REQUIREMENTS } from "./conformance/requirements.js";
import { TRANSPORTS, type TransportName } from "./conformance/transports.js";

type Requirement = keyof typeof REQUIREMENTS;

/**
 * What is expected of native, sdk and offline. It says the same as the page, on purpose: a change in either direction
 * must be seen by whoever makes it.
 */
const EXPECTED: Readonly<Record<Requirement, readonly [native: boolean, sdk: boolean, offline: boolean]>> = {
  "Each row stands at the step of the training": [true, true, true],
  "All values of a step are in one row": [true, true, true],
  "Rows have the times of the log": [true, false, true],
  "NaN and infinities stay what they are": [true, false, true],
  "The run has its group": [true, false, true],
  "The run has its tags": [true, false, true],
  "The run has its configuration": [true, true, true],
  "The summary has the last value of each key": [true, true, true],
  "Tables can be read back": [true, false, true],
  "A table joins the last row and adds none": [true, false, true],
  "Bar charts are shown": [true, false, true],
  "A folder becomes an artifact": [true, false, true],
  "The log is the run's console log": [true, false, true],
  "A run that ended well is finished, one that failed is failed": [true, true, true],
  "SIGTERM and SIGINT stay with the program": [true, true, true],
  "A log published twice gives the same rows, once": [true, true, true],
  "12,000 rows at once arrive": [true, true, true],
  "A longer log adds its new rows": [true, true, true],
  "A training that goes on appends to its run": [true, false, true],
  "Evaluations are tables with charts": [true, false, true],
  "Evaluations join a training that is there": [true, false, true],
  "The run of a group has its table": [true, false, true],
  "The table of a group keeps the rows of others": [true, false, false],
  "A row can be shown before its update is over": [true, false, true],
  "An answer of 503 loses no row": [true, false, true],
  "An answer of 429 loses no row": [true, false, true],
  "A dropped connection loses no row": [true, false, true],
  "A loss is counted, not hidden": [true, true, true],
  "While the server takes nothing, every row is kept in a file": [true, false, true],
  "The API key is in nothing that is printed or kept": [true, true, true],
};

// An optional dependency: without it a third of the table can't be measured.
const sdkIsThere = (() => {
  try {
    createRequire(import.meta.url).resolve("@wandb/sdk");
    return true;
  } catch {
    return false;
  }
})();

const measurements: readonly (readonly [string, Measurement])[] = Object.entries(REQUIREMENTS);
const findings = new Map<string, Record<TransportName, boolean>>(
  measurements.map(([name]) => [name, { native: false, sdk: false, offline: false }]),
);

describe.skipIf(!sdkIsThere)("conformance (needs the optional @wandb/sdk)", () => {
  describe.each([...TRANSPORTS])("%s", (transport) => {
    test.each([...measurements])("%s", async (requirement, measure) => {
      const found = await measure(transport);
      const row = findings.get(requirement);
      if (row !== undefined) row[transport] = found;
      expect(found).toBe(EXPECTED[requirement as Requirement][TRANSPORTS.indexOf(transport)]);
    });
  });

  test("docs/wandb-clients.md shows what was measured (UPDATE_DOCS=1 rewrites it)", () => {
    const table = tableOf(findings satisfies Findings);
    if (process.env["UPDATE_DOCS"] === "1") writePage(table);
    expect(readPage()).toBe(table);
  });
});
