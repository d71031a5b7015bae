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

/** Whether a file is a log or an evaluation, by its name; undefined if the name does not say. */
export function kindOfName(path: string): "log" | "evaluation" | undefined {
  if (/\.metrics(?:\.json)?$/i.test(path)) return "evaluation";
  return /\.(?:log|out)(?:\.\d+)?$/i.test(withoutCompression(path)) ? "log" : undefined;
}

/** The name that the training's log has beside a log of validations, without compression; undefined for other logs. */
export function trainingLogBeside(path: string): string | undefined {
  const own = withoutCompression(path);
  const training = own.replace(/valid(?=\.[^\\/]*$)/, "train");
  return training === own ? undefined : training;
}

/** The order of names and paths: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
