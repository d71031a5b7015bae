// Faults in all combinations against the program.
//   npm run chaos                                 200 schedules of faults around the pipe
//   npm run chaos -- 50                           so many; -- --seed 7 plays that one
//   npm run chaos -- --cases 1000 [--seed N]      so many cases of the table of faults, drawn by a seed
//   npm run chaos -- --only ID                    one case of it, or all whose ids begin so
//   npm run chaos -- --soak 10m                   memory of the pipe and of `parse --follow` (s, m or h)
//   npm run chaos -- --kills 200 [--seed N]       so many commands that are killed at random moments
// With --cases: --at-once N plays so many at a time (8); --quick leaves out those that last for minutes, --slow the others.
import { randomInt } from "node:crypto";
import { must, run } from "./tools.mjs";

const args = process.argv.slice(2);
const valueAfter = (flag) => {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : (args[at + 1] ?? "");
};
const flags = ["--seed", "--soak", "--kills", "--cases", "--only", "--at-once"];
const [seed, soak, kills, cases, only, atOnce] = flags.map(valueAfter);
const vitest = (more, variables) => {
  must("node", ["scripts/build.mjs"]);
  process.exitCode = run("node_modules/.bin/vitest", ["run", ...more], {
    env: { ...process.env, ...variables },
  });
};
const apart = ["--config", "test/chaos/vitest.config.ts"];
const refuse = (message) => {
  console.error(message);
  process.exit(2);
};
if (soak !== undefined) {
  const [, count, unit] = /^(\d+)([smh])$/.exec(soak || "10m") ?? [];
  const seconds = Number(count) * { s: 1, m: 60, h: 3600 }[unit];
  if (!(seconds >= 90)) refuse("--soak takes a duration of at least 90s, for example 10m");
  vitest([...apart, "memory.soak"], { CHAOS_SOAK: String(seconds) });
} else if (kills !== undefined) {
  if (!/^\d*$/.test(kills)) refuse("--kills takes a number, for example 200");
  vitest(["test/chaos/kills.test.ts"], {
    MARIAN_TRACKING_KILLS: kills || "200",
    ...(seed === undefined ? {} : { CHAOS_SEED: seed }),
  });
} else if (cases !== undefined || only !== undefined) {
  if (only === undefined && !/^[1-9]\d*$/.test(cases)) refuse("--cases takes a number, for example 1000");
  const drawn = seed ?? String(randomInt(1_000_000));
  if (!/^\d+$/.test(drawn)) refuse("--seed takes a number");
  if (only === undefined) console.log(`${cases} cases, seed ${drawn}`);
  vitest([...apart, "faults.table"], {
    CHAOS_SEED: drawn,
    ...(only === undefined ? { CHAOS_CASES: cases } : { CHAOS_ONLY: only }),
    ...(atOnce === undefined ? {} : { CHAOS_AT_ONCE: atOnce }),
    ...(args.includes("--quick") ? { CHAOS_QUICK: "1" } : {}),
    ...(args.includes("--slow") ? { CHAOS_SLOW: "1" } : {}),
  });
} else {
  vitest(
    ["test/chaos"],
    seed === undefined ? { CHAOS_SCHEDULES: args[0] ?? "200" } : { CHAOS_SEED: seed || "1" },
  );
}
