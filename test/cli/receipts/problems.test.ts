import { describe, expect, it } from "vitest";
import { problemLines } from "../../../src/cli/receipts/problems.js";
import { IDS } from "../../taskcluster/client/ids.js";
import { check } from "../run-binary.js";
import { setting } from "../taskcluster.js";

const problem = (source: string, reason: string, more: { cause?: string; severity?: "warning" } = {}) => ({
  source,
  reason,
  severity: more.severity ?? ("failure" as const),
  ...(more.cause === undefined ? {} : { cause: more.cause }),
});

describe("problems", () => {
  it("have a line each, but for three and more with one cause", () => {
    const denied = (name: string) => problem(name, `${name} is denied`, { cause: "HTTP 403: denied" });
    expect(
      problemLines([
        problem("a", "gone"),
        denied("b"),
        problem("c", "gone"),
        denied("d"),
        denied("e"),
        problem("f", "gone", { severity: "warning" }),
        denied("g"),
        denied("h"),
      ]),
    ).toEqual([
      "ERROR a: gone",
      "ERROR 5 times: HTTP 403: denied: b, d, e and 2 more",
      "ERROR c: gone",
      "warning: f: gone",
    ]);
    expect(problemLines(["a", "b", "c"].map(denied))).toEqual([
      "ERROR 3 times: HTTP 403: denied: a, b and c",
    ]);
  });

  it("of many artifacts are one line; as JSON they are all there", async () => {
    const { server, run } = await setting();
    const fault = { kind: "status", status: 403, body: "AccessDenied" } as const;
    server.inject({ endpoint: "content", fault, times: Number.POSITIVE_INFINITY });
    const told = await run("download", IDS.fjord, "-o", "out", "--only", "evaluations", "-q");
    check(told, {
      code: 1,
      stderr:
        /^ERROR 5 times: HTTP 403: it .*: AccessDenied: evaluate-\S+ \(\S+\), evaluate-\S+ \(\S+\), evaluate-\S+ \(\S+\) and 2 more\nERROR evaluate-student-url[^\n]*\n$/,
    });
    const all = await run("download", IDS.fjord, "-o", "out", "--only", "evaluations", "--json");
    const { problems } = JSON.parse(all.stdout) as { problems: { reason: string }[] };
    const denied = problems.filter(({ reason }) => /^artifact .* of task .*HTTP 403/.test(reason));
    expect(denied).toHaveLength(5);
  });
});
