// Plays schedules of faults against the program in its pipe. `npm run chaos`; `-- 50` plays so many, `-- --seed 7` one.
import { must, run } from "./tools.mjs";

const args = process.argv.slice(2);
const at = args.indexOf("--seed");
const chosen = at < 0 ? { CHAOS_SCHEDULES: args[0] ?? "200" } : { CHAOS_SEED: args[at + 1] ?? "1" };
must("node", ["scripts/build.mjs"]);
process.exitCode = run("node_modules/.bin/vitest", ["run", "test/chaos"], {
  env: { ...process.env, ...chosen },
});
