/** Names of files. No Node API. */

/** Whether a path can't be opened as it is written: Node replaces bytes that are not UTF-8 by U+FFFD. */
export function isGarbled(path: string): boolean {
  return path.includes("\uFFFD");
}

/** The name without the ending of its compression: `train.log` of `train.log.gz`. */
export function withoutCompression(name: string): string {
  return name.replace(/\.(?:gz|zst|zstd)$/i, "");
}

/** The name or path without its extension and its compression: `train` of `train.log.gz`. */
export function withoutExtension(path: string): string {
  return withoutCompression(path).replace(/(?<=[^./\\]\.?)\.[^./\\]*$/, "");
}

/** The order of names and paths: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
