import type { RequestScope } from "../../http/index.js";
import { Budget, type JsonRecord } from "../../http/index.js";
import { isWandbError, messageOf, WandbError } from "./errors.js";
import { type ExistingRun, findRun } from "./existing-run.js";
import type { JsonObject } from "./format/json.js";
import { checkProject, checkRunId, checkTags, isPlainName } from "./format/names.js";
import { UPSERT_BUCKET } from "./operations.js";
import { objectAt, optionalText, requiredObject, requiredText } from "./reply.js";
import type { RunAddress } from "./run-address.js";
import { RunConfig } from "./run-config.js";
import type { RunOptions } from "./run-options.js";

/** A run that the server has taken. */
export interface StartedRun {
  readonly address: RunAddress;
  readonly scope: RequestScope;
  readonly config: RunConfig;
  /** The run that was there before; undefined when there was none. */
  readonly existing: ExistingRun | undefined;
  /** Whether to continue after its rows. */
  readonly resumed: boolean;
  /** Whether request bodies may be packed. */
  readonly gzip: boolean;
}

/** Checks the names, looks for an existing run, and creates or updates the run on the server. */
export async function startRun(options: RunOptions): Promise<StartedRun> {
  checkRunId(options.id);
  checkProject(options.project);
  checkTags(options.tags ?? []);
  const { client } = options;
  const budget = options.budget ?? new Budget(undefined, client.http.clock);
  const scope: RequestScope = { budget, signal: options.signal, requests: 0 };
  const entity = options.entity ?? client.settings.entity;
  const wanted = { entity, project: options.project, runId: options.id };
  const existing =
    options.existing === undefined ? await findRun(client, wanted, scope) : (options.existing ?? undefined);
  const resumed = existing !== undefined && options.resume !== "replace";
  const config = new RunConfig(client.version, resumed ? existing.config : {});
  if (options.config !== undefined) config.update(options.config);
  const gzip = (await client.features(scope)).has("FILESTREAM_GZIP");
  const bucket = await upsertRun(options, scope, {
    id: resumed ? existing.storageId : null,
    name: options.id,
    project: options.project,
    entity: entity ?? null,
    groupName: options.group ?? null,
    displayName: options.displayName ?? (resumed ? null : options.id),
    notes: options.notes ?? null,
    config: config.toJson(),
    host: options.host ?? null,
    program: options.program ?? null,
    jobType: options.jobType ?? null,
    // With null the run keeps the tags it has; a run that is replaced loses them.
    tags: options.tags ?? (existing !== undefined && !resumed ? [] : null),
  });
  config.acknowledged();
  const project = objectAt(bucket, "project");
  const address = {
    entity: optionalText(objectAt(project, "entity") ?? {}, "name") ?? entity ?? (await client.entity(scope)),
    project: optionalText(project ?? {}, "name") ?? options.project,
    runId: sameName(bucket, options.id),
  };
  try {
    checkProject(address.project);
  } catch (error) {
    throw new WandbError(
      "malformed-answer",
      `the W&B server answered for another project: ${messageOf(error)}`,
    );
  }
  if (!isPlainName(address.entity))
    throw new WandbError(
      "malformed-answer",
      `the W&B server answered for the entity ${JSON.stringify(address.entity.slice(0, 200))}, which can't be one: is the base URL that of a W&B server?`,
    );
  return { address, scope, config, existing, resumed, gzip };
}

/** Sends a changed configuration. */
export async function updateRunConfig(options: RunOptions, run: StartedRun): Promise<void> {
  if (!run.config.changed) return;
  const text = run.config.toJson();
  run.config.acknowledged();
  try {
    const { runId, project, entity } = run.address;
    await upsertRun(options, run.scope, { name: runId, project, entity, config: text });
  } catch (error) {
    run.config.update({});
    throw error;
  }
}

/** The run's id as the server has it: anything else than what was asked for would be another run. */
function sameName(bucket: JsonRecord, id: string): string {
  const name = requiredText(bucket, "name");
  if (name === id) return name;
  throw new WandbError(
    "malformed-answer",
    `the W&B server answered for the run ${JSON.stringify(name.slice(0, 200))} when it was asked for ${id}: is the base URL that of a W&B server?`,
  );
}

async function upsertRun(
  options: RunOptions,
  scope: RequestScope,
  variables: JsonObject,
): Promise<JsonRecord> {
  try {
    const data = await options.client.graphql(UPSERT_BUCKET, variables, scope);
    const bucket = requiredObject(data, "upsertBucket", "bucket");
    requiredText(bucket, "id");
    requiredText(bucket, "name");
    return bucket;
  } catch (error) {
    if (!isWandbError(error, "http") || error.status !== 409) throw error;
    throw new WandbError(
      "deleted-run",
      `W&B refuses the run id ${options.id} (HTTP 409): a run of this id was deleted, and W&B never gives such an id again. Publish under another id, for instance ${options.id}-r2.`,
    );
  }
}
