/** The table of faults: see scripts/chaos.mjs. */
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { measureMachine, startUp } from "./bounds.js";
import { drawnCases, type FaultCase, faultCases } from "./fault-case.js";
import { playCase } from "./play-case.js";

const seed = Number(process.env["CHAOS_SEED"]);
const count = Number(process.env["CHAOS_CASES"] ?? 100);
const only = process.env["CHAOS_ONLY"];
const atOnce = Number(process.env["CHAOS_AT_ONCE"] ?? 8);
const quick = process.env["CHAOS_QUICK"] !== undefined;
const slow = process.env["CHAOS_SLOW"] !== undefined;

/** Milliseconds of a start from which on a machine is so busy that the program cannot do its work in the 10 s after a signal. */
const BUSY = 1000;

function chosen(): FaultCase[] {
  const all = faultCases();
  if (only !== undefined) return all.filter(({ id }) => id === only || id.startsWith(`${only}/`));
  return drawnCases(
    all.filter(({ patient }) => (patient ? !quick : !slow)),
    seed,
    count,
  );
}

test("whatever is in the place of an answer, every row of the log is with the server once", async () => {
  const cases = chosen();
  if (cases.length === 0) throw new Error(`no case is called ${only}`);
  say(`a start of the program takes ${Math.round(await measureMachine())} ms here`);
  const limit = pLimit(atOnce);
  const totals = new Map<string, { cases: number; failed: number }>();
  const failed: string[] = [];
  let done = 0;
  await Promise.all(
    cases.map((one) =>
      limit(async () => {
        const wrong = await verdict(one);
        done += 1;
        const name = `${one.scene.name}\t${one.target}`;
        const total = totals.get(name) ?? { cases: 0, failed: 0 };
        totals.set(name, {
          cases: total.cases + 1,
          failed: total.failed + (wrong.length > 0 ? 1 : 0),
        });
        if (wrong.length > 0) {
          failed.push(one.id);
          say(`failed: npm run chaos -- --only ${one.id}`);
          for (const line of wrong) say(`  ${line.replaceAll("\n", "\n  ")}`);
        }
        if (done % 50 === 0) say(`${done} of ${cases.length} cases, ${failed.length} failed`);
      }),
    ),
  );
  for (const [name, total] of [...totals].sort())
    say(`${name.replace("\t", ", ")}: ${total.cases} cases, ${total.failed} failed`);
  say(`${cases.length} cases${only === undefined ? `, seed ${seed}` : ""}: ${failed.length} failed`);
  expect(failed).toEqual([]);
});

/** What is wrong with a case. One that fails while the machine is busy with other work is played once more, and that is said. */
async function verdict(one: FaultCase): Promise<string[]> {
  const first = await played(one);
  const start = first.length > 0 ? await startUp() : 0;
  if (start < BUSY) return first;
  say(`again, since a start takes ${Math.round(start)} ms now: ${one.id}`);
  for (const line of first) say(`  ${line.replaceAll("\n", "\n  ")}`);
  return played(one);
}

function played(one: FaultCase): Promise<string[]> {
  return playCase(one).catch((error: Error) => [`the case itself failed: ${error.stack}`]);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
