/** Password of the entry `machine <host>` in the text of a netrc file; undefined when there is none. */
export function netrcPassword(text: string, host: string): string | undefined {
  const words = text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    .join(" ")
    .split(/\s+/);
  let here = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === "default") here = false;
    else if (word === "machine") here = words[at + 1] === host;
    else if (word === "password" && here) return words[at + 1];
  }
  return undefined;
}
