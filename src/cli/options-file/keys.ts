/** The options that a file may give. The list is closed: what sends data, names a server or runs code is not in it. */

/** What a key of the file stands for. */
export interface OptionKey {
  /** What its value is; text may be a list if the flag takes several values. */
  readonly type: "text" | "number" | "boolean";
  /** The flag, if its name is another one. */
  readonly flag?: string;
  /** The variable of the environment that goes before the file, and stands for the key in the command. */
  readonly variable?: string;
  /** The flag by which a command has the option, if the key's own flag does not tell. */
  readonly having?: string;
  /** The only command that has the option. */
  readonly command?: string;
  /** The only value that a file may give. */
  readonly only?: boolean;
  /** A value of the flag that needs the command line, or is one. */
  readonly never?: string;
  /** By command, a flag without which the option means nothing. */
  readonly needs?: Readonly<Record<string, string>>;
}

const TABLES = "output-dir";

/** By name. Project, entity and group say where a command publishes, never whether. */
export const OPTION_KEYS: Readonly<Record<string, OptionKey>> = {
  project: { type: "text", flag: "wandb-project", variable: "WANDB_PROJECT", command: "parse" },
  entity: { type: "text", variable: "WANDB_ENTITY", having: "wandb-api-key-file" },
  group: { type: "text", flag: "wandb-group", variable: "WANDB_RUN_GROUP", command: "parse" },
  tags: { type: "text", variable: "WANDB_TAGS" },
  wandb: { type: "boolean", only: false },
  "output-dir": { type: "text", never: "-" },
  format: { type: "text", never: "tsv", needs: { archive: TABLES, group: TABLES, task: TABLES } },
  combine: { type: "boolean" },
  "time-zone": { type: "text" },
  pattern: { type: "text" },
  strict: { type: "boolean" },
  quiet: { type: "boolean" },
  jobs: { type: "number" },
  cache: { type: "boolean" },
  "cache-size": { type: "text" },
  "silent-after": { type: "text" },
  ignore: { type: "text" },
  "fail-on": { type: "text" },
  divergence: { type: "number" },
  stalled: { type: "number" },
  gap: { type: "number" },
  throughput: { type: "number" },
};

/** Whether a command has an option. */
export function hasOption(command: { readonly id: string; readonly flags: object }, key: string): boolean {
  const rule = Object.hasOwn(OPTION_KEYS, key) ? OPTION_KEYS[key] : undefined;
  if (rule === undefined) return false;
  return rule.command === undefined
    ? Object.hasOwn(command.flags, rule.having ?? rule.flag ?? key)
    : rule.command === command.id;
}
