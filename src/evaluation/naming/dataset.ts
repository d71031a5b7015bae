/** Names of datasets that models are evaluated on. */

/** A dataset, as runs and tables name it. */
export interface DatasetName {
  /** The source of the dataset: `flores`, `mtdata`, `url` …; `unknown` if the name has none. */
  readonly importer: string;
  /** Null if the name is only the importer's. */
  readonly dataset: string | null;
  /** `aug-mix` and the like; null for the dataset as it is. */
  readonly augmentation: string | null;
}

/** The importer of a dataset whose name has none. */
const UNKNOWN = "unknown";

/** Words that are importers at any position. In a label, the position makes any other word an importer, too. */
const KNOWN: ReadonlySet<string> = new Set([
  "flores",
  "hf",
  "hfp",
  "mtdata",
  "ntrex",
  "opus",
  "sacrebleu",
  "tc",
  "tmx",
  "url",
]);

/** A word before `_`, and what follows it. */
const WORD = /^([^_]+)(?:_(.*))?$/s;

/** Whether a word is an importer at any position. */
export function isImporter(word: string): boolean {
  return KNOWN.has(word);
}

/**
 * Reads a dataset's name from a file's name without its extension: `flores_aug-mix_devtest`,
 * `mtdata_Neulab-tedtalks_test-1-eng-nld`, `flores`, `devtest`.
 */
export function parseDataset(stem: string): DatasetName {
  const [, first = "", rest = ""] = WORD.exec(stem) ?? [];
  if (isImporter(first)) return datasetOf(first, rest);
  // `aug-mix_flores_devtest`
  const [, second = "", last = ""] = WORD.exec(rest) ?? [];
  if (first.startsWith("aug-") && isImporter(second))
    return datasetOf(second, last === "" ? first : `${first}_${last}`);
  return datasetOf(UNKNOWN, stem);
}

/** @param part What follows the importer; it may repeat the importer and may be empty. */
export function datasetOf(importer: string, part: string): DatasetName {
  const again = part.startsWith(importer) && /^[-_]./s.test(part.slice(importer.length));
  const own = again ? part.slice(importer.length + 1) : part;
  const [, augmentation, rest = ""] = /^(aug-[^_]+)(?:_(.*))?$/s.exec(own) ?? [];
  const dataset = augmentation === undefined ? own : rest;
  return { importer, dataset: dataset || null, augmentation: augmentation ?? null };
}

/** The title of an evaluation's chart: `flores_aug-mix_devtest`. */
export function evaluationTitle({ importer, augmentation, dataset }: DatasetName): string {
  return [importer, augmentation, dataset].filter((part) => part !== null).join("_");
}
