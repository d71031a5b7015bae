/** Evaluations that the runs of a group hold. */
import type { Evaluation } from "../evaluation/evaluation.js";
import { type DatasetName, datasetOf, evaluationTitle, parseDataset } from "../evaluation/naming/dataset.js";
import { PublicApi, type RunInfo } from "./client/public-api.js";
import { objectAt, optionalText } from "./client/reply.js";
import type { GroupTable } from "./group-table.js";
import type { WandbPlace } from "./publication.js";
import { DATASETS } from "./run-tables.js";
import { readTable } from "./table-run.js";

/** An evaluation that a run names, and the file that holds its scores. */
interface Named {
  readonly runId: string;
  readonly model: string;
  readonly name: DatasetName;
  readonly path: string;
}

const CHART = /^(.+)_table$/s;

/**
 * Evaluations in the runs of a group that its table lacks. Only their scores are fetched.
 *
 * @throws WandbError if the runs can't be listed or read.
 */
export async function evaluationsOfRuns(
  { client, project, entity, group, suffix }: WandbPlace & { readonly suffix: string },
  known: GroupTable,
): Promise<Evaluation[]> {
  if (client === undefined || suffix === "") return [];
  const api = new PublicApi(client);
  const place = { project, entity: entity ?? client.settings.entity };
  const found: Evaluation[] = [];
  for await (const run of api.runs({ ...place, filters: { group } })) {
    const lacking = namedBy(run, suffix).filter(({ model, name }) => !known.has({ run: model, ...name }));
    for (const { runId, model, name, path } of lacking) {
      const [file] = await api.runFiles({ ...place, runId }, { names: [path] });
      const metrics = file === undefined ? undefined : scoresIn((await api.download(file)).toString("utf8"));
      if (metrics !== undefined) found.push({ run: model, ...name, metrics, source: `${runId}/${path}` });
    }
  }
  return found;
}

/** What a run says, in its summary, that it was evaluated on. */
function namedBy({ id, summary }: RunInfo, suffix: string): Named[] {
  if (!id.endsWith(suffix) || id.startsWith("group_logs")) return [];
  const model = id.slice(0, -suffix.length);
  const titles = new Set(Object.keys(summary).flatMap((key) => CHART.exec(key)?.[1] ?? []));
  return [...titles].flatMap((title) => {
    const path = optionalText(objectAt(summary, `${title}_table`) ?? {}, "path");
    // A second table of a title is of other scores for the same dataset.
    const second = titles.has(title.replace(/-\d+$/, "")) && /-\d+$/.test(title);
    if (title === DATASETS || path === undefined || second) return [];
    return [{ runId: id, model, name: nameIn(title), path }];
  });
}

/** The dataset that a chart's title names; of an importer that nobody knows, the first word is one by its place. */
function nameIn(title: string): DatasetName {
  const name = parseDataset(title);
  if (evaluationTitle(name) === title) return name;
  const [importer = "", ...rest] = title.split("_");
  return datasetOf(importer, rest.join("_"));
}

/** The scores in a table of metrics; undefined if it is another table. */
function scoresIn(text: string): Map<string, number> | undefined {
  try {
    const { columns, data } = readTable(text);
    if (columns.join() !== "Metric,Value") return undefined;
    const scores = data.flatMap(([metric, value]) =>
      typeof metric === "string" && typeof value === "number" ? [[metric, value] as const] : [],
    );
    return scores.length === 0 ? undefined : new Map(scores);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
