/** A training that is started again and again. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import { filesBelow } from "../cli/run-binary.js";

const RESTARTS = 1000;

test("its configuration holds every restart, and is not written anew for each of hundreds", async () => {
  const dir = mkdtempSync(join(tmpdir(), "restarts-"));
  try {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let number = 1; number <= RESTARTS; number += 1)
        yield Buffer.from(`[2024-01-01 00:00:00] [marian] Marian v1.12.0 65bf82ff 2023-02-21 09:56:29 -0800
[2024-01-01 00:00:00] [config] seed: ${number}
[2024-01-01 00:00:00] Ep. 1 : Up. ${number} : Sen. 1 : Cost 9.00000000 : Time 1.00s : 1.00 words/s
`);
    }
    const place = { project: "p", id: "r", tags: [], dir, baseUrl: "http://127.0.0.1", override: false };
    const receipt = await publishLog({ name: "-", chunks }, {}, [new WandbPublisher(place)]);
    expect(publisherErrors(receipt)).toEqual([]);
    const [path = ""] = filesBelow(dir).filter((name) => name.endsWith(".wandb"));
    const segments: unknown[] = [];
    for await (const event of await OfflineReader.open(join(dir, path))) {
      if (event.kind !== "config") continue;
      const update = event.update.find(({ path: [key] }) => key === "segments");
      if (update !== undefined) segments.push(JSON.parse(update.json));
    }
    expect(segments.at(-1)).toHaveLength(RESTARTS - 1);
    expect(segments.length).toBeLessThan(150);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
