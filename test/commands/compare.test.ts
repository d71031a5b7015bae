import { describe, expect, it } from "vitest";
import { check } from "../cli/run-binary.js";
import { setting } from "../cli/taskcluster.js";
import { scoresOf } from "../servers/taskcluster/index.js";
import { IDS } from "../taskcluster/client/ids.js";

describe("compare", () => {
  it("prints what the groups' evaluation tasks hold, and names what is missing", async () => {
    const { server, run } = await setting();
    const compared = await run("compare", IDS.fjord, IDS.coast, IDS.fjord, "--json");
    check(compared, {
      code: 1,
      stdout: /./,
      stderr: /ERROR evaluate-student-url-gcp_harbour-nb-en .* no file of scores/,
    });
    const { groups, rows } = JSON.parse(compared.stdout);
    expect(groups).toHaveLength(2);
    expect(rows).toHaveLength(5);
    const { bleu, chrf, comet } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    expect(rows[0]).toMatchObject({ model: "backwards", dataset: "devtest" });
    expect(rows[0].scores[1]).toEqual({ bleu_detok: bleu, chrf, comet: comet * 100 });
    // No log of a training was asked for.
    expect(server.requests.some(({ path }) => path.includes("train.log"))).toBe(false);
  });

  it("prints a table of one group", async () => {
    const { run } = await setting();
    const { bleu } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    check(await run("compare", IDS.coast), {
      code: 0,
      stdout: new RegExp(
        `coast_J2Xox\\nmodel {6}dataset .*\\nbackwards {2}flores_devtest +${bleu.toFixed(2)} `,
      ),
    });
  });

  it("fails without anything to compare", async () => {
    const { run } = await setting();
    check(await run("compare", IDS.push), { code: 1, stderr: /ERROR TucY.* no training and no evaluation/ });
    check(await run("compare", IDS.push, IDS.coast), { code: 1, stdout: /coast/, stderr: /ERROR TucY/ });
    check(await run("compare", IDS.unknown), { code: 1, stderr: /is not there, or has expired/ });
    check(await run("compare", "x"), { code: 2, stderr: /not the id of a group/ });
    check(await run("compare"), { code: 2, stderr: /Missing/ });
    check(await run("compare", IDS.coast, "--format", "xml"), {
      code: 2,
      stderr: /--format=xml/,
    });
  });
});
