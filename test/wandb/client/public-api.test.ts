import { describe, expect, it } from "vitest";
import { PublicApi, type RunInfo, type RunQuery } from "../../../src/wandb/client/index.js";
import { harness } from "./harness.js";

const STUDENT = { project: "ru-en", runId: "student_MjcJG" };

async function all(api: PublicApi, query: RunQuery): Promise<RunInfo[]> {
  const runs: RunInfo[] = [];
  for await (const run of api.runs(query)) runs.push(run);
  return runs;
}

describe("the public API", () => {
  it("lists runs by filter over several pages", async () => {
    const { server, client, start } = await harness();
    for (const id of ["a", "b", "c", "d", "e"])
      await (await start({ id, group: id === "c" ? "other" : "g" })).finish();
    const api = new PublicApi(client);
    const found = await all(api, { project: "ru-en", filters: { group: "g" }, perPage: 2 });
    expect(found.map((run) => run.id)).toEqual(["a", "b", "d", "e"]);
    expect(server.requestsOf("graphql", "Runs")).toHaveLength(2);
    const newest = await all(api, {
      project: "ru-en",
      filters: { $or: [{ group: "other" }, { display_name: "a" }] },
      order: "-created_at",
    });
    expect(newest.map((run) => run.id)).toEqual(["c", "a"]);
    expect(await all(api, { project: "nothing" })).toEqual([]);
    expect([...server.unknownFields]).toEqual([]);
  });

  it("ends a list whose pages lead back to each other", async () => {
    const { client } = await harness();
    let pages = 0;
    const graphql = async () => {
      pages += 1;
      return {
        project: { runs: { edges: [], pageInfo: { hasNextPage: true, endCursor: String(pages % 2) } } },
      };
    };
    const api = new PublicApi(
      Object.assign(Object.create(client) as typeof client, { graphql }),
      client.scope(),
    );
    await expect(all(api, { project: "p", entity: "e" })).rejects.toThrow("the list of runs does not end");
    expect(pages).toBe(3);
  });

  it("reads one run with its counts, configuration and summary", async () => {
    const { client, start } = await harness();
    const run = await start({ config: { marian: { seed: 0 } }, tags: ["t"], notes: "n" });
    await run.history({ cost: Number.NaN }, { step: 4, timestamp: 1 });
    await run.finish();
    const api = new PublicApi(client);
    expect(await api.run(STUDENT)).toMatchObject({
      id: "student_MjcJG",
      state: "finished",
      historyLineCount: 1,
      config: { marian: { seed: 0 } },
      summary: { cost: Number.NaN },
      tags: ["t"],
      notes: "n",
    });
    expect((await api.run(STUDENT))?.config).not.toHaveProperty("_wandb");
    expect(await api.run({ ...STUDENT, runId: "absent" })).toBeUndefined();
    expect(await api.run({ project: "absent", runId: "absent" })).toBeUndefined();
  });

  it("lists and downloads run files", async () => {
    const { client, start } = await harness();
    const run = await start();
    const table = { columns: ["Group", "bleu"], data: [["g", 37.5]] };
    await run.history({}, { step: 0, timestamp: 1 }, [{ name: "metrics", table }]);
    await run.finish();
    const api = new PublicApi(client);
    const [file] = await api.runFiles(STUDENT, { pattern: "media/table/metrics%" });
    if (file === undefined) throw new Error("no table");
    expect(JSON.parse((await api.download(file)).toString())).toEqual({
      columns: ["Group", "bleu"],
      data: [["g", 37.5]],
    });
    expect((await api.runFiles(STUDENT)).length).toBeGreaterThan(3);
    expect(await api.runFiles(STUDENT, { names: ["config.yaml"] })).toHaveLength(1);
    expect(await api.runFiles({ ...STUDENT, runId: "absent" })).toEqual([]);
  });
});
