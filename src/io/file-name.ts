/** Names of files as Node gives them. */

/** Whether a path cannot be opened as it is written: where its bytes are no UTF-8, Node puts U+FFFD. */
export function isGarbled(path: string): boolean {
  return path.includes("\uFFFD");
}
