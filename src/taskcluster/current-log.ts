import type { Source } from "../io/source.js";
import type { Queue } from "./client/index.js";

const LIVE_LOG = "public/logs/live.log";
/** What was written before comes at the network's speed; less than this in a while is what is being written now. */
const SLOW_BYTES = 4096;
const WHILE_MS = 1000;

/** The log of a run that goes on, up to where it is now. */
export class CurrentLogSource implements Source {
  readonly name: string;
  readonly #queue: Queue;
  readonly #ref: { readonly taskId: string; readonly runId: number; readonly name: string };
  readonly #whileMs: number;

  /** @param whileMs Milliseconds in which so little came that the log's end is reached; default a second. */
  constructor(queue: Queue, taskId: string, runId: number, whileMs = WHILE_MS) {
    this.#ref = { taskId, runId, name: LIVE_LOG };
    this.name = `${taskId}/${runId}/${LIVE_LOG}`;
    this.#queue = queue;
    this.#whileMs = whileMs;
  }

  /** @throws TaskclusterError (`not-found`) while the worker has no log yet; Error when the connection breaks. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const live = await this.#queue.live(this.#ref);
    const chunks = live.chunks[Symbol.asyncIterator]();
    let recent = 0;
    let timer: NodeJS.Timeout | undefined;
    const passed = () =>
      new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), this.#whileMs);
      });
    try {
      let tick = passed();
      let next = chunks.next();
      for (;;) {
        const came = await Promise.race([next, tick]);
        if (came === undefined) {
          if (recent < SLOW_BYTES) return;
          recent = 0;
          tick = passed();
          continue;
        }
        if (came.done) return;
        recent += came.value.length;
        yield came.value;
        next = chunks.next();
      }
    } finally {
      clearTimeout(timer);
      live.close();
    }
  }
}
