import { expect, test, vi } from "vitest";

const flags = vi.hoisted((): string[] => []);
vi.mock("node:v8", async (original) => ({
  ...(await original<typeof import("node:v8")>()),
  setFlagsFromString: (flag: string) => flags.push(flag),
}));

test("loading the commands changes no flag of V8: without its compiler, archives take twice the time", async () => {
  await import("../../src/cli/parse-tc-logs.js");
  await import("../../src/cli/program.js");
  expect(flags).toEqual([]);
});
