/** What counts as acknowledged is with the server, and everything else is in the offline file, however a server lies. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "../../src/http/index.js";
import { WandbClient } from "../../src/wandb/client/index.js";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { openRun } from "../../src/wandb/transports/open-run.js";
import { FakeClock } from "../http/fake-clock.js";
import { faultsOf } from "../servers/faults.js";
import { type FaultRule, StandInServer } from "../servers/wandb/index.js";
import { settingsFor } from "./client/harness.js";

const BUDGET = 8000;
const PROJECT = "p";
const ID = "student";

/** Any fault of the table, for one to some requests of a kind, or for all from one on. */
const rule: fc.Arbitrary<FaultRule> = fc
  .constantFrom("graphql" as const, "file_stream" as const, "upload" as const)
  .chain((endpoint) =>
    fc.record({
      endpoint: fc.constant(endpoint),
      fault: fc.constantFrom(
        ...faultsOf(endpoint).map(({ name }) => ({ kind: "named", name }) as const),
        { kind: "drop-answer" } as const,
        ...(endpoint === "file_stream" ? [{ kind: "lie" } as const] : []),
      ),
      after: fc.nat(6),
      times: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
    }),
  );

const schedule = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  rows: fc.integer({ min: 1, max: 40 }),
  pacing: fc.constantFrom("bulk" as const, "live" as const),
});

/** Steps of the rows in the offline files below a folder. */
async function offlineSteps(folder: string): Promise<number[]> {
  const steps: number[] = [];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".wandb")))
    for await (const event of await OfflineReader.open(join(folder, file)))
      if (event.kind === "history") steps.push(event.step ?? -1);
  return steps;
}

test("each row that counts as acknowledged is with the server, each other row is in the offline file", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ rules, rows, pacing }) => {
      const server = await StandInServer.start();
      const dir = mkdtempSync(join(tmpdir(), "acknowledged-"));
      const clock = new FakeClock();
      const client = new WandbClient(settingsFor(server), { clock, random: () => 0 });
      try {
        for (const one of rules) server.inject(one);
        const publish = async () => {
          const opened = await openRun(
            { project: PROJECT, entity: "team", tags: [], client, dir, baseUrl: server.url },
            { id: ID, project: PROJECT, entity: "team", tags: [], config: {} },
            {
              budget: new Budget(BUDGET, clock),
              existing: null,
              resume: "allow",
              pacing,
              whole: true,
              note: () => {},
            },
          );
          for (let step = 0; step < rows; step += 1) {
            await opened.run.history({ cost: step }, { step, timestamp: step });
            // Now and then what there is goes out, as a live run does it.
            if (step % 8 === 7) await opened.flush?.();
          }
          return opened.finish(0);
        };
        // Many turns: a busy disk takes its time for the offline file.
        const outcome = await clock.settle(publish(), 50_000);
        if (outcome instanceof Error) throw outcome;
        const held = new Set(
          (server.store.run("team", PROJECT, ID)?.lines["wandb-history.jsonl"] ?? []).map(
            (line) => (JSON.parse(line) as { _step: number })._step,
          ),
        );
        const offline = await offlineSteps(dir);
        expect(new Set(offline).size).toBe(offline.length);
        expect(outcome.rows.spooled).toBe(offline.length);
        // Rows that were acknowledged are in the offline file, too, where the server can't be asked whether it holds them.
        const counted = offline.length + (outcome.rows.acknowledged ?? 0);
        if (rules.some(({ endpoint }) => endpoint === "graphql"))
          expect(counted).toBeGreaterThanOrEqual(rows);
        else expect(counted).toBe(rows);
        const kept = new Set(offline);
        for (let step = 0; step < rows; step += 1) if (!kept.has(step)) expect(held).toContain(step);
      } finally {
        await client.close();
        await server.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: Number(process.env["CHAOS_RUNS"] ?? 40) },
  );
});
