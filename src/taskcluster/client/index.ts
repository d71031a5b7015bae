/** Taskcluster's queue and secrets, over HTTP. */

export { type Clock, systemClock } from "../../http/index.js";
export type { HttpOptions } from "./access.js";
export {
  DEFAULT_ROOT_URL,
  type GroupAddress,
  groupAddress,
  rootUrlOf,
  type TaskAddress,
  taskAddress,
} from "./address.js";
export type { Artifact, GroupTask, TaskDefinition, TaskGroup, TaskRun, TaskStatus } from "./answers.js";
export type { ArtifactRef, Download, LiveArtifact } from "./artifact-access.js";
export { type Credentials, credentialsOf } from "./credentials.js";
export { hasCode, isRefused, TaskclusterError } from "./errors.js";
export { Queue, type QueueObserver, type QueueOptions } from "./queue.js";
export { type SecretOptions, secretToken } from "./secrets.js";
