/**
 * Faults in all combinations. `npm run chaos` plays 200 schedules; the suite plays a few. CHAOS_SEED plays one.
 */
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { play } from "./play.js";
import { type Schedule, scheduleOf } from "./schedule.js";

const AT_ONCE = 8;
const given = process.env["CHAOS_SEED"];
const count = Number(process.env["CHAOS_SCHEDULES"] ?? 0);

/** Of the suite: no server that stays away until the minute after a training is over. */
function quick({ wandb, heals, process: fault, proxy }: Schedule): boolean {
  const patient = ["refused", "hang", "429", "500", "cut"].includes(wandb) && !heals;
  return !patient && proxy !== "hang" && fault !== "memory";
}

function chosen(): Schedule[] {
  if (given !== undefined) return given.split(",").map((one) => scheduleOf(Number(one)));
  if (count > 0) return Array.from({ length: count }, (_, index) => scheduleOf(index + 1));
  return Array.from({ length: 100 }, (_, index) => scheduleOf(index + 1))
    .filter(quick)
    .slice(0, 10);
}

test("whatever goes wrong, the log is passed on and nothing is lost", { timeout: 3_600_000 }, async () => {
  const limit = pLimit(AT_ONCE);
  const wrong: unknown[] = [];
  let done = 0;
  const schedules = chosen();
  await Promise.all(
    schedules.map((schedule) =>
      limit(async () => {
        const faults = await play(schedule).catch((error: Error) => [`the schedule failed: ${error.stack}`]);
        done += 1;
        if (faults.length > 0) wrong.push({ schedule, faults });
        if (count > 0 && (done % 20 === 0 || faults.length > 0))
          process.stderr.write(
            `${done} of ${schedules.length} schedules, ${wrong.length} with faults${faults.length > 0 ? ` (seed ${schedule.seed})` : ""}\n`,
          );
      }),
    ),
  );
  expect(wrong).toEqual([]);
});
