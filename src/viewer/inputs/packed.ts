/** What the page carries in itself: base64 of gzip. */

/** The bytes of one of the page's data elements; nothing where it is empty. */
export async function unpackElement(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const text = document.getElementById(id)?.textContent?.trim() ?? "";
  if (text === "") return undefined;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
