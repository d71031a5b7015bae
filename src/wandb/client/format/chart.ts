/** Custom charts of a run: what its configuration says about them. */
import type { JsonObject } from "./json.js";

/** A bar chart over two columns of a table. */
export interface BarChart {
  /** Column with the names of the bars. */
  readonly label: string;
  /** Column with their heights. */
  readonly value: string;
  readonly title: string;
}

/** Key of the history value that keeps the chart's table. */
export function chartTableKey(key: string): string {
  return `${key}_table`;
}

/** What the run's configuration says about a bar chart under `_wandb.visualize[key]`. */
export function barChartSpec(key: string, chart: BarChart): JsonObject {
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
