/** The echo of a training's log beside a server that hangs, with the real program. */
import { once } from "node:events";
import { afterAll, describe, expect, test } from "vitest";
import { freshFolder, startBinary } from "../cli/run-binary.js";
import { chatter, start, train } from "../cli/sample-logs.js";
import { startDeafServer } from "../servers/deaf.js";
import { StandInServer } from "../servers/wandb/index.js";

const closing: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Far more than pipes hold, and bytes that are no text. */
const UPDATES = 50;
const LOG = Buffer.concat([
  Buffer.from(start()),
  ...Array.from({ length: UPDATES }, (_, at) =>
    Buffer.concat([
      Buffer.from(train(1000 * (at + 1)) + chatter(`[data] ${"x".repeat(80_000)}`)),
      Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]),
    ]),
  ),
]);

async function silentAt(phase: "connect" | "graphql" | "file_stream" | "upload"): Promise<string> {
  if (phase === "connect") {
    const deaf = await startDeafServer();
    closing.push(deaf.close);
    return `http://127.0.0.1:${deaf.port}`;
  }
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ endpoint: phase, fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
  return server.url;
}

describe.concurrent("the echo beside a server that hangs", () => {
  const commands = [
    ["run", ["parse", "--tee", "-o", "out", "--wandb-project", "p", "--wandb-run-name", "r"]],
    [
      "parse_tc_logs",
      ["--from-stream", "-o", "out", "--wandb-publication", "--wandb-project", "p", "--wandb-run-name", "r"],
    ],
  ] as const;
  const phases = ["connect", "graphql", "file_stream", "upload"] as const;

  test.each(commands.flatMap(([binary, args]) => phases.map((phase) => ({ binary, args, phase }))))(
    "of $binary is whole while the server holds: $phase",
    async ({ binary, args, phase }) => {
      const env = { WANDB_BASE_URL: await silentAt(phase), WANDB_API_KEY: "k".repeat(40) };
      const live = startBinary(binary, args, { env, folder: freshFolder() });
      let echoed = 0;
      const whole = new Promise<void>((resolve, reject) => {
        live.child.stdout.on("data", (chunk: Buffer) => {
          echoed += chunk.length;
          if (echoed === LOG.length) resolve();
        });
        live.done.then(({ stderr }) => reject(new Error(`ended before: ${stderr}`)), reject);
      });
      for (let at = 0; at < LOG.length; at += 1 << 16)
        if (!live.child.stdin.write(LOG.subarray(at, at + (1 << 16)))) await once(live.child.stdin, "drain");
      // Standard input is open still: nothing but the echo is waited for.
      await whole;
      live.child.kill("SIGTERM");
      live.child.stdin.end();
      const done = await live.done;
      expect(done.bytes.equals(LOG)).toBe(true);
      expect([done.code, done.signal]).toEqual([143, null]);
      expect(done.stderr).toMatch(
        phase === "upload" ? /marian-tracking sync|offline file/ : /50 rows are in the offline file/,
      );
    },
  );
});
