/** Settings of V8 for what the commands do: a small heap, and less compiling. */
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";

/** Bytes of that part, of whose two halves one is in use. V8 would let it come to 32 MiB, at any hour of the day. */
const ENOUGH = 8 << 20;

/**
 * Ends the growth of the part for young objects as soon as it is large enough: most of them are garbage at once, and a
 * larger part is not quicker. A command that follows a training runs for weeks, and the machine's memory is the
 * training's.
 */
export class YoungObjects {
  #limited = false;

  /** To be called now and then, until the part is large enough; costs some microseconds until then. */
  limit(): void {
    if (this.#limited) return;
    const size =
      getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
    if (size < ENOUGH) return;
    this.#limited = true;
    // By this factor V8 makes it larger.
    setFlagsFromString("--semi-space-growth-factor=1");
  }
}

/** Bytes of the heap from which on memory counts for more than time. */
const LARGE_HEAP = 128 << 20;

/**
 * Lets V8 collect old garbage when the heap has doubled since the last time, and if it is large, when it has grown by 20%;
 * V8 would wait for several times as much. For commands whose objects live briefly, but longer than young ones; to be
 * called now and then.
 */
export function limitHeapGrowth(): void {
  const percent = getHeapStatistics().total_heap_size < LARGE_HEAP ? 100 : 20;
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/**
 * Lets V8 optimise only code that runs for longer than it would wait. Reading thousands of short logs runs much code a
 * little: compiling it costs more than it saves.
 */
export function optimiseLess(): void {
  setFlagsFromString("--interrupt-budget=500000");
}
