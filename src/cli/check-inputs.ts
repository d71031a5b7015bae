/** What `check` does: inputs to findings. */

import { fileSource, openInputs } from "../archive/input-source.js";
import { checkLog } from "../check/check-log.js";
import type { CheckOptions } from "../check/check-options.js";
import type { Finding } from "../check/finding.js";
import { LogParser, type ParserOptions } from "../core/log-parser.js";
import { STDIN } from "../io/inputs.js";
import { decompress } from "../io/packed/decompress.js";
import { refuseTar } from "../io/packed/tar-header.js";
import type { Source } from "../io/source.js";
import { StdinSource } from "../io/stdin.js";
import { linesOf } from "../io/whole-lines.js";
import { nodeCore } from "../node-core.js";
import { inputErrorText } from "../pipeline/error-text.js";
import { problem } from "../pipeline/input-receipt.js";
import type { RunTally } from "../run/run-reader.js";
import { startProgress } from "./terminal/progress.js";

/** What is asked for. */
export interface CheckRequest {
  readonly names: readonly string[];
  readonly options: ParserOptions;
  readonly limits: CheckOptions;
  readonly quiet: boolean;
}

/** One input, checked. */
export interface CheckedInput {
  readonly source: string;
  readonly tally: RunTally;
  readonly findings: readonly Finding[];
  /** Why it could not be read, or not to its end, or that it contains no measurements. */
  readonly error?: string;
  /** The log changed while it was read: a training is writing it, so its last record may be missing. */
  readonly running?: true;
}

/** Checks the inputs one after the other and yields each when it is done. */
export async function* checkInputs({
  names,
  options,
  limits,
  quiet,
}: CheckRequest): AsyncGenerator<CheckedInput> {
  const { sources, bytes } = openInputs(names);
  const bar = startProgress({ bytes }, process.stderr, quiet || names.includes(STDIN));
  try {
    for (const name of names) {
      const source: Source =
        name === STDIN ? new StdinSource(process.stdin) : (sources.get(name) ?? fileSource(name));
      const chunks = counted(source.chunks(), bar.add);
      const closed = () => source.closed === true;
      let running: boolean | undefined;
      // Asked once, so that the finding and the receipt say the same.
      const isRunning = () => (running ??= source.changed === true);
      const whole = linesOf(source, refuseTar(decompress(chunks, source.again)));
      const input = await checkInput(name, whole, options, { ...limits, closed, running: isRunning });
      yield isRunning() ? { ...input, running: true } : input;
    }
  } finally {
    bar.stop();
  }
}

async function checkInput(
  source: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ParserOptions,
  limits: CheckOptions,
): Promise<CheckedInput> {
  using parser = new LogParser(nodeCore(), { ...options, marks: true });
  const { findings, tally, death, error: readError } = await checkLog(parser, chunks, limits);
  const unread = readError === undefined ? {} : { error: inputErrorText(readError) };
  const died = death === undefined ? {} : { death };
  const error = problem({ source, ...tally, ...unread, ...died }, false);
  // Of what could not be opened there is nothing to say but that.
  const said = tally.counts.bytes === 0 ? [] : findings;
  return { source, tally, findings: said, ...(error === undefined ? {} : { error }) };
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    progress(chunk.length);
    yield chunk;
  }
}
