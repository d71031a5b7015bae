/** Tables that belong to a row of the history, and their charts. */
import { newClientId } from "./artifact.js";
import type { JsonObject } from "./json.js";
import { type TableData, type TableFiles, type TableIds, tableFiles, tableReference } from "./table.js";

/** A bar chart over two columns of a table. */
interface BarChart {
  /** Column with the names of the bars. */
  readonly label: string;
  /** Column with their heights. */
  readonly value: string;
  readonly title: string;
}

/** A table in a row, and the bar chart that is drawn of it, if any. */
export interface RowTable {
  readonly name: string;
  readonly table: TableData;
  readonly chart?: BarChart | undefined;
}

/** A table as it is stored. */
export interface StoredTable {
  readonly name: string;
  /** Key of the row's value that refers to the table. */
  readonly key: string;
  readonly reference: JsonObject;
  readonly files: TableFiles;
  readonly ids: TableIds;
  /** What the configuration says of its chart, under the table's name. */
  readonly chart: JsonObject | undefined;
}

/** W&B knows the table of a chart by another key than the chart. */
export function rowKey({ name, chart }: Pick<RowTable, "name" | "chart">): string {
  return chart === undefined ? name : chartTableKey(name);
}

/**
 * Puts a table together for the row of a step.
 *
 * @throws RangeError when a row of it has not one cell a column.
 */
export function storedTable(row: RowTable, step: number): StoredTable {
  const { name, table, chart } = row;
  const key = rowKey(row);
  const files = tableFiles(key, step, table);
  const ids = { clientId: newClientId(), sequenceClientId: newClientId() };
  return {
    name,
    key,
    reference: tableReference(files, table, ids),
    files,
    ids,
    chart: chart === undefined ? undefined : barChartSpec(name, chart),
  };
}

/** Key of the history value that keeps the chart's table. */
function chartTableKey(key: string): string {
  return `${key}_table`;
}

/** What the run's configuration says about a bar chart under `_wandb.visualize[key]`. */
function barChartSpec(key: string, chart: BarChart): JsonObject {
  const plain = (name: string): JsonObject => ({ name, fields: [] });
  return {
    panel_type: "Vega2",
    panel_config: {
      panelDefId: "wandb/bar/v0",
      fieldSettings: { label: chart.label, value: chart.value },
      stringSettings: { title: chart.title },
      transform: { name: "tableWithLeafColNames" },
      userQuery: {
        queryFields: [
          {
            name: "runSets",
            // biome-ignore lint/suspicious/noTemplateCurlyInString: W&B itself puts the run set in here.
            args: [{ name: "runSets", value: "${runSets}" }],
            fields: [
              plain("id"),
              plain("name"),
              plain("_defaultColorIndex"),
              { name: "summaryTable", args: [{ name: "tableKey", value: chartTableKey(key) }], fields: [] },
            ],
          },
        ],
      },
    },
  };
}
