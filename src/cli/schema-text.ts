/** The tables of an archive or a group for readers: as Markdown, and as JSON for programs. */
import type { ColumnType } from "../publishers/tables/columns.js";
import { SCHEMA, SCHEMA_VERSION } from "../publishers/tables/schema.js";

/** What SQL calls the types. */
const TYPES: Readonly<Record<ColumnType, string>> = {
  text: "string",
  count: "int64",
  epoch: "double",
  float: "double",
  timestamp: "timestamp",
  boolean: "boolean",
  metrics: "map<string, double>",
};

const INTRODUCTION = `# Tables of many runs

Schema version ${SCHEMA_VERSION}. \`marian-tracking schema\` prints this page, \`marian-tracking schema --json\` the same for programs.

\`archive\`, \`group\` and \`task\` write these tables with \`-o\`, a worker (\`archive --manifest\`) as files or lines, and so does
the job for Spark. Their columns, types and order are the same whatever the data, the format and the command.

| type | Parquet | CSV, TSV | NDJSON |
|---|---|---|---|
| string | STRING | text | string |
| int64 | INT64 | \`1000\` | number |
| double | DOUBLE | \`19.0\`, \`1.875e-08\`, \`nan\`, \`inf\`; a whole epoch is \`1\` | number, \`"NaN"\`, \`"Infinity"\` |
| timestamp | TIMESTAMP, UTC, microseconds | \`2026-04-02T08:05:00.000Z\` | the same as a string |
| boolean | BOOLEAN | \`true\`, \`false\` | \`true\`, \`false\` |
| map<string, double> | MAP | an object of JSON: \`{"cross_entropy":41.5}\` | object |

A value that is absent is null in Parquet, empty in CSV and TSV, and left out in NDJSON. A map is never empty.

Rows are in the order of the runs in the archive, and of each run in that of its log. Parquet files are compressed with
Snappy (\`--compression\` chooses), have statistics and indexes of their pages, and name sorting columns for each row
group whose rows are sorted. Their metadata holds:

| key | value |
|---|---|
| \`marian_tracking.version\` | the program that wrote the file |
| \`marian_tracking.table\` | the table |
| \`marian_tracking.schema_version\` | the version of this page |
| \`marian_tracking.inputs\` | a digest of what the tables were made of: of the manifest, or of names, sizes and times of the logs and the evaluations |

**Versions.** A new optional column at the end of a table is a minor version. Any other change of columns, types, order,
keys or meaning is a major one.
`;

const METRIC_NAMES = `
The name of a metric in \`further\` is that of its column in the log's own \`validation.csv\`
([output.md](output.md#csv)): if two metrics of a log would share a name, the one whose first record comes later gets \`_2\`, and
a metric called like a column above gets \`_metric\`.
`;

/** The page docs/schema.md. */
export function schemaMarkdown(): string {
  const tables = Object.values(SCHEMA).map(({ name, row, key, columns }) => {
    const rows = columns.map(
      ({ name: column, type, optional, unit, description }) =>
        `| \`${column}\` | ${TYPES[type]}${optional ? "" : ", required"} | ${unit ?? ""} | ${description} |`,
    );
    return `
## ${name}

A row is ${row}. Key: ${key.map((column) => `\`${column}\``).join(", ")}${
      columns.some((column) => column.optional && key.includes(column.name))
        ? "; an absent value counts as one of its own"
        : ""
    }.

| column | type | unit | meaning |
|---|---|---|---|
${rows.join("\n")}
${name === "validation" ? METRIC_NAMES : ""}`;
  });
  return INTRODUCTION + tables.join("");
}

/** The same for programs. */
export function schemaJson(): object {
  return {
    version: SCHEMA_VERSION,
    tables: Object.values(SCHEMA).map(({ name, row, key, columns }) => ({
      name,
      row,
      key,
      columns: columns.map(({ name: column, type, optional, unit, description }) => ({
        name: column,
        type: TYPES[type],
        nullable: optional,
        ...(unit === undefined ? {} : { unit }),
        description,
      })),
    })),
  };
}
