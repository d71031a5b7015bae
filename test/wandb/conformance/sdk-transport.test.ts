/** The transport over `@wandb/sdk`: what it says of itself, and that nothing of the SDK gets out. */

import { createRequire } from "node:module";
import { afterEach, describe, expect, test, vi } from "vitest";
import { publisherErrors } from "../../../src/pipeline/input-receipt.js";
import { Budget } from "../../../src/wandb/client/index.js";
import { SdkTransport } from "../../../src/wandb/transports/sdk-transport.js";
import type { Fault } from "../../servers/wandb/index.js";
import { harness, settingsFor } from "../client/harness.js";
import { RUN, running, START, sendRows, trainingText } from "./sample.js";
import { Stage } from "./transports.js";

const sdkIsThere = (() => {
  try {
    createRequire(import.meta.url).resolve("@wandb/sdk");
    return true;
  } catch {
    return false;
  }
})();

afterEach(() => vi.unstubAllEnvs());

test("without the package, a sentence says how to install it", async () => {
  const { server } = await harness();
  const options = {
    settings: settingsFor(server),
    budget: new Budget(),
    sdk: "@wandb/sdk-that-is-not-there",
  };
  await expect(SdkTransport.start(RUN, options)).rejects.toThrow("npm install @wandb/sdk@0.5.1 graphql@16");
  expect(server.requests).toEqual([]);
});

