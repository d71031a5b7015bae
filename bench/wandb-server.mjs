// Starts the stand-in W&B server of the tests as a child process, so that its CPU and memory are its own.
//
//   node bench/wandb-server.mjs      runs it alone, prints what to put into the environment, and stays until Ctrl-C
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { commonJs } from "../scripts/bundle.mjs";
import { root } from "../scripts/tools.mjs";

/** Bundles a TypeScript or JavaScript file of the repository into a temporary folder and returns its path. */
export async function bundled(file) {
  const outfile = join(mkdtempSync(join(tmpdir(), "bundle-")), "bundle.mjs");
  await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    banner: { js: commonJs },
    logLevel: "warning",
  });
  return outfile;
}

/**
 * A server on a free port of 127.0.0.1: `url`, `apiKey`, `entity`, and `ask(what, options)` for what the child answers
 * (`requests`, `compare`, `digest`, `inject`, `heal`). `close` ends it.
 */
export async function startWandbServer() {
  const file = await bundled("bench/wandb-server.child.mjs");
  const child = fork(file, { execArgv: [] });
  const asked = async () => {
    const [message] = await Promise.race([
      once(child, "message"),
      once(child, "exit").then(([code]) => {
        throw new Error(`the stand-in server ended with ${code}`);
      }),
    ]);
    return message.answer;
  };
  const place = await asked();
  return {
    ...place,
    pid: child.pid,
    ask(what, options = {}) {
      child.send({ ask: what, ...options });
      return asked();
    },
    async close() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
      rmSync(join(file, ".."), { recursive: true, force: true });
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { url, apiKey, entity } = await startWandbServer();
  console.log(`export WANDB_BASE_URL=${url} WANDB_API_KEY=${apiKey} WANDB_ENTITY=${entity}`);
}
