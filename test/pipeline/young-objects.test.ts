/** What a command that follows a training keeps of its heap for young objects. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** Makes objects that live on for a while, which is what makes V8 give the young ones more room; prints the room in MiB. */
const PROGRAM = `
import { getHeapSpaceStatistics } from "node:v8";
const young = limited === "yes" ? new (await import(module)).YoungObjects() : { limit() {} };
const kept = [];
for (let round = 0; round < 100; round += 1) {
  for (let at = 0; at < 20000; at += 1) kept[(at * 7) % 50000] = { at, text: [at] };
  young.limit();
}
const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
console.log(space_size / (1 << 20));
`;

test("it stops growing when it is large enough", async () => {
  const { build } = await import("esbuild");
  const [built] = (
    await build({
      entryPoints: ["src/pipeline/young-objects.ts"],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
    })
  ).outputFiles;
  const module = `data:text/javascript,${encodeURIComponent(built?.text ?? "")}`;
  const room = (limited: "yes" | "no") => {
    const names = `const limited = ${JSON.stringify(limited)}; const module = ${JSON.stringify(module)};`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", names + PROGRAM], {
      encoding: "utf8",
    });
    return Number(stdout);
  };
  const limited = room("yes");
  expect(limited).toBeLessThan(17);
  expect(room("no")).toBeGreaterThan(limited);
});
