/** Taskcluster's own schemas, which lie beside the checkout: the stand-in's answers are held to them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormatsModule from "ajv-formats";
import { shared, sharedIsThere } from "../../golden/shared.js";

/** Forms of answers and requests, by the last part of their schema's name. */
export type AnswerForm =
  | "queue/v1/task"
  | "queue/v1/task-status-response"
  | "queue/v1/tasks-statuses-response"
  | "queue/v1/task-group-response"
  | "queue/v1/list-task-group-response"
  | "queue/v1/list-artifacts-response"
  | "queue/v1/get-artifact-response"
  | "queue/v1/create-task-request"
  | "secrets/v1/secret";

let ajv: Ajv | undefined;
const validators = new Map<AnswerForm, ValidateFunction>();

/** What is wrong with an answer or a request; nothing where it is right, or where the schemas are not there. */
export function violation(form: AnswerForm, answer: unknown): string | undefined {
  if (!sharedIsThere) return undefined;
  ajv ??= load();
  const validate = validators.get(form) ?? ajv.getSchema(`/schemas/${form}.json#`);
  if (validate === undefined) throw new Error(`no schema ${form}`);
  validators.set(form, validate);
  return validate(answer) ? undefined : `${form}: ${ajv.errorsText(validate.errors)}`;
}

function load(): Ajv {
  // The schemas are drafts of an older kind, which this ajv has no schema of.
  const loaded = new Ajv({ strict: false, validateSchema: false });
  (addFormatsModule as unknown as (ajv: Ajv) => void)(loaded);
  for (const service of ["queue/v1", "secrets/v1"]) {
    const folder = shared(`taskcluster/schemas/schemas/${service}`);
    for (const file of readdirSync(folder)) {
      const schema = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;
      delete schema["$schema"];
      loaded.addSchema(schema);
    }
  }
  return loaded;
}
