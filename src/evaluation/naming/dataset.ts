/** Names of datasets that models are evaluated on. */

/** A dataset, as runs and tables name it. */
export interface DatasetName {
  /** Where the dataset comes from: `flores`, `mtdata`, `url` …; `unknown` where the name tells none. */
  readonly importer: string;
  /** Null where the name is the importer's alone. */
  readonly dataset: string | null;
  /** `aug-mix` and the like; null for the dataset as it is. */
  readonly augmentation: string | null;
}

/** The importer of a dataset whose name tells none. */
const UNKNOWN = "unknown";

/** Names that are importers wherever they stand. In a label any other word is one too, by its place. */
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

/** A word before `_`, and what is behind it. */
const WORD = /^([^_]+)(?:_(.*))?$/s;

/** Whether a word is an importer wherever it stands. */
export function isImporter(word: string): boolean {
  return KNOWN.has(word);
}

/**
 * Reads a dataset's name as files of an archive have it, without their extension: `flores_aug-mix_devtest`,
 * `mtdata_Neulab-tedtalks_test-1-eng-nld`, `flores`, `devtest`.
 */
export function readDatasetName(stem: string): DatasetName {
  const [, first = "", rest = ""] = WORD.exec(stem) ?? [];
  if (isImporter(first)) return datasetOf(first, rest);
  // `aug-mix_flores_devtest`
  const [, second = "", last = ""] = WORD.exec(rest) ?? [];
  if (first.startsWith("aug-") && isImporter(second))
    return datasetOf(second, last === "" ? first : `${first}_${last}`);
  return datasetOf(UNKNOWN, stem);
}

/** The dataset of an importer by what follows the importer's name, which may repeat it and may be empty. */
export function datasetOf(importer: string, part: string): DatasetName {
  const again = part.startsWith(importer) && /^[-_]./s.test(part.slice(importer.length));
  const own = again ? part.slice(importer.length + 1) : part;
  const [, augmentation, behind = ""] = /^(aug-[^_]+)(?:_(.*))?$/s.exec(own) ?? [];
  const dataset = augmentation === undefined ? own : behind;
  return { importer, dataset: dataset || null, augmentation: augmentation ?? null };
}

/** The title of an evaluation's chart: `flores_aug-mix_devtest`. */
export function evaluationTitle({ importer, augmentation, dataset }: DatasetName): string {
  return [importer, augmentation, dataset].filter((part) => part !== null).join("_");
}
