/** What is parsed at once. */

/** A page stays fluid while it parses this, or works off its rows. */
const PIECE = 1 << 18;

/** The chunks, longer ones in pieces. */
export async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
  }
}
