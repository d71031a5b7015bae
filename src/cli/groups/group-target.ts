/** Where the runs of groups go: Weights & Biases, as the flags and the environment say. */
import type { Group, GroupRun } from "../../archive/group.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { TimestampFormat } from "../../core/timestamp.js";
import type { Source } from "../../io/source.js";
import type { PublisherOpening } from "../../live/buffered-publisher.js";
import type { GroupTarget } from "../../pipeline/groups/publish-groups.js";
import { rowsOfSource } from "../../pipeline/plan-source.js";
import type { RunPlan } from "../../run/run-plan.js";
import type { WandbPlace, WandbPublication } from "../../wandb/index.js";

/** The values of the flags that concern W&B. */
export interface GroupTargetFlags {
  readonly wandb: boolean;
  readonly "wandb-client": string | undefined;
  readonly "wandb-api-key-file": string | undefined;
  readonly "retry-for"?: number | undefined;
  readonly "override-runs": boolean;
  readonly tags: string[] | undefined;
}

/** What else a target needs to know. */
export interface GroupTargetOptions {
  /** Tags that every run of the command has. */
  readonly tags: readonly string[];
  readonly parser: ParserOptions;
  readonly stop: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * What the flags and the environment ask for; nothing where W&B is switched off.
 *
 * @throws WandbError in words for the user: no key, a bad URL.
 */
export async function groupTarget(
  flags: GroupTargetFlags,
  options: GroupTargetOptions,
): Promise<GroupTarget | undefined> {
  if (!flags.wandb) return undefined;
  const [
    { openClient, publishEvaluationRun, publishGroupLogs, resolveSettings, WandbPublisher },
    { BufferedPublisher },
  ] = await Promise.all([import("../../wandb/index.js"), import("../../live/buffered-publisher.js")]);
  const mode = flags["wandb-client"] === "offline" ? "offline" : undefined;
  const apiKeyFile = flags["wandb-api-key-file"];
  const settings = resolveSettings({ mode, apiKeyFile }, options.environment);
  if (settings.mode === "disabled") return undefined;
  const client = settings.mode === "offline" ? undefined : openClient(settings);
  const tags = [...options.tags, ...(flags.tags ?? [])];
  const override = flags["override-runs"];
  const place = ({ project, name }: Pick<Group, "project" | "name">): WandbPlace => ({
    project,
    group: name,
    ...(settings.entity === undefined ? {} : { entity: settings.entity }),
    tags,
    ...(client === undefined ? {} : { client }),
    transport: flags["wandb-client"] === "sdk" ? "sdk" : "native",
    dir: settings.dir,
    baseUrl: settings.baseUrl,
    ...(flags["retry-for"] === undefined ? {} : { budget: flags["retry-for"] }),
    stop: options.stop,
  });
  const publication = (group: Group, run: GroupRun, source: Source, plan: RunPlan): WandbPublication => ({
    ...place(group),
    id: run.id,
    plan,
    rows: () => rowsOfSource(source, options.parser, plan),
    evaluations: run.evaluations,
    fate: () => (source.changed === true ? "running" : undefined),
    override,
  });
  return {
    place: client === undefined ? `offline ${settings.dir}` : `${settings.baseUrl} ${settings.entity ?? ""}`,
    facts: [tags],
    training:
      (...run) =>
      ({ time }) => [new WandbPublisher(publication(...run), time)],
    live: (group, id, fate) => () => {
      const opening: PublisherOpening = (time) =>
        new WandbPublisher({ ...place(group), id, replayed: true, fate, override }, time);
      const { parser, stop } = options;
      return [new BufferedPublisher("W&B", Promise.resolve(opening), { parser, stop })];
    },
    evaluations: (group, run) =>
      publishEvaluationRun({ ...place(group), id: run.id, evaluations: run.evaluations, override }),
    groupLogs: ({ runs: _runs, problems: _problems, ...group }) =>
      publishGroupLogs({ ...group, ...place(group), group: group.name }),
    preview: async (...run) => {
      const preview = await new WandbPublisher(publication(...run), new TimestampFormat()).preview();
      const { rows, held, sent, tables, notes } = preview;
      return [`${rows} rows, ${held} on the server, ${sent} to send, ${tables.length} tables`, ...notes];
    },
    close: async () => {
      await client?.close();
    },
  };
}
