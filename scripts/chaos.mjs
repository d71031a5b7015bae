// Plays schedules of faults against the program in its pipe. `npm run chaos`; `-- 50` plays so many, `-- --seed 7` one.
// `-- --soak 10m` watches the memory of the pipe and of `parse --follow` for so long instead (s, m or h).
import { must, run } from "./tools.mjs";

const args = process.argv.slice(2);
const [seed, soak] = ["--seed", "--soak"].map((flag) => {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : (args[at + 1] ?? "");
});
const vitest = (more, variables) => {
  must("node", ["scripts/build.mjs"]);
  process.exitCode = run("node_modules/.bin/vitest", ["run", ...more], {
    env: { ...process.env, ...variables },
  });
};
if (soak === undefined) {
  vitest(
    ["test/chaos"],
    seed === undefined ? { CHAOS_SCHEDULES: args[0] ?? "200" } : { CHAOS_SEED: seed || "1" },
  );
} else {
  const [, count, unit] = /^(\d+)([smh])$/.exec(soak || "10m") ?? [];
  const seconds = Number(count) * { s: 1, m: 60, h: 3600 }[unit];
  if (!(seconds >= 90)) {
    console.error("--soak takes a duration of at least 90s, for example 10m");
    process.exit(2);
  }
  vitest(["--config", "test/chaos/vitest.config.ts"], { CHAOS_SOAK: String(seconds) });
}
