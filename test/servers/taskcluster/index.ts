export { scoresOf } from "./content.js";
export type { Endpoint, Fault, FaultRule } from "./faults.js";
export { LiveLog, type PlannedConnection } from "./live-log.js";
export { type OwnGroupName, ownGroup } from "./own-groups.js";
export { type RecordedRequest, type StandInOptions, TaskclusterStandIn } from "./server.js";
export { type SharedGroupName, sharedGroup, sharedTrainLog } from "./shared-groups.js";
export type { GroupData, StoredRun, StoredTask } from "./store.js";
