import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { schemaJson, schemaMarkdown } from "../cli/schema-text.js";
import { jsonText } from "../io/escape.js";
import { printText } from "../io/terminal.js";

export default class Schema extends Command {
  static override summary = "Print the columns of the tables of many runs.";
  static override description =
    `Prints the tables training, validation, evaluations and runs, which \`archive\`, \`group\` and \`task\` write with -o: their keys, \
and the name, type, unit and meaning of each column, as Markdown or JSON. The version of this schema is in the metadata of \
each Parquet file.

Exit codes: 0 the schema was printed; 2 wrong flags.`;
  static override examples = [
    "<%= config.bin %> schema",
    {
      description: "The columns of one table",
      command: `<%= config.bin %> schema --json | jq -r '.tables[] | select(.name == "runs").columns[].name'`,
    },
  ];
  static override flags = {
    json: Flags.boolean({ description: "JSON instead of Markdown" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Schema);
    printText(flags.json ? jsonText(schemaJson()) : schemaMarkdown());
  }
}