describe.skipIf(!sdkIsThere)("with the optional @wandb/sdk", () => {
  test("each thing that was asked for and is not published is named once", async () => {
    const stage = await Stage.open("sdk");
    const opened = await stage.start({ ...RUN, notes: "why", jobType: "train" });
    const table = { columns: [], data: [] };
    const chart = { label: "", value: "", title: "" };
    await sendRows(opened, [{ name: "Datasets", table, chart }]);
    await opened.run.history({}, { step: 9000, timestamp: START }, [{ name: "metrics", table }]);
    for (const text of ["one", "two"]) await opened.run.console([{ text }]);
    for (let time = 0; time < 2; time += 1) {
      await opened.run.directoryArtifact("logs", "logs", ".");
      opened.run.updateConfig({ ...RUN.config, lr: 0.25 });
    }
    const { problems } = await opened.finish(0);
    const named = problems.filter((problem) => problem.startsWith("@wandb/sdk does not publish "));
    expect(named.map((problem) => problem.slice("@wandb/sdk does not publish ".length)).sort()).toEqual(
      [
        "3 values that are NaN or infinite (they became null)",
        "the artifact logs",
        `the group ${RUN.group}`,
        "the job type train",
        "the notes",
        "the console log (2 lines)",
        "the table and bar chart Datasets",
        "the table metrics",
        "the tags taskcluster, author:me",
        "the times of the log (the rows have the time of the upload)",
        "what became known of the configuration after the start",
      ].sort(),
    );
  });

  test("what was not asked for is not a problem", async () => {
    const stage = await Stage.open("sdk");
    const opened = await stage.start({ id: "bare", project: "cs-en", tags: [], config: { lr: 0.5 } });
    opened.run.updateConfig({ lr: 0.5 });
    expect(await opened.finish(0)).toMatchObject({ problems: [], complete: true });
  });

  test("rows count as acknowledged where the server took their request, and only there", async () => {
    const stage = await Stage.open("sdk");
    const fine = await (await start(stage)).finish(0);
    expect(fine).toMatchObject({ rows: { sent: 3, acknowledged: 3 }, complete: true });
    expect(fine.problems.join("\n")).toContain("does not say what arrived");
    stage.server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 503 } });
    const lost = await (await start(stage)).finish(0);
    expect(lost).toMatchObject({ rows: { sent: 3, acknowledged: 0, spooled: 0 }, complete: false });
    expect(lost.problems.join("\n")).toContain("3 rows are lost");
    expect(lost.problems.join("\n")).toContain("HTTP 503");
  });

  test("a run whose end was not taken is not complete", async () => {
    const stage = await Stage.open("sdk");
    stage.server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 500 }, after: 1 });
    const outcome = await (await start(stage)).finish(0);
    expect(outcome).toMatchObject({ rows: { sent: 3, acknowledged: 3 }, complete: false });
    expect(outcome.problems.join("\n")).toContain("the end of the run was not taken: HTTP 500");
  });

  test.each<[string, Fault, string]>([
    ["503", { kind: "status", status: 503 }, "undelivered"],
    ["a dropped connection", { kind: "drop" }, "undelivered"],
    ["401", { kind: "status", status: 401 }, "key-refused"],
    ["409", { kind: "status", status: 409 }, "deleted-run"],
    ["an error in the answer", { kind: "graphql-error", message: "no" }, "graphql"],
  ])(
    "a start that is refused (%s) ends with an error, not with the end of the program",
    async (_, fault, code) => {
      const stage = await Stage.open("sdk");
      stage.server.inject({ endpoint: "graphql", operation: "UpsertBucket", fault, times: Infinity });
      await expect(stage.start(RUN)).rejects.toMatchObject({ code });
    },
  );

  test("a key that the server echoes is hidden in what the SDK prints", async () => {
    const stage = await Stage.open("sdk");
    const message = `no run for ${stage.server.apiKey}`;
    stage.server.inject({
      endpoint: "graphql",
      operation: "UpsertBucket",
      fault: { kind: "graphql-error", message },
    });
    await expect(stage.start(RUN)).rejects.toSatisfy((error: Error) => !error.message.includes("kkkkkkkk"));
    expect(stage.printed.join("\n")).toContain("no run for [API key hidden]");
    expect(stage.printed.join("\n")).not.toContain("kkkkkkkk");
  });

  test("the environment does not reach the SDK", async () => {
    for (const [name, value] of [
      ["WANDB_API_KEY", "x".repeat(40)],
      ["WANDB_BASE_URL", "http://127.0.0.1:1"],
      ["WANDB_MODE", "offline"],
      ["WANDB_WORKER", "true"],
      ["WANDB_DEBUG", "true"],
    ])
      vi.stubEnv(name ?? "", value);
    const stage = await Stage.open("sdk");
    expect(await (await start(stage)).finish(0)).toMatchObject({ complete: true });
    expect(stage.printed).toEqual([]);
  });

  test("a server that never answers is given up when the budget ends", async () => {
    const { server } = await harness();
    const budget = new Budget(Number.POSITIVE_INFINITY);
    const opened = await SdkTransport.start(RUN, { settings: settingsFor(server), budget, print: () => {} });
    server.inject({ endpoint: "file_stream", fault: { kind: "hang" }, times: Infinity });
    await sendRows(opened);
    const finished = opened.finish(0);
    while (server.requestsOf("file_stream").length === 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    budget.set(300);
    const outcome = await finished;
    expect(outcome).toMatchObject({ rows: { acknowledged: 0 }, complete: false });
    expect(outcome.problems.join("\n")).toContain("it does not come to its end");
  });

  test("two runs at the same time do not mix", async () => {
    const stage = await Stage.open("sdk");
    const ids = ["one", "two"];
    await Promise.all(
      ids.map(async (id, index) => {
        const opened = await stage.start({ ...RUN, id });
        await opened.run.history({ cost: index }, { step: 1, timestamp: START });
        await opened.finish(0);
      }),
    );
    expect(ids.map((id) => stage.server.history(RUN.project, id).map(({ cost }) => cost))).toEqual([
      [0],
      [1],
    ]);
  });

  test("a training that goes on is refused rather than written over", async () => {
    const stage = await Stage.open("sdk");
    await stage.publish(running(trainingText(1, 4)));
    const receipt = await stage.publish(running(trainingText(5, 9)));
    expect(publisherErrors(receipt).join("\n")).toContain("--wandb-client native");
    expect(stage.server.history("cs-en", "student").map(({ _step }) => _step)).toEqual([1, 2, 3, 4]);
  });

  async function start(stage: Stage): Promise<SdkTransport> {
    const opened = await stage.start(RUN);
    await sendRows(opened);
    return opened as SdkTransport;
  }
});
